"""Under systemd: READY, WATCHDOG and STOPPING are said when they are true, and not otherwise."""

import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from outbox import Outbox
from tests.support.make_outbox import lesson, project
from tests.support.postgres import Database
from tests.support.processes import DEADLINE_SECONDS, ROOT, environment, until, worker
from tests.support.rows import applied_seq
from worker.process.supervisor import Supervisor

WATCHDOG_USEC = 300_000


class Systemd:
    """The other end of NOTIFY_SOCKET."""

    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        self.env = {"NOTIFY_SOCKET": str(path), "WATCHDOG_USEC": str(WATCHDOG_USEC)}

    def hears(self, seconds: float = DEADLINE_SECONDS) -> str | None:
        """The next word, None where none comes in time."""
        self.socket.settimeout(seconds)
        try:
            return self.socket.recv(100).decode()
        except TimeoutError:
            return None

    def hears_at_last(self, word: str) -> None:
        while (heard := self.hears()) != word:
            assert heard is not None, f"{word} was not said"


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[Systemd]:
    one = Systemd(tmp_path / "notify")
    yield one
    one.socket.close()


@pytest.fixture
def outbox(tmp_path: Path) -> Path:
    path = tmp_path / "outbox.db"
    with Outbox.open(path) as box:
        box.append(*project(), lesson(1))
    return path


def test_a_worker_says_that_it_is_ready_alive_and_stopping(
    outbox: Path, database: Database, tmp_path: Path, systemd: Systemd
) -> None:
    """Idle with a poll of an hour it is alive all the same."""
    env = environment(outbox, database.worker_dsn, OUTBOX_POLL_SECONDS="3600", **systemd.env)
    with worker("run", "--quiet", env=env, cwd=tmp_path) as process:
        assert systemd.hears() == "READY=1"
        until(lambda: applied_seq(database.dsn) == 4, what="delivered")
        for _ in range(5):
            assert systemd.hears() == "WATCHDOG=1"
        process.send_signal(signal.SIGTERM)
        systemd.hears_at_last("STOPPING=1")
        assert process.wait() == 0


@pytest.mark.parametrize("persist", ["true", "false"])
def test_waiting_out_an_outage_or_holding_is_no_hanging(
    persist: str, outbox: Path, tmp_path: Path, systemd: Systemd
) -> None:
    env = environment(outbox, "postgresql://u:p@127.0.0.1:1/x", CREATOR_OS_DB_PERSIST=persist, **systemd.env)
    with worker("run", "--quiet", env=env, cwd=tmp_path):
        assert systemd.hears() == "READY=1"
        for _ in range(5):
            assert systemd.hears() == "WATCHDOG=1"


def test_a_loop_that_makes_no_progress_does_not_say_that_it_is_alive(
    outbox: Path, database: Database, tmp_path: Path, systemd: Systemd
) -> None:
    """The word comes from the loop, not from a thread beside it."""
    env = environment(outbox, database.worker_dsn, **systemd.env)
    with psycopg.connect(database.dsn) as blocker:
        blocker.execute("lock table contents in access exclusive mode")
        with worker("run", "--quiet", env=env, cwd=tmp_path):
            until(lambda: _waits_for_a_lock(database), what="the worker waits for the lock")
            while systemd.hears(0.01) is not None:
                pass
            assert systemd.hears(3 * WATCHDOG_USEC / 1e6) is None
            blocker.rollback()
            assert systemd.hears() == "WATCHDOG=1"


def _waits_for_a_lock(database: Database) -> bool:
    with psycopg.connect(database.dsn) as connection:
        row = connection.execute(
            "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and application_name = 'outbox-worker'"
        ).fetchone()
    return bool(row and row[0])


def test_without_a_supervisor_nothing_is_said(tmp_path: Path) -> None:
    """No socket, a socket that is gone, somebody else's watchdog: no error, no waking up."""
    for environ in ({}, {"NOTIFY_SOCKET": str(tmp_path / "gone"), "WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "1"}):
        one = Supervisor(environ)
        one.ready()
        one.alive()
        one.stopping()
        assert one.ping_every_seconds == float("inf")


def test_the_sample_unit_starts_what_there_is(tmp_path: Path) -> None:
    """It restarts without a limit, except where a human has to look."""
    unit = (ROOT / "examples" / "systemd" / "creatoros-outbox-worker.service").read_text()
    for line in ("Type=notify", "StartLimitIntervalSec=0", "RestartPreventExitStatus=2 3", "bin/worker run"):
        assert line in unit
