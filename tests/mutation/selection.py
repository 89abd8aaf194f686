"""Which tests run a line, and how long each takes: measured once, in the process that the mutants are forked from."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

import pytest
from coverage import Coverage

from tests.mutation.items import passes
from tests.mutation.mutants import Mutant


@dataclass(slots=True)
class Selection:
    """What was measured, and which test killed a neighbour."""

    seconds: dict[str, float] = field(default_factory=dict)
    tests: dict[tuple[str, int], set[str]] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)
    killers: dict[tuple[str, str], Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def of(self, mutant: Mutant, *, budget_seconds: float) -> list[str]:
        """Return the tests that run the mutant's line: who killed a neighbour first, then the quickest.

        Args:
            mutant: the change.
            budget_seconds: how long they may take all together, in their normal time.
        """
        names = {
            name
            for line in (mutant.line, mutant.statement)
            for name in self.tests.get((mutant.path, line), ())
            if name in self.seconds
        }
        killers = self.killers[mutant.path, mutant.function]
        chosen: list[str] = []
        left = budget_seconds
        for name in sorted(names, key=lambda name: (-killers[name], self.seconds[name])):
            left -= self.seconds[name]
            if left < 0 and chosen:
                break
            chosen.append(name)
        return chosen


def measure(items: Sequence[pytest.Item], root: Path, paths: Sequence[str]) -> Selection:
    """Run every test once and see which lines of `paths` it runs; those that fail here are not used."""
    selection = Selection()
    files = [str(root / path) for path in paths]
    coverage = Coverage(data_file=None, include=files, config_file=False)
    coverage.start()
    for item in items:
        coverage.switch_context(item.nodeid)
        began = monotonic()
        if passes(item):
            selection.seconds[item.nodeid] = monotonic() - began
        else:
            selection.failed.append(item.nodeid)
    coverage.stop()
    data = coverage.get_data()
    for path, file in zip(paths, files, strict=True):
        for line, contexts in data.contexts_by_lineno(file).items():
            selection.tests[path, line] = set(contexts) - {""}
    return selection
