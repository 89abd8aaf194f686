"""What became of the mutants: kept as JSON, summed up as a table."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.mutation.mutants import Mutant
from tests.mutation.trial import Outcome

NOTICED = {"killed", "timeout"}


def row(mutant: Mutant, outcome: Outcome) -> dict[str, Any]:
    """One mutant as it is kept."""
    return {
        "path": mutant.path,
        "line": mutant.line,
        "function": mutant.function,
        "before": mutant.before,
        "after": mutant.after,
        "verdict": outcome.verdict,
        "by": outcome.by,
        "seconds": round(outcome.seconds, 2),
    }


def keep(rows: list[dict[str, Any]], file: Path) -> None:
    """Write the rows, in the order of their lines."""
    text = json.dumps(sorted(rows, key=lambda each: (each["path"], each["line"])), indent=1)
    file.write_text(text + "\n")


def table(rows: Iterable[dict[str, Any]]) -> str:
    """Mutants and kills of each module, as Markdown."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for each in rows:
        counts[each["path"]][each["verdict"]] += 1
    lines = [
        "| Module | Mutants | Killed | of these by time | Survived | No test | Not made | Score |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    lines += [_line(f"`{path}`", count) for path, count in sorted(counts.items())]
    return "\n".join([*lines, _line("**all**", sum(counts.values(), Counter()))])


def _line(name: str, count: Counter[str]) -> str:
    total, noticed = count.total(), sum(count[verdict] for verdict in NOTICED)
    made = total - count["not made"]
    score = f"{100 * noticed / made:.1f} %" if made else "-"
    figures = (total, noticed, count["timeout"], count["survived"], count["no test"], count["not made"], score)
    return f"| {name} | " + " | ".join(map(str, figures)) + " |"
