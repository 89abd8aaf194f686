"""The network at its worst, through a proxy: nothing lost, nothing doubled, no event blamed."""

import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from outbox import Outbox
from tests.support.fault_proxy import FaultProxy, Plan
from tests.support.make_outbox import filled
from tests.support.postgres import Database, Server
from tests.support.relaying import NoWaiting, drain, relay
from tests.support.rows import all_rows, applied_seq
from worker import Ending
from worker.connect.connection import Connection, connect

LESSONS = 60
COMMITTED = b"COMMIT\x00"


@pytest.fixture
def box(tmp_path: Path) -> Outbox:
    return filled(tmp_path / "outbox.db", LESSONS)


@pytest.fixture
def expected(box: Outbox, server: Server, tmp_path: Path) -> dict[str, list[str]]:
    box.checkpoint()
    copy = tmp_path / "undisturbed" / "outbox.db"
    copy.parent.mkdir()
    shutil.copy(box.path, copy)
    other = server.clone(server.migrated())
    assert drain(Outbox.open(copy), other.worker_dsn) is Ending.EMPTY
    rows = all_rows(other.dsn)
    server.drop(other)
    return rows


def nth(times: int, marker: bytes) -> Callable[[bytes], bool]:
    """True for the n-th chunk that holds the marker."""
    seen = 0

    def decide(chunk: bytes) -> bool:
        nonlocal seen
        seen += marker in chunk
        return marker in chunk and seen == times

    return decide


def ledger(box: Outbox) -> list[Any]:
    return list(box.connection.execute("select cause, ended_at is not null from outages"))


LOST = [("the connection was lost", 1)]


@pytest.mark.parametrize(
    ("which", "outages"),
    [
        pytest.param(1, LOST, id="of a whole batch"),
        pytest.param(2, LOST, id="of a first half"),
        pytest.param(4, [], id="of a second half"),
    ],
)
def test_a_lost_commit_acknowledgement_doubles_nothing(
    which: int, outages: list[Any], box: Outbox, database: Database, expected: dict[str, list[str]]
) -> None:
    """The server has committed, the answer never arrives: the position tells. The second connection can be spared."""
    with FaultProxy(database.worker_dsn) as proxy:
        proxy.plan.cut_answer = nth(which, COMMITTED)
        assert relay(box, proxy.dsn, max_events=30).run() is Ending.EMPTY
        assert proxy.plan.cuts == 1
    assert all_rows(database.dsn) == expected
    assert box.parked.count() == 0
    assert ledger(box) == outages


@pytest.mark.parametrize("marker", [b"begin", b'insert into "public"."contents"', b"update outbox.sources", b"commit"])
def test_a_connection_cut_in_a_batch_loses_nothing(
    marker: bytes, box: Outbox, database: Database, expected: dict[str, list[str]]
) -> None:
    """Cut before the server saw the statement: the transaction never was."""
    with FaultProxy(database.worker_dsn) as proxy:
        proxy.plan = Plan(cut_request=nth(2, marker), reset=True)
        assert relay(box, proxy.dsn, max_events=30).run() is Ending.EMPTY
        assert proxy.plan.cuts == 1
    assert all_rows(database.dsn) == expected
    assert box.parked.count() == 0


def test_forty_random_cuts_change_nothing(box: Outbox, database: Database, expected: dict[str, list[str]]) -> None:
    """Either direction, any chunk."""
    chance = random.Random(40)
    with FaultProxy(database.worker_dsn) as proxy:

        def cut(_chunk: bytes) -> bool:
            return proxy.plan.cuts < 40 and chance.random() < 0.2

        proxy.plan.cut_answer = proxy.plan.cut_request = cut
        assert relay(box, proxy.dsn, max_events=10).run() is Ending.EMPTY
        assert proxy.plan.cuts > 10
    assert all_rows(database.dsn) == expected
    assert box.parked.count() == 0


def test_a_long_outage_costs_no_attempt_and_one_ledger_row(
    box: Outbox, database: Database, expected: dict[str, list[str]]
) -> None:
    """A hundred refused connections: nothing parked, waits grow to the cap, one row in the ledger, then all lands."""
    with FaultProxy(database.worker_dsn) as proxy:
        proxy.plan.refuse = True
        waker = NoWaiting()

        def over_after_a_hundred(_seconds: float) -> None:
            if len(waker.slept) >= 100:
                proxy.plan.refuse = False

        waker.on_sleep = over_after_a_hundred
        assert relay(box, proxy.dsn, waker=waker).run() is Ending.EMPTY
    outage = waker.slept[:100]
    assert max(outage) <= 60
    assert min(outage[20:]) >= 30
    assert outage[0] <= 0.25
    assert box.parked.count() == 0
    assert len(ledger(box)) == 1
    assert ledger(box)[0][1] == 1
    assert all_rows(database.dsn) == expected


def test_a_flapping_database_does_not_reset_the_waits(box: Outbox, database: Database) -> None:
    """It lets us in and fails at the first batch, again and again: the waits grow all the same."""
    with FaultProxy(database.worker_dsn) as proxy:
        waker = NoWaiting()
        proxy.plan.cut_request = lambda chunk: b"insert into" in chunk and len(waker.slept) < 12
        assert relay(box, proxy.dsn, waker=waker).run() is Ending.EMPTY
    assert waker.slept[11] > 30


