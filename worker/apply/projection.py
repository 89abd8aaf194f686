"""Applies a batch: its rows and its position, in one transaction, in two round trips.

First trip: begin, time limits, the position `for update`, and every natural key that the batch speaks of. Between the
trips the events are folded (`fold`) into row changes with real ids. Second trip: one statement per table and kind of
change, statements that look whether the rows are as they should be (`kept`), the parked rows, the new position, commit.
Each trip is one pipeline with a single sync. Once all of the second trip is on its way, and before its answers are
waited for, the caller may use the time (`meanwhile`).

Nothing here decides about failures. Whatever is raised, the transaction is rolled back or the connection is lost, and
the position in the database tells what became of it.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import msgspec
from psycopg.errors import InvalidTextRepresentation

from outbox import Event
from outbox.catalogue import STAMP, Link, active
from worker.apply.fold import Changes, LinkChange, TableChange, Values, decode, fold
from worker.apply.inbox import send_recorded
from worker.apply.kept import kept_as_it_was, name_as_stored
from worker.apply.known import Decoded, Known, Row, Wanted, as_uuid, wanted_by
from worker.apply.position import Position, require
from worker.apply.queries import query
from worker.apply.rights import ask_rights
from worker.apply.stamps import Stamps
from worker.apply.transaction import Rows, begin, lock_position, roll_back, send_position
from worker.connect.connection import Connection, Limits, hand_over
from worker.errors import KeptAsItWas, PositionMoved
from worker.judgement import Phase

STATEMENT_BYTES = 1 << 18  # of rows
_encode = msgspec.json.Encoder().encode


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
        apply: events whose effects are written, with their payloads.
        parked: events that are passed over.
        released: seqs that were released: they have to stand on the parked list, and leave it unless parked again.
        to: the event at which the position stands afterwards; None leaves the position where it is.
        keep: False for a rehearsal: everything is done and checked, deferred constraints too, and taken back.
        again: rows that are to be written again: kind, slug, and up to which event they forget who wrote them.
    """

    apply: Sequence[Decoded] = ()
    parked: Sequence[Parking] = ()
    released: Sequence[int] = ()
    to: Event | None = None
    again: Sequence[tuple[str, str, UUID]] = ()
    keep: bool = True

    @property
    def events(self) -> list[Event]:
        """The events whose effects are written."""
        return [one.event for one in self.apply]

    @property
    def last_seq(self) -> int:
        """The last event that it is through with."""
        return self.released[-1] if self.to is None else self.to.seq

    def cut(self, count: int) -> tuple["Batch", "Batch"]:
        """Return it in two parts, the first with so many of the events that are applied; nothing of it is parked."""
        end = self.apply[count - 1].event
        first, second = ([seq for seq in self.released if (seq <= end.seq) is early] for early in (True, False))
        return (
            Batch(apply=self.apply[:count], released=first, to=None if self.to is None else end),
            Batch(apply=self.apply[count:], released=second, to=self.to),
        )


def apply_batch(
    connection: Connection,
    batch: Batch,
    *,
    outbox_id: UUID,
    position: Position,
    limits: Limits,
    stamps: Stamps,
    rights: bool = False,
) -> None:
    """Apply a batch and move the position, both or neither; see `applying`."""
    whole = applying(
        connection, batch, outbox_id=outbox_id, position=position, limits=limits, stamps=stamps, rights=rights
    )
    deque(whole, maxlen=0)


def applying(
    connection: Connection,
    batch: Batch,
    *,
    outbox_id: UUID,
    position: Position,
    limits: Limits,
    stamps: Stamps,
    meanwhile: Callable[[], None] = lambda: None,
    step_by_step: bool = False,
    beside: Callable[[Connection, Batch], None] | None = None,
    rights: bool = False,
) -> Iterator[Phase]:
    """Apply a batch and move the position, both or neither, and yield each phase as it begins.

    Args:
        connection: outside a transaction; outside one again at the end or after an error, unless it is lost.
        batch: what to do.
        outbox_id: whose position it is.
        position: where the batch was read from.
        limits: time limits of the transaction.
        stamps: tells which events an outbox can have made.
        meanwhile: called while the server works.
        step_by_step: wait for each answer. A server that ends the session while more is on its way to it resets the
            line, and its last words are lost.
        beside: sends what else is to be written in this transaction, after the position; not in a rehearsal.
        rights: whether to ask what this outbox may write; see `rights`.

    Raises:
        PositionMoved: the position is not where the batch was read from, or a released event is not parked there any
            more; nothing was applied.
        EventFault: one event is known to be at fault; nothing was applied.
        KeptAsItWas: the database took a statement and kept a row as it was; nothing was applied.
        psycopg.Error: nothing was applied, or (connection lost) the position has to be asked.
    """
    trip = nullcontext if step_by_step else connection.pipeline
    try:
        yield from _applying(
            connection, batch, outbox_id, position, limits, stamps, meanwhile, trip, beside, rights=rights
        )
    except KeptAsItWas as kept:
        if not any(link.adds is not None and link.to.relation == kept.table for link in active().links.values()):
            raise
        yield from _applying(
            connection,
            replace(batch, apply=decode(batch.events)),
            outbox_id,
            position,
            limits,
            stamps,
            meanwhile,
            trip,
            beside,
            rights=rights,
            as_stored=True,
        )


