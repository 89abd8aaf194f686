"""What every transaction of the relay has around its rows: limits and the position, both of this transaction only."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from psycopg import Cursor

from outbox import Event, __version__
from worker.apply.position import Position, host
from worker.apply.queries import query
from worker.connect.connection import Connection, Limits

HAS_TRANSACTION_TIMEOUT = 170000
Rows = Cursor[tuple[Any, ...]]


def begin(connection: Connection, limits: Limits) -> None:
    """Begin a transaction with these limits; inside a pipeline."""
    connection.execute("begin isolation level read committed")
    connection.execute(query("relay", "settings"), {"local": True})
    values = {
        "statement_timeout": str(limits.statement_timeout_ms),
        "lock_timeout": str(limits.lock_timeout_ms),
        "idle_timeout": str(limits.idle_in_transaction_ms),
    }
    connection.execute(query("relay", "limits"), values)
    if connection.info.server_version >= HAS_TRANSACTION_TIMEOUT:
        whole = {"transaction_timeout": str(2 * limits.statement_timeout_ms)}
        connection.execute(query("relay", "whole_transaction_limit"), whole)


@contextmanager
def limited(connection: Connection, limits: Limits) -> Iterator[None]:
    """Run the block as one transaction with these limits: no lock is waited for without end."""
    begin(connection, limits)
    try:
        yield
        connection.execute("commit")
    except BaseException:
        roll_back(connection)
        raise


def lock_position(connection: Connection, outbox_id: UUID) -> Rows:
    """Lock the position against everybody else; for `require`, when the pipeline has ended."""
    return connection.execute(query("relay", "lock_position"), {"outbox_id": outbox_id})


def send_position(connection: Connection, outbox_id: UUID, position: Position, to: Event) -> None:
    """Move the position, which is locked; the server compares it once more: exactly one row changes, or all fails."""
    values = {
        "outbox_id": outbox_id,
        "from_seq": position.seq,
        "from_event_id": position.event_id,
        "to_seq": to.seq,
        "to_event_id": to.event_id,
        "host": host(),
        "worker_version": __version__,
    }
    connection.execute(query("relay", "advance"), values)


def roll_back(connection: Connection) -> None:
    """End the transaction, or the connection with it: half a transaction must not meet the next batch."""
    try:
        connection.rollback()
    except Exception:  # noqa: BLE001 - the first error is the one that counts
        connection.close()
