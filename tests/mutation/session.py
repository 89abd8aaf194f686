"""The mutation run as a pytest plugin: it takes the place of the loop over the tests, after they were collected."""

import random
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from tests.mutation import results
from tests.mutation.mutants import Change, changes_of
from tests.mutation.selection import measure
from tests.mutation.swap import Functions
from tests.mutation.trial import Court

_BEGAN = monotonic()
Wanted = Callable[[Change], bool]


class MutationRun:
    """Tries the mutants of some modules.

    Args:
        root: the project.
        paths: modules to mutate, relative to it.
        wanted: which of their changes; the others are left out.
        sample: so many of them all; None for all.
        seed: of the draw; tests that were written for what one sample showed prove nothing by the same sample.
        budget_seconds: how long the tests of one mutant may take, in their normal time.
        keep: told all rows so far after each trial, so that a run that is ended early leaves its results.
    """

    def __init__(
        self,
        root: Path,
        paths: Sequence[str],
        *,
        wanted: Wanted,
        sample: int | None,
        seed: int,
        budget_seconds: float,
        keep: Callable[[list[dict[str, Any]]], None],
    ) -> None:
        self._root = root
        self._paths = paths
        self._wanted = wanted
        self._sample = sample
        self._seed = seed
        self._budget_seconds = budget_seconds
        self._keep = keep
        self.rows: list[dict[str, Any]] = []

    def pytest_configure(self) -> None:
        from hypothesis import settings  # noqa: PLC0415 - pytest wants to rewrite its plugins before they are imported

        settings.register_profile("mutants", derandomize=True, database=None)
        settings.load_profile("mutants")

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        if session.testsfailed:
            raise session.Interrupted("the tests cannot be collected")
        _say(f"running {len(session.items)} tests once, to learn which line is run by which")
        selection = measure(session.items, self._root, self._paths)
        for name in selection.failed:
            _say(f"not used, for it fails on the code as it is: {name}")
        items = {item.nodeid: item for item in session.items}
        court = Court(items, Functions(self._root), selection.seconds)
        changes = self._drawn()
        for number, change in enumerate(changes, 1):
            mutant = change.made()
            if mutant is None:
                continue
            outcome = court.tried(mutant, selection.of(mutant, budget_seconds=self._budget_seconds))
            if outcome.by is not None:
                selection.killers[mutant.path, mutant.function][outcome.by] += 1
            self.rows.append(results.row(mutant, outcome))
            self._keep(self.rows)
            if outcome.verdict not in results.NOTICED:
                _say(f"{mutant.path}:{mutant.line} {outcome.verdict}: {mutant.before}  ->  {mutant.after}")
            if number % 50 == 0 or number == len(changes):
                _say(f"{number} of {len(changes)}, now in {mutant.path}")
        return True

    def _drawn(self) -> list[Change]:
        changes = [change for path in self._paths for change in changes_of(self._root, path) if self._wanted(change)]
        if self._sample is None or len(changes) <= self._sample:
            return changes
        _say(f"{self._sample} of {len(changes)} mutants are drawn, by seed {self._seed}")
        return random.Random(len(changes) + 1_000_003 * self._seed).sample(changes, self._sample)


def _say(line: str) -> None:
    sys.stderr.write(f"{monotonic() - _BEGAN:7.1f} {line}\n")
    sys.stderr.flush()
