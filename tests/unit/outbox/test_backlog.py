"""The curve of the backlog, and its picture."""

import datetime as dt

from outbox.notes.outages import OutageRecord
from outbox.ops.backlog import columns, points
from outbox.ops.backlog_plot import HEIGHT, plot

START = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)


def outage(number: int, began: int, ended: int | None, drained: int | None, peak: int) -> OutageRecord:
    """Hours after START."""
    hours = [
        None if hour is None else (START + dt.timedelta(hours=hour)).isoformat() for hour in (began, ended, drained)
    ]
    return OutageRecord(
        id=number,
        began_at=hours[0] or "",
        ended_at=hours[1],
        drained_at=hours[2],
        cause="c",
        backlog_at_begin=0,
        backlog_peak=peak,
        probes=1,
    )


def test_the_curve_rises_in_an_outage_and_falls_in_the_drain() -> None:
    found = points([outage(1, 0, 4, 6, 100)], START + dt.timedelta(hours=9), 7)
    assert found == [(START, 0), (START + dt.timedelta(hours=4), 100), (START + dt.timedelta(hours=6), 0)]


def test_an_outage_that_goes_on_reaches_to_now() -> None:
    """Where the ledger ends, the backlog of now is known."""
    now = START + dt.timedelta(hours=3)
    assert points([outage(1, 0, None, None, 5)], now, 50) == [(START, 0), (now, 50)]


def test_a_short_peak_between_two_columns_is_not_lost() -> None:
    """Each column shows the highest that was reached in it."""
    corners = points([outage(1, 0, 1, 2, 100), outage(2, 1000, 1001, 1002, 40)], START, 0)
    tops = columns(corners, 10)
    assert (tops[0], tops[-1]) == (100, 40)
    assert tops[5] == 0


def test_the_picture_has_its_size_and_its_highest_value() -> None:
    corners = points([outage(1, 0, 4, 6, 1204)], START, 0)
    for unicode, bar in ((True, "█"), (False, "#")):
        text = list(plot(corners, width=60, unicode=unicode))
        assert len(text) == HEIGHT + 2
        assert max(map(len, text)) <= 60
        assert text[0].startswith("1,204 ")
        assert bar in text[0]
        assert text[-1].split() == ["12:00:00", "18:00:00", "UTC"]
        assert "".join(text).isascii() is not unicode


def test_an_outage_of_no_time_and_no_backlog_is_drawn_all_the_same() -> None:
    assert len(list(plot(points([outage(1, 0, 0, 0, 0)], START, 0), width=10))) == HEIGHT + 2


def test_no_outage_is_no_curve() -> None:
    assert points([], START, 3) == []
    assert columns([], 3) == [0.0, 0.0, 0.0]


def test_a_clock_that_was_set_back_between_outages_turns_no_time_around() -> None:
    """The second outage began, by the clock, before the first was drained: the curve goes forward all the same."""
    corners = points([outage(1, 0, 4, 9, 100), outage(2, 5, 6, None, 40)], START + dt.timedelta(hours=7), 3)
    moments = [moment for moment, _ in corners]
    assert moments == sorted(moments)
    assert corners[-1][1] == 3
