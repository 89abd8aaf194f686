"""The findings drawn as SVG: a bar each, against its target.

All targets lie on one line: a bar is as long as measured / target, or target / measured where more is better, so what
ends left of the line holds. Whiskers reach from the best run to the worst. The colours follow the reader's light or
dark setting; a missed target is also said in words.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby
from xml.sax.saxutils import escape

from benchmarks.finding import Finding
from benchmarks.table import measured, target

WIDTH, LABELS, BARS = 1350, 620, 330
ROW, HEADING, TOP = 24, 34, 76
MOST = 2.75  # times the target; a longer bar is cut and ends in an arrow
STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.page { fill: #ffffff; stroke: #d1d9e0 }
.theme { font-weight: 600 }
.title { font-size: 16px; font-weight: 600 }
.faint { fill: #59636e }
.holds { fill: #54a0e8 }
.missed { fill: #e09b4a }
.line { stroke: #1f2328; stroke-dasharray: 4 3 }
.whisker { stroke: #1f2328; stroke-width: 1.4; fill: none }
@media (prefers-color-scheme: dark) {
text { fill: #f0f6fc }
.page { fill: #0d1117; stroke: #3d444d }
.faint { fill: #9198a1 }
.holds { fill: #2f74b5 }
.missed { fill: #b5701f }
.line, .whisker { stroke: #f0f6fc }
}
"""


def chart(findings: Sequence[Finding]) -> str:
    """Return the drawing of the findings that have a target."""
    held = [finding for finding in findings if finding.target is not None]
    rows = list(_rows(held))
    themes = len({finding.theme for finding in held})
    height = TOP + ROW * len(held) + HEADING * themes + 16
    line_at = LABELS + BARS / MOST
    head = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
        "<title>Every finding against its target</title>",
        f"<style>{STYLE}</style>",
        f'<rect class="page" x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" rx="8"/>',
        '<text class="title" x="20" y="30">Every finding against its target</text>',
        f'<text class="faint" x="20" y="50">{escape(_legend())}</text>',
        f'<text class="faint" x="{line_at + 5:.1f}" y="{TOP + 2}">target</text>',
    ]
    line = f'<line class="line" x1="{line_at:.1f}" x2="{line_at:.1f}" y1="{TOP - 6}" y2="{height - 12}"/>'
    return "\n".join([*head, *rows, line, "</svg>"]) + "\n"


def share(finding: Finding, value: float) -> float:
    """Return how far a value goes to its target: at most 1 holds, whichever way is better."""
    assert finding.target is not None
    of, by = (value, finding.target) if finding.at_most else (finding.target, value)
    if by == 0:
        return 0 if of == 0 else MOST
    return of / by


def _legend() -> str:
    return (
        "A bar is measured / target (target / measured where more is better): left of the line holds. "
        "Whiskers: best and worst run."
    )


def _rows(findings: Sequence[Finding]) -> Iterator[str]:
    y = float(TOP)
    for theme, group in groupby(findings, key=lambda finding: finding.theme):
        y += HEADING
        yield f'<text class="theme" x="20" y="{y - 8:.1f}">{escape(theme.replace("_", " "))}</text>'
        for finding in group:
            yield from _bar(finding, y)
            y += ROW


def _bar(finding: Finding, y: float) -> Iterator[str]:
    middle = y + ROW / 2
    length, least, most = (
        min(share(finding, value), MOST) * BARS / MOST
        for value in (finding.value, min(finding.values), max(finding.values))
    )
    kind = "missed" if finding.holds is False else "holds"
    yield f'<text x="34" y="{middle + 4.5:.1f}">{escape(finding.what.replace("`", ""))}</text>'
    yield f'<rect class="{kind}" x="{LABELS}" y="{y + 5:.1f}" width="{max(length, 2):.1f}" height="{ROW - 10}" rx="2"/>'
    if least != most:
        left, right = LABELS + least, LABELS + most
        ends = f"M{left:.1f} {middle - 4:.1f}v8M{right:.1f} {middle - 4:.1f}v8"
        yield f'<path class="whisker" d="M{left:.1f} {middle:.1f}H{right:.1f}{ends}"/>'
    cut = "→ " if share(finding, finding.value) > MOST else ""
    figure = f"{cut}{measured(finding).replace('*', '')}, target {target(finding)}"
    yield f'<text class="faint" x="{LABELS + BARS + 12}" y="{middle + 4.5:.1f}">{escape(figure)}</text>'
