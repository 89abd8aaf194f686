"""The log: append-only, in one order, read by position.

SQLite lets one writer in at a time, and an event gets its seq inside the write transaction. So seq order is
commit order: a reader that has seen seq n will never later find a new event below n, and "everything after n"
is all that is left to do. A rolled-back append gives its seq back, so seqs are contiguous, and how much waits
is a subtraction.

Appending a state that stands already is no news and appends nothing: `heads` keeps, for every aggregate and
slot, what was said last. A patch (a score, a status) is news again once the whole state was said after it, and anything
is once the row that it is about, or that it names, was removed for good.

An event id is made inside the same transaction, greater than the last one; so ids need no index to be unique
(`outbox check` looks whether they rise). The newest event is never deleted (a trigger refuses), so no seq is used
twice. Should the answer to COMMIT be an error although the commit happened, the id tells (`contains`): it is in the
log, or it is not.
"""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from collections.abc import Iterator, Sequence
from importlib.resources import files
from uuid import UUID

import msgspec

from outbox.catalogue import ids
from outbox.catalogue.contract import Checked
from outbox.catalogue.declaration import REMOVED_SLOT, STATE_SLOT, Does, may_be_removed
from outbox.catalogue.event import COLUMNS, Event
from outbox.clock import as_text
from outbox.errors import EventNotFound
from outbox.stored import stored

_INSERT = (files("outbox") / "sql" / "append_event.sql").read_text()
_LAST = (files("outbox") / "sql" / "last_event.sql").read_text()
_UPSERT_HEAD = (files("outbox") / "sql" / "upsert_head.sql").read_text()
_refs = msgspec.json.Decoder(tuple[UUID, ...]).decode
_AMONG = "seq in (select value from json_each(?))"
# event_id, type, aggregate_id and refs
Outline = tuple[UUID, str, UUID, tuple[UUID, ...]]
_HEADS = "select slot, seq, type, payload_sha256 from heads where aggregate_id = ?"


def append(connection: sqlite3.Connection, drafts: Sequence[Checked], now: dt.datetime) -> list[Event]:
    """Append what is news among `drafts`, in order; the caller holds a write transaction.

    Returns:
        The events that were appended; fewer than the drafts if some changed nothing.
    """
    seq, previous_id = _last(connection)
    now_ms = int(now.timestamp() * 1000)
    occurred_at = as_text(now)
    appended: list[Event] = []
    for draft in drafts:
        aggregate = str(draft.aggregate_id)
        heads = connection.execute(_HEADS, (aggregate,)).fetchall()
        if heads and _is_unchanged(connection, draft, heads):
            continue
        previous_id = ids.next_event_id(previous_id, now_ms)
        contract = draft.contract
        previous_seq = max(head[1] for head in heads) if heads else None
        seq += 1
        connection.execute(
            _INSERT,
            (
                seq,
                str(previous_id),
                contract.type,
                contract.version,
                contract.aggregate_type,
                aggregate,
                previous_seq,
                _as_json(draft.refs),
                draft.payload_sha256,
                occurred_at,
                draft.payload_utf8,
            ),
        )
        connection.execute(_UPSERT_HEAD, (aggregate, draft.slot, seq, contract.type, draft.payload_sha256))
        if contract.does is Does.REMOVES:
            connection.execute(_UPSERT_HEAD, (aggregate, REMOVED_SLOT, seq, contract.type, draft.payload_sha256))
        appended.append(
            Event(
                seq=seq,
                event_id=previous_id,
                type=contract.type,
                version=contract.version,
                aggregate_type=contract.aggregate_type,
                aggregate_id=draft.aggregate_id,
                previous_seq=previous_seq,
                refs=draft.refs,
                payload_json=draft.payload_json,
                payload_sha256=draft.payload_sha256,
                occurred_at=now,
            )
        )
    return appended


def _as_json(refs: tuple[UUID, ...]) -> str:
    # As json.dumps writes it, in a third of the time; the letters of an id need no escape.
    return '["' + '", "'.join(map(str, refs)) + '"]' if refs else "[]"


def _is_unchanged(connection: sqlite3.Connection, draft: Checked, rows: list[tuple[str, int, str, str]]) -> bool:
    heads = {slot: (seq, type_, sha256) for slot, seq, type_, sha256 in rows}
    head = heads.get(draft.slot)
    if head is None or draft.contract.does is Does.RECORDS:  # each is a fact of its own
        return False
    seq, type_, sha256 = head
    if type_ != draft.contract.type:
        return False
    if draft.contract.does in {Does.DELETES, Does.REMOVES}:  # deleted is deleted, whenever it was
        return True
    if draft.contract.patches and STATE_SLOT in heads and heads[STATE_SLOT][0] > seq:
        return False
    if sha256 != draft.payload_sha256 or (REMOVED_SLOT in heads and heads[REMOVED_SLOT][0] > seq):
        return False
    return not any(may_be_removed(one.refers_to) for one in draft.contract.pointing) or not any(
        _removed_since(connection, ref, seq) for ref in draft.refs
    )


def _removed_since(connection: sqlite3.Connection, aggregate_id: UUID, seq: int) -> bool:
    values = [str(aggregate_id), REMOVED_SLOT, seq]
    found = connection.execute("select 1 from heads where aggregate_id = ? and slot = ? and seq > ?", values)
    return found.fetchone() is not None


