"""How fast it goes, and when it is done.

The rate is events over time, both fading: what was carried a while ago counts less. A mean of the rates of single
batches would not do: the small ones after an outage, and the last of a range that was halved, would count as much as
the large ones. While the backlog shrinks new events arrive; they come in bursts, so they are looked at over a longer
while, and only what is carried beyond them brings the end nearer.
"""

from dataclasses import dataclass, field
from math import exp

RATE_SECONDS = 5.0
ARRIVALS_SECONDS = 60.0
LEAST_SECONDS = 1e-6


@dataclass(slots=True)
class _Fading:
    """A count over time, of which all but 1/e is forgotten after `memory` seconds."""

    memory: float
    count: float = 0.0
    seconds: float = 0.0

    def add(self, count: float, seconds: float) -> None:
        kept = exp(-seconds / self.memory)
        self.count = self.count * kept + count
        self.seconds = self.seconds * kept + seconds

    @property
    def per_second(self) -> float:
        return self.count / max(self.seconds, LEAST_SECONDS)


@dataclass(slots=True)
class Forecast:
    """Follows one drain.

    Attributes:
        rate: events per second; None before the first batch.
    """

    _carried: _Fading = field(default_factory=lambda: _Fading(RATE_SECONDS))
    _arrived: _Fading = field(default_factory=lambda: _Fading(ARRIVALS_SECONDS))
    _last_seq: int | None = None
    rate: float | None = None

    def carried(self, count: int, seconds: float, last_seq: int) -> None:
        """Take up a batch.

        Args:
            count: its events.
            seconds: since the batch before it, or its own duration if there was none.
            last_seq: the newest event of the log.
        """
        seconds = max(seconds, LEAST_SECONDS)
        self._carried.add(count, seconds)
        self._arrived.add(last_seq - self._last_seq if self._last_seq is not None else 0, seconds)
        self._last_seq = last_seq
        self.rate = self._carried.per_second

    def seconds_left(self, backlog: int) -> float | None:
        """How long until nothing waits; None if that is not known, or never at this rate."""
        if backlog == 0:
            return 0.0
        gain = self._carried.per_second - self._arrived.per_second
        return backlog / gain if self.rate is not None and gain > 0 else None
