"""Servers of every kind that the migrations must run on."""

from collections.abc import Iterator

import pytest

from tests.support.postgres import Database, Server


@pytest.fixture(params=["PostgreSQL 18", "PostgreSQL 15"])
def any_server(request: pytest.FixtureRequest) -> Server:
    """The embedded server, then the oldest that is supported."""
    name = "server" if request.param == "PostgreSQL 18" else "oldest_server"
    return request.getfixturevalue(name)


@pytest.fixture(params=["explicit grants", "historic grants"])
def any_empty_database(request: pytest.FixtureRequest, any_server: Server) -> Iterator[Database]:
    """Nothing of ours in it: on both servers, in both modes of default grants."""
    clone = any_server.clone(any_server.prepared(default_grants=request.param == "historic grants"))
    yield clone
    any_server.drop(clone)


@pytest.fixture(params=["explicit grants", "historic grants"])
def any_database(request: pytest.FixtureRequest, any_server: Server) -> Iterator[Database]:
    """Migrated: on both servers, in both modes of default grants."""
    clone = any_server.clone(any_server.migrated(default_grants=request.param == "historic grants"))
    yield clone
    any_server.drop(clone)
