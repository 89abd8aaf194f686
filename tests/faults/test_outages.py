"""Every way in which a database can be away: no attempt, nothing parked, the true cause in the ledger, then all lands."""

import re
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest
from structlog.testing import capture_logs

from outbox import Outbox
from tests.support.fault_proxy import FaultProxy, Plan
from tests.support.make_outbox import PROJECT, filled, lesson
from tests.support.postgres import Database
from tests.support.relaying import NoWaiting, relay
from tests.support.rows import applied_seq
from worker import Ending
from worker.connect.connection import Connection, connect
from worker.faults.outage import HEARTBEAT_SECONDS, Backoff

TRIES = 4
DAY = 24 * 3600.0


@pytest.fixture
def box(tmp_path: Path) -> Outbox:
    return filled(tmp_path / "outbox.db", 30)


def ledger(box: Outbox) -> list[Any]:
    return list(box.connection.execute("select cause, probes, ended_at is not null from outages"))


def until_mended(mend: Callable[[], object], tries: int = TRIES) -> NoWaiting:
    """Waits that take no time; after some of them the fault is mended."""
    waker = NoWaiting()

    def on_sleep(_seconds: float) -> None:
        if len(waker.slept) == tries:
            mend()

    waker.on_sleep = on_sleep
    return waker


def nothing_was_charged(box: Outbox, database: Database) -> None:
    """Everything landed, nobody was blamed, no attempt is on record."""
    assert box.parked.count() == 0
    assert box.connection.execute("select count(*) from attempts").fetchone() == (0,)
    assert applied_seq(database.dsn) == box.last_seq


@pytest.mark.parametrize(
    ("sqlstate", "message", "cause"),
    [
        ("53300", "sorry, too many clients already", "the server has too many connections"),
        ("53300", "remaining connection slots are reserved", "the server has too many connections"),
        ("57P01", "terminating connection due to administrator command", "the server is being shut down"),
        ("57P03", "the database system is shutting down", "the server is starting up or recovering"),
        ("57P03", "o sistema de banco de dados está iniciando", "the server is starting up or recovering"),
        ("57P03", "the database system is in recovery mode", "the server is starting up or recovering"),
        ("08006", "a code of the class and no more", "the connection failed"),
        (
            "XX000",
            "(EMAXCONNSESSION) max clients reached in session mode",
            "the pooler has too many connections",
        ),
        ("08P01", "no more connections allowed (max_client_conn)", "the pooler has too many connections"),
        (
            "XX000",
            "(ECIRCUITBREAKER) too many authentication failures",
            "the pooler keeps us out for a while after failed logins",
        ),
        ("XX000", "(ENOTFOUND) tenant/user postgres.x not found", "the pooler does not know this project: paused?"),
        (
            "08P01",
            "server login has been failing, try again later (server_login_retry)",
            "the server refuses the session",
        ),
    ],
)
def test_a_refusal_by_server_or_pooler_is_waited_out_under_its_own_name(
    sqlstate: str, message: str, cause: str, box: Outbox, database: Database
) -> None:
    """Too many clients, shutdown, starting up, pooler refusals: the code decides, and for poolers the words."""
    with FaultProxy(database.worker_dsn) as proxy:
        relay(box, proxy.dsn).run()
        box.append(lesson(31))
        proxy.plan.sqlstate, proxy.plan.fatal = sqlstate, message
        waker = until_mended(lambda: setattr(proxy.plan, "fatal", None))
        assert relay(box, proxy.dsn, waker=waker).run() is Ending.EMPTY
    assert ledger(box) == [(cause, TRIES, 1)]
    nothing_was_charged(box, database)


def test_a_host_name_that_does_not_resolve_is_an_outage(box: Outbox, database: Database) -> None:
    """DNS: the name is asked for anew at each try."""
    tries = count(1)

    def dial() -> Connection:
        if next(tries) <= TRIES:
            return connect("postgresql://u:p@no-such-host.invalid/x")
        return connect(database.worker_dsn)

    assert relay(box, dial, waker=NoWaiting()).run() is Ending.EMPTY
    assert ledger(box) == [("the database's host name does not resolve", TRIES, 1)]
    nothing_was_charged(box, database)


def test_tls_that_the_server_does_not_have_is_a_persons_work(box: Outbox, database: Database) -> None:
    """It is held and told, probed slowly, and goes on when it is mended."""
    mended = False

    def dial() -> Connection:
        mode = "sslmode=disable" if mended else "sslmode=require"
        return connect(re.sub("sslmode=[a-z]+", mode, database.worker_dsn))

    def mend() -> None:
        nonlocal mended
        mended = True

    waker = until_mended(mend)
    waker.on_sleep, mending = None, waker.on_sleep

    def on_sleep(seconds: float) -> None:
        assert mending is not None
        mending(seconds)
        waker.stopping = mended and applied_seq(database.dsn) == box.last_seq

    waker.on_sleep = on_sleep
    assert relay(box, dial, waker=waker, until_empty=False).run() is Ending.STOPPED
    assert waker.slept[:TRIES] == [30.0] * TRIES
    assert ledger(box) == [
        ("the server has no TLS, which sslmode or another machine asks for (OUTBOX_INSECURE)", TRIES, 1)
    ]
    nothing_was_charged(box, database)