def _applying(
    connection: Connection,
    batch: Batch,
    outbox_id: UUID,
    position: Position,
    limits: Limits,
    stamps: Stamps,
    meanwhile: Callable[[], None],
    trip: Callable[[], AbstractContextManager[Any]],
    beside: Callable[[Connection, Batch], None] | None,
    *,
    rights: bool = False,
    as_stored: bool = False,
) -> Iterator[Phase]:
    try:
        yield Phase.POSITION
        with trip():
            begin(connection, limits)
            locked = lock_position(connection, outbox_id)
            still_parked = _ask_whether_parked(connection, batch, outbox_id)
            allowed = ask_rights(connection, outbox_id) if rights else None
            known = ask(connection, wanted_by(batch.apply), stamps)
        require(locked.fetchone(), position)
        _require_parked(still_parked, batch)
        yield Phase.APPLY
        found = known()
        if allowed is not None:
            allowed(batch.apply, found)
        for kind, slug, newest in batch.again:
            found.write_again(kind, slug, newest)
        changes = fold(batch.apply, found)
        if as_stored:
            name_as_stored(connection, changes)
        with trip():
            send_tags(connection, changes)
            send_rows(connection, changes, as_stored=as_stored)
            send_recorded(connection, changes.recorded, outbox_id)
            _send_again(connection, batch, outbox_id)
            if batch.to is not None:  # first: what is parked lies behind the position
                send_position(connection, outbox_id, position, batch.to)
            send_parked(connection, batch, outbox_id)
            if beside is not None and batch.keep:
                beside(connection, batch)
            _send_end(connection, keep=batch.keep)
            if trip is not nullcontext:
                hand_over(connection)
            let_go(batch.apply)
            meanwhile()
    except InvalidTextRepresentation as error:
        roll_back(connection)
        kept = kept_as_it_was(error)
        if kept is None:
            raise
        raise kept from error
    except BaseException:
        roll_back(connection)
        raise


def _send_again(connection: Connection, batch: Batch, outbox_id: UUID) -> None:
    """Note that rows are written again while the position stays."""
    if batch.again:
        connection.execute(query("relay", "wrote_again"), {"outbox_id": outbox_id})


def _send_end(connection: Connection, *, keep: bool) -> None:
    if keep:
        connection.execute("commit")
        return
    connection.execute("set constraints all immediate")
    connection.execute("rollback")


def ask(connection: Connection, wanted: Wanted, stamps: Stamps) -> Callable[[], Known]:
    """Ask for every natural key, inside a pipeline, and lock what will change.

    Returns:
        Reads the answers, when the pipeline has ended.
    """
    found: list[tuple[str, bool, Rows]] = []
    occupied: list[Rows] = []
    numbered: list[tuple[str, Rows]] = []
    _take_turns(connection, wanted)
    for kind, aggregate in active().aggregates.items():
        names = wanted.of(kind)
        for verb, keys in (("lock", sorted(names.changed)), ("find", names.only_referred)):
            if keys:
                statement = query("projection", f"{verb}_{kind}s")
                found.append((kind, verb == "lock", connection.execute(statement, {"slugs": keys})))
        if names.made and aggregate.numbered:
            statement = query("projection", f"number_{kind}s")
            numbered.append((kind, connection.execute(statement, {"slugs": list(names.made)})))
        elif names.made and aggregate.id is not None:
            ids = {"ids": list(set(names.made.values()))}
            occupied.append(connection.execute(query("projection", f"occupied_{kind}s"), ids))
    removed = _ask_removed(connection, wanted)
    outsides = [(kind, _ask_outside(connection, kind, names)) for kind, names in sorted(wanted.outsides.items())]
    links = _ask_newer_links(connection, wanted)
    newest = connection.execute(query("relay", "newest_applied"))

    def answers() -> Known:
        known = Known(taken={row[0] for rows in occupied for row in rows.fetchall()})
        known.numbers.update((kind, dict(rows.fetchall())) for kind, rows in numbered)
        bound = next((UUID(str(row[0])) for row in newest.fetchall()), None)
        for kind, locked, rows in found:
            _take_rows(known, kind, rows, lambda stamp: stamps.made(stamp, bound), locked=locked)
        known.removed.update((kind, dict(rows.fetchall())) for kind, rows in removed)
        for name, rows in links:
            _take_newer_links(known, name, rows, lambda stamp: stamps.made(stamp, bound))
        for kind, rows in outsides:
            _take_outside(known, kind, rows)
        return known

    return answers


