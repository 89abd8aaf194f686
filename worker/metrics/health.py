"""Is this process well, and is the database?

Healthy is a loop that goes round or waits with good reason (nothing to do, an outage, paused, held): it says so itself
(`Supervisor.alive`), so a loop that hangs falls silent, whatever the thread that answers here may think. Ready is a
process that has a session with the right database. An outage is not ill: a restart would mend nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from worker.process.supervisor import Supervisor


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """Judges this process.

    Attributes:
        supervisor: told by the loop that it goes round.
        silent_seconds: how long the loop may say nothing.
        has_session: whether the database is reached and accepted.
        clock: monotonic seconds.
    """

    supervisor: Supervisor
    silent_seconds: float
    has_session: Callable[[], bool]
    clock: Callable[[], float] = monotonic

    def alive(self) -> tuple[bool, str]:
        """Tell whether the loop goes round, and in words."""
        silent = max(0.0, self.clock() - self.supervisor.alive_at)
        if silent > self.silent_seconds:
            return False, f"stuck: the loop has said nothing for {silent:.0f} s"
        return True, "ok"

    def ready(self) -> tuple[bool, str]:
        """Tell whether events are delivered, and in words."""
        if not self.has_session():
            return False, "not connected: `outbox status` tells why"
        return True, "ok"
