"""The position of this outbox in the destination, and the guard that it is the right destination.

The position stands in Postgres, in the row `outbox.sources` of this outbox, and moves in the transaction that applies
the events. A worker that moves it holds the row's lock (`for update`), so that two workers can never both apply a
batch: the second waits, and then finds that the position is not the one that its batch was read from.

Before anything is applied on a new connection the position is compared with the log. It must point at an event that
this very file holds; if it does not, the file was restored from a copy, cloned and used on both sides, or exchanged, or
the database is not the one of last time. Going on would skip events or apply them twice without a word. So the relay
refuses, says which it is, and names the way out.
"""

import socket
from dataclasses import dataclass, replace
from functools import cache
from uuid import UUID

from psycopg.errors import InvalidSchemaName, UndefinedTable

from outbox import Event, EventNotFound, RememberedPosition, __version__
from outbox.relaying import Log
from worker.apply import obstacles
from worker.apply.copies import own_event
from worker.apply.queries import query
from worker.connect.connection import Connection
from worker.errors import PositionMoved, SchemaFault, TargetRefused

SCHEMA_VERSION = 1
OLDER_COPY = "restored_outbox"


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """How far an outbox has been applied in one database.

    Attributes:
        destination_id: identity of the database.
        seq: the last seq that took effect or was parked, 0 before the first.
        event_id: the event at that seq.
    """

    destination_id: UUID
    seq: int
    event_id: UUID | None

    @classmethod
    def noted(cls, found: RememberedPosition | None) -> "Position | None":
        """Return what was noted of it; None if nothing was."""
        if found is None:
            return None
        return cls(destination_id=found.destination_id, seq=found.applied_seq, event_id=found.applied_event_id)

    def moved_to(self, event: Event | None) -> "Position":
        """Return the position at this event; None leaves it where it is."""
        return self if event is None else replace(self, seq=event.seq, event_id=event.event_id)


@cache
def host() -> str:
    """Name of this machine, noted beside the position for operators."""
    return socket.gethostname()


def greet(connection: Connection, box: Log) -> Position:
    """Identify the destination, make this outbox known to it, and check that they belong together.

    Args:
        connection: outside a transaction.
        box: the outbox that is to be delivered.

    Returns:
        The position to go on from.

    Raises:
        SchemaFault: the relay's tables are missing there, or of another version, or hide rows from us.
        TargetRefused: the position does not fit this outbox file or belongs to another login, or the database is
            another than last time.
    """
    require_seen(connection)
    destination_id = _destination(connection, box)
    check_same(destination_id, box)
    names = {"outbox_id": box.outbox_id}
    connection.execute(query("relay", "register"), {**names, "host": host(), "worker_version": __version__})
    row = connection.execute(query("relay", "position"), names).fetchone()
    if row is None:
        raise PositionMoved("the row of this outbox in outbox.sources vanished while it was read: start again")
    whose = connection.execute(query("relay", "somebody_elses"), names).fetchone()
    if whose is not None:
        raise TargetRefused(
            f"the position of this outbox belongs to the login {whose[0]}, and this is {whose[1]}",
            kind="other_login",
            remedy=f"connect as {whose[0]}, or hand it over: `worker migrate role HOST --outbox {box.outbox_id}`",
            entry="other-login",
        )
    seq, event_id = row
    position = Position(destination_id=destination_id, seq=int(str(seq)), event_id=_as_uuid(event_id))
    try:
        check_fits(position, box)
    except TargetRefused as refused:
        if refused.kind != OLDER_COPY:
            raise
        own = own_event(connection, box, parked_seqs(connection, box))
        if own is None:
            raise
        how = f"event {own.seq} here ({own.event_id}) never reached the database, which has those up to {position.seq}"
        raise _cloned(how, box) from refused
    return position


def require_seen(connection: Connection) -> None:
    """Refuse a database that may hide rows of the relay's own tables from us.

    Raises:
        SchemaFault: a policy does.
    """
    if (hides := obstacles.in_the_bookkeeping(connection)) is not None:
        raise SchemaFault(hides.what, kind=hides.kind, remedy=hides.remedy, entry="environment")


def check_same(destination_id: UUID, box: Log, leads: str = "SUPABASE_DB_URL leads") -> None:
    """Refuse another database than the one that this outbox was delivered to last.

    Raises:
        TargetRefused: it is another.
    """
    remembered = box.relay.position
    if remembered is not None and remembered.destination_id != destination_id and remembered.applied_seq > 0:
        raise TargetRefused(
            f"this is another database than last time: until now it was {remembered.destination_id}, and "
            f"{leads} to {destination_id}",
            kind="other_database",
            remedy="set it back, or deliver everything to this one with `worker replay --all`",
            entry="other-database",
        )


