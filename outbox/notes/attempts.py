"""Start records: which events a worker had in hand when it died.

An event that kills the process leaves no error to judge. What it leaves, if the worker wrote down what it was about to
apply, is that record. It is removed as soon as the process knows how the batch ended, well or badly: an outage is no
death. So a record found at start means that the process died, and the same single event found there again and again
means that it is the cause.

Several records may stand. A process that follows a death may have others in hand before it comes to the event at which
the last one died: parked events that were released go first, for one. However those end says nothing about that event,
so its record stays, with its deaths, until the event is in hand again. Only a range that has events in common with what
is begun gives way to it.

Unless the process waited for the database at that moment: then somebody killed it, and no event did. A note beside the
record says so; it is written only while a record stands, and once a wait has lasted a moment.

The deaths that are counted are those of one event as it stood then. Once somebody has decided about it (mended it, or
what it died of), it is tried as any other.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from outbox.clock import Clock, as_text
from outbox.log.gate import Gate
from outbox.log.transaction import write_transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """Events that were being applied.

    Attributes:
        seq: the first.
        last_seq: the last.
        starts: how often exactly these were begun, one start after the other, without an end.
    """

    seq: int
    last_seq: int
    starts: int

    @property
    def events(self) -> int:
        """How many they are."""
        return self.last_seq - self.seq + 1


def decided_about(connection: sqlite3.Connection, seq: int) -> None:
    """Forget the deaths that are counted against this event alone; the caller holds a write transaction."""
    connection.execute("delete from attempts where seq = ? and last_seq = ?", [seq, seq])


class Attempts:
    """The start records of one outbox file; no two have an event in common."""

    def __init__(self, connection: sqlite3.Connection, gate: Gate, clock: Clock) -> None:
        self._connection = connection
        self._gate = gate
        self._clock = clock

    @property
    def all_at_hand(self) -> bool:
        """Yes: the file holds all that was appended."""
        return True

    def unfinished(self) -> list[Attempt]:
        """Return the records that stand, in the order of the log."""
        found = self._connection.execute("select seq, last_seq, starts from attempts order by seq")
        return [Attempt(seq=seq, last_seq=last_seq, starts=starts) for seq, last_seq, starts in found]

    def stands(self, attempt: Attempt) -> bool:
        """Whether a record that was found stands still."""
        return attempt in self.unfinished()

    def begin(self, seq: int, last_seq: int) -> Attempt:
        """Write down what is about to be applied; durable when this returns."""
        with write_transaction(self._connection, self._gate):
            before = self._connection.execute(
                "select starts from attempts where seq = ? and last_seq = ?", [seq, last_seq]
            ).fetchone()
            starts = 1 if before is None else before[0] + 1
            self._connection.execute("delete from attempts where seq <= ? and last_seq >= ?", [last_seq, seq])
            self._connection.execute(
                "insert into attempts (seq, last_seq, starts, started_at) values (?, ?, ?, ?)",
                [seq, last_seq, starts, as_text(self._clock.now())],
            )
        return Attempt(seq=seq, last_seq=last_seq, starts=starts)

    def finish(self, seq: int, last_seq: int) -> None:
        """The process knows how these ended: nobody died of them."""
        with write_transaction(self._connection, self._gate):
            self._connection.execute("delete from attempts where seq = ? and last_seq = ?", [seq, last_seq])
            self._connection.execute("delete from meta where key = 'waiting_for_database'")

    def waits(self, seq: int, *, begins: bool) -> None:
        """The process begins to wait for an answer of the database, or has it.

        Args:
            seq: the first of what it has in hand.
            begins: whether the wait begins.
        """
        with write_transaction(self._connection, self._gate):
            if begins:
                self._connection.execute("insert or replace into meta values ('waiting_for_database', ?)", [str(seq)])
            else:
                self._connection.execute("delete from meta where key = 'waiting_for_database'")

    def forgive(self) -> Attempt | None:
        """Take back the last start of what was in hand where the process died waiting: somebody killed it.

        Returns:
            What was in hand, as it stood then; None if the process did not die waiting.
        """
        with write_transaction(self._connection, self._gate):
            note = self._connection.execute("select value from meta where key = 'waiting_for_database'").fetchone()
            if note is None:
                return None
            found = self.unfinished()
            # A version before this one kept one record, and no seq in the note.
            forgiven = next((one for one in found if one.seq == int(note[0]) or len(found) == 1), None)
            if (one := forgiven) is not None:
                if one.starts == 1:
                    self._connection.execute("delete from attempts where seq = ?", [one.seq])
                else:
                    self._connection.execute("update attempts set starts = starts - 1 where seq = ?", [one.seq])
            self._connection.execute("delete from meta where key = 'waiting_for_database'")
        return forgiven
