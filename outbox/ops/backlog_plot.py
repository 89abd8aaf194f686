"""Draws the backlog over time with block characters, or in plain ASCII where the output has no others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from outbox.ops.backlog import Point, columns

HEIGHT = 6
_BLOCKS = " ▁▂▃▄▅▆▇█"
_ASCII = " .:-=+*%#"
_LONGEST = 100
_SHORTEST = 20


def plot(corners: Sequence[Point], *, width: int, unicode: bool = True) -> Iterator[str]:
    """Draw the curve.

    Args:
        corners: see `backlog.points`; not empty.
        width: of the whole picture, in characters.
        unicode: use block characters.
    """
    levels = _BLOCKS if unicode else _ASCII
    upright, corner, flat = ("┤", "└", "─") if unicode else ("|", "+", "-")
    top = max(1.0, *(value for _, value in corners))
    label = f"{top:,.0f}"
    across = max(_SHORTEST, min(width, _LONGEST) - len(label) - 2)
    heights = [round(value / top * HEIGHT * (len(levels) - 1)) for value in columns(corners, across)]
    # What is there is seen: an outage that lasted a second still leaves a mark.
    heights = [max(1, one) if one or value else 0 for one, value in zip(heights, columns(corners, across), strict=True)]
    for row in reversed(range(HEIGHT)):
        told = label if row == HEIGHT - 1 else ""
        bars = "".join(levels[min(len(levels) - 1, max(0, height - row * (len(levels) - 1)))] for height in heights)
        yield f"{told:>{len(label)}} {upright}{bars}".rstrip()
    yield f"{'0':>{len(label)}} {corner}{flat * across}"
    first, last = corners[0][0], corners[-1][0]
    form = "%H:%M:%S" if first.date() == last.date() else "%m-%d %H:%M"
    left, right = f"{first:{form}}", f"{last:{form}} UTC"
    yield f"{'':>{len(label) + 2}}{left}{right:>{across - len(left)}}"
