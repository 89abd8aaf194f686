"""An event that kills the process is found by its start record and parked; nobody else is ever blamed for a death."""

from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from outbox import Outbox, ParkedState, Resolution
from tests.support.fault_proxy import FaultProxy
from tests.support.make_outbox import PROJECT, lesson, project
from tests.support.postgres import Database
from tests.support.processes import environment, until, worker
from tests.support.relaying import NoWaiting, relay
from tests.support.rows import applied_seq
from worker.faults.suspects import STARTS

LESSONS = 40
KILLED = -9


@pytest.fixture
def outbox(tmp_path: Path) -> Path:
    path = tmp_path / "outbox.db"
    with Outbox.open(path) as box:
        box.append(*project(), *(lesson(number) for number in range(1, LESSONS + 1)))
    return path


def start(outbox: Path, database: Database, cwd: Path, failpoint: str = "") -> int:
    """Run a drain to its end; return how it ended."""
    env = environment(outbox, database.worker_dsn, OUTBOX_FAILPOINT=failpoint, OUTBOX_BATCH_EVENTS="16")
    with worker("drain", "--quiet", env=env, cwd=cwd) as process:
        return process.wait()


def landed(database: Database) -> set[str]:
    with psycopg.connect(database.dsn) as connection:
        rows = connection.execute("select slug from contents where content_type = 'course_lesson'").fetchall()
    return {row[0] for row in rows}


def starts_until_the_end(
    outbox: Path,
    database: Database,
    cwd: Path,
    failpoint: str,
    *,
    before_each: Callable[[], None] = lambda: None,
) -> int:
    for count in range(1, 30):
        before_each()
        code = start(outbox, database, cwd, failpoint)
        if code == 0:
            return count
        assert code == KILLED
    raise AssertionError("it never came to an end")


@pytest.mark.parametrize("where", ["apply", "decode"])
def test_an_event_that_kills_the_process_is_parked_after_n_starts_and_its_neighbours_land(
    where: str, outbox: Path, database: Database, tmp_path: Path
) -> None:
    """A batch of 16 is narrowed from start to start; the one event is parked, the other 39 lessons are there."""
    deadly = 20
    count = starts_until_the_end(outbox, database, tmp_path, f"{where}.{deadly}")
    assert count <= 1 + 4 + STARTS + 1  # the free one, halving 16 down to 1, the proof, the one that ends well
    with Outbox.open(outbox) as box:
        (parked,) = box.parked.list()
        assert (parked.seq, parked.state, parked.attempts) == (deadly, ParkedState.PARKED, STARTS)
        assert "died" in parked.reason
        assert box.attempts.unfinished() == []
        assert applied_seq(database.dsn) == box.last_seq
    assert landed(database) == {f"{PROJECT}--aula-{n}" for n in range(1, LESSONS + 1)} - {
        f"{PROJECT}--aula-{deadly - 3}"
    }


def test_a_released_killer_is_parked_again(outbox: Path, database: Database, tmp_path: Path) -> None:
    """A retry that kills again is found the same way; once it is harmless it lands."""
    deadly = 5
    starts_until_the_end(outbox, database, tmp_path, f"apply.{deadly}")
    with Outbox.open(outbox) as box:
        box.parked.release(deadly, Resolution.RETRY)
    assert starts_until_the_end(outbox, database, tmp_path, f"apply.{deadly}") == 1 + STARTS + 1
    with Outbox.open(outbox) as box:
        assert [(row.seq, row.state) for row in box.parked.list()] == [(deadly, ParkedState.PARKED)]
        box.parked.release(deadly, Resolution.RETRY)
    assert start(outbox, database, tmp_path) == 0
    assert len(landed(database)) == LESSONS


