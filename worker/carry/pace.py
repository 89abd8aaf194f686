"""How long to rest after a batch, if a highest rate was set.

A user who sets a rate is concerned for the database. So the rate is a ceiling, and what the database shows counts more:
when its answers take several times as long as they did, batch after batch, the rate is halved; when they are quick
again it climbs back by a quarter per batch. Without a ceiling there is no resting: batches get smaller by themselves
(`batching`).
"""

from dataclasses import dataclass, field

from worker.logs import get_log

SLOWER = 3.0  # times as long as the quickest so far
IN_A_ROW = 2  # one slow answer is a checkpoint of the server's
CLIMB = 1.25
DRIFT = 1.02  # the quickest so far is forgotten slowly: bodies grow, tables too
LEAST_SHARE = 1 / 64  # of the ceiling
FIXED_COST_EVENTS = 25  # a round trip weighs as much as this many events: small batches are no slow ones


@dataclass(slots=True)
class Pace:
    """Keeps a rate.

    Attributes:
        ceiling: events per second at most; None: no limit.
        rate: events per second now.
    """

    ceiling: float | None
    rate: float | None = None
    _quickest: float = field(default=float("inf"))
    _slow: int = field(default=0)

    def __post_init__(self) -> None:
        self.rate = self.ceiling

    def rest_seconds(self, count: int, seconds: float) -> float:
        """Say how long to rest after a batch of `count` events that took `seconds`."""
        if self.ceiling is None or self.rate is None:
            return 0.0
        cost = seconds / (count + FIXED_COST_EVENTS)
        self._slow = self._slow + 1 if cost > SLOWER * self._quickest else 0
        self._quickest = min(self._quickest * DRIFT, cost)
        if self._slow >= IN_A_ROW:
            self._slow = 0
            self.rate = max(self.ceiling * LEAST_SHARE, self.rate / 2)
            get_log().warning("relay.slowing", rate_per_second=round(self.rate, 1), seconds=round(seconds, 3))
        elif self._slow == 0:
            self.rate = min(self.ceiling, self.rate * CLIMB)
        return max(0.0, count / self.rate - seconds)
