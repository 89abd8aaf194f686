"""One write transaction: through the gate, BEGIN IMMEDIATE, all or nothing.

A deferred BEGIN that reads and then writes fails at once when another writer committed in between, whatever
the busy timeout says; so writers say at the start that they will write.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from outbox.gate import Gate
from outbox.sqlite_errors import translated


@contextmanager
def write_transaction(connection: sqlite3.Connection, gate: Gate) -> Iterator[None]:
    """Run the block as one transaction under the gate; an exception rolls it back.

    Inside another one the block joins it: it is committed, or rolled back, with the outer one.

    Raises:
        StorageFull, StorageFailed, OutboxBusy, OutboxCorrupt: nothing of the block was kept.
    """
    if _is_open(connection):
        yield
        return
    with translated(gate.database), gate.held():
        try:
            connection.execute("begin immediate")
            yield
            connection.execute("commit")
        except BaseException:
            # A failed COMMIT may have ended the transaction itself (disk full does).
            if _is_open(connection):
                connection.execute("rollback")
            raise


def _is_open(connection: sqlite3.Connection) -> bool:
    return connection.in_transaction
