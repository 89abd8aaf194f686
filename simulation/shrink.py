"""Makes a failing scenario smaller: leaves things out for as long as the same invariant is violated."""

import dataclasses
from collections.abc import Iterator
from typing import Any

from simulation.plan import Scenario
from simulation.run import Outcome, run

MOST_TRIES = 150


def shrink(scenario: Scenario, found: Outcome) -> tuple[Scenario, Outcome]:
    """Return the smallest scenario that was found, and what comes of it.

    Args:
        scenario: one that fails.
        found: what came of it.
    """
    tries = 0
    smaller = True
    while smaller:
        smaller = False
        for candidate in _smaller(scenario):
            tries += 1
            if tries > MOST_TRIES:
                return scenario, found
            outcome = run(candidate)
            if outcome.invariant == found.invariant:
                scenario, found, smaller = candidate, outcome, True
                break
    return scenario, found


def _smaller(scenario: Scenario) -> Iterator[Scenario]:
    for also in ("rivals", "twin", "prunes", "readers", "meddlers", "insists", "strange_path", "only_retries"):
        if getattr(scenario, also):
            without: dict[str, Any] = {also: False}
            yield dataclasses.replace(scenario, **without)
    for index in range(len(scenario.misfortunes)):
        left = scenario.misfortunes[:index] + scenario.misfortunes[index + 1 :]
        yield dataclasses.replace(scenario, misfortunes=left)
    for index in range(len(scenario.faults)):
        yield dataclasses.replace(scenario, faults=scenario.faults[:index] + scenario.faults[index + 1 :])
    for host, share in enumerate(scenario.work):
        for index, work in enumerate(share):
            for keep in (*range(1, len(work), 3), len(work) - 1):
                if 0 < keep < len(work):
                    yield _with_work(scenario, host, index, keep)


def _with_work(scenario: Scenario, host: int, index: int, keep: int) -> Scenario:
    hosts = [list(share) for share in scenario.work]
    hosts[host][index] = hosts[host][index][:keep]
    return dataclasses.replace(scenario, work=tuple(tuple(share) for share in hosts))
