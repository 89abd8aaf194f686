"""`python -m benchmarks --quick`: the watched ratios beside their baseline, for CI, in a minute."""

import json
import shutil
import statistics
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import click

from benchmarks.regression import ALLOWED, Comparison, compare, slowed
from benchmarks.watched import WATCHED, Watched
from benchmarks.watched_log import Step

BASELINE = Path(__file__).parent / "baseline.json"
IN_MEMORY = Path("/dev/shm")  # noqa: S108 - only looked for; temporary folders are made in it
ROOM_BYTES = 400 << 20
REGRESSED = 4  # a check did not hold


def run(baseline: Path = BASELINE, watched: Sequence[Watched] = WATCHED, *, slower: float = 0) -> int:
    """Compare every watched ratio with its baseline; return the exit code."""
    allowed: dict[str, float] = json.loads(baseline.read_text(encoding="utf-8"))
    place = in_memory()
    if place is None:
        click.echo(f"no room in {IN_MEMORY}: the disk's fsync is in these ratios, and may hide a regression", err=True)
    found = []
    for one in watched:
        measure = partial(measured, one, place, slower)
        found.append(compare(one.name, allowed[one.name], measure))
        click.echo(line(one, found[-1]))
    worse = [comparison.name for comparison in found if comparison.regressed]
    if not worse:
        return 0
    click.echo(
        f"{', '.join(worse)}: more than {ALLOWED:.0%} worse than {baseline.name}, three times over. "
        "Mend it, or, where it is the price of something, accept it with `python -m benchmarks --quick --accept` "
        "and say so in the commit.",
        err=True,
    )
    return REGRESSED


def accept(baseline: Path = BASELINE, watched: Sequence[Watched] = WATCHED) -> None:
    """Measure every watched ratio three times and write the medians as the new baseline."""
    place = in_memory()
    found = {one.name: statistics.median(measured(one, place, 0) for _ in range(3)) for one in watched}
    baseline.write_text(json.dumps({name: round(value, 2) for name, value in found.items()}, indent=1) + "\n")


def in_memory() -> Path | None:
    """Return a file system in memory, or None where there is none with room enough."""
    return IN_MEMORY if IN_MEMORY.is_dir() and shutil.disk_usage(IN_MEMORY).free > ROOM_BYTES else None


def measured(one: Watched, place: Path | None, slower: float) -> float:
    """Measure once, in a folder of its own; the temporary directory's disk where `place` is None."""

    def burden(step: Step) -> Step:
        return slowed(step, slower) if slower else step

    with tempfile.TemporaryDirectory(prefix="benchmark-", dir=place) as folder:
        return one.measure(Path(folder), burden)


def line(one: Watched, comparison: Comparison) -> str:
    """Return one line: the ratio, its baseline, every figure that was measured."""
    figures = ", ".join(f"{figure:.2f}" for figure in comparison.measured)
    verdict = "WORSE" if comparison.regressed else "ok"
    return f"{verdict:6} {one.what}: {figures} (baseline {comparison.baseline:.2f}, {comparison.change:+.0%})"
