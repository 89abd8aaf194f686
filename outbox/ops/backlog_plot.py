"""Draws the backlog over time with block characters, or in plain ASCII where the output has no others."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from itertools import pairwise

Point = tuple[dt.datetime, float]  # a moment, and how much waited then

HEIGHT = 6
_BLOCKS = " ▁▂▃▄▅▆▇█"
_ASCII = " .:-=+*%#"
LONGEST = 100
_SHORTEST = 20


def plot(corners: Sequence[Point], *, width: int, unicode: bool = True) -> Iterator[str]:
    """Draw the curve.

    Args:
        corners: of the curve, oldest first; not empty.
        width: of the whole picture, in characters.
        unicode: use block characters.
    """
    levels = _BLOCKS if unicode else _ASCII
    upright, corner, flat = ("┤", "└", "─") if unicode else ("|", "+", "-")
    top = max(1.0, *(value for _, value in corners))
    label = f"{top:,.0f}"
    across = max(_SHORTEST, min(width, LONGEST) - len(label) - 2)
    heights = [round(value / top * HEIGHT * (len(levels) - 1)) for value in columns(corners, across)]
    # What is there is seen: an outage that lasted a second still leaves a mark.
    heights = [max(1, one) if one or value else 0 for one, value in zip(heights, columns(corners, across), strict=True)]
    for row in reversed(range(HEIGHT)):
        name = label if row == HEIGHT - 1 else ""
        bars = "".join(levels[min(len(levels) - 1, max(0, height - row * (len(levels) - 1)))] for height in heights)
        yield f"{name:>{len(label)}} {upright}{bars}".rstrip()
    yield f"{'0':>{len(label)}} {corner}{flat * across}"
    first, last = corners[0][0], corners[-1][0]
    form = "%H:%M:%S" if first.date() == last.date() else "%m-%d %H:%M"
    left, right = f"{first:{form}}", f"{last:{form}} UTC"
    yield f"{'':>{len(label) + 2}}{left}{right:>{across - len(left)}}"


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
