"""Recorded events: each is a row of `outbox.inbox`, written once, in the order of the log.

They depend on nothing and nothing depends on them but the next of the same type and key. A row is known by the event's
place in its log, so a batch that is applied again writes nothing new; what was pruned there is not brought back.
Identities of rows are given in the order of the log and under the lock of the position, so within one outbox a reader
that has seen an id never finds a smaller one later.
"""

from typing import Any
from uuid import UUID

import msgspec

from outbox import Event
from worker.apply.queries import query
from worker.connect.connection import Connection

_encode = msgspec.json.Encoder().encode


def row_of(event: Event, payload: dict[str, Any]) -> dict[str, Any]:
    """Return the row that a recorded event is."""
    return {
        "seq": event.seq,
        "event_id": str(event.event_id),
        "type": payload["type"],
        "key": payload["key"],
        "data": payload.get("data", {}),
        "occurred_at": event.occurred_at.isoformat(),
    }


def send_recorded(connection: Connection, rows: list[dict[str, Any]], outbox_id: UUID) -> None:
    """Write the rows, inside a pipeline, and look whether they are there; `rows` is emptied."""
    if not rows:
        return
    values = {"outbox_id": outbox_id, "rows": _encode(rows).decode()}
    connection.execute(query("inbox", "record"), values)
    connection.execute(query("inbox", "recorded"), values)
    rows.clear()


def differing(connection: Connection, rows: list[dict[str, Any]], outbox_id: UUID) -> list[tuple[int, str]]:
    """Return the seqs whose row is not as it was recorded, and how it differs."""
    values = {"outbox_id": outbox_id, "rows": _encode(rows).decode()}
    found = connection.execute(query("inbox", "differing"), values).fetchall()
    return [(int(str(seq)), str(how)) for seq, how in found]
