"""The four databases that are attacked: both servers, both modes of default grants; made once, never changed."""

from collections.abc import Iterator

import psycopg
import pytest

from tests.attacks.field import FILL
from tests.support.postgres import Database, Server

FIELDS = [("server", False), ("server", True), ("oldest_server", False), ("oldest_server", True)]


@pytest.fixture(
    scope="session",
    params=FIELDS,
    ids=lambda one: f"{'18' if one[0] == 'server' else '15'}-{'historic' if one[1] else 'explicit'}",
)
def field(request: pytest.FixtureRequest) -> Iterator[Database]:
    """A migrated database with victims in it."""
    server: Server = request.getfixturevalue(request.param[0])
    clone = server.clone(server.migrated(default_grants=request.param[1]))
    with psycopg.connect(clone.admin_dsn, autocommit=True) as connection:
        connection.execute(FILL.encode())
    yield clone
    server.drop(clone)
