"""How many events go into the next transaction."""

from dataclasses import dataclass, field

TARGET_SECONDS = 1.0


@dataclass(slots=True)
class BatchSize:
    """Grows while batches are quick, shrinks when the database labours, starts at one after an outage.

    While a culprit is looked for, the size is halved down to one event and does not grow before the range that failed
    is behind us: every half that succeeds is committed, so the search is part of the work.

    Attributes:
        most: upper limit, from the configuration.
        size: how many events the next batch may have.
    """

    most: int
    size: int = 0
    _suspect_until: int = field(default=0)

    def __post_init__(self) -> None:
        self.size = self.size or self.most

    def succeeded(self, last_seq: int, count: int, seconds: float) -> None:
        """A batch of `count` events up to `last_seq` took `seconds`."""
        if last_seq < self._suspect_until:
            return
        self._suspect_until = 0
        if seconds > 2 * TARGET_SECONDS:
            self.size = max(1, count // 2)
        elif seconds < TARGET_SECONDS and count >= self.size:
            self.size = min(self.most, self.size * 2)

    def shrink(self, count: int) -> None:
        """The database could not cope with a batch of `count`."""
        self.size = max(1, count // 2)

    def suspect(self, last_seq: int, count: int) -> None:
        """One of the `count` events up to `last_seq` is at fault: look for it in halves."""
        self._suspect_until = max(self._suspect_until, last_seq)
        self.size = max(1, count // 2)

    def stop_before(self, count: int, culprit_seq: int) -> None:
        """The culprit is known and `count` events stand before it."""
        self._suspect_until = max(self._suspect_until, culprit_seq)
        self.size = max(1, count)

    def restart(self) -> None:
        """After an outage: one event first, to see whether the database is well."""
        self.size = 1
