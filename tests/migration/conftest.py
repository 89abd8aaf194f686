"""Servers of every kind that the migrations must run on."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.postgres import SERVERS, Database, Server
from worker.standin import LocalPostgres

DEBIAN_15 = Path("/usr/lib/postgresql/15/bin")


@pytest.fixture(scope="session")
def oldest_server() -> Iterator[Server]:
    """Debian's PostgreSQL 15, where it is installed; said plainly where it is not."""
    if not (DEBIAN_15 / "postgres").exists():
        pytest.skip("NOT TESTED on PostgreSQL 15: it is not installed (apt-get install postgresql-15)")
    SERVERS.mkdir(mode=0o700, exist_ok=True)
    local = LocalPostgres(SERVERS / f"session-{os.getpid()}-15", durable=False, programs=DEBIAN_15)
    try:
        local.start()
        yield Server(local)
    finally:  # its data is thrown away: no shutdown checkpoint
        local.stop("immediate")
        local.remove_data()


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
