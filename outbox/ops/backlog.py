"""The backlog over time, as the outage ledger tells it.

The ledger notes how much waited when an outage began, the most while it lasted, and when it was drained: between these
the backlog is taken to grow and shrink evenly. What waited outside of outages is not in it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from itertools import pairwise

from outbox.notes.outages import OutageRecord

Point = tuple[dt.datetime, float]


def points(rows: Sequence[OutageRecord], now: dt.datetime, backlog: int) -> list[Point]:
    """Return the corners of the curve, oldest first.

    Args:
        rows: of the ledger, in any order.
        now: where the curve ends.
        backlog: how much waits now.
    """
    found: list[Point] = []
    for row in sorted(rows, key=lambda row: row.began_at):
        found.append((_time(row.began_at), row.backlog_at_begin))
        if row.ended_at:
            found.append((_time(row.ended_at), row.backlog_peak))
        if row.drained_at:
            found.append((_time(row.drained_at), 0))
    found.sort(key=lambda corner: corner[0])  # the clock may have been set back between two outages
    if found and any(not row.drained_at for row in rows):
        found.append((max(now, found[-1][0]), backlog))
    return found


def columns(corners: Sequence[Point], count: int) -> list[float]:
    """Cut the curve into `count` slices of equal time, and return the highest backlog in each."""
    if not corners:
        return [0.0] * count
    start, end = corners[0][0], corners[-1][0]
    step = (end - start) / count
    tops = [0.0] * count
    for place in range(count):
        left, right = start + step * place, start + step * (place + 1)
        inside = [value for moment, value in corners if left <= moment <= right]
        tops[place] = max([*inside, _at(corners, left), _at(corners, right)])
    return tops


def _at(corners: Sequence[Point], moment: dt.datetime) -> float:
    for (left, low), (right, high) in pairwise(corners):
        if left <= moment <= right:
            share = (moment - left) / (right - left) if right > left else 1.0
            return low + (high - low) * share
    return corners[-1][1]


def _time(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)