def read(
    connection: sqlite3.Connection,
    *,
    after: int,
    limit: int,
    event_type: str | None = None,
    aggregate_id: UUID | None = None,
    most_bytes: int | None = None,
) -> list[Event]:
    """Return up to `limit` events with a seq greater than `after`, in order; see `Outbox.read`."""
    if aggregate_id is not None:
        history = list(_history(connection, aggregate_id, after))
        chosen = [event for event in reversed(history) if event_type in {None, event.type}]
        return chosen[:limit]
    where = "seq > ?"
    values: list[int | str] = [after]
    if event_type is not None:
        where, values = f"{where} and type = ?", [*values, event_type]
    rows = connection.execute(f"select {COLUMNS} from events where {where} order by seq limit ?", [*values, limit])
    events = map(Event.from_row, rows)
    return list(events) if most_bytes is None else _up_to(most_bytes, events)


def _up_to(most_bytes: int, events: Iterator[Event]) -> list[Event]:
    taken: list[Event] = []
    total = 0
    for event in events:
        total += len(event.payload_json)
        if total > most_bytes and taken:
            break
        taken.append(event)
    return taken


def read_these(connection: sqlite3.Connection, seqs: Sequence[int], *, most_bytes: int | None = None) -> list[Event]:
    """Return the events with these seqs that are there, in order; see `Outbox.read` for `most_bytes`."""
    rows = connection.execute(f"select {COLUMNS} from events where {_AMONG} order by seq", [json.dumps(list(seqs))])
    events = map(Event.from_row, rows)
    return list(events) if most_bytes is None else _up_to(most_bytes, events)


def outlines(connection: sqlite3.Connection, seqs: Sequence[int]) -> dict[int, Outline]:
    """Return what these events are about, without their payloads."""
    rows = connection.execute(
        f"select seq, event_id, type, aggregate_id, refs from events where {_AMONG}", [json.dumps(list(seqs))]
    )
    # In one go: twenty thousand ids made one by one take longer than all else that is done with them.
    said = msgspec.convert(rows.fetchall(), list[tuple[int, UUID, str, UUID, str]])
    return {seq: (event_id, type_, id_, _refs(refs)) for seq, event_id, type_, id_, refs in said}


def read_before(connection: sqlite3.Connection, *, limit: int, event_type: str | None = None) -> list[Event]:
    """Return the newest `limit` events, in order."""
    where, values = ("type = ?", [event_type]) if event_type is not None else ("true", [])
    rows = connection.execute(f"select {COLUMNS} from events where {where} order by seq desc limit ?", [*values, limit])
    return [Event.from_row(row) for row in rows][::-1]


def _history(connection: sqlite3.Connection, aggregate_id: UUID, after: int) -> Iterator[Event]:
    """Walk the aggregate's chain from its newest event back; it needs no index of its own."""
    (seq,) = connection.execute("select max(seq) from heads where aggregate_id = ?", [str(aggregate_id)]).fetchone()
    while seq is not None and seq > after:
        event = find(connection, seq)
        if event is None:  # pruned
            return
        yield event
        seq = event.previous_seq


def find(connection: sqlite3.Connection, seq: int) -> Event | None:
    """Return the event with this seq, None if there is none (any more)."""
    row = connection.execute(f"select {COLUMNS} from events where seq = ?", [seq]).fetchone()
    return Event.from_row(row) if row else None


def get(connection: sqlite3.Connection, seq: int) -> Event:
    """Return the event with this seq.

    Raises:
        EventNotFound: there is none.
    """
    event = find(connection, seq)
    if event is None:
        raise EventNotFound(f"no event {seq} in this outbox: `outbox events` lists those that are there")
    return event


def holds(connection: sqlite3.Connection, event_id: UUID) -> bool:
    """Whether this id is an event of the log. Ids ascend with seq, so a few look-ups find it without an index."""
    wanted, low = str(event_id), 0
    high = last_seq(connection)
    while low < high:
        middle = (low + high) // 2
        row = connection.execute(
            "select seq, event_id from events where seq > ? order by seq limit 1", [middle]
        ).fetchone()
        if row[1] == wanted:
            return True
        if row[1] < wanted:
            low = row[0]
        else:
            high = middle
    return False


def last_seq(connection: sqlite3.Connection) -> int:
    """Return the seq of the newest event, 0 in an empty log."""
    return _last(connection)[0]


def _last(connection: sqlite3.Connection) -> tuple[int, UUID | None]:
    """Return the greatest seq that is used up and the id of the newest event; 0 and None in a new log."""
    row = connection.execute(_LAST).fetchone()
    if row is None:
        (used,) = connection.execute("select max(value) from meta where key = 'used_seq'").fetchone()
        return int(used or 0), None
    seq, event_id, used = row
    return max(seq, used or 0), stored(UUID, event_id)


def contains(connection: sqlite3.Connection, event: Event) -> bool:
    """Tell whether this very event is in the log: its id at its seq."""
    row = connection.execute("select event_id from events where seq = ?", [event.seq]).fetchone()
    return row is not None and row[0] == str(event.event_id)
