"""When and how the relay comes back, how it waits, and what it does on the way."""

import os
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest
from structlog.testing import capture_logs

from outbox import Outbox, WorkerState, __version__
from outbox import catalogue as c
from outbox.operating import list_outages
from tests.support.postgres import Database
from tests.support.relaying import NoWaiting, relay
from tests.support.rows import applied_seq
from worker import Ending, WorkerError
from worker.apply.position import host
from worker.connect.connection import Connection, connect
from worker.faults.outage import Backoff
from worker.faults.verdict import Verdict
from worker.run.relay import CHECKPOINT_EVERY_BATCHES

BACKOFF = Backoff(first=8.0, cap=8.0, environment=30.0, login=300.0)  # an outage's waits: 4 to 8 seconds


def pages(count: int) -> list[c.Payload]:
    return [c.ContentUpserted(slug=f"p--{n}", title="t", content_type="other") for n in range(1, count + 1)]


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Outbox]:
    with Outbox.open(tmp_path / "outbox.db") as box:
        box.append(*pages(4))
        yield box


def run(database: Database, statement: str, *values: object) -> None:
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute(statement.encode(), values)


@dataclass
class Dial:
    """A database that refuses so many times with an error before it takes us in."""

    dsn: str
    refusals: list[Exception]
    calls: int = 0
    opened: list[Connection] = field(default_factory=list)

    def __call__(self) -> Connection:
        self.calls += 1
        if self.refusals:
            raise self.refusals.pop(0)
        self.opened.append(connect(self.dsn))
        return self.opened[-1]

    def hang_up(self) -> None:
        """As the relay sees it, the other side did: a pooler in between would hide a server that does."""
        with socket.socket(fileno=os.dup(self.opened[-1].fileno())) as line:
            line.shutdown(socket.SHUT_RDWR)


def coded(sqlstate: str) -> psycopg.Error:
    error = psycopg.OperationalError("any wording")
    error.sqlstate = sqlstate  # type: ignore[misc]
    return error


@dataclass
class Told:
    """A meter that remembers."""

    lines: list[tuple[object, ...]] = field(default_factory=list)

    def connected(self) -> None:
        self.lines.append(("connected",))

    def applied(self, events: int, seconds: float) -> None:
        assert 0 <= seconds < 60
        self.lines.append(("applied", events))

    def failed(self, verdict: Verdict) -> None:
        self.lines.append(("failed", verdict))

    def interrupted(self) -> None:
        self.lines.append(("interrupted",))


def test_told_to_stop_in_an_outage_it_does_not_wait_first(box: Outbox) -> None:
    waker = NoWaiting()

    def dial() -> Connection:
        waker.stopping = True
        raise OSError("refused")

    assert relay(box, dial, waker=waker).run() is Ending.STOPPED
    assert waker.slept == []


def test_told_to_stop_before_the_first_session_it_does_not_dial(box: Outbox) -> None:
    dial = Dial("", [])
    assert relay(box, dial, waker=NoWaiting(stopping=True)).run() is Ending.STOPPED
    assert dial.calls == 0


def test_an_error_that_nobody_foresaw_ends_it_at_once(box: Outbox) -> None:
    dial = Dial("", [ZeroDivisionError()])
    waker = NoWaiting()
    with pytest.raises(ZeroDivisionError):
        relay(box, dial, waker=waker, until_empty=False).run()
    assert waker.slept == []


@pytest.mark.parametrize(("patience", "tries"), [(0.0, 1), (0.001, 2), (None, 7)])
def test_it_waits_for_a_database_as_long_as_it_was_told_to(
    patience: float | None, tries: int, box: Outbox, database: Database
) -> None:
    """No patience is one try; without a limit it waits until the database is back."""
    dial = Dial(database.worker_dsn, [OSError("refused") for _ in range(6)])
    waker = NoWaiting()
    one = relay(box, dial, waker=waker, halves_from=None, patience_seconds=patience, backoff=BACKOFF, clock=waker.clock)
    assert one.run() is (Ending.EMPTY if patience is None else Ending.UNREACHABLE)
    assert dial.calls == tries
    assert len(waker.slept) == tries - 1
    assert all(4.0 <= seconds <= 8.0 for seconds in waker.slept)


def test_the_time_limit_ends_an_outage_too(box: Outbox) -> None:
    """Waits of four to eight seconds, twelve seconds in all: two or three of them."""
    dial = Dial("", [OSError("refused") for _ in range(9)])
    waker = NoWaiting()
    one = relay(box, dial, waker=waker, timeout_seconds=12.0, backoff=BACKOFF, clock=waker.clock)
    assert one.run() is Ending.UNREACHABLE
    assert waker.now >= 12.0
    assert waker.now - waker.slept[-1] < 12.0