@pytest.mark.parametrize("is_released", [False, True], ids=["in the log", "released as well"])
def test_a_killer_is_found_though_a_released_event_is_refused_before_it_at_every_start(
    outbox: Path, database: Database, tmp_path: Path, *, is_released: bool
) -> None:
    """An operator retries at every restart what the database will not take; deaths behind that are counted on."""
    refused, deadly = 4, 20
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute(f"alter table contents add constraint refused check (slug <> '{PROJECT}--aula-1')")

    def retry_what_is_refused() -> None:
        with Outbox.open(outbox) as box:
            if any(row.state is ParkedState.PARKED for row in box.parked.list()):
                box.parked.release(refused, Resolution.RETRY)

    if is_released:
        starts_until_the_end(outbox, database, tmp_path, f"apply.{deadly}")
        with Outbox.open(outbox) as box:
            box.parked.release(deadly, Resolution.RETRY)
    starts_until_the_end(outbox, database, tmp_path, f"apply.{deadly}", before_each=retry_what_is_refused)
    with Outbox.open(outbox) as box:
        assert [(row.seq, row.state) for row in box.parked.list()] == [
            (refused, ParkedState.PARKED),
            (deadly, ParkedState.PARKED),
        ]
        assert box.attempts.unfinished() == []
    assert len(landed(database)) == LESSONS - 2


def test_kills_from_outside_blame_nobody(outbox: Path, database: Database, tmp_path: Path) -> None:
    """As many deaths as park a killer, each at another event: nothing is parked and all of them land."""
    for deadly in (4, 9, 9, 17, 18, 30, 31, 31, 40):
        assert start(outbox, database, tmp_path, f"apply.{deadly}") == KILLED
    assert start(outbox, database, tmp_path) == 0
    with Outbox.open(outbox) as box:
        assert box.parked.count() == 0
        assert box.attempts.unfinished() == []
    assert len(landed(database)) == LESSONS


def test_an_outage_leaves_no_start_record(outbox: Path, database: Database) -> None:
    """A wary worker whose connection is cut again and again at the same event charges nobody."""
    with Outbox.open(outbox) as box, FaultProxy(database.worker_dsn) as proxy:
        waker = NoWaiting()
        left: list[object] = []
        waker.on_sleep = lambda _seconds: left.extend(box.attempts.unfinished() or [None])
        proxy.plan.cut_request = lambda chunk: b"insert into" in chunk and len(waker.slept) < 2 * STARTS
        relay(box, proxy.dsn, waker=waker, wary=True).run()
        assert left
        assert set(left) == {None}
        assert box.parked.count() == 0
    assert len(landed(database)) == LESSONS


def test_a_worker_that_follows_one_that_ended_in_order_writes_no_record(
    outbox: Path, database: Database, tmp_path: Path
) -> None:
    """The record costs nothing while nobody dies."""
    assert start(outbox, database, tmp_path) == 0
    with Outbox.open(outbox) as box:
        box.connection.execute(
            "create trigger no_record before insert on attempts begin select raise(abort, 'record'); end"
        )
        box.append(lesson(50))
    env = environment(outbox, database.worker_dsn)
    with worker("drain", env=env, cwd=tmp_path) as process:
        _, errors = process.communicate()
        assert process.returncode == 0
    assert "note_failed" not in errors
    assert "wary" not in errors


def test_the_background_worker_is_wary_after_a_sigkill(outbox: Path, database: Database, tmp_path: Path) -> None:
    env = environment(outbox, database.worker_dsn)
    with worker("run", env=env, cwd=tmp_path) as process, Outbox.open(outbox) as box:
        until(lambda: applied_seq(database.dsn) == box.last_seq, what="delivered")
        process.kill()
        process.wait()
    with worker("drain", env=env, cwd=tmp_path) as process:
        _, errors = process.communicate()
        assert process.returncode == 0
    assert "relay.wary" in errors


def test_a_wary_worker_trusts_what_comes_later(outbox: Path, database: Database) -> None:
    """Its predecessor can have died of nothing that was appended since: no record is written for that."""
    with Outbox.open(outbox) as box:
        waker = NoWaiting()
        records: list[int] = []

        def append_more(_seconds: float) -> None:
            if len(waker.slept) == 1:
                box.connection.execute("create table seen (seq)")
                box.connection.execute(
                    "create trigger record after insert on attempts begin insert into seen values (new.seq); end"
                )
                box.append(lesson(60), lesson(61))
            else:
                records.extend(row[0] for row in box.connection.execute("select seq from seen"))
                waker.stopping = True

        waker.on_sleep = append_more
        relay(box, database.worker_dsn, waker=waker, until_empty=False, wary=True).run()
        assert applied_seq(database.dsn) == box.last_seq
        assert records == []
