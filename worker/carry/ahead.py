"""Reads and decodes the next batch while the server works on the one before it: of the log, or of what was let go.

Reading a batch and decoding its payloads takes a sixth of the time that the server takes for one without a full-text
index, and neither needs to know what becomes of the batch before. So both are done once that batch is on its way, with
its COMMIT, and before its answer is waited for.

Nothing is decided early. The log is append-only, so an event that is read now is the one that would be read later. It
is used only if the position stands afterwards at the event that it follows, and under the same limits; otherwise it
is dropped, and read again. So is a batch that reaches the end of the log, for it may be longer in a moment. What is
parked, whether an operator paused the relay, and whether the batch went through is asked after the answer, as ever. An
error in here is not reported either: the relay reads the events again, and meets it there.

What was let go is read by its seqs (`AheadOnList`). If the list changes before it is wanted, other seqs are wanted or
an event was edited, and what was read or decoded is dropped in the same way. That earlier batches have left the list is
written into the outbox file in this time as well: they are committed, whatever becomes of the one under way.

An event that kills the process that decodes it would kill here while the batch before it is in hand. After a death,
therefore, nobody looks ahead (`suspects`).
"""

from collections.abc import Callable, Sequence
from contextlib import suppress

from outbox import Event, OutboxError
from outbox.relaying import Log, failpoints
from worker.apply.fold import decode
from worker.apply.known import Decoded
from worker.errors import WorkerError


class _AtHand:
    """Events that were read, and maybe decoded, before they are wanted.

    Args:
        box: whose events they are.
        most_bytes: upper limit of the payloads that are read at once, for as many events as a batch has mostly; more
            for more. One event always comes.
        most_events: so many.
    """

    def __init__(self, box: Log, most_bytes: int, most_events: int) -> None:
        self._box = box
        self._most_bytes = most_bytes
        self._most_events = most_events
        self._asked = (0, 0)  # after which seq, and how many at most
        self._events: list[Event] = []
        self._decoded: list[Decoded] = []

    def look(self) -> None:
        """Read and decode what is wanted next, as far as can be told."""
        raise NotImplementedError

    def decode(self, events: Sequence[Event]) -> list[Decoded]:
        """Decode these events, or return what was decoded already; see `fold.decode`."""
        at_hand, self._decoded = self._decoded, []
        if [one.event for one in at_hand] == list(events):
            return at_hand
        return decoded_anew(events)

    def _bytes_for(self, limit: int) -> int:
        return self._most_bytes * max(1, limit // self._most_events)


class Ahead(_AtHand):
    """Events in the order of the log, the next ones at hand if they were looked at already."""

    def read(self, *, after: int, limit: int) -> list[Event]:
        """Return up to `limit` events with a seq greater than `after`, in order."""
        at_hand, self._events = self._events, []
        if not at_hand or self._asked != (after, limit):
            self._decoded = []
            at_hand = self._box.read(after=after, limit=limit, most_bytes=self._bytes_for(limit))
        self._asked = (at_hand[-1].seq if at_hand else after, limit)
        return at_hand

    def look(self) -> None:
        """Read and decode what follows the events that were read last, if that is a full batch."""
        after, limit = self._asked
        with suppress(OutboxError, WorkerError):
            newest = self._box.last_seq
            events = self._box.read(after=after, limit=limit, most_bytes=self._bytes_for(limit))
            if len(events) < limit and (not events or events[-1].seq >= newest):
                return  # by the time that it is wanted there may be more: half-empty batches would never catch up
            self._events = events
            self._decoded = decoded_anew(events)


class AheadOnList(_AtHand):
    """Events that were let go, in order, the next ones at hand if they were looked at already.

    Args:
        box: whose events they are.
        most_bytes: as for those of the log.
        most_events: as well.
        ready: the seqs of what is to be taken up, greater than a given one, so many at most.
        obeyed: the events as they are to be applied.
        note: write down what earlier batches have left to be written; must not raise.
    """

    def __init__(
        self,
        box: Log,
        most_bytes: int,
        most_events: int,
        ready: Callable[[int, int], list[int]],
        obeyed: Callable[[list[Event]], list[Event]],
        note: Callable[[], None],
    ) -> None:
        super().__init__(box, most_bytes, most_events)
        self._ready = ready
        self._obeyed = obeyed
        self._note = note

    def read(self, *, limit: int) -> list[Event]:
        """Return up to `limit` events that are to be taken up, in order."""
        wanted = self._ready(0, limit)
        at_hand, self._events = self._events, []
        if not at_hand or self._asked[1] != limit or [event.seq for event in at_hand] != wanted[: len(at_hand)]:
            self._decoded = []
            at_hand = self._box.read_these(wanted, most_bytes=self._bytes_for(limit))
        self._asked = (at_hand[-1].seq if at_hand else 0, limit)
        return at_hand

    def look(self) -> None:
        """Read and decode what follows the events that were read last, and write down what is left to be written."""
        after, limit = self._asked
        with suppress(OutboxError, WorkerError):
            if seqs := self._ready(after, limit):
                self._events = self._box.read_these(seqs, most_bytes=self._bytes_for(limit))
                self._decoded = decoded_anew(self._obeyed(self._events))
        self._note()


def decoded_anew(events: Sequence[Event]) -> list[Decoded]:
    """Decode these events; see `fold.decode`."""
    if failpoints.armed:
        for event in events:
            failpoints.reach(f"decode.{event.seq}")
    return decode(events)
