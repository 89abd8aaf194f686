"""A kill from outside is no evidence against the event in hand."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from outbox import Outbox, WorkerState
from tests.support.make_outbox import filled, lesson
from tests.support.postgres import Database
from tests.support.processes import environment, until, worker
from tests.support.relaying import drain
from tests.support.rows import applied_seq

LOCKS = {
    "row": "update contents set title = title where slug = 'curso-x--aula-1'",
    "table": "lock table contents in access exclusive mode",
}


@pytest.fixture
def box(tmp_path: Path, database: Database) -> Iterator[Outbox]:
    with filled(tmp_path / "box" / "outbox.db", 1) as made:
        drain(made, database.worker_dsn)
        made.append(lesson(1, body="new"))
        yield made


@pytest.fixture(autouse=True)
def hangup_is_heard() -> Iterator[None]:
    """Also if the tests were started under nohup: what a process ignores, its children ignore."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


def waiting_pid(database: Database, unlike: set[int]) -> int | None:
    with psycopg.connect(database.admin_dsn) as admin:
        row = admin.execute(
            "select pid from pg_stat_activity where datname = %s and wait_event_type = 'Lock' and pid <> all (%s)",
            [database.name, list(unlike)],
        ).fetchone()
    return row[0] if row else None


def has_noted_its_wait(box: Outbox) -> bool:
    """Whether the outbox file says that the worker waits, as one says whose predecessor did not end in order."""
    [(notes,)] = box.connection.execute("select count(*) from meta where key = 'waiting_for_database'")
    return bool(notes)


@pytest.mark.parametrize(
    ("lock", "number", "times"), [("row", signal.SIGKILL, 5), ("table", signal.SIGKILL, 5), ("row", signal.SIGHUP, 2)]
)
def test_a_worker_that_is_ended_while_it_waits_for_a_lock_blames_nobody(
    lock: str, number: signal.Signals, times: int, box: Outbox, database: Database, tmp_path: Path
) -> None:
    """However often, and however: afterwards everything is delivered."""
    env = environment(box.path, database.worker_dsn)
    seen: set[int] = set()
    with psycopg.connect(database.dsn) as other:
        other.execute(LOCKS[lock].encode())
        for time in range(times):
            with worker("run", "--quiet", env=env, cwd=tmp_path) as process:
                until(lambda: waiting_pid(database, seen) is not None, what="waits for the lock")
                seen.add(waiting_pid(database, seen) or 0)
                if time and number == signal.SIGKILL:
                    until(lambda: has_noted_its_wait(box), what="the worker knows that it waits")
                process.send_signal(number)
                code = process.wait()
            report = box.relay.report
            assert report is not None
            if number == signal.SIGHUP:
                assert (code, report.state) == (0, WorkerState.STOPPED)
        other.rollback()
    with worker("drain", "--quiet", env=env, cwd=tmp_path) as process:
        assert process.wait() == 0
    assert box.parked.count() == 0
    assert applied_seq(database.dsn) == box.last_seq


def test_a_worker_under_nohup_outlives_its_terminal(box: Outbox, database: Database, tmp_path: Path) -> None:
    """It was told to ignore SIGHUP before it began."""
    command = ["/bin/sh", "-c", f"trap '' HUP; exec {sys.executable} -m worker run --quiet"]
    process = subprocess.Popen(command, env=environment(box.path, database.worker_dsn), cwd=Path(__file__).parents[2])
    try:
        until(lambda: applied_seq(database.dsn) == box.last_seq, what="delivered")
        process.send_signal(signal.SIGHUP)
        box.append(lesson(2))
        until(lambda: applied_seq(database.dsn) == box.last_seq, what="delivered after SIGHUP")
    finally:
        process.terminate()
    assert process.wait() == 0
