"""What a batch speaks of, and what the database says about it."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from outbox import Event
from outbox.catalogue import Contract, Does, Link, Outside, active, as_key

# Under which name a link says whose it is, where its table holds no uuid that could: no column is named so.
ABOUT = "its aggregate"


@dataclass(frozen=True, slots=True)
class Row:
    """A row that exists, or will once this batch is applied.

    Attributes:
        id: chosen by what made the row: the server, long ago, or us, offline; its key if it has no id.
        last_event_id: the event that wrote it last; older events leave it alone. None if it names one that no outbox
            made.
        within: the row through which it belongs to somebody (`Owner.through`).
        owners: to whom it belongs (`Owner`).
        is_ours: an outbox made it, or took it over.
    """

    id: Any
    last_event_id: UUID | None
    within: UUID | None = None
    owners: frozenset[UUID] = frozenset()
    is_ours: bool = True

    @property
    def is_foreign(self) -> bool:
        """Somebody made it who is no outbox, and it is theirs."""
        return not self.is_ours and bool(self.owners)


@dataclass(slots=True)
class Names:
    """Natural keys: `changed` are those of rows that the events change or link, `referred` those they only point at.

    `made` are those of rows that may be new, with the ids that they get then; `removed` those that go for good.
    """

    changed: set[str] = field(default_factory=set)
    referred: set[str] = field(default_factory=set)
    made: dict[str, UUID] = field(default_factory=dict)
    removed: set[str] = field(default_factory=set)

    @property
    def only_referred(self) -> list[str]:
        return sorted(self.referred - self.changed)


@dataclass(slots=True)
class Wanted:
    """All natural keys of a batch.

    Attributes:
        aggregates: by kind.
        outsides: names of rows that no event makes, by kind.
        linked: natural keys of rows whose links change, by kind.
        oldest_link: the first event that changes a link.
    """

    aggregates: dict[str, Names] = field(default_factory=dict)
    outsides: dict[str, set[str]] = field(default_factory=dict)
    linked: dict[str, set[str]] = field(default_factory=dict)
    oldest_link: UUID | None = None

    def of(self, kind: str) -> Names:
        """The natural keys of one kind."""
        return self.aggregates.setdefault(kind, Names())


@dataclass(slots=True)
class Known:
    """What exists.

    Attributes:
        rows: kind -> natural key -> row.
        outsides: kind -> name -> id; by id as well, where rows are named by either.
        taken: ids that rows have already.
        numbers: kind -> natural key -> the number that a row gets if it is new.
        removed: kind -> natural key -> the event that removed the row for good.
        links: name of the link -> rows of theirs that these events, or newer ones, wrote: whose, and the event.
        unmade: stamps that name an event which no outbox made, by table: ids of the rows and the stamps.
    """

    rows: dict[str, dict[str, Row]] = field(default_factory=dict)
    outsides: dict[str, dict[str, Any]] = field(default_factory=dict)
    taken: set[UUID] = field(default_factory=set)
    numbers: dict[str, dict[str, int]] = field(default_factory=dict)
    removed: dict[str, dict[str, UUID]] = field(default_factory=dict)
    links: dict[str, list[tuple[Any, UUID]]] = field(default_factory=dict)
    unmade: dict[str, tuple[list[Any], list[UUID]]] = field(default_factory=dict)

    def of(self, kind: str) -> dict[str, Row]:
        """The rows of one kind, by natural key."""
        return self.rows.setdefault(kind, {})

    def removed_by(self, kind: str, key: str) -> UUID | None:
        """Return the event that removed a row of this name, whether or not a later one made it again."""
        return self.removed.get(kind, {}).get(key)

    def write_again(self, kind: str, key: str, newest: UUID) -> None:
        """Let a row and its links forget which event wrote or removed them, unless one newer than this did."""
        rows = self.of(kind)
        if (removed := self.removed_by(kind, key)) is not None and removed <= newest:
            del self.removed[kind][key]
        row = rows.get(key)
        for link in active().links.values():
            for row_id, stamp in self.links.get(link.name, ()) if link.of.kind == kind and row is not None else ():
                if stamp <= newest:
                    self.note_unmade(f"linked_{link.name}s", row_id, stamp)
        if row is not None and row.last_event_id is not None and row.last_event_id <= newest:
            self.note_unmade(f"{kind}s", row.id or key, row.last_event_id)
            rows[key] = replace(row, last_event_id=None)

    def note_unmade(self, table: str, row_id: Any, stamp: UUID) -> None:
        """A stamp is to be removed before its row is written."""
        ids, stamps = self.unmade.setdefault(table, ([], []))
        ids.append(row_id)
        stamps.append(stamp)


@dataclass(frozen=True, slots=True)
class Decoded:
    """An event with its payload as data.

    Attributes:
        event: as it stands in the log.
        payload: in today's version of its type.
        contract: of its type.
        key: the natural key of its aggregate.
    """

    event: Event
    payload: dict[str, Any]
    contract: Contract
    key: str


def wanted_by(decoded: Iterable[Decoded]) -> Wanted:
    """Collect every natural key that the events speak of."""
    wanted = Wanted()
    for item in decoded:
        contract, payload = item.contract, item.payload
        if contract.does is Does.RECORDS:  # it speaks of no row but its own
            continue
        # Links, too: of two hosts that change one content at once, the second must see the first.
        names = wanted.of(contract.aggregate_type)
        names.changed.add(item.key)
        if contract.does is Does.REMOVES:
            names.removed.add(item.key)
        if contract.does is Does.MAKES:
            names.made[item.key] = item.event.aggregate_id
        elif contract.link is not None:
            _want_link(wanted, item, contract.link)
        for one in contract.fields:
            if one.refers_to is not None and (value := payload.get(one.field)) is not None:
                if not isinstance(one.refers_to, Outside):
                    wanted.of(one.refers_to.kind).referred.add(as_key(value))
                elif value:
                    wanted.outsides.setdefault(one.refers_to.kind, set()).add(as_key(value))
    return wanted


def _want_link(wanted: Wanted, item: Decoded, link: Link) -> None:
    wanted.linked.setdefault(link.of.kind, set()).add(item.key)
    wanted.oldest_link = min(item.event.event_id, wanted.oldest_link or item.event.event_id)
    other = link.to
    if isinstance(other, Outside) and other.adds is None and (name := item.payload.get(link.name)):
        wanted.outsides.setdefault(other.kind, set()).add(as_key(name))


def references_of(item: Decoded) -> Iterable[tuple[str, str]]:
    """Kind and natural key of the rows that an event points at."""
    return [
        (one.refers_to.kind, as_key(value))
        for one in item.contract.pointing
        if one.refers_to is not None and (value := item.payload.get(one.field)) is not None
    ]


def as_uuid(name: str) -> UUID | None:
    """Return the id that `name` spells, None if it is a slug."""
    try:
        return UUID(name)
    except ValueError:
        return None