def check_fits(position: Position, box: Log) -> None:
    """Refuse a position that does not point into this log.

    Raises:
        TargetRefused: it is beyond the log's end, another event stands there, or what follows it was pruned.
    """
    if position.seq + 1 < box.relay.pruned_below:
        raise TargetRefused(
            f"the database was restored from an older backup: it has events up to {position.seq} of this outbox, and "
            f"those below {box.relay.pruned_below} were pruned here after it had had them",
            kind="pruned_events",
            remedy="move this outbox away and bring everything back with `generate import`",
            entry="pruned-events",
        )
    if position.seq == 0:
        return
    last_seq = box.last_seq
    if position.seq > last_seq:
        raise _shorter(position, box, last_seq)
    try:
        local = box.event(position.seq)
    except EventNotFound:
        return  # lost by a salvage; what is pruned was looked at above
    # Set back to what was pruned by a version that knew no id of it: there is none to compare.
    if position.event_id is not None and local.event_id != position.event_id:
        raise _cloned(f"event {position.seq} is {local.event_id} here, and {position.event_id} in the database", box)


def _shorter(position: Position, box: Log, last_seq: int) -> TargetRefused:
    """An older copy has nothing of its own. Ids grow with time: one newer than the database's is such an event."""
    if last_seq and position.event_id is not None:
        newest = box.event(last_seq).event_id
        if newest > position.event_id:
            return _cloned(f"event {last_seq} here ({newest}) is newer than event {position.seq} in the database", box)
    return TargetRefused(
        f"this file is an older copy: it ends at event {last_seq}, the database has those up to {position.seq}",
        kind=OLDER_COPY,
        remedy="put the newest file back, or set this one aside and rebuild it with `generate import`",
        entry="restored-outbox",
    )


def _cloned(how: str, box: Log) -> TargetRefused:
    remembered = box.relay.position
    delivered = remembered.applied_seq if remembered else 0
    return TargetRefused(
        f"two copies of one outbox were both used: {how}",
        kind="cloned_outbox",
        remedy=(
            "keep the one that was delivered; save what this one alone has, set this one aside, and take that in with "
            "`outbox import own-events.jsonl` beside the one that is kept"
        ),
        command=f"outbox export --files --after {delivered} --output own-events.jsonl",
        entry="cloned-outbox",
    )


def parked_seqs(connection: Connection, box: Log) -> set[int]:
    """Return what the position has passed without effect, as the database says, whatever the file shows."""
    rows = connection.execute(query("relay", "passed_over"), {"outbox_id": box.outbox_id}).fetchall()
    return {int(str(row[0])) for row in rows}


def history(connection: Connection, box: Log) -> tuple[UUID | None, int]:
    """Return what the database remembers of this outbox beside the position.

    Returns:
        The newest event that was applied before a replay set the position back, None if none ever did; and when the
        database was written last, in microseconds by its own clock.
    """
    row = connection.execute(query("relay", "history"), {"outbox_id": box.outbox_id}).fetchone()
    return (None, 0) if row is None else (_as_uuid(row[0]), int(str(row[1])))


def is_at(row: tuple[object, ...] | None, position: Position) -> bool:
    """Whether the row of `outbox.sources` is this position."""
    return row is not None and row[0] == position.seq and _as_uuid(row[1]) == position.event_id


def require(row: tuple[object, ...] | None, position: Position) -> None:
    """Raise unless the locked row is the position that the batch was read from.

    Raises:
        PositionMoved: it is not; the position must be read again.
    """
    if not is_at(row, position):
        found = "gone" if row is None else f"at {row[0]}"
        raise PositionMoved(f"the position was expected at {position.seq} and is {found}: somebody else moved it")


def _destination(connection: Connection, box: Log) -> UUID:
    try:
        row = connection.execute(query("relay", "destination")).fetchone()
    except (UndefinedTable, InvalidSchemaName) as exc:
        remembered = box.relay.position
        if remembered is not None and remembered.applied_seq > 0:
            raise SchemaFault(
                f"the schema outbox is gone from the database, which had events up to {remembered.applied_seq}",
                kind="schema_vanished",
                remedy=(
                    "is it being restored? then wait, this goes on by itself; is it another database? then set "
                    "SUPABASE_DB_URL back; if it was dropped for good, bring it back from a backup"
                ),
                command="worker doctor",
                entry="restored-database",
            ) from exc
        raise older("the database has no schema outbox yet") from exc
    if row is None:
        raise older("outbox.destination is empty")
    destination_id, found = row
    if found != SCHEMA_VERSION:
        message = f"the database's outbox schema is version {found}, this worker works with {SCHEMA_VERSION}"
        if int(str(found)) < SCHEMA_VERSION:
            raise older(message)
        raise SchemaFault(
            message, kind="newer_schema", remedy="install the newer worker on this host", entry="newer-schema"
        )
    return UUID(str(destination_id))


def older(what: str) -> SchemaFault:
    """Return the error for a database whose schema a migration has to bring up to date."""
    command = "worker migrate up"
    return SchemaFault(what, kind="older_schema", remedy=f"run `{command}`", command=command, entry="older-schema")


def _as_uuid(value: object) -> UUID | None:
    return None if value is None else UUID(str(value))