@pytest.mark.parametrize(("limit", "carried"), [(7.9, 2), (8.0, 2), (8.1, 3)])
def test_the_time_limit_ends_a_drain_between_two_batches(
    limit: float, carried: int, box: Outbox, database: Database
) -> None:
    """Four seconds a batch; whatever is left stays for the next run."""
    waker = NoWaiting(now=100.0)

    def four_seconds(*_: object) -> None:
        waker.now += 4.0

    one = relay(
        box,
        database.worker_dsn,
        waker=waker,
        max_events=1,
        timeout_seconds=limit,
        clock=waker.clock,
        on_batch=four_seconds,
    )
    assert one.run() is Ending.TIMED_OUT
    assert applied_seq(database.dsn) == carried


@pytest.mark.parametrize(
    ("error", "wait"),
    [
        (psycopg.OperationalError("FATAL:  password authentication failed for user x"), 300.0),
        (psycopg.OperationalError("FATAL:  SASL authentication failed"), 300.0),
        (coded("28P01"), 300.0),
        (coded("28000"), 300.0),
        (coded("3D000"), 30.0),
        (psycopg.OperationalError('FATAL:  database "x" does not exist'), 30.0),
    ],
    ids=["password", "sasl", "28P01", "28000", "3D000", "no database"],
)
def test_a_refused_login_is_probed_more_slowly_than_anything_else(
    error: psycopg.Error, wait: float, box: Outbox, database: Database
) -> None:
    """At the first connection, and at one that follows a lost one."""
    dial = Dial(database.worker_dsn, [error])
    waker = NoWaiting()

    def look(seconds: float) -> None:
        waiting_for_news = seconds not in {30.0, 300.0}
        if waiting_for_news and dial.calls == 2:  # the login is mended, all is applied: now the same again, later
            dial.refusals.append(error)
            dial.hang_up()
        elif waiting_for_news:
            waker.stopping = True
        else:
            report = box.relay.report
            assert report is not None
            assert report.state is WorkerState.BLOCKED

    waker.on_sleep = look
    meter = Told()
    with capture_logs() as lines:
        one = relay(box, dial, waker=waker, halves_from=None, until_empty=False, backoff=BACKOFF, meter=meter)
        assert one.run() is Ending.STOPPED
    assert waker.slept == [wait, 5.0, wait, 5.0]
    assert meter.lines.count(("failed", Verdict.ENVIRONMENT)) == 2
    assert meter.lines.count(("connected",)) == 2
    assert [line["event"] for line in lines].count("relay.reconnecting") == 1
    assert applied_seq(database.dsn) == box.last_seq


def test_a_code_of_the_login_in_the_middle_of_a_batch_is_no_refused_login(box: Outbox, database: Database) -> None:
    """No password was refused, so nobody gets banned: it is probed as often as a missing table."""
    run(
        database,
        "create function no() returns trigger language plpgsql as "
        "'begin raise exception ''no'' using errcode = ''28P01''; end'",
    )
    run(database, "create trigger no before insert on contents for each statement execute function no()")
    waker = NoWaiting()

    def mend(seconds: float) -> None:
        if seconds == BACKOFF.environment:
            run(database, "drop trigger no on contents")
        else:
            waker.stopping = True

    waker.on_sleep = mend
    assert relay(box, database.worker_dsn, waker=waker, until_empty=False, backoff=BACKOFF).run() is Ending.STOPPED
    assert waker.slept == [30.0, 5.0]


def test_what_a_human_must_mend_ends_a_drain_with_its_words_and_exit_code(box: Outbox, database: Database) -> None:
    run(database, "alter table contents rename to gone")
    waker = NoWaiting()
    with pytest.raises(
        WorkerError, match=r"^a table is missing \(public.contents\): run `worker migrate check`"
    ) as told:
        relay(box, database.worker_dsn, waker=waker).run()
    assert told.value.exit_code == 3
    assert "is the database being restored?" in str(told.value)
    assert waker.slept == []


MOVED = "update outbox.sources set applied_seq = 2, applied_event_id = %s"


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        (MOVED, "the position was expected at 1 and is at 2: somebody else moved it"),
        (
            "delete from outbox.sources where %s::uuid is not null",
            "the position was expected at 1 and is gone: somebody else moved it",
        ),
        (
            "update outbox.sources set applied_event_id = %s",
            "the position was expected at 1 and is at 1: somebody else moved it",
        ),
    ],
    ids=["moved", "gone", "another event"],
)
def test_a_position_that_somebody_else_moved_is_told_and_read_anew(
    statement: str, reason: str, box: Outbox, database: Database
) -> None:
    """Nothing is applied on top of it, and nobody is blamed; the ledger says who was in the way."""
    other = box.event(2).event_id
    seen: list[int] = []

    def rival(seq: int, *_: object) -> None:
        seen.append(seq)
        if seen == [1]:
            run(database, statement, other)

    meter, waker = Told(), NoWaiting()
    if "set applied_event_id" in statement:  # put right again before the next look
        first = box.event(1).event_id
        waker.on_sleep = lambda _: run(database, statement, first)
    with capture_logs() as lines:
        one = relay(box, database.worker_dsn, waker=waker, max_events=1, on_batch=rival, meter=meter)
        assert one.run() is Ending.EMPTY
    assert applied_seq(database.dsn) == box.last_seq
    assert [each.cause for each in list_outages(box.connection)] == [reason]
    (began,) = [line for line in lines if line["event"] == "relay.outage_began"]
    assert (began["verdict"], began["sqlstate"], began["reason"]) == ("contention", None, reason)
    assert meter.lines.count(("failed", Verdict.CONTENTION)) == 1
    assert box.parked.count() == 0


