"""Three pictures over one span of time: the backlog, what came and went, and how old the oldest waiting event was."""

from __future__ import annotations

import datetime as dt
import itertools
import math
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from outbox import Outbox
from outbox.operating import OutageRecord, Reckoned, age, history

WIDTH, HEIGHT = 720, 150
SAMPLES = 73
_HOUR = dt.timedelta(hours=1)
_DAY = dt.timedelta(days=1)
# Key -> words, length, and how far apart the times below the picture are.
SPANS = {
    "1h": ("1 hour", _HOUR, dt.timedelta(minutes=15)),
    "24h": ("24 hours", _DAY, 6 * _HOUR),
    "7d": ("7 days", 7 * _DAY, 2 * _DAY),
    "30d": ("30 days", 30 * _DAY, 7 * _DAY),
}
DEFAULT_SPAN = "24h"
_THINNEST = 2.0
_LINES = 3  # across a picture, at most
# Steps between the lines of a picture of ages, in seconds.
_AGES = (1, 5, 15, 60, 300, 900, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 86_400, 2 * 86_400, 7 * 86_400, 30 * 86_400)
# In percent of the width. Times beyond are left out: on a narrow screen they would be cut off, or lie on "now".
_FIRST, _LAST = 4.0, 82.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A line of the grid and what stands beside it; `place` is in percent across, or in pixels down."""

    place: float
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """Corners as SVG writes them; `area` is the line closed along the ground."""

    name: str
    line: str
    area: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """One picture."""

    curves: tuple[Curve, ...]
    levels: tuple[Tick, ...]
    top: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Everything that the template draws, in the units of its view box.

    Attributes:
        backlog: how many events waited.
        flow: events a minute, appended and delivered.
        lag: how old the oldest waiting event was, in seconds.
        bands: left edge and width of each outage.
        times: along the ground.
        top: the largest backlog, and when it was.
    """

    backlog: Plot
    flow: Plot
    lag: Plot
    bands: tuple[tuple[float, float], ...]
    times: tuple[Tick, ...]
    top: int
    top_at: dt.datetime
    start: dt.datetime
    end: dt.datetime
    span: str
    width: int = WIDTH
    height: int = HEIGHT


def chart(box: Outbox, outages: Sequence[OutageRecord], now: dt.datetime, span: str) -> Chart:
    """Draw them; an unknown span is the usual one."""
    span = span if span in SPANS else DEFAULT_SPAN
    _, length, step = SPANS[span]
    start = now - length
    points = history(box.connection, outages, now=now, span=length, samples=SAMPLES)
    top = max(points, key=lambda point: point.backlog)
    across = _Across(start, length)
    return Chart(
        backlog=_plot({"waiting": [(across(one.at), one.backlog) for one in points]}, _count_step, _count),
        flow=_plot(_flow(points, across), _count_step, _count),
        lag=_plot({"oldest": [(across(one.at), _lag(box.connection, one)) for one in points]}, _age_step, _age),
        bands=tuple(_bands(outages, start, now, across)),
        times=tuple(_times(start, length, step)),
        top=round(top.backlog),
        top_at=top.at,
        start=start,
        end=now,
        span=span,
    )


@dataclass(frozen=True, slots=True)
class _Across:
    start: dt.datetime
    length: dt.timedelta

    def __call__(self, moment: dt.datetime) -> float:
        return (moment - self.start) / self.length * WIDTH


def _flow(points: Sequence[Reckoned], across: _Across) -> dict[str, list[tuple[float, float]]]:
    """Events a minute between each two evenly spaced moments, drawn as steps."""
    found: dict[str, list[tuple[float, float]]] = {"appended": [], "delivered": []}
    for before, after in itertools.pairwise(one for one in points if one.even):
        minutes = max((after.at - before.at) / dt.timedelta(minutes=1), 1e-9)
        for name, much in (
            ("appended", after.appended - before.appended),
            ("delivered", after.applied - before.applied),
        ):
            rate = max(0.0, much) / minutes
            found[name] += [(across(before.at), rate), (across(after.at), rate)]
    return found


def _lag(connection: sqlite3.Connection, point: Reckoned) -> float:
    if point.backlog < 1:
        return 0.0
    row = connection.execute(
        "select occurred_at from events where seq > ? order by seq limit 1", [int(point.applied)]
    ).fetchone()
    return max(0.0, (point.at - dt.datetime.fromisoformat(row[0])).total_seconds()) if row else 0.0


def _plot(
    series: dict[str, list[tuple[float, float]]], step_of: Callable[[float], float], words: Callable[[float], str]
) -> Plot:
    top = max((value for corners in series.values() for _, value in corners), default=0.0)
    if top <= 0:
        return Plot(curves=(), levels=(), top=0.0)
    step = step_of(top / _LINES)
    full = step * math.ceil(top / step)
    scale = HEIGHT / full
    levels = [
        Tick(place=round(HEIGHT - step * n * scale, 1), label=words(step * n)) for n in range(1, round(full / step) + 1)
    ]
    return Plot(
        curves=tuple(_curve(name, corners, scale) for name, corners in series.items()), levels=tuple(levels), top=top
    )


def _curve(name: str, corners: list[tuple[float, float]], scale: float) -> Curve:
    line = " ".join(f"{x:.1f},{HEIGHT - value * scale:.1f}" for x, value in corners)
    first, last = (f"{corners[at][0]:.1f}" for at in (0, -1))
    return Curve(name=name, line=line, area=f"{first},{HEIGHT} {line} {last},{HEIGHT}")


def _count_step(least: float) -> float:
    """1, 2 or 5 times a power of ten, at least 1 where whole events are counted."""
    power = 10.0 ** math.floor(math.log10(max(least, 1e-3)))
    return next(step for step in (power, 2 * power, 5 * power, 10 * power) if step >= least)


def _age_step(least: float) -> float:
    return next((float(step) for step in _AGES if step >= least), 30 * 86_400 * math.ceil(least / (30 * 86_400)))


def _age(seconds: float) -> str:
    return age(seconds).removesuffix(" 0 min").removesuffix(" 0 h")


def _count(value: float) -> str:
    return f"{value:,.0f}" if value >= 1 else f"{value:g}"


def _times(start: dt.datetime, length: dt.timedelta, step: dt.timedelta) -> Iterator[Tick]:
    """Round times: full days, hours or quarters of an hour, in UTC."""
    midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
    at = midnight + step * math.ceil((start - midnight) / step)
    while at < start + length:
        place = round((at - start) / length * 100, 2)
        if _FIRST < place < _LAST:
            yield Tick(place=place, label=f"{at:%d %b}" if step >= _DAY else f"{at:%H:%M}")
        at += step


def _bands(
    outages: Sequence[OutageRecord], start: dt.datetime, now: dt.datetime, across: _Across
) -> Iterator[tuple[float, float]]:
    for row in outages:
        began = dt.datetime.fromisoformat(row.began_at)
        ended = dt.datetime.fromisoformat(row.ended_at) if row.ended_at else now
        if ended >= start:
            left = across(max(began, start))
            yield round(left, 1), round(max(_THINNEST, across(ended) - left), 1)
