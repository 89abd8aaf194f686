"""How many events go into the next transaction."""

from dataclasses import dataclass, field

TARGET_SECONDS = 1.0
FAR_TIMES = 2
# As much work as this many times the waits: where the usual batch is less, the database counts as far.
WORK_PER_WAIT = 12


@dataclass(slots=True)
class BatchSize:
    """Grows while batches are quick, shrinks when the database labours, starts at one after an outage.

    A batch waits for the same two round trips whatever its size. If the database is so far that it could have applied
    more than a twelfth of the usual batch meanwhile, a batch may have twice as many events.

    While a culprit is looked for, the size is halved down to one event and does not grow before the range that failed
    is behind us: every half that succeeds is committed, so the search is part of the work.

    Attributes:
        most: upper limit, from the configuration.
        size: how many events the next batch may have.
        stretches: whether a far database is given more than `most`: half of such a batch goes over a second connection.
    """

    most: int
    size: int = 0
    stretches: bool = False
    _suspect_until: int = field(default=0)
    _is_far: bool = field(default=False)

    def __post_init__(self) -> None:
        self.size = self.size or self.most

    @property
    def longest(self) -> int:
        """How many events a batch has at most, wherever the database is."""
        return self.most * FAR_TIMES if self.stretches else self.most

    def succeeded(self, last_seq: int, count: int, seconds: float, waited_seconds: float = 0.0) -> None:
        """A batch of `count` events up to `last_seq` took `seconds`, and round trips took `waited_seconds` of them."""
        if last_seq < self._suspect_until:
            return
        self._suspect_until = 0
        worked = max(0.0, seconds - waited_seconds)
        if self.stretches and 2 * count >= self.most:  # a small batch says little, and payloads may be what limits it
            # Once far, always far: what was read ahead for another size would be read in vain.
            self._is_far |= count * waited_seconds * WORK_PER_WAIT > self.most * worked
        if worked > 2 * TARGET_SECONDS:
            self.size = max(1, count // 2)
        elif worked < TARGET_SECONDS and (count >= self.size or (self._is_far and 2 * count >= self.most)):
            self.size = min(self.longest if self._is_far else self.most, self.size * 2)

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
        """After an outage: one event first, to see whether the database is well, and perhaps nearer."""
        self.size, self._is_far = 1, False