def test_a_read_only_database_is_told_as_such(box: Outbox, database: Database) -> None:
    """25006, on a full disk or a standby: an outage under its own name."""
    with psycopg.connect(database.dsn, autocommit=True) as admin:

        def read_only(how: str) -> None:
            admin.execute(f"alter database {database.name} {how}")
            admin.execute(  # a pooler's connections, too, begin anew
                "select pg_terminate_backend(pid, 5000) from pg_stat_activity "
                "where usename = 'outbox_worker' and datname = current_database()"
            )

        read_only("set default_transaction_read_only = on")
        admin.execute("set default_transaction_read_only = off")
        waker = until_mended(lambda: read_only("reset default_transaction_read_only"))
        assert relay(box, database.worker_dsn, waker=waker).run() is Ending.EMPTY
    assert ledger(box) == [("the database is read-only: is its disk full, or is it a standby?", TRIES, 1)]
    nothing_was_charged(box, database)


@pytest.mark.parametrize(
    ("sqlstate", "cause"),
    [
        ("53100", "the database's disk is full"),
        ("53300", "the server has too many connections"),
        ("53400", "a limit that the server's configuration sets is reached"),
        ("58030", "the server cannot use its files"),
        ("57P01", "the server is being shut down"),
    ],
)
def test_a_server_that_gives_up_in_the_middle_of_a_batch_is_told_by_its_cause(
    sqlstate: str, cause: str, box: Outbox, database: Database
) -> None:
    """Raised at every insert, neighbours alike: no event is blamed for it, although one was in hand."""
    relay(box, database.worker_dsn).run()
    box.append(*map(lesson, range(31, 61)))
    with psycopg.connect(database.dsn, autocommit=True) as admin:
        admin.execute(
            "create function away() returns trigger language plpgsql as "
            f"'begin raise exception using errcode = ''{sqlstate}''; end'"
        )
        admin.execute("create trigger away before insert on contents for each row execute function away()")
        waker = NoWaiting()

        def mend(_seconds: float) -> None:
            if ledger(box):
                admin.execute("drop trigger if exists away on contents")

        waker.on_sleep = mend
        assert relay(box, database.worker_dsn, waker=waker).run() is Ending.EMPTY
    assert {(told.partition(", in function away()")[0], ended) for told, _, ended in ledger(box)} == {(cause, 1)}
    nothing_was_charged(box, database)


def test_a_half_open_socket_ends_in_seconds(box: Outbox, database: Database) -> None:
    """The other side vanished while nothing was sent; the next batch finds out, is sent again, and lands once."""
    with FaultProxy(database.worker_dsn) as proxy:
        waker = NoWaiting()

        def vanish_then_heal(_seconds: float) -> None:
            if len(waker.slept) == 1:
                proxy.plan.black_hole = True
                box.append(lesson(31))
            else:
                proxy.plan.black_hole = False
                waker.stopping = applied_seq(database.dsn) == box.last_seq

        waker.on_sleep = vanish_then_heal
        one = relay(box, proxy.dsn, waker=waker, until_empty=False, statement_timeout_ms=300, margin_seconds=0.2)
        assert one.run() is Ending.STOPPED
    assert [cause for cause, *_ in ledger(box)] == ["the connection was lost"]
    nothing_was_charged(box, database)


def test_started_with_the_database_down_it_waits_and_then_delivers(box: Outbox, database: Database) -> None:
    """Never connected before: an outage like any other."""
    with FaultProxy(database.worker_dsn) as proxy:
        proxy.plan.refuse = True
        waker = until_mended(lambda: setattr(proxy.plan, "refuse", False))
        assert relay(box, proxy.dsn, waker=waker).run() is Ending.EMPTY
    assert [(probes, ended) for _, probes, ended in ledger(box)] == [(TRIES, 1)]
    nothing_was_charged(box, database)


