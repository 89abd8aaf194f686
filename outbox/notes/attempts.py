"""Start records: which events a worker had in hand when it died.

An event that kills the process leaves no error to judge. What it leaves, if the worker wrote down what it was about to
apply, is that record. It is removed as soon as the process knows how the batch ended, well or badly: an outage is no
death. So a record found at start means that the process died, and the same single event found there again and again
means that it is the cause.

Unless it waited for the database at that moment: then somebody killed it, and no event did. A note beside the record
says so; it is written only while a record stands.

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
    """The start record of one outbox file; there is one at most."""

    def __init__(self, connection: sqlite3.Connection, gate: Gate, clock: Clock) -> None:
        self._connection = connection
        self._gate = gate
        self._clock = clock

    def unfinished(self) -> Attempt | None:
        """Return the record that stands, None where none does."""
        row = self._connection.execute("select seq, last_seq, starts from attempts order by seq limit 1").fetchone()
        return None if row is None else Attempt(seq=row[0], last_seq=row[1], starts=row[2])

    def begin(self, seq: int, last_seq: int) -> Attempt:
        """Write down what is about to be applied; durable when this returns."""
        with write_transaction(self._connection, self._gate):
            before = self.unfinished()
            same = before is not None and (before.seq, before.last_seq) == (seq, last_seq)
            starts = before.starts + 1 if before is not None and same else 1
            self._connection.execute("delete from attempts")
            self._connection.execute(
                "insert into attempts (seq, last_seq, starts, started_at) values (?, ?, ?, ?)",
                [seq, last_seq, starts, as_text(self._clock.now())],
            )
        return Attempt(seq=seq, last_seq=last_seq, starts=starts)

    def finish(self) -> None:
        """The process knows how it ended: nobody died of it."""
        with write_transaction(self._connection, self._gate):
            self._connection.execute("delete from attempts")
            self._connection.execute("delete from meta where key = 'waiting_for_database'")

    def waits(self, *, begins: bool) -> None:
        """The process begins to wait for an answer of the database, or has it."""
        with write_transaction(self._connection, self._gate):
            if begins:
                self._connection.execute("insert or replace into meta values ('waiting_for_database', '1')")
            else:
                self._connection.execute("delete from meta where key = 'waiting_for_database'")

    def forgive(self) -> bool:
        """Take back the last start of the record where its process died waiting: a kill from outside is no evidence.

        Returns:
            Whether it did.
        """
        with write_transaction(self._connection, self._gate):
            waited = self._connection.execute("delete from meta where key = 'waiting_for_database'").rowcount == 1
            found = self.unfinished()
            if waited and found is not None and found.starts == 1:
                self._connection.execute("delete from attempts")
            elif waited:
                self._connection.execute("update attempts set starts = starts - 1")
        return waited
