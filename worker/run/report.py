"""Tells how the relay is doing: one log line per batch, the state in the outbox file, the rate and the time left.

The outbox file is written at most once a second: each note costs an fsync, and what it says is for humans.
"""

from collections.abc import Callable
from time import monotonic

from outbox.relaying import Log
from worker.apply.position import Position
from worker.judgement import Judgement
from worker.logs import get_log
from worker.notes import best_effort
from worker.run.forecast import Forecast

NOTE_EVERY_SECONDS = 1.0
HINDERED_AFTER_SECONDS = 4.0
# The position's seq, the events of the batch, the newest seq of the log, and how it goes.
OnBatch = Callable[[int, int, int, Forecast], None]


class Report:
    """Follows one run of the relay.

    Args:
        box: where the state is noted.
        on_batch: told of each batch, for a progress bar.
        most_per_second: the rate that was asked for at most; None: no limit. The first batch has had no rest before it.
        clock: monotonic seconds.

    Attributes:
        carried: events that the position passed in this run.
        forecast: how fast, and how long still; started again whenever nothing is left.
    """

    def __init__(
        self,
        box: Log,
        *,
        on_batch: OnBatch | None = None,
        most_per_second: float | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._box = box
        self._on_batch = on_batch
        self._most_per_second = most_per_second
        self._clock = clock
        self._log = get_log()
        self._noted_at = float("-inf")
        self._state = ""
        self._last_batch_at: float | None = None
        self._position: Position | None = None
        self.carried = 0
        self.forecast = Forecast()

    def connected(self, position: Position) -> None:
        """A session with the database began."""
        self._log.info("relay.connected", destination_id=str(position.destination_id), seq=position.seq)
        with best_effort(self._box):
            self._box.relay.remember_position(position.destination_id, position.seq, position.event_id)
        self._last_batch_at = self._clock()
        self._position = position

    def remaining(self) -> int:
        """How many events wait, as far as this run knows."""
        seq = self._position.seq if self._position is not None else self._remembered_seq()
        return max(0, self._box.last_seq - seq)

    def applied(self, position: Position, count: int, seconds: float) -> None:
        """A batch was committed."""
        now = self._clock()
        self._position = position
        self.carried += count
        since = now - (self._last_batch_at if self._last_batch_at is not None else now - seconds)
        self._last_batch_at = now
        last_seq = self._box.last_seq
        least = count / self._most_per_second if self._most_per_second is not None else 0.0
        self.forecast.carried(count, max(since, seconds, least), last_seq)
        backlog = max(0, last_seq - position.seq)
        self._log.info(
            "relay.batch_applied", seq=position.seq, events=count, seconds=round(seconds, 4), backlog=backlog
        )
        if self._on_batch is not None:
            self._on_batch(position.seq, count, last_seq, self.forecast)
        if now - self._noted_at >= NOTE_EVERY_SECONDS:
            self._note("draining", position, self.forecast.seconds_left(backlog))

    def released(self, position: Position, count: int, seconds: float, left: int) -> None:
        """A batch of what was let go was committed; the position stays."""
        self._position = position
        self._last_batch_at = self._clock()
        self._log.info("relay.batch_released", events=count, seconds=round(seconds, 4), left=left)
        if self._last_batch_at - self._noted_at >= NOTE_EVERY_SECONDS:
            self._note("draining", position, self.forecast.seconds_left(max(0, self._box.last_seq - position.seq)))

    def empty(self, position: Position) -> None:
        """Nothing is left."""
        if self._state != "following":
            self._note("following", position, 0.0)
            with best_effort(self._box):
                self._box.relay.drained()
            self.forecast = Forecast()
        else:
            remembered = self._box.relay.position
            if (
                remembered is None
                or remembered.applied_seq != position.seq
                or self._clock() - self._noted_at >= 30 * NOTE_EVERY_SECONDS
            ):
                self._note("following", position, 0.0)
        self._last_batch_at = self._clock()

    def settled(self) -> None:
        """The session is over, or waits: note how far it got, which is noted once a second at most while it goes on."""
        position = self._position
        with best_effort(self._box):
            if position is not None and self._remembered_seq() != position.seq:
                self._box.relay.remember_position(position.destination_id, position.seq, position.event_id)

    def hindered(self, judgement: Judgement) -> None:
        """Somebody is in the way, and the same is tried again: told once that has lasted."""
        now = self._clock()
        stuck = now - (self._last_batch_at if self._last_batch_at is not None else now)
        if stuck < HINDERED_AFTER_SECONDS or now - self._noted_at < NOTE_EVERY_SECONDS:
            return
        self._noted_at, self._state = now, "draining"
        with best_effort(self._box):
            self._box.relay.set_state("draining", judgement.reason)

    def holding(self, reason: str) -> None:
        """Told to wait."""
        self.settled()
        if self._state != "holding":
            self._log.warning("relay.holding", reason=reason)
            self._state = "holding"
        with best_effort(self._box):
            self._box.relay.set_state("holding", reason)
        self._last_batch_at = self._clock()

    def _remembered_seq(self) -> int:
        remembered = self._box.relay.position
        return remembered.applied_seq if remembered is not None else 0

    def _note(self, state: str, position: Position, eta_seconds: float | None) -> None:
        self._noted_at = self._clock()
        self._state = state
        rate = self.forecast.rate
        with best_effort(self._box):
            self._box.relay.remember_position(position.destination_id, position.seq, position.event_id)
            self._box.relay.set_state(state, None, _tenth(rate), _tenth(eta_seconds))


def _tenth(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
