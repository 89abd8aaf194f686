"""A mutant's trial: a fork of the warm process, the changed function, its tests until one fails, a limit of time."""

import itertools
import os
import resource
import select
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import monotonic

import pytest

from tests.mutation.items import passes
from tests.mutation.mutants import Mutant
from tests.mutation.swap import Functions
from tests.support import postgres

TIMES_NORMAL = 5
SECONDS_MORE = 10


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a trial ended.

    Attributes:
        verdict: "killed", "timeout" (killed as well: the tests noticed that nothing went on), "survived", "no test"
            (none of those used runs the line), "not made" (its code does not fit into the running process).
        by: the test that failed.
        seconds: how long the trial took.
    """

    verdict: str
    by: str | None
    seconds: float


class Court:
    """Tries mutants one after another.

    A test that fails in a fork may do so for a reason of its own. So the first time that one kills, it is run again in a
    fork without any change: what fails there, too, is no witness, now or later.

    Args:
        items: the collected tests by name.
        functions: what runs in this process.
        seconds: normal time of each test.
    """

    def __init__(self, items: Mapping[str, pytest.Item], functions: Functions, seconds: Mapping[str, float]) -> None:
        self._items = items
        self._functions = functions
        self._seconds = seconds
        self._numbers = itertools.count(1)
        self._is_witness: dict[str, bool] = {}

    def tried(self, mutant: Mutant, tests: Sequence[str]) -> Outcome:
        """Run the tests against the mutant."""
        while witnesses := [name for name in tests if self._is_witness.get(name, True)]:
            outcome = self._trial(mutant, witnesses)
            if outcome.by not in self._items or self._passes_unchanged(str(outcome.by)):
                return outcome
        return Outcome("no test", None, 0.0)

    def _passes_unchanged(self, name: str) -> bool:
        if name not in self._is_witness:
            self._is_witness[name] = self._trial(None, [name]).verdict == "survived"
        return self._is_witness[name]

    def _trial(self, mutant: Mutant | None, tests: Sequence[str]) -> Outcome:
        number = next(self._numbers)
        normal = sum(self._seconds[name] for name in tests)
        limit = normal * TIMES_NORMAL + SECONDS_MORE
        told, tell = os.pipe()
        began = monotonic()
        pid = os.fork()
        if pid == 0:
            os.close(told)
            self._in_the_fork(mutant, tests, tell, number, limit)
        os.close(tell)
        try:
            said = _read(told, limit)
        finally:
            os.close(told)
            _end(pid)
        seconds = monotonic() - began
        if said is None:
            return Outcome("timeout", None, seconds)
        if said in {"survived", "not made"}:
            return Outcome(said, None, seconds)
        return Outcome("killed", said or "the process died", seconds)

    def _in_the_fork(self, mutant: Mutant | None, tests: Sequence[str], tell: int, number: int, limit: float) -> None:
        try:
            os.setpgid(0, 0)
            nothing = os.open(os.devnull, os.O_RDWR)
            for stream in range(3):
                os.dup2(nothing, stream)
            resource.setrlimit(resource.RLIMIT_CPU, (int(limit) + 1, int(limit) + 1))
            resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))
            postgres._numbers = itertools.count(1_000_000 + number * 1_000)  # names of databases of its own
            if mutant is not None and not self._functions.swap(mutant):
                os.write(tell, b"not made")
                os._exit(0)
            for name in tests:
                if not passes(self._items[name]):
                    os.write(tell, name.encode())
                    os._exit(0)
            os.write(tell, b"survived")
        finally:
            sys.stderr.flush()
            os._exit(0)


def _read(descriptor: int, limit: float) -> str | None:
    ready, _, _ = select.select([descriptor], [], [], limit)
    return os.read(descriptor, 4096).decode() if ready else None


def _end(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGKILL)  # it had no time to form a group, and is not waited for yet
    os.waitpid(pid, 0)
