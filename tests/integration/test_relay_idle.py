"""While nothing waits, nothing is asked and nothing is an outage."""

import os
import resource
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from outbox import Outbox, WorkerState
from tests.support.make_outbox import lesson, project
from tests.support.postgres import Database
from tests.support.relaying import NoWaiting, relay
from tests.support.rows import applied_seq
from worker import Ending
from worker.connect.connection import connect
from worker.faults.outage import Backoff, Patience
from worker.options import Options
from worker.process.wakeup import Waker
from worker.run.relay import Relay
from worker.run.report import Report


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


@pytest.fixture
def many_open_files() -> Iterator[None]:
    """More than `select` can count, as in a program that we are only a part of."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(2048, hard)), hard))
    taken = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
    assert max(taken) > 1024
    yield
    for descriptor in taken:
        os.close(descriptor)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("many_open_files")
def test_with_a_thousand_files_open_events_are_delivered_all_the_same(tmp_path: Path, database: Database) -> None:
    """Waiting for the bell, sending a batch of megabytes, noticing a closed connection: none counts descriptors."""
    with Outbox.open(tmp_path / "outbox.db") as box, Waker(tmp_path / "outbox.db.bell") as waker:
        box.append(*project(), lesson(1, body="palavra " * 1_000_000))
        looks = 0

        def look_again() -> None:
            nonlocal looks
            looks += 1
            if looks == 2:  # once with the connection idle in between
                waker.stop()

        waiting = replace(Options(), poll_seconds=0.01, in_place=look_again)
        one = Relay(
            box,
            dial=lambda: connect(database.worker_dsn),
            waker=waker,
            patience=Patience(box, Backoff()),
            options=waiting,
            report=Report(box),
        )
        assert one.run() is Ending.STOPPED
        assert applied_seq(database.dsn) == box.last_seq