def test_a_database_that_stops_answering_is_left_and_dialled_anew(
    box: Outbox, database: Database, expected: dict[str, list[str]]
) -> None:
    """A black hole keeps the socket open and answers keepalives: the deadline of the exchange ends the wait."""
    with FaultProxy(database.worker_dsn) as proxy:
        waker = NoWaiting()

        def heal(_seconds: float) -> None:
            proxy.plan.black_hole = False

        def swallow(chunk: bytes) -> bool:
            if b'insert into "public"."contents"' in chunk and not waker.slept:
                proxy.plan.black_hole = True
            return False

        waker.on_sleep = heal
        proxy.plan.cut_request = swallow
        one = relay(box, proxy.dsn, waker=waker, statement_timeout_ms=500, margin_seconds=0.5)
        assert one.run() is Ending.EMPTY
    assert waker.slept
    assert all_rows(database.dsn) == expected


@pytest.mark.parametrize(
    "refusing",
    ["revoke insert on contents from outbox_worker", "revoke update on outbox.sources from outbox_worker"],
)
def test_a_database_that_stops_answering_while_it_is_asked_what_is_wrong_is_left_as_well(
    box: Outbox, database: Database, expected: dict[str, list[str]], refusing: str
) -> None:
    """It refused, for a batch or for the position, and the questions about that get no answer."""
    mending, asked = refusing.replace("revoke", "grant").replace(" from ", " to "), list[bytes]()
    with FaultProxy(database.worker_dsn) as proxy, psycopg.connect(database.dsn, autocommit=True) as owner:
        waker = NoWaiting()
        owner.execute(refusing.encode())

        def heal(_seconds: float) -> None:
            proxy.plan.black_hole = False
            owner.execute(mending.encode())
            if box.relay.report is not None and box.relay.report.state.value == "following":
                waker.stopping = True

        def swallow(chunk: bytes) -> bool:
            if b"has_schema_privilege" in chunk and not waker.slept:
                asked.append(chunk)
                proxy.plan.black_hole = True
            return False

        waker.on_sleep = heal
        proxy.plan.cut_request = swallow
        one = relay(box, proxy.dsn, waker=waker, until_empty=False, statement_timeout_ms=500, margin_seconds=0.5)
        assert one.run() is Ending.STOPPED
    assert asked
    assert all_rows(database.dsn) == expected


def test_too_slow_alone_gets_more_time_before_anybody_is_blamed(box: Outbox, database: Database) -> None:
    """A statement timeout is overload: smaller batches, then more time; nothing is parked."""
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute(
            "create function slow() returns trigger language plpgsql as 'begin perform pg_sleep(0.02); return new; end'"
        )
        connection.execute("create trigger slow before insert on contents for each row execute function slow()")
    waker = NoWaiting()
    assert relay(box, database.worker_dsn, waker=waker, statement_timeout_ms=300).run() is Ending.EMPTY
    assert box.parked.count() == 0
    assert applied_seq(database.dsn) == box.last_seq


def test_a_missing_right_holds_everything_and_parks_nothing(box: Outbox, database: Database) -> None:
    """An environment fault: nobody's event is blamed; the probes are slow; mended, everything flows."""
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute("revoke insert on contents from outbox_worker")
        waker = NoWaiting()

        def mend(_seconds: float) -> None:
            if len(waker.slept) == 3:
                connection.execute("grant insert on contents to outbox_worker")
            if box.relay.report is not None and box.relay.report.state.value == "following":
                waker.stopping = True

        waker.on_sleep = mend
        assert relay(box, database.worker_dsn, waker=waker, until_empty=False).run() is Ending.STOPPED
    assert all(seconds == 30.0 for seconds in waker.slept[:3])
    assert box.parked.count() == 0
    assert applied_seq(database.dsn) == box.last_seq


def test_a_wrong_password_is_probed_more_slowly_than_poolers_ban(box: Outbox, database: Database) -> None:
    """Five minutes between tries: two wrong passwords within minutes get an address banned."""
    wrong = database.worker_dsn.replace("outbox_worker:", "outbox_worker:wrong-")
    waker = NoWaiting()

    def give_up(_seconds: float) -> None:
        waker.stopping = len(waker.slept) == 2

    waker.on_sleep = give_up
    assert relay(box, wrong, waker=waker, until_empty=False).run() is Ending.STOPPED
    assert waker.slept == [300.0, 300.0]
    report = box.relay.report
    assert report is not None
    assert report.state.value == "blocked"
    assert "password" in (report.last_error or "")
    assert "wrong-" not in (report.last_error or "")


def test_a_second_worker_is_fenced_by_the_position(box: Outbox, database: Database, tmp_path: Path) -> None:
    """A worker that wakes up late finds another position under the lock and writes nothing."""
    dialled: list[Connection] = []

    def dial() -> Connection:
        connection = connect(database.worker_dsn)
        if not dialled:  # between this worker's reading of the position and its first batch, another one delivers
            dialled.append(connection)
        return connection

    late = relay(box, dial, max_events=5)
    carry = late._carry_batch
    calls: list[int] = []

    def overtaken(connection: Any, position: Any, events: Any) -> Any:
        if not calls:
            calls.append(1)
            drain(Outbox.open(box.path), database.worker_dsn)
        return carry(connection, position, events)

    late._carry_batch = overtaken  # type: ignore[method-assign]
    before = None
    assert late.run() is Ending.EMPTY
    before = all_rows(database.dsn)
    assert len(before["contents"]) == LESSONS + 2
    assert applied_seq(database.dsn) == box.last_seq
