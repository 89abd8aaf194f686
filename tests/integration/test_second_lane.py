"""A large batch goes over two connections at once; what is promised is what one connection promises."""

import os
import shutil
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import structlog
from msgspec.structs import replace

from outbox import Event, Outbox
from outbox import catalogue as c
from outbox.operating import resolve
from tests.support.fault_proxy import FaultProxy
from tests.support.make_outbox import PROJECT, lesson, project
from tests.support.postgres import Database, Server
from tests.support.processes import DEADLINE_SECONDS, environment, until, worker
from tests.support.relaying import drain, relay
from tests.support.rows import all_rows, applied_seq
from worker import Ending
from worker.apply.fold import decode
from worker.apply.position import Position, greet
from worker.apply.projection import Batch
from worker.apply.transaction import lock_position, send_position
from worker.carry.second_lane import SecondLane
from worker.connect.connection import Connection, Limits, connect
from worker.faults import parked_view
from worker.run.report import Report

LESSONS = 40
HELD = 3  # events of the course itself, which the lessons refer to


@pytest.fixture
def box(tmp_path: Path, database: Database) -> Iterator[Outbox]:
    """A course that is delivered, and lessons that wait: any of them may be carried beside any other."""
    with Outbox.open(tmp_path / "outbox.db") as box:
        box.append(*project())
        assert drain(box, database.worker_dsn) is Ending.EMPTY
        with box.unit() as unit:
            for number in range(1, LESSONS + 1):
                unit.append(lesson(number))
        yield box


def administer(database: Database, statement: str) -> None:
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute(statement.encode())


def rows(database: Database, query: str) -> list[Any]:
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        return connection.execute(query.encode()).fetchall()


def lessons_there(database: Database) -> list[int]:
    found = rows(database, "select sequence_order from contents where content_type = 'course_lesson' order by 1")
    return [number for (number,) in found]


def transactions(database: Database) -> list[list[int]]:
    """Which lessons were written together, transaction by transaction, in the order of their lessons."""
    found = rows(
        database,
        "select array_agg(sequence_order order by sequence_order) from contents where content_type = 'course_lesson' "
        "group by xmin::text order by min(sequence_order)",
    )
    return [together for (together,) in found]


class Dialled:
    """Opens connections and remembers them; `spoil` is given each one, and its number."""

    def __init__(self, database: Database, spoil: Callable[[Connection, int], None] = lambda *_: None) -> None:
        self._dsn = database.worker_dsn
        self._spoil = spoil
        self.opened: list[Connection] = []

    def __call__(self) -> Connection:
        connection = connect(self._dsn)
        self.opened.append(connection)
        self._spoil(connection, len(self.opened))
        return connection


def rests(logged: list[Any]) -> list[tuple[str, str | None]]:
    return [(line["error"], line["sqlstate"]) for line in logged if line["event"] == "relay.second_lane_rests"]


def test_the_halves_of_a_batch_are_two_transactions_and_the_second_moves_the_position_last(
    box: Outbox, database: Database
) -> None:
    """Half of the lessons over each connection; the position was written by the transaction of the second half."""
    dialled = Dialled(database)
    assert relay(box, dialled).run() is Ending.EMPTY
    assert len(dialled.opened) == 2
    half = LESSONS // 2
    assert transactions(database) == [list(range(1, half + 1)), list(range(half + 1, LESSONS + 1))]
    last = f"select xmin::text from contents where slug = '{PROJECT}--aula-{LESSONS}'"
    assert rows(database, "select xmin::text from outbox.sources") == rows(database, last)
    assert applied_seq(database.dsn) == box.last_seq


def test_without_work_the_second_connection_is_given_back(box: Outbox, database: Database) -> None:
    """A worker that waits holds one connection, as many as it needs to hear that the database went away."""
    dialled = Dialled(database)
    open_at_rest: list[int] = []

    class Stopping:
        stopping = False

        def wait_for_news(self, _seconds: float) -> None:
            open_at_rest.append(sum(not connection.closed for connection in dialled.opened))
            self.stopping = True

        def sleep(self, _seconds: float, **_: object) -> None:
            raise AssertionError("there was nothing to wait for")

    assert relay(box, dialled, waker=Stopping(), until_empty=False).run() is Ending.STOPPED  # type: ignore[arg-type]
    assert len(dialled.opened) == 2
    assert open_at_rest == [1]