def test_the_meter_is_told_of_sessions_batches_and_failures(box: Outbox, database: Database) -> None:
    """Each once, in the order in which they came; after an outage a batch of one shows whether the database is well."""
    meter = Told()
    dial = Dial(database.worker_dsn, [OSError("refused")])
    assert relay(box, dial, meter=meter, halves_from=None).run() is Ending.EMPTY
    assert meter.lines == [
        ("failed", Verdict.OUTAGE),
        ("interrupted",),
        ("connected",),
        ("applied", 1),
        ("applied", 2),
        ("applied", 1),
        ("interrupted",),
    ]


def test_the_outbox_file_is_checkpointed_after_every_so_many_batches(
    box: Outbox, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A long drain does not let its WAL grow; a short one costs no checkpoint."""
    box.append(*pages(2 * CHECKPOINT_EVERY_BATCHES + 6)[4:])
    at: list[int] = []
    seen = [0]
    keep_small: Callable[[], None] = box.keep_small

    def noted() -> None:
        at.append(seen[0])
        keep_small()

    monkeypatch.setattr(box, "keep_small", noted)
    one = relay(box, database.worker_dsn, max_events=1, on_batch=lambda seq, *_: seen.__setitem__(0, seq))
    assert one.run() is Ending.EMPTY
    assert at == [CHECKPOINT_EVERY_BATCHES, 2 * CHECKPOINT_EVERY_BATCHES]


def test_where_the_database_was_left_is_noted_beside_the_position(box: Outbox, database: Database) -> None:
    """Which host delivered last, and with which version, for an operator with two of them."""
    assert relay(box, database.worker_dsn).run() is Ending.EMPTY
    with psycopg.connect(database.dsn) as connection:
        row = connection.execute(
            "select outbox_id, applied_seq, applied_event_id, host, worker_version from outbox.sources"
        ).fetchone()
    assert row == (box.outbox_id, 4, box.event(4).event_id, host(), __version__)


def test_a_project_that_the_pooler_does_not_know_is_an_outage_once_it_was_known(
    box: Outbox, database: Database
) -> None:
    """A paused project comes back by itself; a mistyped one has to be mended."""
    unknown = psycopg.OperationalError("FATAL: (ENOTFOUND) tenant/user postgres.x not found")
    with pytest.raises(WorkerError, match="the pooler does not know this project"):
        relay(box, Dial(database.worker_dsn, [unknown])).run()
    waker = NoWaiting()
    assert relay(box, database.worker_dsn).run() is Ending.EMPTY
    assert relay(box, Dial(database.worker_dsn, [unknown]), waker=waker, backoff=BACKOFF).run() is Ending.EMPTY
    assert 4.0 <= waker.slept[0] <= 8.0


def test_the_meter_counts_each_attempt_that_the_database_refused(box: Outbox, database: Database) -> None:
    """Four together, two, one alone: three failures before the one is parked, besides its last try."""
    run(database, "alter table contents add constraint no check (slug <> 'p--1')")
    meter = Told()
    assert relay(box, database.worker_dsn, meter=meter, halves_from=None).run() is Ending.EMPTY
    assert [row.seq for row in box.parked.list()] == [1]
    assert meter.lines.count(("failed", Verdict.POISON)) == 3


def test_each_session_is_told_with_where_it_goes_on_from(box: Outbox, database: Database) -> None:
    """Also where nothing waits: the log and the file name the database and the position."""
    assert relay(box, database.worker_dsn).run() is Ending.EMPTY
    with psycopg.connect(database.dsn) as connection:
        (identity,) = connection.execute("select destination_id from outbox.destination").fetchone() or (None,)
    with capture_logs() as lines:
        assert relay(box, database.worker_dsn).run() is Ending.EMPTY
    (line,) = [line for line in lines if line["event"] == "relay.connected"]
    assert (line["destination_id"], line["seq"]) == (str(identity), 4)
    remembered = box.relay.position
    assert remembered is not None
    assert (remembered.destination_id, remembered.applied_seq) == (identity, 4)
