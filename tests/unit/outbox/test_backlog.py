"""The picture of the backlog."""

import datetime as dt

from outbox.ops.backlog_plot import HEIGHT, Point, columns, plot

START = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)


def corners(*pairs: tuple[int, float]) -> list[Point]:
    """Hours after START, and how much waited then."""
    return [(START + dt.timedelta(hours=hours), value) for hours, value in pairs]


def test_a_short_peak_between_two_columns_is_not_lost() -> None:
    """Each column shows the highest that was reached in it."""
    tops = columns(corners((0, 0), (1, 100), (2, 0), (1000, 0), (1001, 40), (1002, 0)), 10)
    assert (tops[0], tops[-1]) == (100, 40)
    assert tops[5] == 0


def test_the_picture_has_its_size_and_its_highest_value() -> None:
    curve = corners((0, 0), (4, 1204), (6, 0))
    for unicode, bar in ((True, "█"), (False, "#")):
        text = list(plot(curve, width=60, unicode=unicode))
        assert len(text) == HEIGHT + 2
        assert max(map(len, text)) <= 60
        assert text[0].startswith("1,204 ")
        assert bar in text[0]
        assert text[-1].split() == ["12:00:00", "18:00:00", "UTC"]
        assert "".join(text).isascii() is not unicode


def test_an_outage_of_no_time_and_no_backlog_is_drawn_all_the_same() -> None:
    assert len(list(plot(corners((0, 0), (0, 0)), width=10))) == HEIGHT + 2
    assert len(list(plot(corners((0, 0)), width=10))) == HEIGHT + 2


def test_no_curve_has_no_height() -> None:
    assert columns([], 3) == [0.0, 0.0, 0.0]
