"""Panels of lines drawn as SVG: both axes logarithmic, each line named at its end, readable in light and dark."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 620, 330  # of a panel
LEFT, RIGHT, TOP, BOTTOM = 62, 170, 52, 54
STYLE = """
text { font: 12px system-ui, sans-serif; fill: #1f2328 }
.page { fill: #ffffff; stroke: #d1d9e0 }
.title { font-size: 14px; font-weight: 600 }
.faint { fill: #59636e }
.grid { stroke: #d1d9e0; stroke-width: 1 }
.line { fill: none; stroke-width: 2; stroke: #2f74b5 }
.dot { fill: #2f74b5 }
.b .line { stroke: #b5701f; stroke-dasharray: 7 4 } .b .dot { fill: #b5701f }
.c .line { stroke: #2e8540; stroke-dasharray: 2 3 } .c .dot { fill: #2e8540 }
.d .line { stroke: #8250a8; stroke-dasharray: 9 3 2 3 } .d .dot { fill: #8250a8 }
@media (prefers-color-scheme: dark) {
text { fill: #f0f6fc }
.page { fill: #0d1117; stroke: #3d444d }
.faint { fill: #9198a1 }
.grid { stroke: #30363d }
.line { stroke: #54a0e8 } .dot { fill: #54a0e8 }
.b .line { stroke: #e09b4a } .b .dot { fill: #e09b4a }
.c .line { stroke: #56c271 } .c .dot { fill: #56c271 }
.d .line { stroke: #c297ee } .d .dot { fill: #c297ee }
}
"""
Points = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """What one panel shows: a name for each line, and what x is."""

    title: str
    x: str
    lines: dict[str, Points]


def drawing(panels: Sequence[Panel], title: str) -> str:
    """Return the panels, two in a row, as one SVG."""
    rows = math.ceil(len(panels) / 2)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {2 * WIDTH} {rows * HEIGHT}" role="img">',
        f"<title>{escape(title)}</title>",
        f"<style>{STYLE}</style>",
        f'<rect class="page" x="0.5" y="0.5" width="{2 * WIDTH - 1}" height="{rows * HEIGHT - 1}" rx="8"/>',
    ]
    for place, panel in enumerate(panels):
        parts.append(f'<g transform="translate({place % 2 * WIDTH} {place // 2 * HEIGHT})">')
        parts += [*_panel(panel), "</g>"]
    return "\n".join([*parts, "</svg>"]) + "\n"


def _panel(panel: Panel) -> Iterator[str]:
    points = [point for line in panel.lines.values() for point in line]
    x_low, x_high = min(x for x, _ in points), max(x for x, _ in points)
    y_low, y_high = _decades([y for _, y in points])

    def across(x: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * _share(x, x_low, x_high)

    def down(y: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * _share(y, y_low, y_high)

    yield f'<text class="title" x="20" y="28">{escape(panel.title)}</text>'
    for power in range(round(math.log10(y_low)), round(math.log10(y_high)) + 1):
        y = down(10.0**power)
        yield f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>'
        yield f'<text class="faint" x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{10.0**power:,g}</text>'
    below = HEIGHT - BOTTOM + 18
    for x in sorted({x for x, _ in points}):
        at = f'x="{across(x):.1f}" y="{below}" text-anchor="middle"'
        yield f'<text class="faint" {at}>{_short(x)}</text>'
    yield f'<text class="faint" x="{WIDTH - RIGHT}" y="{below + 18}" text-anchor="end">{escape(panel.x)}</text>'
    ends = _apart([down(line[-1][1]) for line in panel.lines.values()])
    for kind, (name, line), end in zip("abcd", panel.lines.items(), ends, strict=False):
        path = "L".join(f"{across(x):.1f} {down(y):.1f}" for x, y in line)
        yield f'<g class="{kind}"><path class="line" d="M{path}"/>'
        yield from (f'<circle class="dot" cx="{across(x):.1f}" cy="{down(y):.1f}" r="3"/>' for x, y in line)
        yield f'<text x="{across(line[-1][0]) + 10:.1f}" y="{end + 4:.1f}">{escape(name)}</text></g>'


def _share(value: float, low: float, high: float) -> float:
    return math.log(value / low) / math.log(high / low) if high > low else 0.5


def _decades(values: Sequence[float]) -> tuple[float, float]:
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return 10.0**low, 10.0 ** max(high, low + 1)


def _short(value: float) -> str:
    if value >= 1_000_000:
        return f"{value / 1_000_000:g} M"
    return f"{value / 1_000:g} k" if value >= 10_000 else f"{value:g}"


def _apart(ends: Sequence[float]) -> list[float]:
    """Move names that would lie on each other down."""
    found = list(ends)
    lowest = -math.inf
    for place in sorted(range(len(ends)), key=lambda place: ends[place]):
        found[place] = lowest = max(ends[place], lowest + 15)
    return found