def test_an_outage_of_days_leaves_no_dead_letter_no_attempt_and_no_flood(box: Outbox, database: Database) -> None:
    """Three days in a simulated clock: one line at the start, at most one a minute, one at the end; one ledger row."""
    with FaultProxy(database.worker_dsn) as proxy:
        proxy.plan.refuse = True
        waker = NoWaiting()

        def heal(_seconds: float) -> None:
            proxy.plan.refuse = waker.now < 3 * DAY

        waker.on_sleep = heal
        one = relay(box, proxy.dsn, waker=waker, clock=waker.clock, backoff=Backoff(cap=900.0))
        with capture_logs() as told:
            assert one.run() is Ending.EMPTY
    lines = [line["event"] for line in told]
    assert lines.count("relay.outage_began") == lines.count("relay.outage_ended") == 1
    assert lines.count("relay.outage_continues") <= 3 * DAY / HEARTBEAT_SECONDS
    assert next(line for line in told if line["event"] == "relay.outage_ended")["seconds"] >= 3 * DAY
    assert len(ledger(box)) == 1
    nothing_was_charged(box, database)


def test_a_flapping_database_that_is_healed_is_trusted_again(box: Outbox, database: Database) -> None:
    """Up for a batch, down, up, down: everything lands, each outage is closed, and the waits begin small again."""
    with FaultProxy(database.worker_dsn) as proxy:
        waker = NoWaiting()
        batches = 0

        def flap(chunk: bytes) -> bool:
            nonlocal batches
            batches += b"begin" in chunk
            return b"update outbox.sources" in chunk and batches % 3 == 2 and batches < 12

        proxy.plan.cut_request = flap
        assert relay(box, proxy.dsn, waker=waker, max_events=5, halves_from=None).run() is Ending.EMPTY
    assert proxy.plan.cuts >= 2
    assert all(ended for *_, ended in ledger(box))
    assert max(waker.slept) <= 1.0
    nothing_was_charged(box, database)


@pytest.mark.parametrize("at", [b'insert into "public"."contents"', b"update outbox.sources", b"commit"])
def test_an_outage_between_two_halves_of_a_batch_blames_nobody_else(at: bytes, box: Outbox, database: Database) -> None:
    """While a culprit is looked for the connection is cut: the search goes on after it, and finds the one."""
    bad = next(event.seq for event in box.read(limit=500) if event.payload["slug"] == f"{PROJECT}--aula-20")
    with psycopg.connect(database.dsn, autocommit=True) as admin:
        admin.execute(f"alter table contents add constraint refused check (slug <> '{PROJECT}--aula-20')")
    failed = 0

    def cut(chunk: bytes) -> bool:
        nonlocal failed
        failed += at in chunk
        return failed in {2, 4} and at in chunk

    with FaultProxy(database.worker_dsn) as proxy:
        proxy.plan = Plan(cut_request=cut)
        assert relay(box, proxy.dsn, waker=NoWaiting()).run() is Ending.EMPTY
        assert proxy.plan.cuts == 2
    parked = [(row.seq, row.state.value, row.sqlstate) for row in box.parked.list()]
    assert parked[0] == (bad, "parked", "23514")
    assert all(state == "held" for _, state, _ in parked[1:])
    with psycopg.connect(database.dsn) as connection:
        rows = connection.execute("select slug from contents where content_type = 'course_lesson'").fetchall()
    assert len(rows) == 29
    assert applied_seq(database.dsn) == box.last_seq


def test_a_statement_timeout_on_one_event_is_no_poison(box: Outbox, database: Database) -> None:
    """One row is slow, the others are not: it gets more time, alone, and lands."""
    with psycopg.connect(database.dsn, autocommit=True) as admin:
        admin.execute(
            "create function slow() returns trigger language plpgsql as 'begin "
            f"if new.slug = ''{PROJECT}--aula-7'' then perform pg_sleep(0.5); end if; return new; end'"
        )
        admin.execute("create trigger slow before insert on contents for each row execute function slow()")
    waker = NoWaiting()
    assert relay(box, database.worker_dsn, waker=waker, statement_timeout_ms=300).run() is Ending.EMPTY
    assert ledger(box) == []
    nothing_was_charged(box, database)


def test_a_statement_timeout_on_every_event_is_an_outage_not_a_mass_of_parked_events(
    box: Outbox, database: Database
) -> None:
    """Even one alone with more and more time does not get through: the database is not well, and nobody is blamed."""
    with psycopg.connect(database.dsn, autocommit=True) as admin:
        admin.execute(
            "create function slow() returns trigger language plpgsql as 'begin perform pg_sleep(2); return new; end'"
        )
        admin.execute("create trigger slow before insert on contents for each row execute function slow()")
        waker = NoWaiting()

        def mend(_seconds: float) -> None:
            if ledger(box):
                admin.execute("drop trigger if exists slow on contents")

        waker.on_sleep = mend
        one = relay(box, database.worker_dsn, waker=waker, max_events=2, statement_timeout_ms=100)
        assert one.run() is Ending.EMPTY
    assert [cause for cause, *_ in ledger(box)] == ["the statement took too long, in function slow() of the database"]
    nothing_was_charged(box, database)
