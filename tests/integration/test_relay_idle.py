"""While nothing waits, nothing is asked and nothing is an outage."""

from pathlib import Path

import psycopg

from outbox import Outbox, WorkerState
from tests.support.make_outbox import lesson, project
from tests.support.postgres import Database
from tests.support.relaying import NoWaiting, relay
from tests.support.rows import applied_seq
from worker.options import Ending, Options


def test_a_restart_of_the_database_while_idle_is_no_outage(tmp_path: Path, database: Database) -> None:
    """The closed connection is noticed before it is used: no failed batch, no row in the ledger."""
    box = Outbox.open(tmp_path / "outbox.db")
    box.append(*project())
    waker = NoWaiting()

    def cut_then_append(_seconds: float) -> None:
        if len(waker.slept) == 1:
            with psycopg.connect(database.dsn, autocommit=True) as connection:
                connection.execute(
                    "select pg_terminate_backend(pid, 5000) from pg_stat_activity "
                    "where application_name = 'outbox-worker' and datname = current_database()"
                )
            box.append(lesson(1))
        else:
            waker.stopping = True

    waker.on_sleep = cut_then_append
    assert relay(box, database.worker_dsn, waker=waker, until_empty=False).run() is Ending.STOPPED
    assert applied_seq(database.dsn) == box.last_seq
    assert box.connection.execute("select count(*) from outages").fetchone() == (0,)


def test_a_paused_relay_looks_again_after_the_poll_interval(tmp_path: Path, database: Database) -> None:
    """It says what it waits for, applies nothing meanwhile, and goes on as soon as it is resumed."""
    box = Outbox.open(tmp_path / "outbox.db")
    box.append(*project(), lesson(1))
    box.relay.pause()
    waker = NoWaiting()
    told: list[tuple[WorkerState, str | None, int]] = []

    def look(_seconds: float) -> None:
        report = box.relay.report
        assert report is not None
        told.append((report.state, report.last_error, applied_seq(database.dsn)))
        if len(told) == 3:
            box.relay.resume()

    waker.on_sleep = look
    assert relay(box, database.worker_dsn, waker=waker).run() is Ending.EMPTY
    assert told == [(WorkerState.HOLDING, "paused by an operator: `outbox resume` lets it go on", 0)] * 3
    assert waker.slept == [Options().poll_seconds] * 3
    assert applied_seq(database.dsn) == box.last_seq
