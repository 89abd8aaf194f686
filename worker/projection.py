"""Applies a batch: its rows and its position, in one transaction, in two round trips.

First trip: begin, time limits, the position `for update`, and every natural key that the batch speaks of. Between the
trips the events are folded (`fold`) into row changes with real ids. Second trip: one statement per table and kind of
change, the parked rows, the new position, commit. Each trip is one pipeline with a single sync. Once all of the second
trip is on its way, and before its answers are waited for, the caller may use the time (`meanwhile`).

Nothing here decides about failures. Whatever is raised, the transaction is rolled back or the connection is lost, and
the position in the database tells what became of it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
from psycopg import Cursor

from outbox import Event
from worker.connection import Connection, Limits, hand_over
from worker.fold import Changes, Values, fold
from worker.fold import decode as decode_now
from worker.known import Decoded, Known, Names, Row, Wanted, as_uuid, wanted_by
from worker.position import Position, host, require, worker_version
from worker.queries import query
from worker.verdict import Phase

HAS_TRANSACTION_TIMEOUT = 170000
KINDS = ("audience", "project", "content")
_encode = msgspec.json.Encoder().encode
Rows = Cursor[tuple[Any, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parking:
    """An event that the position passes over, and why."""

    event: Event
    state: str
    verdict: str
    reason: str
    behind_seq: int | None = None
    sqlstate: str | None = None
    attempts: int = 0

    def as_row(self) -> Values:
        return {
            "seq": self.event.seq,
            "event_id": str(self.event.event_id),
            "type": self.event.type,
            "aggregate_id": str(self.event.aggregate_id),
            "state": self.state,
            "verdict": self.verdict,
            "sqlstate": self.sqlstate,
            "reason": self.reason,
            "attempts": self.attempts,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What one transaction does.

    Attributes:
        apply: events whose effects are written.
        parked: events that are passed over.
        unparked: seqs that leave the parked list.
        to: the event at which the position stands afterwards; None leaves the position where it is.
        first: statements of `repair.sql` with their values, for rows that are to be written again; they run under the
            lock of the position, before the rows are read.
    """

    apply: Sequence[Event] = ()
    parked: Sequence[Parking] = ()
    unparked: Sequence[int] = ()
    to: Event | None = None
    first: Sequence[tuple[str, Values]] = ()


def apply_batch(
    connection: Connection,
    batch: Batch,
    *,
    outbox_id: UUID,
    position: Position,
    limits: Limits,
    entered: Callable[[Phase], None] = lambda _phase: None,
    decode: Callable[[Sequence[Event]], list[Decoded]] = decode_now,
    meanwhile: Callable[[], None] = lambda: None,
) -> None:
    """Apply a batch and move the position, both or neither.

    Args:
        connection: outside a transaction; outside one again when this returns or raises, unless it is lost.
        batch: what to do.
        outbox_id: whose position it is.
        position: where the batch was read from.
        limits: time limits of the transaction.
        entered: told of each phase as it begins.
        decode: reads the payloads, unless that was done already.
        meanwhile: called once, while the server works.

    Raises:
        PositionMoved: the position is not where the batch was read from; nothing was applied.
        EventFault: one event is known to be at fault; nothing was applied.
        psycopg.Error: nothing was applied, or (connection lost) the position has to be asked.
    """
    try:
        entered(Phase.POSITION)
        decoded = decode(batch.apply)
        known = _begin(connection, wanted_by(decoded), outbox_id, position, limits, batch.first)
        entered(Phase.APPLY)
        changes = fold(decoded, known)
        del decoded  # with `changes`, which is emptied as it is sent: room for what is read meanwhile
        _write(connection, batch, changes, outbox_id, position, meanwhile)
    except BaseException:
        _roll_back(connection)
        raise


def _begin(
    connection: Connection,
    wanted: Wanted,
    outbox_id: UUID,
    position: Position,
    limits: Limits,
    first: Sequence[tuple[str, Values]],
) -> Known:
    found: list[tuple[str, Rows]] = []
    with connection.pipeline():
        connection.execute("begin")
        connection.execute(query("relay", "limits"), _limits(limits))
        if connection.info.server_version >= HAS_TRANSACTION_TIMEOUT:
            whole = {"transaction_timeout": str(2 * limits.statement_timeout_ms)}
            connection.execute(query("relay", "whole_transaction_limit"), whole)
        locked = connection.execute(query("relay", "lock_position"), {"outbox_id": outbox_id})
        for statement, values in first:
            connection.execute(query("repair", statement), values)
        for kind in KINDS:
            names: Names = getattr(wanted, kind)
            for verb, slugs in (("lock", sorted(names.changed)), ("find", names.only_referred)):
                if slugs:
                    statement = query("projection", f"{verb}_{kind}s")
                    found.append((kind, connection.execute(statement, {"slugs": slugs})))
        minds = None
        if wanted.minds:
            ids = [identity for name in wanted.minds if (identity := as_uuid(name)) is not None]
            slugs = sorted(name for name in wanted.minds if as_uuid(name) is None)
            minds = connection.execute(query("projection", "find_minds"), {"slugs": slugs, "ids": ids})
    require(locked.fetchone(), position.seq, position.event_id)
    known = Known()
    for kind, rows in found:
        getattr(known, kind).update({slug: Row(id_, last) for slug, id_, last in rows.fetchall()})
    for slug, id_ in minds.fetchall() if minds is not None else ():
        known.minds[str(slug)] = known.minds[str(id_)] = UUID(str(id_))
    return known


def _write(
    connection: Connection,
    batch: Batch,
    changes: Changes,
    outbox_id: UUID,
    position: Position,
    meanwhile: Callable[[], None],
) -> None:
    with connection.pipeline():
        for kind in KINDS:
            table = getattr(changes, kind)
            _send(connection, f"insert_{kind}s", table.inserts)
            _send(connection, f"update_{kind}s", table.updates)
        _send(connection, "unlink_minds", changes.minds_unlinked)
        _send(connection, "link_minds", changes.minds_linked)
        _send(connection, "unlink_tags", changes.untagged)
        _send(connection, "add_tags", changes.tags)
        _send(connection, "link_tags", changes.tagged)
        if batch.unparked:
            names = {"outbox_id": outbox_id, "seqs": list(batch.unparked)}
            connection.execute(query("relay", "unpark"), names)
        if batch.parked:
            rows = _encode([parking.as_row() for parking in batch.parked]).decode()
            connection.execute(query("relay", "park"), {"outbox_id": outbox_id, "rows": rows})
        if batch.to is not None:
            values = {
                "outbox_id": outbox_id,
                "from_seq": position.seq,
                "to_seq": batch.to.seq,
                "to_event_id": batch.to.event_id,
                "host": host(),
                "worker_version": worker_version(),
            }
            # The row is locked and was compared: exactly one row changes.
            connection.execute(query("relay", "advance"), values)
        connection.execute("commit")
        hand_over(connection)
        meanwhile()


def _send(connection: Connection, name: str, rows: list[Values]) -> None:
    if rows:
        connection.execute(query("projection", name), {"rows": _encode(rows).decode()})
        rows.clear()


def _limits(limits: Limits) -> dict[str, str]:
    return {
        "statement_timeout": str(limits.statement_timeout_ms),
        "lock_timeout": str(limits.lock_timeout_ms),
        "idle_timeout": str(limits.idle_in_transaction_ms),
    }


def _roll_back(connection: Connection) -> None:
    """End the transaction, or the connection with it: half a transaction must not meet the next batch."""
    try:
        connection.rollback()
    except Exception:  # noqa: BLE001 - the first error is the one that counts
        connection.close()
