"""Start records of a worker that has no outbox file: in Postgres, on a connection of their own.

They are what `outbox.notes.attempts` describes, for many outboxes: see there and `suspects`. They are read once, when
the worker starts. While it is on its guard each is written before its batch, and in a transaction of its own, since
that of the batch is gone when the process is. Two workers may serve one outbox in turns: before an event is blamed for
its record the record is read again, for the other one may have parked the event, and people let it go since.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any
from uuid import UUID

import psycopg

from outbox import Attempt
from worker.apply.queries import query
from worker.connect.connection import Connection


class Starts:
    """The start records of all outboxes.

    Args:
        dial: opens a connection.
        answered: gives a connection up that says nothing more within a block.

    Attributes:
        wary: whether the worker before this one ended without a word.
    """

    def __init__(
        self, dial: Callable[[], Connection], answered: Callable[[Connection], AbstractContextManager[None]]
    ) -> None:
        self._dial = dial
        self._answered = answered
        self._connection: Connection | None = None
        self._found: dict[UUID, list[Attempt]] = {}
        self._forgiven: dict[UUID, Attempt] = {}
        self.wary = False

    def load(self, connection: Connection, partitions: Sequence[str], *, wary: bool) -> None:
        """Read what stands, of outboxes in these partitions; once, before the first is served."""
        self.wary = wary
        names = {"partitions": list(partitions)}
        self._forgiven = dict(_read(connection, "forgive", names))
        for outbox_id, one in _read(connection, "starts", names):
            self._found.setdefault(outbox_id, []).append(one)

    def of(self, outbox_id: UUID) -> "StartsOfOne":
        """The records of one outbox."""
        return StartsOfOne(self, outbox_id, self._found.setdefault(outbox_id, []), self._forgiven.pop(outbox_id, None))

    def write(self, name: str, values: dict[str, object]) -> None:
        """Write one; durable when this returns."""
        self._run(name, values)

    def number(self, name: str, values: dict[str, object]) -> int:
        """Read a number of one."""
        found = self._run(name, values).fetchone()
        return int(str(found[0])) if found else 0

    def _run(self, name: str, values: dict[str, object]) -> psycopg.Cursor[Any]:
        if self._connection is None or self._connection.closed:
            self._connection = self._dial()
        try:
            with self._answered(self._connection):
                return self._connection.execute(query("bus", name), values)
        except psycopg.Error:
            self.close()
            raise

    def close(self) -> None:
        """Leave."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _read(connection: Connection, name: str, names: dict[str, list[str]]) -> Iterator[tuple[UUID, Attempt]]:
    for outbox_id, *numbers in connection.execute(query("bus", name), names).fetchall():
        seq, last_seq, starts = (int(str(number)) for number in numbers)
        yield UUID(str(outbox_id)), Attempt(seq=seq, last_seq=last_seq, starts=starts)


class StartsOfOne:
    """The start records of one outbox; no two have an event in common."""

    def __init__(self, starts: Starts, outbox_id: UUID, found: list[Attempt], forgiven: Attempt | None) -> None:
        self._starts = starts
        self._outbox_id = outbox_id
        self._found = found
        self._forgiven = forgiven

    @property
    def all_at_hand(self) -> bool:
        """No: frames of it are still on their way."""
        return False

    def unfinished(self) -> list[Attempt]:
        """Return the records that stand, in the order of the log."""
        return sorted(self._found, key=lambda one: one.seq)

    def stands(self, attempt: Attempt) -> bool:
        """Whether a record that was found stands in Postgres, or counts more; if not, it is forgotten here as well."""
        values: dict[str, object] = {"outbox_id": self._outbox_id, "seq": attempt.seq, "last_seq": attempt.last_seq}
        if self._starts.number("starts_of", values) >= attempt.starts:
            return True
        self._found[:] = [one for one in self._found if one != attempt]
        return False

    def begin(self, seq: int, last_seq: int) -> Attempt:
        """Write down what is about to be applied; durable when this returns."""
        before = next((one.starts for one in self._found if (one.seq, one.last_seq) == (seq, last_seq)), 0)
        now = Attempt(seq=seq, last_seq=last_seq, starts=before + 1)
        self._write("begin", seq=seq, last_seq=last_seq, starts=now.starts)
        self._found[:] = [one for one in self._found if one.seq > last_seq or one.last_seq < seq] + [now]
        return now

    def finish(self, seq: int, last_seq: int) -> None:
        """The process knows how these ended: nobody died of them."""
        self._write("finish", seq=seq, last_seq=last_seq)
        self._found[:] = [one for one in self._found if (one.seq, one.last_seq) != (seq, last_seq)]

    def waits(self, seq: int, *, begins: bool) -> None:
        """The process begins to wait for an answer of the database, or has it."""
        if any(one.seq == seq for one in self._found):
            self._write("waits", seq=seq, waits=begins)

    def forgive(self) -> Attempt | None:
        """Return what was in hand; its start was taken back, with those of all outboxes, when they were read."""
        return self._forgiven

    def _write(self, name: str, **values: object) -> None:
        self._starts.write(name, {"outbox_id": self._outbox_id, **values})
