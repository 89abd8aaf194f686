"""A clock that jumps a day either way: order holds, durations are real, and no age is negative."""

import datetime as dt
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import psycopg
import pytest
from structlog.testing import capture_logs

from outbox import Outbox, read_status
from outbox import catalogue as c
from outbox.operating import assess, history, list_outages
from tests.support.fault_proxy import FaultProxy
from tests.support.lessons import SetClock
from tests.support.postgres import Database
from tests.support.relaying import NoWaiting, relay
from tests.support.rows import applied_seq
from worker import Ending
from worker.faults.outage import HEARTBEAT_SECONDS

JUMPS = [-1, 1]


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def box(tmp_path: Path, clock: SetClock) -> Iterator[Outbox]:
    with Outbox.open(tmp_path / "outbox.db", clock=clock) as opened:
        yield opened


def page(number: int, title: str = "t") -> c.ContentUpserted:
    return c.ContentUpserted(slug=f"p--{number}", title=title, content_type="other")


@pytest.mark.parametrize("days", JUMPS)
def test_a_clock_that_jumps_between_events_changes_no_order(
    days: int, box: Outbox, clock: SetClock, database: Database
) -> None:
    """Ids increase with seq whatever the clock says, so the later state wins although it was made "yesterday"."""
    box.append(page(1, "first"))
    clock.move(days=days)
    box.append(page(1, "second"))
    relay(box, database.worker_dsn, max_events=1).run()
    clock.move(days=-days)
    box.append(page(1, "third"))
    relay(box, database.worker_dsn).run()
    ids = [event.event_id for event in box.read()]
    assert ids == sorted(ids)
    with psycopg.connect(database.dsn) as connection:
        rows = connection.execute("select title, last_event_id from contents").fetchall()
    assert rows == [("third", ids[-1])]


@pytest.mark.parametrize("days", JUMPS)
def test_an_outage_in_which_the_clock_jumps_lasts_as_long_as_it_lasts(
    days: int, box: Outbox, clock: SetClock, database: Database
) -> None:
    """Waits, heartbeats and the length that is told are monotonic time; the ledger never runs backwards."""
    box.append(page(1))
    waker = NoWaiting()
    with FaultProxy(database.worker_dsn) as proxy:
        proxy.plan.refuse = True

        def jump_then_heal(seconds: float) -> None:
            clock.move(seconds=seconds)
            if len(waker.slept) == 5:
                clock.move(days=days)
            proxy.plan.refuse = waker.now < 600

        waker.on_sleep = jump_then_heal
        with capture_logs() as told:
            assert relay(box, proxy.dsn, waker=waker, clock=waker.clock).run() is Ending.EMPTY
    (ended,) = [line for line in told if line["event"] == "relay.outage_ended"]
    assert ended["seconds"] == pytest.approx(waker.now, abs=0.1)
    beats = [line["seconds"] for line in told if line["event"] == "relay.outage_continues"]
    assert len(beats) >= 5
    assert all(later - now >= HEARTBEAT_SECONDS - 1 for now, later in pairwise(beats))
    assert all(seconds <= 60 for seconds in waker.slept)
    (row,) = list_outages(box.connection)
    assert row.ended_at is not None
    assert row.drained_at is not None
    assert row.began_at <= row.ended_at <= row.drained_at
    curve = history(box.connection, [row], now=clock.now(), span=dt.timedelta(hours=1), samples=10)
    assert [one.at for one in curve] == sorted(one.at for one in curve)


@pytest.mark.parametrize("days", JUMPS)
def test_no_age_is_negative_after_a_jump(days: int, box: Outbox, clock: SetClock, database: Database) -> None:
    """What waits, the outage and the worker's last word are never of the future; what is told stays readable."""
    relay(box, database.worker_dsn).run()
    box.append(page(1))
    box.relay.outage_began("nothing listens at the database's address")
    box.relay.set_state("outage", "nothing listens at the database's address")
    clock.move(days=days)
    box.append(page(2))
    status = read_status(box, clock.now())
    assert status.oldest_pending_seconds == (0.0 if days < 0 else 86400.0)
    assert "-" not in assess(status).waiting.text
    relay(box, database.worker_dsn).run()
    clock.move(days=-days)
    status = read_status(box, clock.now())
    assert (status.backlog, status.oldest_pending_seconds, status.outage) == (0, None, None)
    (row,) = list_outages(box.connection)
    assert row.ended_at is not None
    assert row.began_at <= row.ended_at


@pytest.mark.parametrize("days", JUMPS)
def test_a_drain_in_which_the_clock_jumps_tells_the_same_rate_and_end(
    days: int, box: Outbox, clock: SetClock, database: Database
) -> None:
    """Rate, time left and the cap know nothing of the time of day."""
    box.append(*(page(number) for number in range(200)))
    waker = NoWaiting()
    rates: list[float | None] = []

    def hear(_seq: int, _count: int, _newest: int, forecast: object) -> None:
        rates.append(getattr(forecast, "rate", None))
        clock.move(days=days)

    one = relay(box, database.worker_dsn, waker=waker, max_events=20, max_rate=10, clock=waker.clock, on_batch=hear)
    assert one.run() is Ending.EMPTY
    assert waker.now == pytest.approx(20, rel=0.2)
    assert rates[-1] == pytest.approx(10, rel=0.2)
    assert applied_seq(database.dsn) == box.last_seq


def test_heartbeats_of_the_worker_are_times_of_day_and_only_for_reading(box: Outbox, clock: SetClock) -> None:
    """A worker whose last word is of "tomorrow" is not called silent."""
    box.append(page(1))
    box.relay.set_state("draining")
    clock.move(days=-1)
    heartbeat = box.relay.report
    assert heartbeat is not None
    assert dt.datetime.fromisoformat(heartbeat.heartbeat_at) > clock.now()
    assert "has said nothing" not in " ".join(one.text for one in assess(read_status(box, clock.now())).trouble)
