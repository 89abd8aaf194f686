"""A database that cannot keep up gets smaller batches, then more time, then rest; no event is blamed for its slowness."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from structlog.testing import capture_logs

from outbox import Outbox
from outbox import catalogue as c
from outbox.operating import list_outages
from tests.support.make_outbox import lesson, project
from tests.support.postgres import Database
from tests.support.relaying import NoWaiting, relay
from worker import Ending
from worker.faults.failures import SLOW_EVENT_TRIES

TOO_LONG = "the statement took too long, in function slow() of the database"
# A sequence is not set back when a transaction is: it counts the attempts. What goes through leaves its limits.
SLOW = """
create sequence attempts;
grant usage on sequence attempts to outbox_worker;
create table limits (statement text, lock text, idle text, whole text);
create function slow() returns trigger language plpgsql security definer as $$
begin
    if nextval('public.attempts') <= {times} then
        raise exception 'canceling statement due to statement timeout' using errcode = '57014';
    end if;
    insert into public.limits values (
        current_setting('statement_timeout'), current_setting('lock_timeout'),
        current_setting('idle_in_transaction_session_timeout'), current_setting('transaction_timeout', true)
    );
    return null;
end $$;
create trigger slow before insert on contents for each statement execute function slow();
"""


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Outbox]:
    with Outbox.open(tmp_path / "outbox.db") as box:
        yield box


@pytest.fixture
def slow(database: Database) -> Callable[[int], None]:
    def times(count: int) -> None:
        with psycopg.connect(database.dsn, autocommit=True) as connection:
            connection.execute(SLOW.format(times=count).encode())

    return times


def limits(database: Database) -> list[Any]:
    with psycopg.connect(database.dsn) as connection:
        return connection.execute("select statement, lock, idle from limits").fetchall()


def test_a_batch_that_is_too_slow_is_tried_in_halves_after_a_rest(
    box: Outbox, database: Database, slow: Callable[[int], None]
) -> None:
    """Five were too many, so two go, then more again; the log says how many were too many and why."""
    box.append(*project(), lesson(1), lesson(2))
    slow(1)
    waker, ends = NoWaiting(), list[int]()
    with capture_logs() as lines:
        one = relay(box, database.worker_dsn, halves_from=None, waker=waker, on_batch=lambda seq, *_: ends.append(seq))
        assert one.run() is Ending.EMPTY
    assert ends == [2, 5]
    assert waker.slept == pytest.approx([0.25])
    (line,) = [line for line in lines if line["event"] == "relay.overload"]
    assert (line["sqlstate"], line["reason"], line["events"]) == ("57014", TOO_LONG, 5)
    assert limits(database) == [("30s", "5s", "30s")] * 2
    assert list_outages(box.connection) == []


def test_the_rest_after_a_large_batch_is_a_second_at_most(
    box: Outbox, database: Database, slow: Callable[[int], None]
) -> None:
    box.append(*project(), *(lesson(number) for number in range(1, 41)))
    slow(1)
    waker = NoWaiting()
    assert relay(box, database.worker_dsn, halves_from=None, waker=waker).run() is Ending.EMPTY
    assert waker.slept == [1.0]


def test_an_event_that_is_too_slow_alone_gets_twice_the_time_and_twice_again(
    box: Outbox, database: Database, slow: Callable[[int], None]
) -> None:
    """Three times; the one after it has the usual time again."""
    box.append(c.ContentUpserted(slug="p--a", title="t", content_type="other"))
    slow(SLOW_EVENT_TRIES)
    waker = NoWaiting()
    assert relay(box, database.worker_dsn, halves_from=None, waker=waker).run() is Ending.EMPTY
    assert waker.slept == [0.05] * SLOW_EVENT_TRIES
    box.append(*project())
    assert relay(box, database.worker_dsn, halves_from=None, waker=waker, max_events=1).run() is Ending.EMPTY
    assert limits(database) == [("4min", "5s", "30s"), ("30s", "5s", "30s"), ("30s", "5s", "30s")]
    assert box.parked.count() == 0


def test_an_event_that_stays_too_slow_becomes_an_outage_and_is_never_blamed(
    box: Outbox, database: Database, slow: Callable[[int], None]
) -> None:
    """After each three tries with more time it is waited out; then three more, and it lands when the server has caught up."""
    box.append(project()[0], c.ContentUpserted(slug="p--a", title="t", content_type="other"))
    slow(2 * SLOW_EVENT_TRIES + 2)
    waker = NoWaiting()
    one = relay(box, database.worker_dsn, halves_from=None, waker=waker, max_events=1)
    with capture_logs() as lines:
        assert one.run() is Ending.EMPTY
    rests = [seconds == 0.05 for seconds in waker.slept]
    assert rests == ([True] * SLOW_EVENT_TRIES + [False]) * 2
    assert limits(database) == [("32min", "5s", "30s")]
    assert [(each.cause, each.ended_at is not None) for each in list_outages(box.connection)] == [(TOO_LONG, True)]
    (began,) = [line for line in lines if line["event"] == "relay.outage_began"]
    assert (began["verdict"], began["sqlstate"]) == ("overload", "57014")
    assert box.parked.count() == 0


def test_where_the_server_can_the_whole_transaction_has_a_limit_too(
    box: Outbox, database: Database, slow: Callable[[int], None]
) -> None:
    """Twice that of a statement, so that a worker that vanished keeps no lock; servers before 17 know no such limit."""
    slow(0)
    box.append(*project())
    assert relay(box, database.worker_dsn).run() is Ending.EMPTY
    with psycopg.connect(database.dsn) as connection:
        knows = connection.info.server_version >= 170_000
        assert connection.execute("select distinct whole from limits").fetchall() == [("1min" if knows else None,)]