def _take_rows(known: Known, kind: str, rows: Rows, is_made: Callable[[UUID], bool], *, locked: bool) -> None:
    table = known.of(kind)
    for key, id_, last, within, owners in rows.fetchall():
        made = last is not None and is_made(last)
        table[key] = Row(id_, last if made else None, within, frozenset(owners), made)
        if last is not None and locked and not made:
            known.note_unmade(f"{kind}s", id_ or key, last)


def _take_newer_links(known: Known, name: str, rows: Rows, is_made: Callable[[UUID], bool]) -> None:
    for row_id, last in rows.fetchall():
        known.links.setdefault(name, []).append((row_id, last))
        if not is_made(last):
            known.note_unmade(f"linked_{name}s", row_id, last)


def _take_turns(connection: Connection, wanted: Wanted) -> None:
    """Whoever removes rows of a table for good does it alone, and whoever makes some beside others."""
    for kind in active().aggregates:
        names = wanted.of(kind)
        if names.changed and active().removes(kind):
            connection.execute(query("projection", f"{'alone' if names.removed else 'beside'}_{kind}s"))


def _ask_removed(connection: Connection, wanted: Wanted) -> list[tuple[str, Rows]]:
    """Ask which rows were removed for good; once they are locked, so that whoever removed one before is seen."""
    found = []
    for kind in active().aggregates:
        keys = sorted(wanted.of(kind).changed | wanted.of(kind).referred)
        if keys and active().removes(kind):
            found.append((kind, connection.execute(query("projection", f"removed_{kind}s"), {"slugs": keys})))
    return found


def _ask_outside(connection: Connection, kind: str, names: set[str]) -> Rows:
    if not active().outsides[kind].by_id:
        return connection.execute(query("projection", f"find_{kind}s"), {"slugs": sorted(names)})
    ids = [identity for name in names if (identity := as_uuid(name)) is not None]
    slugs = sorted(name for name in names if as_uuid(name) is None)
    return connection.execute(query("projection", f"find_{kind}s"), {"slugs": slugs, "ids": ids})


def _take_outside(known: Known, kind: str, rows: Rows) -> None:
    by_id, found = active().outsides[kind].by_id, known.outsides.setdefault(kind, {})
    for key, id_ in rows.fetchall():
        if by_id:
            found[str(id_)] = id_
        if not by_id or as_uuid(str(key)) is None:  # a key that spells an id is the name of no other row
            found[str(key)] = id_


def _ask_newer_links(connection: Connection, wanted: Wanted) -> list[tuple[str, Rows]]:
    found = []
    for link in active().links.values():
        if keys := wanted.linked.get(link.of.kind):
            values = {"slugs": sorted(keys), "oldest": wanted.oldest_link}
            found.append((link.name, connection.execute(query("projection", f"newer_{link.name}s"), values)))
    return found


def send_tags(connection: Connection, changes: Changes) -> None:
    """Add what is new at the other end of links, inside a pipeline: before the rows, so that others wait for us."""
    for stage in changes.stages():
        for link, change in _links(stage):
            _add(connection, link, change)


def send_rows(connection: Connection, changes: Changes, *, as_stored: bool = False) -> None:
    """Write all changed rows, inside a pipeline, and look at what was written; `changes` is emptied."""
    for stage in changes.stages():
        _send_stage(connection, stage, as_stored=as_stored)


def _send_stage(connection: Connection, changes: Changes, *, as_stored: bool) -> None:
    for unmade, (ids, stamps) in changes.unmade.items():
        connection.execute(query("projection", f"forget_{unmade}"), {"ids": ids, "stamps": stamps})
    checks: list[tuple[str, Values]] = []
    for kind in active().aggregates:
        table = changes.of(kind)
        checks += _checks(kind, table)
        _send(connection, f"insert_{kind}s", table.inserts, whole=_points_ahead(kind, table.inserts))
        _send(connection, f"update_{kind}s", table.updates)
    for link, change in _links(changes):
        for verb, rows in (("linked", change.made), ("unlinked", change.removed)):
            if rows:
                checks.append((f"{verb}_{link.name}s", {"rows": _encode(rows).decode(), "ask": not as_stored}))
    for link, change in _links(changes):
        _send(connection, f"unlink_{link.name}s", change.removed)
        _add(connection, link, change)
        _send(connection, f"link_{link.name}s", change.made)
    for name, values in checks:
        connection.execute(query("projection", name), values)
    for kind in (kind for kind in reversed(active().aggregates) if kind in changes.removed):  # what refers goes first
        removed = {"rows": _encode(changes.removed[kind]).decode()}
        connection.execute(query("projection", f"remove_{kind}s"), removed)
        connection.execute(query("projection", f"gone_{kind}s"), removed)


