"""Runs many seeds on all cores, and counts."""

import itertools
import multiprocessing
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from simulation.mutants import MUTANTS

CHUNK = 25
DAY = 86_400.0


@dataclass(slots=True)
class Summary:
    """What came of many seeds; `struck` counts in how many of them each fault and misfortune came about."""

    seeds: int = 0
    steps: int = 0
    seconds: float = 0.0
    failures: list[dict[str, Any]] = field(default_factory=list)
    struck: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Summary") -> None:
        """Count what another process found."""
        self.seeds += other.seeds
        self.steps += other.steps
        self.seconds += other.seconds
        self.failures += other.failures
        self.struck += other.struck

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        days = round(self.seconds / DAY, 2)
        struck = dict(sorted(self.struck.items()))
        return {"seeds": self.seeds, "steps": self.steps, "days": days, "struck": struck, "failures": self.failures}


def run_many(
    first: int,
    count: int,
    *,
    jobs: int,
    mutant: str | None = None,
    first_only: bool = False,
    over_the_bus: bool = False,
) -> Summary:
    """Run `count` seeds from `first` on.

    Args:
        first: the first seed.
        count: how many.
        jobs: processes.
        mutant: a bug to put into each of them.
        first_only: stop at the first failure.
        over_the_bus: whether all of them go over the bus, not only some.
    """
    total = Summary()
    starts = range(first, first + count, CHUNK)
    chunks = [(range(start, min(start + CHUNK, first + count)), over_the_bus) for start in starts]
    if jobs == 1:
        _prepare(mutant, already=True)
        for part in itertools.chain.from_iterable(_parts(*chunk) for chunk in chunks):
            total.add(part)
            if first_only and total.failures:
                return total
        return total
    with multiprocessing.get_context("spawn").Pool(jobs, _prepare, [mutant]) as pool:
        for done, part in enumerate(pool.imap_unordered(_chunk, chunks), start=1):
            total.add(part)
            if sys.stderr.isatty() and done % 8 == 0:
                print(f"  {total.seeds:,} of {count:,} seeds, {len(total.failures)} violations", file=sys.stderr)
            if first_only and total.failures:
                break
    return total


def _prepare(mutant: str | None, *, already: bool = False) -> None:
    if mutant is not None and not already:
        from simulation.mutate import put_in  # noqa: PLC0415

        put_in(next(one for one in MUTANTS if one.name == mutant))
    from simulation.run import silence  # noqa: PLC0415

    silence()


def _chunk(which: tuple[range, bool]) -> Summary:
    total = Summary()
    for part in _parts(*which):
        total.add(part)
    return total


def _parts(seeds: range, over_the_bus: bool) -> Iterator[Summary]:  # noqa: FBT001 - one of two that go to a pool
    from simulation.plan import draw  # noqa: PLC0415
    from simulation.run import run  # noqa: PLC0415

    for seed in seeds:
        outcome = run(draw(seed, over_the_bus=over_the_bus))
        failed = [{"seed": seed, "invariant": outcome.invariant, "said": outcome.said}] if outcome.invariant else []
        yield Summary(1, outcome.steps, outcome.seconds, failed, Counter(outcome.struck))