def test_switched_off_there_is_one_connection(box: Outbox, database: Database) -> None:
    """Whoever has few connections to give away keeps them."""
    dialled = Dialled(database)
    assert relay(box, dialled, halves_from=None).run() is Ending.EMPTY
    assert len(dialled.opened) == 1
    assert transactions(database) == [list(range(1, LESSONS + 1))]


def test_a_highest_rate_is_kept_with_one_connection(box: Outbox, database: Database, tmp_path: Path) -> None:
    """Whoever names a rate is concerned for the database."""
    env = environment(box.path, database.worker_dsn)
    with worker("drain", "--quiet", "--max-rate", "1000", env=env, cwd=tmp_path) as process:
        assert process.wait() == 0
    assert transactions(database) == [list(range(1, LESSONS + 1))]


@pytest.mark.parametrize("bad", [1, LESSONS // 2, LESSONS // 2 + 1, LESSONS])
def test_poison_in_either_half_is_found_and_everything_else_lands(bad: int, box: Outbox, database: Database) -> None:
    """The second half is judged on the first connection, alone; the event that refers to the parked one is held."""
    box.append(c.ContentFidelityScored(slug=f"{PROJECT}--aula-{bad}", score=0.5))
    administer(database, f"alter table contents add constraint refused check (slug <> '{PROJECT}--aula-{bad}')")
    with structlog.testing.capture_logs() as logged:
        assert drain(box, database.worker_dsn) is Ending.EMPTY
    assert rests(logged)[0][1] == "23514"
    assert [(row.seq, row.state.value) for row in box.parked.list()] == [(HELD + bad, "parked"), (box.last_seq, "held")]
    assert lessons_there(database) == [number for number in range(1, LESSONS + 1) if number != bad]
    assert applied_seq(database.dsn) == box.last_seq


def test_a_second_connection_that_is_refused_costs_nothing_but_itself(box: Outbox, database: Database) -> None:
    """A role with one connection to give: the batch goes over that one, no outage begins, and nobody asks again."""
    tried: list[int] = []

    def dial() -> Connection:
        tried.append(len(tried))
        return connect(database.worker_dsn)

    administer(database, "alter role outbox_worker connection limit 1")
    try:
        with structlog.testing.capture_logs() as logged:
            assert relay(box, dial, max_events=2).run() is Ending.EMPTY
    finally:
        administer(database, "alter role outbox_worker connection limit 10")
    assert len(tried) == 2
    assert rests(logged) == [("OperationalError", None)]
    assert lessons_there(database) == list(range(1, LESSONS + 1))
    assert box.connection.execute("select count(*) from outages").fetchone() == (0,)


def test_a_new_session_tries_the_second_connection_again(box: Outbox, database: Database) -> None:
    """What kept it away may be over."""
    lane = SecondLane(box, lambda: connect("host=127.0.0.1 port=1"), 2)
    decoded = decode(box.read(after=HELD))
    lane.ask(decoded, Limits(), 60.0)
    assert all(lane.cut(decoded) is None for _ in range(5000))
    lane.session_began()
    assert lane.cut(decoded) == LESSONS // 2


def test_a_second_connection_that_is_lost_leaves_its_half_to_the_first(box: Outbox, database: Database) -> None:
    """The line is cut before the half is sent: the first half stands, the second goes over the first connection."""

    def end(connection: Connection, number: int) -> None:
        if number == 2:
            with socket.socket(fileno=os.dup(connection.fileno())) as line:
                line.shutdown(socket.SHUT_RDWR)

    dialled = Dialled(database, end)
    with structlog.testing.capture_logs() as logged:
        assert relay(box, dialled).run() is Ending.EMPTY
    assert len(rests(logged)) == 1
    assert lessons_there(database) == list(range(1, LESSONS + 1))
    assert box.parked.count() == 0
    assert len(dialled.opened) == 2


def test_a_second_connection_that_says_nothing_holds_the_first_up_for_a_moment_only(
    box: Outbox, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pooler that has no session left for it: nobody is blamed, and no outage begins."""
    monkeypatch.setattr("worker.carry.second_lane.ANSWER_SECONDS", 0.2)
    with FaultProxy(database.worker_dsn) as silent, structlog.testing.capture_logs() as logged:

        def dial() -> Connection:
            connection = connect(dsns.pop(0))
            silent.plan.black_hole = not dsns  # only now: to connect it has to speak
            return connection

        dsns = [database.worker_dsn, silent.dsn]
        assert relay(box, dial).run() is Ending.EMPTY
    assert [error for error, _ in rests(logged)] == ["OperationalError"]
    assert "relay.hung" not in [line["event"] for line in logged]
    assert lessons_there(database) == list(range(1, LESSONS + 1))
    assert box.connection.execute("select count(*) from outages").fetchone() == (0,)


def test_both_halves_have_the_limits_of_a_transaction(box: Outbox, database: Database) -> None:
    """Neither waits for ever, and neither runs for ever."""
    administer(
        database,
        """
        create table limits (number integer, statement text, lock text, whole text);
        create function note_limits() returns trigger language plpgsql security definer as $$
        begin
            insert into public.limits values (
                new.sequence_order, current_setting('statement_timeout'), current_setting('lock_timeout'),
                current_setting('transaction_timeout')
            );
            return null;
        end $$;
        create trigger note_limits after insert on contents for each row execute function note_limits();
        """,
    )
    assert relay(box, database.worker_dsn, statement_timeout_ms=7000).run() is Ending.EMPTY
    assert len(transactions(database)) == 2
    limits = "select statement, lock, whole, count(*) from limits group by 1, 2, 3"
    assert rows(database, limits) == [("7s", "5s", "14s", LESSONS)]


def test_halves_that_get_in_each_others_way_are_carried_one_after_the_other(box: Outbox, database: Database) -> None:
    """A trigger of the database's owner writes one row for all lessons: the halves wait for each other, and nothing is lost."""
    administer(
        database,
        """
        create table counted (only_one boolean primary key, lessons integer);
        insert into counted values (true, 0);
        create function count_lessons() returns trigger language plpgsql security definer as $$
        begin
            update public.counted set lessons = lessons + 1;
            return null;
        end $$;
        create trigger count_lessons after insert on contents for each row execute function count_lessons();
        """,
    )
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    assert rows(database, "select lessons from counted") == [(LESSONS,)]
    assert lessons_there(database) == list(range(1, LESSONS + 1))
    assert box.parked.count() == 0


def test_new_tags_of_both_halves_are_made_once(box: Outbox, database: Database) -> None:
    """The half that comes second waits for the first one's tag, and never the other way round."""
    with box.unit() as unit:
        for number in range(1, LESSONS + 1):
            unit.append(lesson(number + LESSONS))
            unit.append(c.ContentTagged(slug=f"{PROJECT}--aula-{number + LESSONS}", tag=f"tag-{number % 3}"))
    with structlog.testing.capture_logs() as logged:
        assert drain(box, database.worker_dsn) is Ending.EMPTY
    assert rests(logged) == []
    assert rows(database, "select count(*) from tags where name like 'tag-%'") == [(3,)]
    assert rows(database, "select count(*) from content_tags") == [(LESSONS,)]


REFUSED = "alter table content_projects add constraint refused check (name <> 'bad')"
MENDED = "alter table content_projects drop constraint refused"
ANEW = range(LESSONS + 1, 2 * LESSONS + 1)


@pytest.fixture
def released(box: Outbox, database: Database) -> Outbox:
    """More lessons, held behind another version of their project; that one was discarded."""
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    administer(database, REFUSED)
    (blocker,) = box.append(c.ProjectUpserted(slug=PROJECT, name="bad")).appended
    box.append(*(lesson(number) for number in ANEW))
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    assert box.parked.count() == 1 + LESSONS
    administer(database, MENDED)
    resolve.discard(box, blocker.seq, "no use")
    return box


def test_what_was_let_go_goes_over_both_connections_as_new_events_do(released: Outbox, database: Database) -> None:
    """Half of it over each, and each half leaves the list in the transaction that applies it; the position stays."""
    before = rows(database, "select xmin::text, applied_seq from outbox.sources")
    dialled = Dialled(database)
    with structlog.testing.capture_logs() as logged:
        assert relay(released, dialled).run() is Ending.EMPTY
    assert rests(logged) == []
    assert len(dialled.opened) == 2
    half = LESSONS + LESSONS // 2
    assert transactions(database)[-2:] == [list(range(LESSONS + 1, half + 1)), list(range(half + 1, 2 * LESSONS + 1))]
    assert rows(database, "select count(*) from outbox.parked") == [(0,)]
    assert released.parked.count() == 0
    assert rows(database, "select xmin::text, applied_seq from outbox.sources") == before


def test_what_has_left_the_list_is_written_while_the_server_works_on_the_next_batch(
    released: Outbox, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the relay would only wait; what the last batch took away is written after all of them."""
    monkeypatch.setattr(parked_view, "LEFT_SECONDS", float("inf"))
    monkeypatch.setattr(parked_view, "LEFT_SECONDS_MEANWHILE", 0.0)
    shown: list[int] = []
    batch, told = LESSONS // 5, Report.released

    def after_a_batch(report: Report, position: Position, count: int, seconds: float, left: int) -> None:
        shown.append(released.parked.count())
        told(report, position, count, seconds, left)

    monkeypatch.setattr(Report, "released", after_a_batch)
    assert drain(released, database.worker_dsn, max_events=batch) is Ending.EMPTY
    first = 1 + LESSONS - batch  # with the discarded one, and what became of a decision is written at once
    assert shown == [first, *range(first, 1, -batch), 0]


@pytest.mark.parametrize("bad", [ANEW[0], ANEW[LESSONS // 2 - 1], ANEW[LESSONS // 2], ANEW[-1]])
def test_poison_among_what_was_let_go_is_parked_again_alone(bad: int, released: Outbox, database: Database) -> None:
    """In either half; everything else lands, and the list says the same in both stores."""
    administer(database, f"alter table contents add constraint refused check (slug <> '{PROJECT}--aula-{bad}')")
    assert drain(released, database.worker_dsn) is Ending.EMPTY
    (row,) = released.parked.list()
    assert (row.state.value, released.event(row.seq).payload["slug"]) == ("parked", f"{PROJECT}--aula-{bad}")
    assert rows(database, "select seq, state from outbox.parked") == [(row.seq, "parked")]
    assert lessons_there(database) == [number for number in range(1, 2 * LESSONS + 1) if number != bad]


def test_a_death_between_the_halves_of_what_was_let_go_loses_and_doubles_nothing(
    released: Outbox, database: Database, tmp_path: Path
) -> None:
    """The first half has left the list, the second is still on it: the next worker takes up that one alone."""
    middle = released.parked.list()[LESSONS // 2].seq
    released.relay.set_state("stopped")  # the worker before this one ended in order: this one need not be wary
    size = {"OUTBOX_BATCH_EVENTS": f"{LESSONS + 1}", "OUTBOX_FAILPOINT": f"middle.{middle}"}
    with worker(
        "drain", "--quiet", env=environment(released.path, database.worker_dsn) | size, cwd=tmp_path
    ) as process:
        assert process.wait(60) == -signal.SIGKILL
    half = rows(database, "select seq from outbox.parked order by 1")
    assert half == [(seq,) for seq in range(middle + 1, middle + 1 + LESSONS // 2)]
    assert drain(released, database.worker_dsn) is Ending.EMPTY
    assert released.parked.count() == 0
    assert lessons_there(database) == list(range(1, 2 * LESSONS + 1))


@pytest.mark.parametrize("committed", [True, False])
def test_a_commit_of_the_second_half_without_an_answer_is_looked_up_on_the_list(
    released: Outbox, database: Database, monkeypatch: pytest.MonkeyPatch, *, committed: bool
) -> None:
    """The position says nothing there, for it stays: what is on the list no more has taken effect."""
    commit = SecondLane.commit

    def unheard(lane: SecondLane, position: Position, batch: Batch) -> bool:
        if committed:
            assert commit(lane, position, batch)
        lane.rest(ValueError())
        return False

    monkeypatch.setattr(SecondLane, "commit", unheard)
    assert drain(released, database.worker_dsn) is Ending.EMPTY
    assert lessons_there(database) == list(range(1, 2 * LESSONS + 1))
    assert released.parked.count() == 0
    assert rows(database, "select count(*) from outbox.parked") == [(0,)]


@pytest.fixture
def lane(box: Outbox, database: Database) -> Iterator[SecondLane]:
    lane = SecondLane(box, lambda: connect(database.worker_dsn), 2)
    yield lane
    lane.close()


def under_way(lane: SecondLane, events: list[Event]) -> None:
    lane.ask(decode(events), Limits(), 60.0)
    lane.write()


def here(box: Outbox, database: Database) -> Position:
    with connect(database.worker_dsn) as connection:
        return greet(connection, box)


def test_nobody_sees_the_second_half_before_its_commit(box: Outbox, database: Database, lane: SecondLane) -> None:
    """What is under way is in an open transaction; left there, it leaves no trace."""
    under_way(lane, box.read(after=HELD))
    assert lessons_there(database) == []
    lane.close()
    assert lessons_there(database) == []
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    assert lessons_there(database) == list(range(1, LESSONS + 1))


def test_the_second_half_is_committed_only_where_the_first_one_left_the_position(
    box: Outbox, database: Database, lane: SecondLane
) -> None:
    """Anybody else's position, or the one before the first half: nothing is written."""
    events = box.read(after=HELD)
    first, second = events[:20], events[20:]
    position = here(box, database)
    under_way(lane, second)
    assert not lane.commit(position.moved_to(first[-1]), Batch(to=second[-1]))
    assert lessons_there(database) == []
    assert applied_seq(database.dsn) == HELD


@pytest.fixture
def first(box: Outbox, database: Database) -> Iterator[Connection]:
    """What the first half's transaction holds from its beginning: the lock of the position."""
    with connect(database.worker_dsn) as connection:
        greet(connection, box)
        connection.execute("begin")
        lock_position(connection, box.outbox_id)
        yield connection


@pytest.mark.parametrize("goes_through", [True, False])
def test_the_second_half_whose_commit_is_sent_already_follows_the_first_or_leaves_no_trace(
    box: Outbox, database: Database, lane: SecondLane, first: Connection, *, goes_through: bool
) -> None:
    """The server decides, for nobody waits for the first half's answer: it waits for its end, and looks."""
    events = box.read(after=HELD)
    position = here(box, database)
    middle = position.moved_to(events[19])
    under_way(lane, events[20:])
    lane.end(middle, Batch(to=events[-1]))
    assert lessons_there(database) == []
    if goes_through:
        send_position(first, box.outbox_id, position, events[19])
    first.execute("commit" if goes_through else "rollback")
    assert lane.commit(middle, Batch(to=events[-1])) is goes_through
    assert lessons_there(database) == (list(range(21, LESSONS + 1)) if goes_through else [])
    assert applied_seq(database.dsn) == (box.last_seq if goes_through else HELD)


def test_a_position_that_another_event_reached_is_not_moved_on(
    box: Outbox, database: Database, lane: SecondLane, first: Connection
) -> None:
    """Two copies of one outbox, both used: the number is the one that was expected, and the event another."""
    events = box.read(after=HELD)
    position = here(box, database)
    under_way(lane, events[20:])
    lane.end(position.moved_to(events[19]), Batch(to=events[-1]))
    send_position(first, box.outbox_id, position, replace(events[19], event_id=events[18].event_id))
    first.execute("commit")
    assert not lane.commit(position.moved_to(events[19]), Batch(to=events[-1]))
    assert lessons_there(database) == []
    assert applied_seq(database.dsn) == events[19].seq


HISTORY = """
    create table history (seq bigint);
    create function note_history() returns trigger language plpgsql security definer as $$
    begin
        insert into public.history values (new.applied_seq);
        return null;
    end $$;
    create trigger note_history after update on outbox.sources for each row execute function note_history();
"""
COMMITTED = b"COMMIT\0"
LESSON = b"aula-"


@pytest.mark.parametrize("lost", ["answer", "request"])
@pytest.mark.parametrize("whose", [0, 1])
def test_a_line_that_is_cut_at_a_commit_with_the_other_half_on_its_way_loses_and_doubles_nothing(
    whose: int, lost: str, box: Outbox, database: Database
) -> None:
    """Of either half, before the COMMIT or after it: the position moves from event to event that was reached before."""
    administer(database, HISTORY)
    with FaultProxy(database.worker_dsn) as one, FaultProxy(database.worker_dsn) as other:
        struck = (one, other)[whose].plan
        is_carrying: list[bool] = []

        def cut_request(chunk: bytes) -> bool:
            is_carrying.extend([True] * (LESSON in chunk))
            return lost == "request" and bool(is_carrying) and b"commit\0" in chunk and not struck.cuts

        def cut_answer(chunk: bytes) -> bool:
            return lost == "answer" and bool(is_carrying) and COMMITTED in chunk and not struck.cuts

        struck.cut_request, struck.cut_answer = cut_request, cut_answer
        dsns = [one.dsn, other.dsn]
        assert relay(box, lambda: connect(dsns.pop(0) if dsns else database.worker_dsn)).run() is Ending.EMPTY
    assert struck.cuts == 1
    assert lessons_there(database) == list(range(1, LESSONS + 1))
    assert box.parked.count() == 0
    history = [seq for (seq,) in rows(database, "select seq from history")]
    assert history == sorted(set(history))
    assert history[-1] == box.last_seq
    written = rows(database, "select count(*) from contents where content_type = 'course_lesson' and xmax <> 0")
    assert written == [(0,)]


def test_the_second_commit_does_not_wait_for_the_answer_to_the_first(box: Outbox, database: Database) -> None:
    """It is on its way before: the answer to the first is kept back until the second has gone by."""
    with FaultProxy(database.worker_dsn) as one, FaultProxy(database.worker_dsn) as other:
        is_carrying, gone_by = threading.Event(), threading.Event()

        def rows_go_by(chunk: bytes) -> bool:
            if LESSON in chunk:
                is_carrying.set()
            return False

        def second_goes_by(chunk: bytes) -> bool:
            if b"commit\0" in chunk:
                gone_by.set()
            return False

        def kept_back(chunk: bytes) -> bool:
            return COMMITTED in chunk and is_carrying.is_set() and not gone_by.wait(DEADLINE_SECONDS)

        one.plan.cut_request, one.plan.cut_answer = rows_go_by, kept_back
        other.plan.cut_request = second_goes_by
        dsns = [one.dsn, other.dsn]
        assert relay(box, lambda: connect(dsns.pop(0))).run() is Ending.EMPTY
        assert one.plan.cuts == 0
    assert len(transactions(database)) == 2


def test_after_a_failure_the_second_lane_rests_and_longer_each_time(box: Outbox, database: Database) -> None:
    """What two transactions at once cannot do is not tried for ever."""
    lane = SecondLane(box, lambda: connect(database.worker_dsn), 2)
    decoded = decode(box.read(after=HELD))
    pauses = []
    for _ in range(3):
        assert lane.cut(decoded) == LESSONS // 2
        lane.rest(ValueError())
        pause = 0
        while lane.cut(decoded) is None:
            pause += 1
        pauses.append(pause)
    assert pauses == [16, 32, 64]
    position = here(box, database)
    under_way(lane, box.read(after=HELD))
    assert lane.commit(position, Batch(to=box.read(after=HELD)[-1]))
    lane.rest(ValueError())
    assert sum(lane.cut(decoded) is None for _ in range(64)) == 16
    lane.close()


def test_a_worker_that_dies_between_the_halves_leaves_the_first_or_both_and_its_successor_goes_on_from_there(
    box: Outbox, database: Database, server: Server, tmp_path: Path
) -> None:
    """SIGKILL after the first half's COMMIT: the second's is on its way, and takes effect as a whole or not at all."""
    copy = tmp_path / "undisturbed.db"
    box.checkpoint()
    shutil.copy(box.path, copy)
    middle = HELD + LESSONS // 2
    box.relay.set_state("stopped")  # the worker before this one ended in order: this one need not be wary
    env = environment(box.path, database.worker_dsn)
    with worker(
        "drain",
        "--quiet",
        env={**env, "OUTBOX_BATCH_EVENTS": "40", "OUTBOX_FAILPOINT": f"middle.{middle}"},
        cwd=tmp_path,
    ) as process:
        assert process.wait() == -9
    sessions = "select from pg_stat_activity where usename = 'outbox_worker' and datname = current_database()"
    until(lambda: rows(database, sessions) == [], what="the server has noticed")
    assert applied_seq(database.dsn) in {middle, box.last_seq}
    assert lessons_there(database) == list(range(1, applied_seq(database.dsn) - HELD + 1))
    with worker("drain", "--quiet", env=env, cwd=tmp_path) as process:
        assert process.wait() == 0
    other = server.clone(server.migrated())
    administer(other, f"update outbox.destination set destination_id = '{here(box, database).destination_id}'")
    with Outbox.open(copy) as undisturbed:
        assert drain(undisturbed, other.worker_dsn, halves_from=None) is Ending.EMPTY
    assert all_rows(database.dsn) == all_rows(other.dsn)
    server.drop(other)


def test_a_far_database_is_sent_more_at_once(box: Outbox, database: Database) -> None:
    """What a batch waits for on the way, it waits for once: twice as many go over the two connections."""
    sizes: list[int] = []
    with FaultProxy(database.worker_dsn) as far:
        far.plan.delay_seconds = 0.05
        one = relay(box, far.dsn, max_events=5, stretches=True, on_batch=lambda _seq, count, *_: sizes.append(count))
        assert one.run() is Ending.EMPTY
    assert sizes[0] == 5
    assert max(sizes) == 10
    assert lessons_there(database) == list(range(1, LESSONS + 1))
