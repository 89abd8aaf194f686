"""Five runs of every theme, one theme after the other and then from the start, each on fresh files.

So a load that comes and goes strikes the runs of a theme apart from each other, and shows as spread instead of
passing for a finding.
"""

import datetime as dt
import importlib
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.finding import Reading, together
from benchmarks.results import ThemeResult

# Each a module with `run(folder)`, which yields the readings of one run; in the order of the table.
THEMES = {
    "append": "benchmarks.append",
    "peers": "benchmarks.peers",
    "crowd": "benchmarks.crowd",
    "big_log": "benchmarks.big_log",
    "generate": "benchmarks.generate",
    "rls": "benchmarks.rls",
    "drain": "benchmarks.drain",
    "worker": "benchmarks.worker_life",
}


def measured(names: Sequence[str], runs: int, disk: Path | None) -> Iterator[dict[str, ThemeResult]]:
    """Yield what is known after each round of runs; the last is the result."""
    readings: dict[str, list[Reading]] = {name: [] for name in names}
    loads: dict[str, list[float]] = {name: [] for name in names}
    for done in range(1, runs + 1):
        for name in names:
            loads[name].append(round(os.getloadavg()[0], 1))
            began = time.monotonic()
            with tempfile.TemporaryDirectory(prefix="benchmark-", dir=disk) as folder:
                readings[name] += importlib.import_module(THEMES[name]).run(Path(folder))
            print(f"  run {done} of {runs}: {name}, {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
        today = dt.datetime.now(dt.UTC).date().isoformat()
        yield {
            name: ThemeResult(day=today, runs=done, load=loads[name], findings=together(readings[name]))
            for name in names
        }
