"""The figures of the last run, kept as JSON: `benchmarks/results/NAME.json`.

Each theme is kept with its own day and load, so that measuring one anew leaves the others as they were; on another
machine nothing of the old file is kept. No path and no name of a host is written.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.finding import Finding

FOLDER = Path(__file__).parent / "results"
COMMITTED = (FOLDER / "reference.json", FOLDER / "slow-disk.json")  # what docs/performance.md shows
MEASURED_ANEW = {"fsync_p50_ms", "fsync_p99_ms"}  # by every run, so they may differ on the same machine


@dataclass(frozen=True, slots=True, kw_only=True)
class ThemeResult:
    """One theme: the day, how many runs, the load before each of them (1 minute, our own included), the findings."""

    day: str
    runs: int
    load: list[float]
    findings: list[Finding]


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    machine: dict[str, Any]
    themes: dict[str, ThemeResult]

    def findings(self, *themes: str) -> list[Finding]:
        """Return the findings of these themes, of all where none is named."""
        return [finding for name in themes or self.themes for finding in self.themes[name].findings]


def load(path: Path) -> Results:
    kept = json.loads(path.read_text(encoding="utf-8"))
    themes = {
        name: ThemeResult(**{**theme, "findings": [Finding.from_json(name, one) for one in theme["findings"]]})
        for name, theme in kept["themes"].items()
    }
    return Results(machine=kept["machine"], themes=themes)


def save(path: Path, results: Results) -> None:
    """Write `results`, with the themes that stand in the file and were not measured now, if it is this machine's."""
    themes = dict(results.themes)
    if path.exists() and _same(load(path).machine, results.machine):
        themes = {**load(path).themes, **themes}
    kept = {
        "machine": results.machine,
        "themes": {name: {**asdict(theme), "findings": _plain(theme)} for name, theme in themes.items()},
    }
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _plain(theme: ThemeResult) -> list[dict[str, Any]]:
    return [{key: value for key, value in asdict(one).items() if key != "theme"} for one in theme.findings]


def _same(machine: dict[str, Any], other: dict[str, Any]) -> bool:
    return all(machine[key] == other.get(key) for key in machine.keys() - MEASURED_ANEW)
