"""What the relay counts as it goes, for `worker.metrics`; counted by nobody by default."""

from typing import Protocol

from worker.judgement import Verdict


class Meter(Protocol):
    """Told by the relay's own thread; must neither block nor raise."""

    def connected(self) -> None:
        """A session began, and the database is the right one."""

    def applied(self, events: int, seconds: float) -> None:
        """A transaction carried this many events past the position, in this time."""

    def failed(self, verdict: Verdict) -> None:
        """An attempt failed, and whose fault it was."""

    def interrupted(self) -> None:
        """The session is over."""


class NoMeter:
    """Counts nothing."""

    def connected(self) -> None:
        pass

    def applied(self, events: int, seconds: float) -> None:
        pass

    def failed(self, verdict: Verdict) -> None:
        pass

    def interrupted(self) -> None:
        pass
