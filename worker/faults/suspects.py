"""Finds the event that kills the process: by what the last process had in hand when it died.

Writing a start record before every batch would cost two fsyncs per batch, all the year round, for something that
hardly ever happens. So the first death is free: a worker that ended in order says so in the outbox file, and only one
that finds that its predecessor did not is *wary*. It writes a start record before each batch and removes it after,
until it is as far past the position as two batches can reach (the second is decoded while the first is under way), or
through with what waited at its start: the predecessor died within that stretch, or of something else.

A record that stands at start is a range in which somebody died. The range is halved, start by start, until it is one
event. The same single event found there `STARTS` times in a row is parked with that reason. Its record stands until
that event is in hand again, whatever is tried before its turn, and refused. A batch that ends in any
way that the process lives to see (applied, refused, outage, SIGTERM) leaves no record, so no outage is ever charged; a
kill from outside hits another event each time, or finds the position moved, or hits a process that waits for the
database (for a lock that somebody keeps, say), and charges nobody; the next one goes on with a batch of that size, for
that is how far the search had come. A wary worker does not look ahead, so that nobody dies of an event that is not in
the record. Before a single suspect is tried the connection is shown to work, so that a worker that is killed because it
hangs in a dead network blames no event either.

What was released is looked into in the same way, in a stretch of its own.

A centre hears of a log bit by bit, and of decisions as well: what killed its predecessor may come long after the start.
There (`all_at_hand`) the end of what is known bounds no stretch, and a record whose events are not known yet stays.

An exception that nobody foresaw ends the process as well; it leaves its record like a death.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import psycopg

from outbox import Attempt, Outbox, OutboxError, WorkerState
from outbox.relaying import Log
from worker.apply.position import Position
from worker.carry.batching import BatchSize
from worker.carry.exchange import Exchange
from worker.connect.connection import Connection, told_of_waits
from worker.errors import WorkerError
from worker.judgement import Judgement, Verdict
from worker.logs import get_log
from worker.notes import best_effort

STARTS = 3
# What `verdict` can judge, or what the outbox file says: the process lives on.
FORESEEN = (psycopg.Error, OSError, WorkerError, OutboxError, UnicodeEncodeError)

KILLER = Judgement(
    verdict=Verdict.POISON, sqlstate=None, reason=f"the worker died {STARTS} times in a row while it was applied"
)


class Suspects:
    """Watches batches after a death.

    Args:
        box: the outbox.
        exchange: to probe the connection with.
        size: narrowed to the range in which somebody died.
        ready: gives the seqs of so many that are released and come next, in order.
        wary: whether the process before this one died.
    """

    def __init__(
        self,
        box: Log,
        exchange: Exchange,
        size: BatchSize,
        ready: Callable[[int], Sequence[int]],
        *,
        wary: bool,
    ) -> None:
        self._box = box
        self._attempts = box.attempts
        self._exchange = exchange
        self._size = size
        self._ready = ready
        self._wary = wary or bool(box.attempts.unfinished())
        self._cut_off: Attempt | None = None
        with best_effort(box):
            self._cut_off = box.attempts.forgive()
        if self._cut_off is not None:
            get_log().info("relay.killed_while_waiting")
        self._last_seq = box.last_seq
        self._until: int | None = None
        self._until_released: int | None = None  # None: the death was not of these, or they are behind us
        self._watching = False
        self._in_hand = (0, 0)
        if self._wary:
            get_log().warning("relay.wary", reason="the worker before this one did not end in order")

    @property
    def wary(self) -> bool:
        """Whether there was a death, so that no event may be touched but those of the record."""
        return self._wary

    def arrived(self, position: Position, released: BatchSize) -> None:
        """A session began.

        Args:
            position: where it stands.
            released: the size of batches of what was released, narrowed to the range in which somebody died.
        """
        if not self._wary:
            return
        ready = self._ready(2 * released.longest)
        if self._until is None:
            self._until = position.seq + 2 * self._size.longest
            if self._attempts.all_at_hand:
                self._until = min(self._until, max(self._last_seq, self._box.last_seq))
            self._until_released = ready[-1] if ready else None
        among_released: list[int] = []
        for found in self._attempts.unfinished():
            if found.seq == position.seq + 1:
                self._until = max(self._until, found.last_seq)
                self._size.suspect(found.last_seq, found.events)
            elif found.seq in ready:
                among = [seq for seq in ready if found.seq <= seq <= found.last_seq]
                self._until_released = max(self._until_released or 0, found.last_seq)
                among_released.append(len(among))
                released.suspect(found.last_seq, min(among_released))
            else:  # it went through, and the process died before it could say so; or the position was set back
                if self._attempts.all_at_hand:  # or the decision that lets it go is still on its way
                    self._finish(found.seq, found.last_seq)
                continue
            get_log().warning("relay.narrowing", seq=found.seq, last_seq=found.last_seq, starts=found.starts)
        self._go_on(position, ready, released)

    def _go_on(self, position: Position, ready: Sequence[int], released: BatchSize) -> None:
        """Go on with the batch at which the process before this one was killed waiting, as large as it was.

        It may have been half of a range in which somebody died, of which nothing else tells any more.
        """
        cut_off, self._cut_off = self._cut_off, None
        if cut_off is None:
            return
        upcoming = range(position.seq + 1, min(cut_off.last_seq + cut_off.events + 1, self._box.last_seq) + 1)
        for size, seqs in ((self._size, upcoming), (released, ready)):
            if not seqs or seqs[0] != cut_off.seq:
                continue
            count = min(size.size, sum(seq <= cut_off.last_seq for seq in seqs))
            whole = seqs[: 2 * count + 1]  # at most: of an odd number the smaller half goes first
            size.suspect(whole[-1], 2 * count)

    def is_killer(self, seq: int) -> bool:
        """Whether this event, alone, was in hand at too many deaths in a row."""
        if not self._wary:
            return False
        return any(
            (found.seq, found.last_seq) == (seq, seq) and found.starts >= STARTS and self._attempts.stands(found)
            for found in self._attempts.unfinished()
        )

    def _trusts_again(self) -> None:
        """Whatever the process before this one can have died of in the log is behind us."""
        until, following = self._until_released, self._ready(1)
        if until is not None and following and following[0] <= until:
            return  # what was released takes turns with the log
        self._wary = False
        for found in self._attempts.unfinished():  # of what waits behind others by now
            self._finish(found.seq, found.last_seq)

    def parked(self, seq: int) -> None:
        """The event was parked: its record has done its work."""
        self._finish(seq, seq)

    def _finish(self, seq: int, last_seq: int) -> None:
        with best_effort(self._box):
            self._attempts.finish(seq, last_seq)

    @contextmanager
    def watched(self, connection: Connection, seq: int, last_seq: int, *, released: bool = False) -> Iterator[None]:
        """Keep a start record while the block runs, if one is needed; for events of the log, or `released` ones."""
        until = self._until_released if released else self._until
        if self._wary and not released and until is not None and seq > until:
            self._trusts_again()
        known = released and self._attempts.all_at_hand
        self._watching = self._wary and not (known and (until is None or seq > until))
        if self._watching:
            if seq == last_seq:
                self._exchange.probe(connection)
            self._in_hand = seq, last_seq
            with best_effort(self._box):
                self._attempts.begin(seq, last_seq)
        try:
            with self._waits_noted(connection):
                yield
        except Exception as error:
            if not isinstance(error, FORESEEN):
                if not self._watching:
                    with best_effort(self._box):
                        self._attempts.begin(seq, last_seq)
                raise
            self._done()
            raise
        except BaseException:  # a signal
            self._done()
            raise
        self._done()

    @contextmanager
    def _waits_noted(self, connection: Connection) -> Iterator[None]:
        def note(*, begins: bool) -> None:
            with best_effort(self._box):
                self._attempts.waits(self._in_hand[0], begins=begins)

        if not self._watching:
            yield
            return
        with told_of_waits(connection, note):
            yield

    def _done(self) -> None:
        if self._watching:
            self._watching = False
            self._finish(*self._in_hand)


def died(box: Outbox) -> bool:
    """Whether the worker before this one ended without a word; to be asked before a new word is written."""
    report = box.relay.report
    return report is not None and report.state is not WorkerState.STOPPED
