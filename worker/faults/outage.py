"""Waiting for the database: how long, and what is reported meanwhile.

An outage costs nothing but time: no attempt is counted, nothing is parked, and the log gets one line when it begins, a
heartbeat now and then, and one line when it ends. Waits grow exponentially with jitter up to a cap, and start again
only once a batch was *applied*: a database that lets us in and fails at the first batch is not well yet.

What a human must mend is probed slowly: two wrong passwords within minutes get an address banned by Supabase's pooler.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic

from tenacity import RetryCallState
from tenacity.wait import wait_exponential, wait_random

from outbox import Fault
from outbox.relaying import Cause, Log
from worker.errors import WorkerError
from worker.judgement import Judgement, Verdict
from worker.logs import get_log
from worker.notes import CANNOT_WRITE, best_effort
from worker.options import Waiting

HEARTBEAT_SECONDS = 60.0
SOON_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """How long to wait, in seconds.

    Attributes:
        first: after the first failure.
        cap: the longest wait in an outage.
        environment: between probes while something has to be mended by a human.
        login: between probes while the login is refused; above the pooler's ban rate.
    """

    first: float = 0.25
    cap: float = 60.0
    environment: float = 30.0
    login: float = 300.0


class Interrupted(WorkerError):
    """A session with the database ended before its work was done.

    Attributes:
        judgement: why.
        at_login: whether the login itself was refused.
        soon: whether the next session is to begin soon, whatever was tried before; see `lost_sessions`.
        cause: the refusal by our own guards, if it was that.
    """

    exit_code = 5

    def __init__(
        self, judgement: Judgement, *, at_login: bool = False, soon: bool = False, cause: Fault | None = None
    ) -> None:
        super().__init__(judgement.reason)
        self.judgement = judgement
        self.at_login = at_login
        self.soon = soon
        self.cause = cause

    @property
    def grounds(self) -> Cause:
        """What `outbox status` decides by."""
        if self.cause is not None:
            return Cause.of(self.cause)
        found = self.judgement
        if found.verdict is not Verdict.ENVIRONMENT:
            return Cause(kind=Verdict.OUTAGE.value, entry=Verdict.OUTAGE.value)
        entry = found.entry or Verdict.ENVIRONMENT.value
        kind = found.kind or Verdict.ENVIRONMENT.value
        return Cause(kind=kind, remedy=found.remedy, command=found.command, entry=entry)


class Patience:
    """Keeps the outage ledger and says how long to wait.

    Args:
        box: whose ledger it is.
        backoff: the waits.
        clock: monotonic seconds.
    """

    def __init__(self, box: Log, backoff: Backoff, *, clock: Callable[[], float] = monotonic) -> None:
        self._box = box
        self._backoff = backoff
        self._clock = clock
        self._began: float | None = None
        self._told = 0.0
        self._cause = ""  # as it was reported last
        self._blocked = False
        self._failures = 0
        self._ledger_may_be_open = True  # by a process that died in an outage
        self._grow = wait_exponential(multiplier=backoff.first, max=backoff.cap)
        self._log = get_log()
        # What was asked of a worker before this one: it has tried since.
        self._asked: str | None = None
        self._asked = self._asked_to_try()

    @property
    def seconds(self) -> float:
        """How long the outage has lasted, 0 if there is none."""
        return 0.0 if self._began is None else self._clock() - self._began

    def wait(self, state: RetryCallState) -> float:
        """Say how long to wait, as tenacity asks it: after `state.outcome` failed."""
        failure = state.outcome.exception() if state.outcome is not None else None
        if isinstance(failure, Interrupted) and failure.judgement.verdict is Verdict.ENVIRONMENT:
            return self._backoff.login if failure.at_login else self._backoff.environment
        delay = self.delay(state)
        return min(delay, SOON_SECONDS) if isinstance(failure, Interrupted) and failure.soon else delay

    def sleeping(self, waker: Waiting) -> Callable[[float], None]:
        """Give tenacity the way to wait: for as long as it says, or until an operator asks for a try at once."""

        def sleep(seconds: float) -> None:
            waker.sleep(seconds, until=self._is_asked_anew)

        return sleep

    def _is_asked_anew(self) -> bool:
        before, self._asked = self._asked, self._asked_to_try()
        return self._asked != before

    def _asked_to_try(self) -> str | None:
        with suppress(*CANNOT_WRITE):
            return self._box.relay.asked_to_try
        return self._asked

    def delay(self, state: RetryCallState) -> float:
        """The wait after this many failures without a batch applied: exponential, capped, jittered by half."""
        state.attempt_number = max(1, self._failures)
        longest = self._grow(state)
        return longest / 2 + wait_random(0, longest / 2)(state)

    def interrupted(self, failure: Interrupted) -> None:
        """Note a failure: one line when the outage begins or comes to need a human, then heartbeats; the ledger row."""
        self._failures += 1
        verdict, reason = failure.judgement.verdict, failure.judgement.reason
        blocked = verdict is Verdict.ENVIRONMENT
        now = self._clock()
        due = now - self._told >= HEARTBEAT_SECONDS
        if self._began is None or (blocked and not self._blocked) or (due and blocked and reason != self._cause):
            log = self._log.error if blocked else self._log.warning
            log(
                "relay.blocked" if blocked else "relay.outage_began",
                verdict=verdict.value,
                sqlstate=failure.judgement.sqlstate,
                reason=str(failure.cause or reason),
            )
            self._told, self._cause = now, reason
        elif due:
            self._log.warning(
                "relay.outage_continues", seconds=round(self.seconds), reason=reason, last_seq=self._box.last_seq
            )
            self._told, self._cause = now, reason
        self._blocked = blocked
        began = self._began is None
        if began:
            self._began = now
        with best_effort(self._box):
            if began:
                self._box.relay.outage_began(reason, blocked=blocked)
            else:
                self._box.relay.outage_goes_on(reason, blocked=blocked)
            self._box.relay.set_state(
                "blocked" if blocked else "outage",
                failure.cause.what if failure.cause else reason,
                cause=failure.grounds,
            )

    def progressed(self) -> None:
        """A batch was applied, or there was nothing to apply: whatever it was, it is over."""
        self._failures = 0
        if self._began is not None:
            self._log.info("relay.outage_ended", seconds=round(self.seconds, 1), reason=self._cause)
            self._began = None
            self._cause = ""
            self._blocked = False
            self._ledger_may_be_open = True
        if self._ledger_may_be_open:  # asked once: each note in the outbox file costs an fsync
            self._ledger_may_be_open = False
            with best_effort(self._box):
                self._box.relay.outage_ended()