def _links(changes: Changes) -> Iterator[tuple[Link, LinkChange]]:
    for link in active().links.values():
        yield link, changes.linked(link.name)


def _add(connection: Connection, link: Link, change: LinkChange) -> None:
    _send(connection, f"add_{link.to.kind}s", change.added)


def _checks(kind: str, table: TableChange) -> Iterator[tuple[str, Values]]:
    """What has to hold once these rows are written."""
    catalogue = active()
    aggregate, sure_of = catalogue.aggregates[kind], catalogue.confirmed_of(kind)
    rows = [*table.inserts, *table.updates]
    if rows and aggregate.id is not None and not aggregate.numbered:
        stamps = {"ids": [row[aggregate.id] for row in rows], "stamps": [row[STAMP] for row in rows]}
        yield f"written_{kind}s", stamps
    elif rows:
        names = (*aggregate.identity, STAMP)
        written = [{name: row[name] for name in names} for row in rows]
        yield f"written_{kind}s", {"rows": _encode(written).decode()}
    names = (*aggregate.identity, *sure_of)
    taken = [{name: row[name] for name in row if name in names} for row in table.updates]
    if taken := [row for row in taken if len(row) > len(aggregate.identity)]:
        yield f"taken_{kind}s", {"rows": _encode(taken).decode()}


def _ask_whether_parked(connection: Connection, batch: Batch, outbox_id: UUID) -> Rows | None:
    if not batch.released:
        return None
    return connection.execute(query("relay", "still_parked"), {"outbox_id": outbox_id, "seqs": _array(batch.released)})


def _array(seqs: Sequence[int]) -> str:
    """As the server reads it; psycopg would look at each number to find a type for all of them."""
    return f"{{{','.join(map(str, seqs))}}}"


def _require_parked(found: Rows | None, batch: Batch) -> None:
    if found is not None and len(found.fetchall()) < len(batch.released):
        raise PositionMoved("an event that was released is not parked in the database: somebody else resolved it")


def send_parked(connection: Connection, batch: Batch, outbox_id: UUID) -> None:
    """Take what was released off the parked list, and put down what is parked, inside a pipeline."""
    again = {parking.event.seq for parking in batch.parked}
    if resolved := [seq for seq in batch.released if seq not in again]:
        connection.execute(query("relay", "unpark"), {"outbox_id": outbox_id, "seqs": _array(resolved)})
    if batch.parked:
        rows = _encode([parking.as_row() for parking in batch.parked]).decode()
        values = {"outbox_id": outbox_id, "rows": rows, "count": len(batch.parked)}
        connection.execute(query("relay", "park"), values)
        seqs = [parking.event.seq for parking in batch.parked]
        connection.execute(query("relay", "parked_stand"), {"outbox_id": outbox_id, "seqs": seqs})


def let_go(decoded: Sequence[Decoded]) -> None:
    """Give the memory of payloads back that were sent; what is asked for again is decoded again."""
    for one in decoded:
        one.payload.clear()


def _points_ahead(kind: str, rows: list[Values]) -> bool:
    """Whether a new row points at one of its own kind that comes after it: within one statement that is no fault."""
    aggregate = active().aggregates[kind]
    contracts = [contract for contract in active().contracts.values() if contract.aggregate is aggregate]
    columns = {one.column for contract in contracts for one in contract.pointing if one.refers_to is aggregate}
    if aggregate.id is None:
        return bool(columns)
    place = {row[aggregate.id]: number for number, row in enumerate(rows)}
    return any(place.get(row.get(column), -1) > number for number, row in enumerate(rows) for column in columns)


def _send(connection: Connection, name: str, rows: list[Values], *, whole: bool = False) -> None:
    """Send rows, some at a time, if they need not be `whole`: a statement is held several times until it is sent."""
    some: list[bytes] = []
    size = 0
    for row in rows:
        some.append(_encode(row))
        size += len(some[-1])
        if size >= STATEMENT_BYTES and not whole:
            _send_some(connection, name, some)
            some, size = [], 0
    if some:
        _send_some(connection, name, some)
    rows.clear()


def _send_some(connection: Connection, name: str, rows: list[bytes]) -> None:
    connection.execute(query("projection", name), {"rows": f"[{b','.join(rows).decode()}]"})
