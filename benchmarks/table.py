"""The table of the terminal and of docs/performance.md: what, its target, what was measured, what stood beside it."""

from collections.abc import Iterable

from benchmarks.finding import Finding

HEAD = ("what", "target", "measured", "side by side")


def table(findings: Iterable[Finding], *, aligned: bool = False) -> str:
    """Return the findings as a Markdown table; `aligned` pads the columns for a terminal."""
    rows = [HEAD, *(cells(finding) for finding in findings)]
    widths = [max(len(row[column]) for row in rows) if aligned else 0 for column in range(len(HEAD))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    rule = "|" + "|".join("-" * (width + 2 if aligned else 3) for width in widths) + "|"
    return "\n".join([lines[0], rule, *lines[1:]]) + "\n"


def cells(finding: Finding) -> tuple[str, ...]:
    return finding.what, target(finding), measured(finding), side_by_side(finding)


def target(finding: Finding) -> str:
    if finding.target is None:
        return ""
    if finding.target == 0:
        return "none"
    return f"{'≤' if finding.at_most else '≥'} {finding.target:g}{_unit(finding.unit)}"


def measured(finding: Finding) -> str:
    """Return the median with the least and the most of the runs; the worst alone where that is what counts."""
    figure = f"{number(finding.value)}{_unit(finding.unit)}"
    if finding.worst:
        figure += f" (worst of {len(finding.values)} runs)"
    elif len(finding.values) > 1:
        figure += f" ({number(min(finding.values))} .. {number(max(finding.values))})"
    return f"**missed**: {figure}" if finding.holds is False else figure


def side_by_side(finding: Finding) -> str:
    sides = ", ".join(f"{name} {number(value)}" for name, value in finding.sides.items())
    return f"{sides} {finding.sides_unit}" if sides else ""


def number(value: float) -> str:
    """Three digits, or all before the point: 0.123, 1.95, 17.3, 1,733."""
    size = abs(value)
    if size == 0 or size >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if size >= 10 else f"{value:.2f}" if size >= 0.9995 else f"{value:.3f}"


def _unit(unit: str) -> str:
    return f" {unit}" if unit else ""
