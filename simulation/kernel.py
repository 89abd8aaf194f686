"""The scheduler: many processes, of which one runs at a time, and it is chance that says which.

Each simulated process is a coroutine with a stack of its own (a greenlet), so that the code in it needs not know. It
hands control on at *edges* only: where it asks for the log, waits for the gate, talks to the database, sleeps. Between
two edges nobody else runs, so a run is decided by the seed and by nothing else; the operating system has no say.

Time passes when everybody waits, and a little at every step. A process that is killed runs its `finally` blocks like
any Python code that is left by an exception, but from that moment every edge refuses it (`Killed`), so nothing that
it does on its way out has an effect: as if it had never run.
"""

import hashlib
import heapq
import itertools
import random
from collections import deque
from collections.abc import Callable
from typing import Any, NoReturn

from greenlet import getcurrent, greenlet

LONGEST_STEP_SECONDS = 0.02
TRACE_LINES = 400
FINISHED_EVERY = 8  # turns: to ask is dear, and a few steps more at the end are not
_NEVER = float("inf")


class Killed(BaseException):
    """This process is dead: nothing that it does has an effect any more."""


class Violation(BaseException):
    """An invariant does not hold.

    Attributes:
        invariant: its name.
    """

    def __init__(self, invariant: str, what: str) -> None:
        super().__init__(f"{invariant}: {what}")
        self.invariant = invariant


class Process:
    """One run of a program on a simulated host.

    Attributes:
        name: in the trace.
        role: generator, worker, operator or network; faults are aimed at roles.
        host: where it runs; it dies with it.
        target: the program.
        dead: it was killed, and only unwinds.
        gates: how many writer gates it holds; others would only wait meanwhile, so it is not interrupted.
        fds: files that it has open, and where they lie.
        belongings: what the kernel of an operating system would take back when it dies.
    """

    def __init__(self, name: str, role: str, host: Any, target: Callable[[], None]) -> None:
        self.name = name
        self.role = role
        self.host = host
        self.target = target
        self.dead = False
        self.ended = False
        self.gates = 0
        self.fds: dict[int, str] = {}
        self.belongings: list[Any] = []
        self.wake_at: float | None = None
        self.until: Callable[[], bool] | None = None
        self.reaped = False
        self.stack: greenlet | None = None


