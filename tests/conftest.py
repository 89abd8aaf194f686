"""What every test may ask for: a real PostgreSQL that behaves like Supabase's, and databases in it."""

import os
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
import structlog

from tests.support import pooler
from tests.support.measured import measured
from tests.support.postgres import SERVERS, Database, Server
from worker.standin import LocalPostgres, sweep

DEBIAN_15 = Path("/usr/lib/postgresql/15/bin")
# These kill, attack, or repeat what a user does, in many processes. To count lines doubles the work of a process, and the
# tests of the parts count the same ones.
NOT_COUNTED = {"acceptance", "attacks", "faults"}

# A shell or readline may have exported the size of a terminal; commands on a terminal of the test's own would believe it.
for name in ("COLUMNS", "LINES"):
    os.environ.pop(name, None)


# How long an example takes says how busy the machine is.
hypothesis.settings.register_profile("busy", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("busy")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Lines are counted where that tells something."""
    for item in items:
        if item.path.relative_to(Path(__file__).parent).parts[0] in NOT_COUNTED:
            item.add_marker(pytest.mark.no_cover)


@pytest.fixture(autouse=True)
def processes_are_counted_with_their_test(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.node.get_closest_marker("no_cover") is not None:
        for name in measured():
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def logs_as_a_library_finds_them() -> Iterator[None]:
    """A command that a test calls in this process sets the log up for good; the next test starts without that."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """The session's server with its templates; what killed sessions left behind is ended first."""
    SERVERS.mkdir(mode=0o700, exist_ok=True)
    sweep(SERVERS)
    local = LocalPostgres(SERVERS / f"session-{os.getpid()}", durable=False)
    try:
        local.start()
        binary = pooler.asked_for()
        if binary is None:
            yield Server(local)
        else:  # the suite of the relay, through a transaction pooler
            with pooler.Pooler(binary, local.dsn(user="outbox_worker")) as between:
                yield Server(local, between)
    finally:  # its data is thrown away: no shutdown checkpoint
        local.stop("immediate")
        local.remove_data()


@pytest.fixture(scope="session")
def postgres(server: Server) -> LocalPostgres:
    """The session's server; a test that stops it starts it again."""
    server.migrated()
    return server.local


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


@pytest.fixture
def database(server: Server) -> Iterator[Database]:
    """A fresh database with every migration applied."""
    clone = server.clone(server.migrated())
    yield clone
    server.drop(clone)


@pytest.fixture
def empty_database(server: Server) -> Iterator[Database]:
    """A fresh database as Supabase hands it out: nothing of ours in it."""
    clone = server.clone(server.prepared())
    yield clone
    server.drop(clone)
