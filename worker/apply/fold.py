"""Folds the events of a batch, in order, into the net change of every row they speak of.

Postgres then gets one statement per table, not one per event, and a row that five events changed is written once. The
result is that of applying the events one by one: an event older than what the row carries is left out *before* folding
(two hosts may write the same content), a patch before its row exists is a fault of that event, and a reference counts
as resolved if the database knows it or an *earlier* event of the batch makes it; never a later one, or the outcome
would depend on where a batch happens to end.

A row that is removed for good is deleted after all else was written: what still points at it refuses that, as it would
have refused the event alone. If a later event of the batch makes it anew, everything from there on is a stage of its
own, written after the first: the new row has nothing of the old one.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from outbox import Event, NewerVersion, UnknownEventType
from outbox.catalogue import STAMP, Aggregate, Contract, Does, Field, Link, Outside, active, as_key
from worker.apply.inbox import row_of
from worker.apply.known import ABOUT, Decoded, Known, Row, as_uuid
from worker.errors import DependencyFault, ForeignRow, NewerEvent, UnclaimedEvent, UndecodableEvent

Values = dict[str, Any]


@dataclass(slots=True)
class TableChange:
    """New rows and changed rows of one table; the values are ready for JSON."""

    inserts: list[Values] = field(default_factory=list)
    updates: list[Values] = field(default_factory=list)


@dataclass(slots=True)
class LinkChange:
    """Links of one table that are removed and made, and rows at their other end that are added."""

    removed: list[Values] = field(default_factory=list)
    made: list[Values] = field(default_factory=list)
    added: list[Values] = field(default_factory=list)


@dataclass(slots=True)
class Changes:
    """The net effect of a batch: by kind of aggregate, by name of link; and rows of the inbox.

    Attributes:
        removed: by kind, rows that go for good, after all else: their keys and the events.
        before: what is written before that, if a row is removed and made anew.
    """

    tables: dict[str, TableChange] = field(default_factory=dict)
    links: dict[str, LinkChange] = field(default_factory=dict)
    removed: dict[str, list[Values]] = field(default_factory=dict)
    recorded: list[Values] = field(default_factory=list)
    before: list["Changes"] = field(default_factory=list)
    unmade: dict[str, tuple[list[Any], list[UUID]]] = field(default_factory=dict)

    def stages(self) -> list["Changes"]:
        """What is written one after the other."""
        return [*self.before, self]

    def of(self, kind: str) -> TableChange:
        """The changes of one kind of aggregate."""
        return self.tables.setdefault(kind, TableChange())

    def linked(self, name: str) -> LinkChange:
        """The changes of one kind of link."""
        return self.links.setdefault(name, LinkChange())


@dataclass(slots=True)
class _Link:
    """What a batch does to one link: remove it, make it, or first the one and then the other.

    A removal that is followed by a new link still counts: the new one has its own moment of making.
    """

    created: str | None
    removed: Values | None = None
    made: Values | None = None

    def make(self, values: Values) -> None:
        first = self.made or values
        self.made = values if self.created is None else {**values, self.created: first[self.created]}

    def remove(self, values: Values) -> None:
        self.removed, self.made = values, None


@dataclass(slots=True)
class _Draft:
    row: Row
    is_new: bool
    values: Values


@dataclass(frozen=True, slots=True)
class _Lost:
    """In place of the id of a row that a newer event removed: a fault, unless a later event says something else."""

    fault: DependencyFault


def decode(events: Iterable[Event]) -> list[Decoded]:
    """Read the payloads, in today's version of their contracts.

    Raises:
        NewerEvent: a version that this worker does not know.
        UnclaimedEvent: a type that no catalogue claims.
        UndecodableEvent: not JSON, or no natural key in it.
    """
    contracts = active().contracts
    return [_decoded(event, contracts) for event in events]


def fold(batch: Iterable[Decoded], known: Known) -> Changes:
    """Fold decoded events into row changes.

    Args:
        batch: in the order of the log.
        known: what the database says about every natural key of the batch; rows that the batch makes are added to it.

    Raises:
        DependencyFault: an event refers to, or patches, what does not exist.
        ForeignRow: an event would write, or deliver into, what somebody else made and owns.
        UndecodableEvent: a field that the contract requires is missing.
    """
    return _Fold(known).run(batch)


def _decoded(event: Event, contracts: dict[str, Contract]) -> Decoded:
    try:
        payload = event.payload
    except UnknownEventType as exc:
        raise UnclaimedEvent(event.seq, event.type) from exc
    except NewerVersion as exc:
        raise NewerEvent(event.seq, event.type, event.version) from exc
    except ValueError as exc:
        raise UndecodableEvent(event.seq, event.event_id, "the payload is not JSON") from exc
    contract = contracts[event.type]
    try:
        return Decoded(event, payload, contract, contract.key_in(payload))
    except (KeyError, TypeError) as exc:
        words = f"the payload names no {', '.join(contract.aggregate.key)}"
        raise UndecodableEvent(event.seq, event.event_id, words) from exc


class _Fold:
    def __init__(self, known: Known) -> None:
        self._known = known
        self._drafts: dict[tuple[str, str], _Draft] = {}
        self._links: dict[str, dict[tuple[Any, ...], _Link]] = {}
        self._added: dict[str, dict[str, Values]] = {}
        self._recorded: list[Values] = []
        self._removed: dict[str, dict[str, Values]] = {}
        self._before: list[Changes] = []
        self._has_lost = False

    def run(self, batch: Iterable[Decoded]) -> Changes:
        for item in batch:
            try:
                self._take(item)
            except (KeyError, TypeError, AttributeError) as exc:
                raise UndecodableEvent(item.event.seq, item.event.event_id, "the payload breaks its contract") from exc
        return self._result()

    def _take(self, item: Decoded) -> None:
        contract = item.contract
        match contract.does:
            case Does.MAKES:
                self._upsert(item)
            case Does.PATCHES | Does.DELETES:
                self._patch(item)
            case Does.LINKS | Does.UNLINKS:
                assert contract.link is not None  # noqa: S101 - it was declared with one
                self._relink(item, contract.link, linked=contract.does is Does.LINKS)
            case Does.REMOVES:
                self._remove(item)
            case Does.RECORDS:
                self._recorded.append(row_of(item.event, item.payload))

    def _upsert(self, item: Decoded) -> None:
        event, aggregate, key = item.event, item.contract.aggregate, item.key
        rows = self._known.of(aggregate.kind)
        row = rows.get(key)
        if (row is not None and _is_stale(event, row)) or self._is_removed(item):
            return
        if row is None and key in self._removed.get(aggregate.kind, {}):
            self._before.append(self._stage())
        values = self._values(item)
        if aggregate.soft_delete is not None:
            values[aggregate.soft_delete] = None
        if row is not None and row.is_foreign and not self._is_same_owner(aggregate, row, values):
            raise _foreign(item)
        if row is None:
            row = Row(self._new_id(item), None)
            made = {**_identity(item, row), **{name: item.payload[name] for name in aggregate.key}}
            if aggregate.created is not None:
                made[aggregate.created] = event.occurred_at.isoformat()
            self._drafts[aggregate.kind, key] = _Draft(row, is_new=True, values={**aggregate.defaults, **made})
        rows[key] = self._taken_over(item, row, values)
        self._merge(item, row, values)

    def _new_id(self, item: Decoded) -> Any:
        aggregate, event = item.contract.aggregate, item.event
        if aggregate.id is None:
            return item.key
        if aggregate.numbered:
            return self._known.numbers[aggregate.kind][item.key]
        # An id that a row of another name has is no reason to keep this one out: rows are known by their names.
        return event.event_id if event.aggregate_id in self._known.taken else event.aggregate_id

    def _taken_over(self, item: Decoded, row: Row, values: Values) -> Row:
        """The row as the rest of the batch is to see it: ours, and with the owner that the event names."""
        owner, payload = item.contract.aggregate.owner, item.payload
        within, owners = row.within, row.owners
        if owner is not None and owner.column is not None and owner.column in values:
            named = _uuid(values[owner.column])
            owners = frozenset() if named is None else frozenset({named})
        elif owner is not None and owner.through in payload:
            one = item.contract.by_name.get(owner.through)
            if one is not None and one.refers_to is not None:
                rows = self._known.of(one.refers_to.kind)
                through = None if payload[one.field] is None else rows.get(as_key(payload[one.field]))
                within = None if through is None else through.id
        return Row(row.id, row.last_event_id, within, owners, is_ours=True)

    def _is_same_owner(self, aggregate: Aggregate, row: Row, values: Values) -> bool:
        """Whether what an event says of a row that no outbox made leaves it with those whose it is."""
        owner = aggregate.owner
        if owner is None:
            return False
        if owner.column is not None:
            return owner.column not in aggregate.nulls and row.owners == {_uuid(values.get(owner.column))}
        over, column = active().owned_through(aggregate.kind)
        within = next((one for one in self._known.of(over).values() if str(one.id) == values.get(column)), None)
        return within is not None and (row.within == within.id or row.owners == within.owners)

    def _patch(self, item: Decoded) -> None:
        contract, event = item.contract, item.event
        row = self._known.of(contract.aggregate_type).get(item.key)
        if self._is_removed(item):
            return
        if row is None:
            raise self._no_row(item)
        if _is_stale(event, row):
            return
        if row.is_foreign:
            raise _foreign(item)
        values = self._values(item)
        if contract.does is Does.DELETES and contract.aggregate.soft_delete is not None:
            column = contract.aggregate.soft_delete
            values[column] = values.get(column) or event.occurred_at.isoformat()
        self._merge(item, row, values)

    def _remove(self, item: Decoded) -> None:
        """Remove a row for good, and remember it: also one that is not there, for an older event may come later."""
        kind, event = item.contract.aggregate_type, item.event
        if self._is_removed(item):
            return
        row = self._known.of(kind).get(item.key)
        self._known.removed.setdefault(kind, {})[item.key] = event.event_id
        self._removed.setdefault(kind, {})[item.key] = {"name": item.key, "stamp": str(event.event_id)}
        if row is None or _is_stale(event, row):
            return
        if row.is_foreign:
            raise _foreign(item)
        del self._known.of(kind)[item.key]
        self._known.taken.discard(row.id)
        draft = self._drafts.get((kind, item.key))
        if draft is not None and any(isinstance(value, _Lost) for value in draft.values.values()):
            del self._drafts[kind, item.key]

    def _is_removed(self, item: Decoded) -> bool:
        """Whether this very event, or a newer one, removed the row."""
        removed = self._known.removed_by(item.contract.aggregate_type, item.key)
        return removed is not None and item.event.event_id <= removed

    def _merge(self, item: Decoded, row: Row, values: Values) -> None:
        name = (item.contract.aggregate.kind, item.key)
        draft = self._drafts.get(name)
        if draft is None:
            draft = self._drafts[name] = _Draft(row, is_new=False, values=_identity(item, row))
        for column in item.contract.merged:
            if column in values and isinstance(draft.values.get(column), dict):
                values[column] = {**draft.values[column], **values[column]}
        draft.values |= values
        draft.values[STAMP] = str(item.event.event_id)

    def _values(self, item: Decoded) -> Values:
        """What an event says, by column.

        Raises:
            DependencyFault: it refers to what does not exist.
            ForeignRow: what it delivers into, or aims at, is somebody else's.
        """
        contract, payload = item.contract, item.payload
        fields, values = contract.by_name, {}
        for name, value in payload.items():
            one = fields.get(name)
            if one is not None:
                values[one.column] = value if value is None or one.refers_to is None else self._id(item, one, value)
        for one in contract.pointing:
            if payload.get(one.field) is not None:
                self._require_own(item, one, values)
        return values

    def _require_own(self, item: Decoded, one: Field, values: Values) -> None:
        assert isinstance(one.refers_to, Aggregate)  # noqa: S101 - as all that point
        there, here = one.refers_to.owner, item.contract.aggregate.owner
        name = as_key(item.payload[one.field])
        row = self._known.of(one.refers_to.kind).get(name)
        if row is None or not row.is_foreign:
            return
        if there is not None and here is not None:
            if there.column is not None and here.column is not None:
                if row.owners == {_uuid(values.get(here.column))}:
                    return
            elif there.through is not None and one.refers_to is item.contract.aggregate:
                _, column = active().owned_through(one.refers_to.kind)
                if row.within is not None and str(row.within) == values.get(column):
                    return
        raise _foreign(item, one.refers_to, name)

    def _id(self, item: Decoded, one: Field, value: Any) -> Any:
        if isinstance(one.refers_to, Outside):
            return self._outside_id(item, one.refers_to, value)
        assert one.refers_to is not None  # noqa: S101 - asked for by the caller
        name = as_key(value)
        row = self._known.of(one.refers_to.kind).get(name)
        if row is None:
            fault = self._nobody(item, "refers to", one.refers_to, name)
            removed = self._known.removed_by(one.refers_to.kind, name)
            if removed is not None and item.event.event_id <= removed:
                self._has_lost = True
                return _Lost(fault)
            raise fault
        return str(row.id)

    def _outside_id(self, item: Decoded, outside: Outside, value: Any) -> str:
        name = as_key(value)
        spelt = as_uuid(name) if outside.by_id else None
        found = self._known.outsides.get(outside.kind, {}).get(str(spelt or name))
        if found is None:
            words = f"it refers to {outside.kind} {name}, which does not exist"
            raise DependencyFault(item.event.seq, item.event.event_id, words, table=outside.relation)
        return str(found)

    def _relink(self, item: Decoded, link: Link, *, linked: bool) -> None:
        """Make a link or remove it; the other end stands by its id, or by its name if it may have to be added."""
        event, payload = item.event, item.payload
        row = self._known.of(link.of.kind).get(item.key)
        if self._goes_with_its_row(link.of, item.key, item, linked=linked):
            return
        if row is None:
            raise self._no_row(item)
        if row.is_foreign:
            raise _foreign(item)
        end = self._other_end(item, link, linked=linked)
        if end is None:
            return
        end |= {name: payload[name] for name in link.keys}
        values = {link.columns[0]: str(row.id), **end}
        if link.of.id is None or link.of.numbered:
            values[ABOUT] = str(event.aggregate_id)
        if linked:
            values |= {one.column: payload[one.field] for one in active().further_of(link)}
        if link.created is not None:
            values[link.created] = event.occurred_at.isoformat()
        values[STAMP] = str(event.event_id)
        links = self._links.setdefault(link.name, {})
        one = links.setdefault((row.id, *end.values()), _Link(link.created))
        (one.make if linked else one.remove)(values)
        if linked and isinstance(link.to, Outside) and link.to.adds is not None:
            added = {link.to.key: payload[link.name], **{name: payload.get(name) for name in link.to.adds}}
            self._added.setdefault(link.name, {}).setdefault(payload[link.name], added)

    def _other_end(self, item: Decoded, link: Link, *, linked: bool) -> Values | None:
        """The column of a link for its other end; None if the link is gone with that."""
        said = item.payload[link.name]
        if isinstance(link.to, Outside):
            return (
                {link.name: said} if link.adds is not None else {link.columns[1]: self._outside_id(item, link.to, said)}
            )
        name = as_key(said)
        if self._goes_with_its_row(link.to, name, item, linked=linked):
            return None
        other = self._known.of(link.to.kind).get(name)
        if other is None:
            raise self._nobody(item, "refers to", link.to, name)
        return {link.columns[1]: str(other.id)}

    def _goes_with_its_row(self, end: Aggregate, key: str, item: Decoded, *, linked: bool) -> bool:
        """Whether a link is gone because one of its ends is, or was at a later time."""
        removed = self._known.removed_by(end.kind, key)
        if removed is None:
            return False
        return item.event.event_id <= removed or (not linked and key not in self._known.of(end.kind))

    def _no_row(self, item: Decoded) -> DependencyFault:
        return self._nobody(item, "changes", item.contract.aggregate, item.key)

    def _nobody(self, item: Decoded, verb: str, aggregate: Aggregate, key: str) -> DependencyFault:
        removed = self._known.removed_by(aggregate.kind, key)
        gone = "does not exist" if removed is None else f"event {removed} removed"
        words = f"it {verb} {aggregate.kind} {key}, which {gone}"
        return DependencyFault(item.event.seq, item.event.event_id, words, table=aggregate.relation)

    def _result(self) -> Changes:
        changes = self._stage()
        changes.before, changes.recorded = self._before, self._recorded
        changes.stages()[0].unmade = self._known.unmade
        return changes

    def _stage(self) -> Changes:
        """What was folded since the last one."""
        changes = Changes(removed={kind: list(rows.values()) for kind, rows in self._removed.items()})
        for (kind, _), draft in self._drafts.items():
            for value in draft.values.values() if self._has_lost else ():
                if isinstance(value, _Lost):
                    raise value.fault
            table = changes.of(kind)
            (table.inserts if draft.is_new else table.updates).append(draft.values)
        for name, links in self._links.items():
            change = changes.linked(name)
            change.removed = [link.removed for link in links.values() if link.removed is not None]
            change.made = [link.made for link in links.values() if link.made is not None]
            change.added = list(self._added.get(name, {}).values())
        for folded in (self._drafts, self._links, self._added, self._removed):
            folded.clear()
        return changes


def _identity(item: Decoded, row: Row) -> Values:
    """The columns by which the row is found, with their values."""
    aggregate = item.contract.aggregate
    return {name: item.payload[name] for name in aggregate.key} if aggregate.id is None else {aggregate.id: str(row.id)}


def _is_stale(event: Event, row: Row) -> bool:
    return row.last_event_id is not None and event.event_id <= row.last_event_id


def _foreign(item: Decoded, aggregate: Aggregate | None = None, key: str | None = None) -> ForeignRow:
    of = aggregate or item.contract.aggregate
    what = f"{of.kind} {item.key if key is None else key}"
    return ForeignRow(item.event.seq, item.event.event_id, what, active().owned_by(of.kind))


def _uuid(value: Any) -> UUID | None:
    return None if value is None else UUID(str(value))
