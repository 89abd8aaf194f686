"""The backlog over time as a picture: the corners of a line, and what stands beside it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from outbox import Outbox
from outbox.operating import OutageRecord, backlog_history

WIDTH, HEIGHT = 720, 160
SAMPLES = 73
SPANS = {
    "1h": ("1 hour", dt.timedelta(hours=1)),
    "24h": ("24 hours", dt.timedelta(hours=24)),
    "7d": ("7 days", dt.timedelta(days=7)),
    "30d": ("30 days", dt.timedelta(days=30)),
}
DEFAULT_SPAN = "24h"
_HEADROOM = 1.06  # the highest point stays clear of the edge
_THINNEST = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Everything that the template draws, in the units of its view box.

    Attributes:
        line: corners as SVG writes them.
        area: the line, closed along the ground.
        bands: left edge and width of each outage.
        top: the largest backlog, and when it was.
    """

    line: str
    area: str
    bands: tuple[tuple[float, float], ...]
    top: int
    top_at: dt.datetime
    start: dt.datetime
    end: dt.datetime
    span: str
    width: int = WIDTH
    height: int = HEIGHT


def chart(box: Outbox, outages: Sequence[OutageRecord], now: dt.datetime, span: str) -> Chart:
    """Draw the backlog; an unknown span is the usual one."""
    span = span if span in SPANS else DEFAULT_SPAN
    length = SPANS[span][1]
    start = now - length
    points = backlog_history(box.connection, outages, now=now, span=length, samples=SAMPLES)
    top_at, top = max(points, key=lambda point: point[1])
    scale = HEIGHT / max(1.0, top * _HEADROOM)
    corners = [(_across(moment, start, length), HEIGHT - value * scale) for moment, value in points]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)
    return Chart(
        line=line,
        area=f"0,{HEIGHT} {line} {WIDTH},{HEIGHT}",
        bands=tuple(_bands(outages, start, now)),
        top=round(top),
        top_at=top_at,
        start=start,
        end=now,
        span=span,
    )


def _bands(outages: Sequence[OutageRecord], start: dt.datetime, now: dt.datetime) -> list[tuple[float, float]]:
    found = []
    for row in outages:
        began = dt.datetime.fromisoformat(row.began_at)
        ended = dt.datetime.fromisoformat(row.ended_at) if row.ended_at else now
        if ended < start:
            continue
        left = _across(max(began, start), start, now - start)
        found.append((round(left, 1), round(max(_THINNEST, _across(ended, start, now - start) - left), 1)))
    return found


def _across(moment: dt.datetime, start: dt.datetime, length: dt.timedelta) -> float:
    return (moment - start) / length * WIDTH
