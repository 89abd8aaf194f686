"""The figures of docs/performance.md: between markers, written from the JSON; the prose around them is by hand."""

import re
from collections.abc import Mapping

from benchmarks.machine import described
from benchmarks.results import Results
from benchmarks.table import table
from benchmarks.watched import WATCHED

END = "<!-- end of figures -->"
MARKER = re.compile(r"<!-- figures: (?P<what>[\w ]+?)(?: on (?P<name>[\w-]+))? -->")
_BLOCK = re.compile(rf"{MARKER.pattern}\n.*?{END}", re.DOTALL)


def with_figures(page: str, kept: Mapping[str, Results], baseline: Mapping[str, float]) -> str:
    """Return the page with every block between markers written anew.

    A block names themes, whose table it gets; or `machine`, or `watched` for the ratios of CI. The figures are those
    that are kept as `reference` unless it says `on` which.
    """

    def written(block: re.Match[str]) -> str:
        results = kept[block["name"] or "reference"]
        if block["what"] == "machine":
            text = described(results.machine) + "\n"
        elif block["what"] == "watched":
            text = watched_table(baseline)
        else:
            text = themes_table(results, block["what"].split())
        return f"{block[0].splitlines()[0]}\n{text}{END}"

    return _BLOCK.sub(written, page)


def themes_table(results: Results, names: list[str]) -> str:
    """Return the table of these themes, and when and under what load they were measured."""
    themes = [results.themes[name] for name in names]
    days = sorted({theme.day for theme in themes})
    runs = sorted({theme.runs for theme in themes})
    loads = [load for theme in themes for load in theme.load]
    when = (
        f"{' and '.join(days)}, {' or '.join(map(str, runs))} runs; load of the machine before a run "
        f"{min(loads):g} .. {max(loads):g}, the runs before it included."
    )
    return f"{table(results.findings(*names))}\n{when}\n"


def watched_table(baseline: Mapping[str, float]) -> str:
    rows = "".join(f"| {one.what} | {baseline[one.name]:.2f} | {one.why} |\n" for one in WATCHED)
    return f"| ratio, less is better | baseline | why it is the same elsewhere |\n|---|---|---|\n{rows}"
