"""Runs one scenario and says what came of it."""

import gc
import logging
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

import structlog

from simulation.kernel import Violation
from simulation.plan import Scenario
from simulation.world import world

_IN_MEMORY = Path("/dev/shm")  # noqa: S108 - nothing is kept there; what a disk would keep is simulated


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a run.

    Attributes:
        seed: of the scenario.
        fingerprint: hash of every step, in order: equal for equal runs.
        steps: how many there were.
        seconds: of virtual time.
        invariant: the one that was violated, "" where all held.
        said: what was wrong.
        trace: the last steps.
        struck: which faults and misfortunes came about.
    """

    seed: int
    fingerprint: str
    steps: int
    seconds: float
    invariant: str = ""
    said: str = ""
    trace: tuple[str, ...] = ()
    struck: frozenset[str] = frozenset()


def run(scenario: Scenario) -> Outcome:
    """Run a scenario to its end.

    What a dead process leaves in cycles is collected between runs, never within one: when that happens is then no part
    of what a seed decides, and most of it is in vain.
    """
    gc.disable()
    try:
        return _run(scenario)
    finally:
        gc.enable()


def _run(scenario: Scenario) -> Outcome:
    where = _IN_MEMORY if os.access(_IN_MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="simulation-", dir=where) as folder, world(scenario, Path(folder)) as made:
        kernel = made.kernel
        invariant = said = ""
        try:
            made.run()
        except Violation as violation:
            invariant, said = violation.invariant, str(violation)
        except Exception as error:  # noqa: BLE001 - whatever it is, no error is to be met here
            invariant, said = "nothing_unforeseen_is_raised", repr(error)
        return Outcome(
            scenario.seed,
            kernel.fingerprint,
            kernel.steps,
            kernel.now,
            invariant,
            said,
            kernel.trace,
            frozenset(made.adversary.struck),
        )


def silence() -> None:
    """Let nobody write log lines: there are millions. And let nobody look for garbage in what was imported."""
    gc.collect()
    gc.freeze()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
