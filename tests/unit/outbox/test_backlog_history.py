"""The curve of the backlog is reckoned from the log and the ledger of outages: nobody took samples."""

import datetime as dt
import uuid

from outbox import Outbox
from outbox.operating import history, list_outages
from tests.support.lessons import SetClock, lesson

DESTINATION = uuid.UUID(int=1)


def append(box: Outbox, count: int) -> None:
    for _ in range(count):
        box.append(lesson(f"l{box.last_seq + 1}"))


def curve(box: Outbox, clock: SetClock, minutes: int) -> list[float]:
    """The backlog at each full minute, the last one now."""
    now, span = clock.now(), dt.timedelta(minutes=minutes)
    points = history(box.connection, list_outages(box.connection), now=now, span=span, samples=minutes + 1)
    assert [point.at for point in points] == sorted(point.at for point in points)
    at = {point.at: point.backlog for point in points}
    return [round(at[now - dt.timedelta(minutes=back)], 3) for back in range(minutes, -1, -1)]


def test_before_the_first_delivery_everything_waits(box: Outbox, clock: SetClock) -> None:
    """No database was ever reached: the curve is what was appended."""
    clock.move(minutes=1)
    append(box, 3)
    clock.move(minutes=1)
    append(box, 2)
    assert curve(box, clock, 3) == [0, 0, 3, 5]


def test_in_an_outage_the_backlog_grows_with_the_log_and_drains_evenly_after_it(box: Outbox, clock: SetClock) -> None:
    """What waited when it began goes on waiting; between its end and the moment of "drained" the line is straight."""
    append(box, 3)
    box.relay.remember_position(DESTINATION, 2, None)
    clock.move(minutes=1)
    box.relay.outage_began("no route to host")
    clock.move(minutes=1)
    append(box, 9)
    clock.move(minutes=1)
    box.relay.outage_ended()
    clock.move(minutes=2)
    box.relay.remember_position(DESTINATION, 12, None)
    box.relay.drained()
    clock.move(minutes=1)
    assert curve(box, clock, 5) == [1, 10, 10, 5, 0, 0]


def test_in_an_outage_that_goes_on_the_last_point_is_what_waits_now(box: Outbox, clock: SetClock) -> None:
    """Nothing moves before it has ended."""
    append(box, 2)
    box.relay.remember_position(DESTINATION, 2, None)
    box.relay.outage_began("no route to host")
    clock.move(minutes=1)
    append(box, 4)
    clock.move(minutes=1)
    append(box, 1)
    assert curve(box, clock, 2) == [0, 4, 5]


def test_while_it_drains_the_curve_falls_to_what_was_noted_last(box: Outbox, clock: SetClock) -> None:
    """From where the outage ended to the position of now."""
    append(box, 10)
    box.relay.outage_began("no route to host")
    clock.move(minutes=1)
    box.relay.outage_ended()
    clock.move(minutes=2)
    box.relay.remember_position(DESTINATION, 6, None)
    assert curve(box, clock, 3) == [10, 10, 7, 4]


def test_what_was_pruned_counts_as_appended(box: Outbox, clock: SetClock) -> None:
    """A log that begins late is no backlog that began at nothing."""
    append(box, 6)
    box.relay.remember_position(DESTINATION, 6, None)
    clock.move(minutes=1)
    box.connection.execute("delete from events where seq < 5")
    assert curve(box, clock, 1) == [0, 0]


def test_a_curve_may_end_before_now(box: Outbox, clock: SetClock) -> None:
    """What comes after its end changes nothing in it."""
    began = clock.now()
    box.relay.remember_position(DESTINATION, 0, None)
    box.relay.outage_began("no route to host")
    clock.move(minutes=1)
    append(box, 4)
    clock.move(minutes=1)
    box.relay.outage_ended()
    clock.move(minutes=2)
    box.relay.remember_position(DESTINATION, 4, None)
    box.relay.drained()
    until = clock.now()
    clock.move(days=3)
    append(box, 5)
    found = history(
        box.connection,
        list_outages(box.connection),
        now=clock.now(),
        until=until,
        span=until - began,
        samples=5,
    )
    assert [round(one.backlog, 3) for one in found if one.even] == [0, 4, 4, 2, 0]
    assert (found[0].at, found[-1].at) == (began, until)


def test_a_clock_that_was_set_back_between_outages_turns_no_time_around(box: Outbox, clock: SetClock) -> None:
    """The second outage began, by the clock, before the first was drained: the curve goes forward all the same."""
    began = clock.now()
    box.relay.remember_position(DESTINATION, 0, None)
    for back in (0, 5):
        clock.move(hours=-back)
        box.relay.outage_began("no route to host")
        append(box, 3)
        clock.move(hours=4)
        box.relay.outage_ended()
    rows = list_outages(box.connection)
    found = history(box.connection, rows, now=clock.now(), span=clock.now() - began, samples=9)
    assert [one.at for one in found] == sorted(one.at for one in found)
    assert found[-1].backlog == 6
