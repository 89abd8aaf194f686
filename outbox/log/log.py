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
from collections.abc import Iterable, Iterator, Sequence
from importlib.resources import files
from uuid import UUID

import msgspec

from outbox.catalogue import ids
from outbox.catalogue.contract import Checked
from outbox.catalogue.event import COLUMNS, Event
from outbox.catalogue.event_types import REMOVED_SLOT, STATE_SLOT, Does, may_be_removed
from outbox.clock import as_text
from outbox.errors import EventNotFound
from outbox.stored import some_ids, stored

_INSERT = (files("outbox") / "sql" / "append_event.sql").read_text()
_LAST = (files("outbox") / "sql" / "last_event.sql").read_text()
_UPSERT_HEAD = (files("outbox") / "sql" / "upsert_head.sql").read_text()
_AMONG = "seq in (select value from json_each(?))"
# One event as it stands in the log: what `COLUMNS` names, the payload as bytes.
Row = tuple[int, str, str, int, str, str, int | None, str, str, str, bytes]
# seq, type and hash of what was said last in a slot.
_Head = tuple[int, str, str]
# event_id, type, aggregate_id and refs
Outline = tuple[UUID, str, UUID, tuple[UUID, ...]]
_HEADS = "select slot, seq, type, payload_sha256 from heads where aggregate_id = ?"
_HEADS_OF_MANY = (
    "select aggregate_id, slot, seq, type, payload_sha256 from heads"
    " where aggregate_id in (select value from json_each(?))"
)


class Newest:
    """The newest event as a connection's last append left it, believed as long as nobody has written since.

    SQLite believes its own cache of pages by the same fact: `data_version` changes with each commit of another
    connection, of this process or any. What this connection writes itself changes `total_changes`.
    """

    __slots__ = ("_appended", "_changes", "_known", "_version")

    def __init__(self) -> None:
        self._version = self._changes = -1
        self._known: tuple[int, int | None] = (0, None)
        self._appended: tuple[int, int | None] = (0, None)

    def find(self, connection: sqlite3.Connection) -> tuple[int, int | None]:
        """Return the greatest seq that is used up and the newest event's id; the caller holds a write transaction."""
        (version,) = connection.execute("pragma data_version").fetchone()
        if version == self._version and connection.total_changes == self._changes:
            return self._known
        self._version, self._changes = version, -1
        seq, event_id = _last(connection)
        return seq, event_id.int if event_id is not None else None

    def appended(self, seq: int, event_id: int | None) -> None:
        """Hear what the transaction that began with `find` has appended."""
        self._appended = seq, event_id

    def keep(self, connection: sqlite3.Connection) -> None:
        """Believe it: that transaction is committed."""
        self._known, self._changes = self._appended, connection.total_changes


def append(
    connection: sqlite3.Connection, drafts: Sequence[Checked], now: dt.datetime, newest: Newest | None = None
) -> list[Row]:
    """Append what is news among `drafts`, in order; the caller holds a write transaction.

    Args:
        connection: to the file.
        drafts: what to append.
        now: when it happened.
        newest: what the connection's last append left.

    Returns:
        The rows that were appended, fewer than the drafts if some changed nothing; see `as_events`.
    """
    newest = newest or Newest()
    seq, previous = newest.find(connection)
    now_ms = int(now.timestamp() * 1000)
    occurred_at = as_text(now)
    heads = _Heads(connection, drafts)
    rows: list[Row] = []
    for draft in drafts:
        aggregate, contract = draft.aggregate, draft.contract
        said = heads.of(aggregate)
        if said and _is_unchanged(draft, said, heads):
            continue
        previous = ids.next_number(previous, now_ms)
        seq += 1
        rows.append(
            (
                seq,
                ids.as_text(previous),
                contract.type,
                contract.version,
                contract.aggregate_type,
                aggregate,
                max([head[0] for head in said.values()]) if said else None,
                _as_json(draft.refs),
                draft.payload_sha256,
                occurred_at,
                draft.payload_utf8,
            )
        )
        said[draft.slot] = heads.changed[aggregate, draft.slot] = head = seq, contract.type, draft.payload_sha256
        if contract.does is Does.REMOVES:
            said[REMOVED_SLOT] = heads.changed[aggregate, REMOVED_SLOT] = head
    connection.executemany(_INSERT, rows)
    connection.executemany(_UPSERT_HEAD, [(*slot, *head) for slot, head in heads.changed.items()])
    newest.appended(seq, previous)
    return rows


def as_events(rows: Iterable[Row]) -> tuple[Event, ...]:
    """Return rows that were appended as events."""
    return tuple(Event.from_row((*row[:-1], row[-1].decode())) for row in rows)


class _Heads:
    """What was said last of each aggregate, by slot: as it stands in the log, and with what is being appended."""

    __slots__ = ("_connection", "_known", "changed")

    def __init__(self, connection: sqlite3.Connection, drafts: Sequence[Checked]) -> None:
        self._connection = connection
        self._known: dict[str, dict[str, _Head]] = {}
        self.changed: dict[tuple[str, str], _Head] = {}
        if len(drafts) > 1:  # all with one statement
            self._known = {draft.aggregate: {} for draft in drafts}
            found = connection.execute(_HEADS_OF_MANY, [json.dumps(list(self._known))])
            for aggregate, slot, seq, type_, sha256 in found:
                self._known[aggregate][slot] = seq, type_, sha256

    def of(self, aggregate: str) -> dict[str, _Head]:
        """Return what was said last of this aggregate, by slot."""
        known = self._known.get(aggregate)
        if known is None:
            found = self._connection.execute(_HEADS, (aggregate,)).fetchall()
            known = self._known[aggregate] = {slot: (seq, type_, sha256) for slot, seq, type_, sha256 in found}
        return known


def _as_json(refs: tuple[str, ...]) -> str:
    # As json.dumps writes it, in a third of the time; the letters of an id need no escape.
    return '["' + '", "'.join(refs) + '"]' if refs else "[]"


def _is_unchanged(draft: Checked, said: dict[str, _Head], heads: _Heads) -> bool:
    head = said.get(draft.slot)
    if head is None or draft.contract.does is Does.RECORDS:  # each is a fact of its own
        return False
    seq, type_, sha256 = head
    if type_ != draft.contract.type:
        return False
    if draft.contract.does in {Does.DELETES, Does.REMOVES}:  # deleted is deleted, whenever it was
        return True
    if draft.contract.patches and STATE_SLOT in said and said[STATE_SLOT][0] > seq:
        return False
    if sha256 != draft.payload_sha256 or _is_removed_since(said, seq):
        return False
    return not any(may_be_removed(one.refers_to) for one in draft.contract.pointing) or not any(
        _is_removed_since(heads.of(ref), seq) for ref in draft.refs
    )


def _is_removed_since(said: dict[str, _Head], seq: int) -> bool:
    return REMOVED_SLOT in said and said[REMOVED_SLOT][0] > seq


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
    alike = {refs: some_ids(refs) for *_, refs in said}
    return {seq: (event_id, type_, id_, alike[refs]) for seq, event_id, type_, id_, refs in said}


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


def contains(connection: sqlite3.Connection, row: Row) -> bool:
    """Tell whether this very event is in the log: its id at its seq."""
    found = connection.execute("select event_id from events where seq = ?", [row[0]]).fetchone()
    return found is not None and found[0] == row[1]
