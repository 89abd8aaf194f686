"""One write transaction: through the gate, BEGIN IMMEDIATE, all or nothing.

A deferred BEGIN that reads and then writes fails at once when another writer committed in between, whatever
the busy timeout says; so writers say at the start that they will write.
"""

from __future__ import annotations

import sqlite3
from types import TracebackType

from outbox.log.gate import Gate
from outbox.log.sqlite_errors import ours

_TRANSLATED = (sqlite3.Error, OSError)


class write_transaction:  # noqa: N801 - reads as a word: `with write_transaction(connection, gate):`
    """Run the block as one transaction under the gate; an exception rolls it back.

    Inside another one the block joins it: it is committed, or rolled back, with the outer one.

    Raises:
        StorageFull, StorageFailed, OutboxBusy, OutboxCorrupt: nothing of the block was kept.
    """

    # A class: every append passes through it, and a generator costs three times as much.
    __slots__ = ("_connection", "_gate", "_joined")

    def __init__(self, connection: sqlite3.Connection, gate: Gate) -> None:
        self._connection = connection
        self._gate = gate
        self._joined = False

    def __enter__(self) -> None:
        if self._connection.in_transaction:
            self._joined = True
            return
        try:
            self._gate.enter()
            try:
                self._connection.execute("begin immediate")
            except BaseException:
                self._end()
                raise
        except _TRANSLATED as exc:
            raise ours(self._gate.database, exc) from exc

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._joined:
            return
        try:
            try:
                if exc is None:
                    self._connection.execute("commit")
            finally:
                self._end()
        except _TRANSLATED as failed:
            raise ours(self._gate.database, failed) from failed
        if isinstance(exc, _TRANSLATED):
            raise ours(self._gate.database, exc) from exc

    def _end(self) -> None:
        """Roll back what is still open, and leave the gate."""
        try:
            # A failed COMMIT may have ended the transaction itself (disk full does).
            if self._connection.in_transaction:
                self._connection.execute("rollback")
        finally:
            self._gate.leave()