class Kernel:
    """Runs processes, one at a time.

    Args:
        chance: decides who goes on.
        watch: told of every step of a process before it is taken; what it returns is handed to the edge. It may raise
            `Killed` or `Violation`.
        buried: told of every process that ended, and how.
        finished: whether the run is over; asked at every step.

    Attributes:
        me: the process that runs, None outside the simulation.
        now: virtual seconds since the beginning.
        steps: taken so far.
        errands: what is to be done while nobody runs, at the next step.
        failure: the first violation.
    """

    def __init__(
        self,
        chance: random.Random,
        *,
        watch: Callable[[Process, str], Any],
        buried: Callable[[Process, BaseException | None], None],
        finished: Callable[[], bool],
    ) -> None:
        self.chance = chance
        self.me: Process | None = None
        self.now = 0.0
        self.steps = 0
        self.processes: list[Process] = []
        self.errands: deque[Callable[[], None]] = deque()
        self.failure: Violation | None = None
        self._trace: deque[tuple[int, float, str]] = deque(maxlen=TRACE_LINES)
        self._digest = hashlib.blake2b(digest_size=12)
        self._untold: list[str] = []
        self._watch, self._buried, self.finished = watch, buried, finished
        self._main = getcurrent()
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._turns = 0

    @property
    def fingerprint(self) -> str:
        """Hash of everything that happened, in order."""
        self._digest.update("".join(self._untold).encode())
        self._untold.clear()
        return self._digest.hexdigest()

    @property
    def trace(self) -> tuple[str, ...]:
        """The last steps, in words."""
        return tuple(f"{steps:5d} {now:12.3f}  {line}" for steps, now, line in self._trace)

    def tell(self, line: str) -> None:
        """Add a line to the trace, and to the fingerprint; most traces are read by nobody, so words come later."""
        self._untold.append(line)
        self._trace.append((self.steps, self.now, line))

    def spawn(self, process: Process) -> None:
        """Start a process; it runs when chance says so."""
        process.stack = greenlet(self._live, self._main)
        self.processes.append(process)

    def after(self, seconds: float, errand: Callable[[], None]) -> None:
        """Run an errand later, while nobody runs."""
        heapq.heappush(self._timers, (self.now + seconds, next(self._numbers), errand))

    def run(self) -> None:
        """Let the processes run until the world is finished, something is violated, or nothing can happen any more."""
        while self.failure is None:
            if self.errands:
                self._run_errand(self.errands.popleft())
                continue
            if self.finished():
                return
            chosen = self._choose()
            if chosen is not None:
                self._resume(chosen)
            elif not self.errands:
                return

    def kill(self, process: Process) -> None:
        """End a process where it stands; it is gone when this returns. For errands only."""
        if not process.ended:
            process.dead = process.reaped = True
            self._resume(process)

    def close(self) -> None:
        """End whatever still runs."""
        for process in list(self.processes):
            self.kill(process)

    def step(self, edge: str) -> Any:
        """Say that this process is about to do something; returns what `watch` says about it.

        Raises:
            Killed: it is dead, by now or since long.
        """
        me = self.me
        if me is None:
            return None
        if me.dead:
            raise Killed
        self.steps += 1
        self.tell(f"{me.name} {edge}")
        try:
            return self._watch(me, edge)
        except Killed:
            me.dead = True
            raise
        except Violation as violation:
            self.fail(violation)

    def die(self) -> NoReturn:
        """End this process here and now."""
        if (me := self.me) is not None:
            me.dead = True
        raise Killed

    def pause(self, edge: str) -> Any:
        """A step at which others may go first."""
        found = self.step(edge)
        me = self.me
        if me is not None and not me.gates:
            self._yield(me)
        return found

    def sleep(self, seconds: float, until: Callable[[], bool] | None = None) -> None:
        """Let virtual time pass; shorter where `until` comes true."""
        me = self.me
        if me is None:
            return
        if me.dead:
            raise Killed
        me.wake_at, me.until = self.now + seconds, until
        try:
            self._yield(me)
        finally:
            me.wake_at = me.until = None

    def spend(self, seconds: float) -> None:
        """Wait for what nobody can hasten; others go on meanwhile, unless this one holds a gate."""
        me = self.me
        if me is None or seconds <= 0:
            return
        if me.gates:
            self.now += seconds
        else:
            self.sleep(seconds)

    def fail(self, violation: Violation) -> NoReturn:
        """Note a violation; the process that met it goes no further."""
        self.failure = self.failure or violation
        if (me := self.me) is None:
            raise violation
        me.dead = True
        raise Killed from violation

    def judge(self, invariant: Callable[..., None], *values: Any) -> None:
        """Look whether an invariant holds, from within a process."""
        try:
            invariant(*values)
        except Violation as violation:
            self.fail(violation)

    def _run_errand(self, errand: Callable[[], None]) -> None:
        try:
            errand()
        except Violation as violation:
            self.failure = self.failure or violation

    def _yield(self, me: Process) -> None:
        chosen = self._choose()
        if chosen is not me:
            self._resume(chosen)
        if me.dead:
            raise Killed

    def _choose(self) -> Process | None:
        """Choose who goes on; None where the main thread is wanted, or nobody ever can."""
        timers = self._timers
        while self.failure is None and not self.errands:
            self._turns += 1
            if self._turns % FINISHED_EVERY == 0 and self.finished():
                return None
            now = self.now
            while timers and timers[0][0] <= now:
                self.errands.append(heapq.heappop(timers)[2])
            if self.errands:
                return None
            ready, first = [], timers[0][0] if timers else _NEVER
            for process in self.processes:
                at = process.wake_at
                if at is None or at <= now or (process.until is not None and process.until()):
                    ready.append(process)
                elif at < first:
                    first = at
            if ready:
                self.now += self.chance.random() * LONGEST_STEP_SECONDS
                return ready[0] if len(ready) == 1 else self.chance.choice(ready)
            if first == _NEVER:
                return None
            self.now = first
        return None

    def _resume(self, process: Process | None) -> None:
        """Let a process go on, None: the scheduler; returns when this one is resumed."""
        before, self.me = self.me, process
        if process is None:
            self._main.switch()
        elif process.stack is not None:
            process.stack.switch(process)
        self.me = before

    def _live(self, process: Process) -> None:
        outcome: BaseException | None = None
        try:
            if process.dead:  # killed before it began
                self.die()
            process.target()
        except BaseException as error:  # noqa: BLE001 - how it ended is judged by whoever buries it
            outcome = error
        process.dead = process.ended = True
        self.me = None
        self.processes.remove(process)
        try:
            self._buried(process, outcome)
        except Violation as violation:
            self.failure = self.failure or violation
