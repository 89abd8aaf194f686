"""A drain in simulated time: what it says of its end is true."""

from itertools import pairwise
from pathlib import Path

import pytest

from outbox import Outbox
from outbox import catalogue as c
from tests.support.fault_proxy import FaultProxy
from tests.support.postgres import Database
from tests.support.relaying import NoWaiting, relay
from tests.support.rows import applied_seq
from worker import Ending
from worker.run.forecast import Forecast

EVENTS = 3000
RATE = 50.0


def pages(first: int, count: int) -> list[c.Payload]:
    return [
        c.ContentUpserted(slug=f"p--{number}", title="t", content_type="other")
        for number in range(first, first + count)
    ]


@pytest.fixture
def box(tmp_path: Path) -> Outbox:
    box = Outbox.open(tmp_path / "outbox.db")
    box.append(*pages(0, EVENTS))
    return box


@pytest.mark.parametrize("arriving_per_batch", [0, 15])
def test_half_way_through_a_drain_after_an_outage_the_time_left_is_within_a_fifth(
    arriving_per_batch: int, box: Outbox, database: Database
) -> None:
    """An hour's outage, a first batch of one, fifty events a second at most, and new events meanwhile."""
    waker = NoWaiting()
    told: list[tuple[float, int, float | None]] = []
    written = EVENTS

    def hear(seq: int, _count: int, newest: int, forecast: Forecast) -> None:
        nonlocal written
        told.append((waker.now, seq, forecast.seconds_left(newest - seq)))
        if seq < newest:
            box.append(*pages(written, arriving_per_batch))
            written += arriving_per_batch

    with FaultProxy(database.worker_dsn) as proxy:
        proxy.plan.refuse = True

        def heal(_seconds: float) -> None:
            proxy.plan.refuse = waker.now < 3600

        waker.on_sleep = heal
        one = relay(box, proxy.dsn, waker=waker, max_events=50, max_rate=RATE, clock=waker.clock, on_batch=hear)
        assert one.run() is Ending.EMPTY
    assert applied_seq(database.dsn) == box.last_seq == written
    at, _, left = next(one for one in told if one[1] >= EVENTS / 2)
    assert waker.now - at > EVENTS / 2 / RATE - 1
    assert left == pytest.approx(waker.now - at, rel=0.2)


def test_the_rate_cap_is_kept_over_a_whole_drain(box: Outbox, database: Database) -> None:
    """Never more than the cap, measured from the start to each batch; and nearly the cap, measured over all."""
    waker = NoWaiting()
    carried: list[tuple[float, int]] = []

    def hear(seq: int, *_: object) -> None:
        carried.append((waker.now, seq))

    one = relay(box, database.worker_dsn, waker=waker, max_events=50, max_rate=RATE, clock=waker.clock, on_batch=hear)
    assert one.run() is Ending.EMPTY
    assert all(seq <= RATE * at + 50 for at, seq in carried)
    assert waker.now == pytest.approx(EVENTS / RATE, rel=0.05)


def test_when_latency_rises_the_rate_halves_and_then_ramps_in_the_relay(tmp_path: Path, database: Database) -> None:
    """Answers that take ten times as long for a while: half the rate, half again, and back to the cap when it is over."""
    waker = NoWaiting()
    carried: list[tuple[float, int]] = []
    slow = False
    box = Outbox.open(tmp_path / "outbox.db")
    box.append(*pages(0, 2000))

    def hear(seq: int, *_: object) -> None:
        nonlocal slow
        carried.append((waker.now, seq))
        slow = 500 < seq <= 800

    def clock() -> float:
        """Each look at the clock takes time: a batch is looked at before and after."""
        waker.now += 0.3 if slow else 0.03
        return waker.now

    one = relay(box, database.worker_dsn, waker=waker, max_events=50, max_rate=100.0, clock=clock, on_batch=hear)
    assert one.run() is Ending.EMPTY
    gaps = {seq: later - now for (now, _), (later, seq) in pairwise(carried)}
    before, worst, after = gaps[500], max(gaps.values()), gaps[2000]
    assert before == pytest.approx(after, rel=0.3)
    assert worst > 3 * before


@pytest.mark.parametrize(("halves_from", "lanes"), [(None, 1), (2, 2)], ids=["one lane", "two lanes"])
def test_at_a_round_trip_of_100_ms_a_batch_costs_two_on_each_lane(
    halves_from: int | None, lanes: int, box: Outbox, database: Database
) -> None:
    """However many events are in it: what is far away is not asked once per event.

    The clock stands still: on a busy machine batches would take long, and get smaller.
    """
    waker, trips = NoWaiting(), 0

    def count(chunk: bytes) -> bool:
        nonlocal trips
        trips += b"begin" in chunk or b"update outbox.sources" in chunk
        return False

    with FaultProxy(database.worker_dsn) as proxy:
        proxy.plan.cut_request = count
        proxy.plan.delay_seconds = 0.05
        one = relay(box, proxy.dsn, waker=waker, max_events=1000, halves_from=halves_from, clock=waker.clock)
        assert one.run() is Ending.EMPTY
    assert trips == 2 * lanes * EVENTS / 1000 + 1  # the greeting reads position and list in one transaction
