"""The language of catalogues: what an event says, and where it lands.

A catalogue is data. It declares the tables that events write (`Aggregate`), those that they only point at (`Outside`),
the many-to-many tables between them (`Link`), and one class for each event type. The field of a payload is the column
of the same name unless its annotation says otherwise, so a column is named once.

    customer = Outside("customer", table="shop.customers", key="email", id="id")
    order = Aggregate("order", table="shop.orders", key=("number",), id="id", created="created_at")

    @event_type("order.placed", makes=order, example={"number": "A-17", "customer": "ana@example.org"})
    class OrderPlaced(Payload, frozen=True):
        "Inserts or updates the order."
        number: str
        customer: Annotated[str, column("customer_id", refers_to=customer)]

    CATALOGUE = Catalogue("shop", events=[OrderPlaced])

The log, the relay, `worker verify` and the documentation are derived from it. A mistake in a declaration raises
`CatalogueError` when the module is imported.
"""

from __future__ import annotations

import builtins
import json
import operator
import re
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import msgspec

from outbox.catalogue import ids
from outbox.errors import CatalogueError, UnknownEventType

# Slot of the whole state of an aggregate: what makes it and what deletes it replace each other.
STATE_SLOT = "state"
# Noted beside it when a row is removed for good: what was said before that is news again. No event has such a slot.
REMOVED_SLOT = "-removed"
# What the rows of an aggregate bear: the event that wrote them last.
STAMP = "last_event_id"

Step = Callable[[dict[str, Any]], dict[str, Any]]
_TYPE = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*\Z")
_NAME = re.compile(r"[^\W\d][\w$]{0,62}\Z")  # of PostgreSQL; always quoted where it is written into a statement


class Payload(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True, omit_defaults=False):
    """What an event says. Instances are checked when they are appended, not when they are made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """A table whose rows no event makes, but for those that a link may add.

    Attributes:
        kind: what one row is called.
        table: with its schema.
        key: the column by which events name a row.
        id: the column that foreign keys point at.
        by_id: an event may name a row by its id as well; then the id is a uuid.
        adds: columns that a new row gets beside its key, from the fields of the same names of the event that links it;
            None if such a row must exist.
    """

    kind: str
    table: str
    key: str
    id: str
    by_id: bool = False
    adds: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        _names(self, "adds")
        _check_names(f"Outside {self.kind!r}", self.kind, self.key, self.id, *(self.adds or ()))
        _check_table(f"Outside {self.kind!r}", self.table)

    @property
    def relation(self) -> str:
        """The table without its schema."""
        return self.table.rpartition(".")[2]

    @property
    def identity(self) -> tuple[str, ...]:
        """The column by which a row is found again once it is known."""
        return (self.id,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Whose a row is that no outbox made. Events leave such a row alone unless they name the same owner.

    Attributes:
        column: names the owner.
        through: or a field that refers to an aggregate; the row belongs to that one's owner.
        or_linked: without one, the row belongs to whom a link of this name says, in one of these roles.
    """

    column: str | None = None
    through: str | None = None
    or_linked: tuple[str, tuple[str, ...]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Aggregate:
    """A table that events write, one row for each natural key.

    Attributes:
        kind: first part of the names of its event types.
        table: with its schema.
        key: fields that name a row; columns of the same names. One may be given as text.
        id: the column that foreign keys point at; None if they point at the natural key, which has one part then.
        numbered: the id is a number of the table's own sequence, and not a uuid made of the natural key.
        created: column of the moment of the event that made the row.
        defaults: what a new row gets where the event leaves it open, by column; an existing row keeps its own.
        nulls: columns that are null in a new row, whatever their default.
        soft_delete: column of the moment of its deletion.
        owner: whose rows of other makers are.
    """

    kind: str
    table: str
    key: tuple[str, ...]
    id: str | None = "id"
    numbered: bool = False
    created: str | None = None
    defaults: Mapping[str, Any] = field(default_factory=dict)
    nulls: tuple[str, ...] = ()
    soft_delete: str | None = None
    owner: Owner | None = None

    def __post_init__(self) -> None:
        where = f"Aggregate {self.kind!r}"
        _names(self, "key", "nulls")
        names = [name for name in (self.id, self.created, self.soft_delete) if name is not None]
        _check_names(where, self.kind, *self.key, *names, *self.defaults, *self.nulls)
        _check_table(where, self.table)
        if not self.key:
            raise CatalogueError(f"{where} has no key: name the fields that tell one row from another")
        if self.numbered and self.id is None:
            raise CatalogueError(f"{where}: numbered says that its id is a number: name its column")

    @property
    def identity(self) -> tuple[str, ...]:
        """The columns by which a row is found again once it is known."""
        return self.key if self.id is None else (self.id,)

    @property
    def relation(self) -> str:
        """The table without its schema."""
        return self.table.rpartition(".")[2]

    def key_in(self, payload: Mapping[str, Any]) -> str:
        """Return the natural key that a payload names, as text; the parts of a key of several as a JSON array.

        Raises:
            KeyError: a part of it is not there.
        """
        if len(self.key) == 1:
            return as_key(payload[self.key[0]])
        return as_key([payload[name] for name in self.key])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Link:
    """Rows of a many-to-many table, which are there or not.

    What else the events that link say are further columns of the row.

    Attributes:
        name: field of the events that names the other end.
        of: the aggregate that the events are about.
        to: the other end; an `Outside` that `adds` gets a new row where there is none.
        table: with its schema.
        columns: those that hold both ends: the id, or the natural key where there is no id.
        keys: fields that tell several links of the same two ends apart; columns of the same names.
        created: column of the moment of the event that made the link.
        remembered: under which name removed links stand in `outbox.removed_links`; the table by default.
    """

    name: str
    of: Aggregate
    to: Aggregate | Outside
    table: str
    columns: tuple[str, str]
    keys: tuple[str, ...] = ()
    created: str | None = None
    remembered: str = ""

    def __post_init__(self) -> None:
        _names(self, "columns", "keys")
        if len(self.columns) != len(("of", "to")):
            raise CatalogueError(f"Link {self.name!r}: columns are two, one for each end")
        for end in (self.of, self.to):
            if len(end.identity) > 1:
                raise CatalogueError(
                    f"Link {self.name!r}: no single column can hold which {end.kind!r} it is: give {end.table} an id, "
                    f"or declare {self.table} as an aggregate whose key is all of its columns"
                )
        names = [*self.columns, *self.keys, *(one for one in (self.created, self.remembered) if one)]
        _check_names(f"Link {self.name!r}", self.name, *names)
        _check_table(f"Link {self.name!r}", self.table)

    @property
    def relation(self) -> str:
        """The table without its schema."""
        return self.table.rpartition(".")[2]

    @property
    def memory(self) -> str:
        """Under which name its removed rows are remembered."""
        return self.remembered or self.table

    @property
    def adds(self) -> tuple[str, ...] | None:
        """Columns that a new row at the other end gets beside its key; None if it must exist."""
        return self.to.adds if isinstance(self.to, Outside) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """Where a field lands; made by `column`."""

    name: str | None = None
    refers_to: Aggregate | Outside | None = None
    merged: bool = False
    body: bool = False
    path: bool = False


def column(
    name: str | None = None,
    *,
    refers_to: Aggregate | Outside | None = None,
    merged: bool = False,
    body: bool = False,
    path: bool = False,
) -> Column:
    """Say in the annotation of a payload's field where it lands.

    Args:
        name: of the column, if it is not that of the field.
        refers_to: the field names a row of another table by its natural key; the column holds its id.
        merged: the column is a jsonb object, and the event's keys are merged into it.
        body: a long text: compared by its hash, and written again only if it differs.
        path: the file that holds the body, relative to CONTENT_ROOT.
    """
    if refers_to is not None and not isinstance(refers_to, Aggregate | Outside):
        raise CatalogueError(
            f"refers_to={refers_to!r} is no table: in a class body a field hides the variable of the same name. Rename "
            "one of them, or begin the module with `from __future__ import annotations`"
        )
    return Column(name=name, refers_to=refers_to, merged=merged, body=body, path=path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A field of a payload and its column.

    Attributes:
        field: of the payload.
        column: of the table.
        refers_to: what it names by natural key, if anything.
        merged: keys are merged into it.
        body: a long text.
        path: a file's path.
        required: every event of the type sets it.
    """

    field: str
    column: str
    refers_to: Aggregate | Outside | None
    merged: bool
    body: bool
    path: bool
    required: bool


class Does(Enum):
    """What an event does with the row of its aggregate."""

    MAKES = "makes"
    PATCHES = "patches"
    DELETES = "deletes"
    LINKS = "links"
    UNLINKS = "unlinks"
    REMOVES = "removes"
    RECORDS = "records"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """One event type.

    Attributes:
        type: name as in the log, ``aggregate.happened``.
        version: the version written today; older ones are upcast when read (`outbox.catalogue.upcast`).
        steps: version -> what makes a payload of the next one of it.
        payload: class of the payload.
        aggregate: what it is about.
        does: what it does with that.
        link: which link it makes or removes.
        fields: where its fields land, without those of the key.
        slot: names what a later event replaces; an event equal to the newest one in its slot is no news.
        key: the natural key that a payload object names.
        refs: ids, as text, of the other aggregates that must exist before this event can be applied.
        effect: one sentence for the docs: what happens in Postgres.
        example: a payload for the docs and the tests.
        aggregate_type: kind of the aggregate, as in the log.
        patches: whether the same patch is news again after a later event that makes the row.
        body: the field that holds the text of a file.
        path: the field that holds the path of that file.
        by_name: the fields by their names.
        pointing: those that name a row of an aggregate.
        merged: columns that are merged by key.
        key_types: of the parts of the natural key, as JSON has them.
        key_is_text: the natural key is one text.
    """

    type: str
    version: int
    steps: Mapping[int, Step]
    payload: builtins.type[Payload]
    aggregate: Aggregate
    does: Does
    link: Link | None
    fields: tuple[Field, ...]
    slot: Callable[[Any], str]
    key: Callable[[Any], str]
    refs: Callable[[Any], tuple[str, ...]]
    effect: str
    example: Payload
    aggregate_type: str
    patches: bool
    body: str | None
    path: str | None
    by_name: Mapping[str, Field]
    pointing: tuple[Field, ...]
    merged: frozenset[str]
    key_types: tuple[builtins.type, ...]
    key_is_text: bool

    def key_in(self, payload: Mapping[str, Any]) -> str:
        """Return the natural key that a payload names, as data.

        Raises:
            KeyError: a part of it is not there, or of another type.
        """
        for name, kind in zip(self.aggregate.key, self.key_types, strict=True):
            if type(payload[name]) is not kind:
                raise KeyError(name)
        return self.aggregate.key_in(payload)


def as_key(value: Any) -> str:
    """Return a natural key as text: its one part as it is, several parts as a JSON array."""
    if isinstance(value, str):
        return value
    plain = msgspec.to_builtins(value)
    # As jsonb spells it.
    return json.dumps(plain, ensure_ascii=False) if isinstance(plain, list | tuple) else str(plain)


_P = typing.TypeVar("_P", bound=Payload)
_DECLARED: dict[builtins.type[Payload], Contract] = {}
_REMOVED_FOR_GOOD: set[Aggregate] = set()


def event_type(
    type_: str,
    *,
    example: Mapping[str, Any],
    makes: Aggregate | None = None,
    patches: Aggregate | None = None,
    deletes: Aggregate | None = None,
    links: Link | None = None,
    unlinks: Link | None = None,
    removes: Aggregate | None = None,
    records: Aggregate | None = None,
    slot: str | None = None,
    version: int = 1,
    steps: Mapping[int, Step] | None = None,
) -> Callable[[builtins.type[_P]], builtins.type[_P]]:
    """Declare a payload class as an event type; the class's docstring says in one sentence what happens in Postgres.

    Args:
        type_: ``aggregate.happened``.
        example: a payload for the docs and the tests.
        makes: the event says the whole state of a row, and makes it if it is new.
        patches: it sets some columns of a row that exists.
        deletes: it sets the column for the moment of deletion (`soft_delete`); the row stays.
        links: it makes a link.
        unlinks: it removes a link.
        removes: it removes the row for good, and what was said before does not bring it back; a later event that
            makes it does.
        records: it is itself a row, each event one; for `Recorded`.
        slot: of a patch: what a later event of the same slot replaces; by default what follows the dot of `type_`.
        version: of the payload.
        steps: for each earlier version, what makes the next one of it.

    Raises:
        CatalogueError: the declaration contradicts itself.
    """
    chosen = [
        (does, one)
        for does, one in zip(Does, (makes, patches, deletes, links, unlinks, removes, records), strict=True)
        if one is not None
    ]
    if len(chosen) != 1:
        raise CatalogueError(f"event {type_!r}: say one of makes, patches, deletes, links, unlinks, removes")
    ((does, about),) = chosen
    if does is Does.PATCHES and (slot or type_.partition(".")[2]) == STATE_SLOT:
        raise CatalogueError(
            f"event {type_!r}: the slot {STATE_SLOT!r} is that of the whole row: give the patch another"
        )
    link = about if isinstance(about, Link) else None
    aggregate = about.of if isinstance(about, Link) else about
    _check_type(type_, aggregate, version, steps or {})
    if does is Does.REMOVES:
        _REMOVED_FOR_GOOD.add(aggregate)

    def declared(payload: builtins.type[_P]) -> builtins.type[_P]:
        fields = tuple(_fields(type_, payload, aggregate, link))
        hints = typing.get_type_hints(payload)
        _DECLARED[payload] = Contract(
            type=type_,
            version=version,
            steps=dict(steps or {}),
            payload=payload,
            aggregate=aggregate,
            does=does,
            link=link,
            fields=fields,
            slot=_slot(type_, does, link, slot),
            key=_key(aggregate, payload),
            # What removes a link must not wait for an end that cannot go while the link is there.
            refs=_refs(
                tuple(one for one in fields if does is not Does.UNLINKS or link is None or one.field != link.name)
            ),
            effect=" ".join((payload.__doc__ or "").split()),
            example=_example(type_, payload, example),
            aggregate_type=aggregate.kind,
            patches=does is Does.PATCHES,
            body=next((one.field for one in fields if one.body), None),
            path=next((one.field for one in fields if one.path), None),
            by_name={one.field: one for one in fields},
            pointing=tuple(one for one in fields if isinstance(one.refers_to, Aggregate)),
            merged=frozenset(one.column for one in fields if one.merged),
            key_is_text=[hints[name] for name in aggregate.key] == [str],
            key_types=tuple(int if hints[name] is int else str for name in aggregate.key),
        )
        return payload

    return declared


class Catalogue:
    """Event types that belong together.

    Args:
        name: of the catalogue.
        events: the payload classes, each declared with `event_type`.

    Attributes:
        contracts: event type -> its contract.
        aggregates: kind -> aggregate, those that are referred to before those that refer to them.
        outsides: kind -> table that events only point at.
        links: name -> link.

    Raises:
        CatalogueError: two declarations contradict each other.
    """

    def __init__(self, name: str, *, events: Iterable[builtins.type[Payload]]) -> None:
        self.name = name
        self.contracts: dict[str, Contract] = {}
        self.aggregates: dict[str, Aggregate] = {}
        self.outsides: dict[str, Outside] = {}
        self.links: dict[str, Link] = {}
        for payload in events:
            self._add(contract_of(payload))
        self._add(contract_of(Recorded))  # which every catalogue has
        self._removes = {one.aggregate.kind for one in self.contracts.values() if one.does is Does.REMOVES}
        self._further = {
            one.link.name: _besides(one, one.link)
            for one in self.contracts.values()
            if one.link is not None and one.does is Does.LINKS
        }
        self._columns = {kind: tuple(self._all_columns(kind)) for kind in self.aggregates}
        for kind in self.aggregates.keys() & self.outsides.keys():
            raise CatalogueError(f"catalogue {name!r}: {kind!r} is the name of an aggregate and of a table outside")
        for contract in self.contracts.values():
            if contract.does is not Does.RECORDS:
                self._check(contract)

    def columns_of(self, kind: str) -> tuple[Field, ...]:
        """Return the columns of an aggregate that events set, without its key, in the order of their declaration."""
        return self._columns[kind]

    def confirmed_of(self, kind: str) -> tuple[str, ...]:
        """Return the columns of which a batch is sure before it commits: what a patch is for, and what is merged."""
        about = [one for one in self.contracts.values() if one.aggregate.kind == kind]
        patched = {one.column for contract in about if contract.patches for one in contract.fields if one.required}
        deleted = self.aggregates[kind].soft_delete if any(one.does is Does.DELETES for one in about) else None
        columns = self._columns[kind]
        plain = [one.column for one in columns if not one.merged and one.column in patched]
        merged = [one.column for one in columns if one.merged]
        return (*plain, *([] if deleted is None else [deleted]), *merged)

    def removes(self, kind: str) -> bool:
        """Return whether an event removes rows of this kind for good."""
        return kind in self._removes

    def further_of(self, link: Link) -> tuple[Field, ...]:
        """Return what the events that link say besides: further columns of its rows."""
        return self._further.get(link.name, ())

    def key_is_text(self, kind: str) -> bool:
        """Return whether rows of this kind are named by one text, which their column compares as it is."""
        return all(one.key_is_text for one in self.contracts.values() if one.aggregate.kind == kind)

    def written(self) -> dict[str, tuple[str, ...]]:
        """Return the columns that the relay fills, by table; without those that a sequence of the database fills."""
        found: dict[str, tuple[str, ...]] = {}
        for kind, one in self.aggregates.items():
            rest = [*one.nulls, *(name for name in (one.soft_delete, one.created) if name is not None), STAMP]
            columns = [column.column for column in self._columns[kind]]
            identity = () if one.numbered else one.identity
            found[one.table] = (*dict.fromkeys((*identity, *one.key, *columns, *rest)),)
        for link in self.links.values():
            further = [one.column for one in self.further_of(link)]
            created = [] if link.created is None else [link.created]
            found[link.table] = (*link.columns, *link.keys, *further, *created, STAMP)
            if isinstance(link.to, Outside) and link.to.adds is not None:
                found[link.to.table] = (link.to.key, *link.to.adds)
        return found

    def privileges(self) -> list[tuple[str, str]]:
        """Return the tables with what a worker must be able to do to them, beside reading what it names and finds."""
        rows = [(one.table, verb) for one in self.aggregates.values() for verb in ("insert", "update")]
        links = [(one.table, verb) for one in self.links.values() for verb in ("insert", "update", "delete")]
        gone = [(one.table, "delete") for kind, one in self.aggregates.items() if self.removes(kind)]
        added = [(one.to.table, "insert") for one in self.links.values() if one.adds is not None]
        return [*rows, *gone, *links, *added]

    def owned_through(self, kind: str) -> tuple[str, str]:
        """Return the kind of the rows through which rows of this kind belong to somebody, and the column for that."""
        owner = self.aggregates[kind].owner
        one = next(one for one in self._columns[kind] if owner is not None and one.field == owner.through)
        assert one.refers_to is not None  # noqa: S101 - checked when the catalogue was made
        return one.refers_to.kind, one.column

    def owned_by(self, kind: str) -> str:
        """Return where it stands to whom a row of this kind belongs, in words."""
        owner = self.aggregates[kind].owner
        if owner is None or owner.column is not None:
            return "owner" if owner is None else str(owner.column)
        _, through = self.owned_through(kind)
        return through if owner.or_linked is None else f"{through} (and the links of its makers)"

    def _add(self, contract: Contract) -> None:
        where = f"catalogue {self.name!r}, event {contract.type!r}"
        if contract.does is Does.RECORDS:
            self.contracts[contract.type] = contract
            return
        if contract.type in self.contracts:
            raise CatalogueError(f"{where} is declared twice")
        self.contracts[contract.type] = contract
        _put(where, self.aggregates, contract.aggregate.kind, contract.aggregate)
        if contract.link is not None:
            _put(where, self.links, contract.link.name, contract.link)
        pointed = [one.refers_to for one in contract.fields if one.refers_to is not None]
        for other in [*pointed, *([] if contract.link is None else [contract.link.of, contract.link.to])]:
            if isinstance(other, Outside):
                _put(where, self.outsides, other.kind, other)
            elif other is not contract.aggregate and other.kind not in self.aggregates:
                raise CatalogueError(
                    f"{where} refers to {other.kind!r}, which no event before it makes: list that event first"
                )

    def _check(self, contract: Contract) -> None:
        where, aggregate = f"catalogue {self.name!r}, event {contract.type!r}", contract.aggregate
        if contract.does is Does.DELETES and aggregate.soft_delete is None:
            raise CatalogueError(
                f"{where}: name the column of {aggregate.table} for the moment of deletion: soft_delete; or say "
                "removes= if the row is to go for good"
            )
        if contract.link is not None:
            self._check_link(where, contract, contract.link)
        for one in contract.pointing:
            other = one.refers_to
            if isinstance(other, Aggregate) and other.id is None and len(other.key) > 1:
                raise CatalogueError(
                    f"{where}: {one.column} cannot hold the key of {other.kind!r}, which has several parts"
                )
        own = {one.column for one in self._columns[aggregate.kind]}
        for name in (*aggregate.defaults, *aggregate.nulls):
            if name in aggregate.defaults and name not in own:
                raise CatalogueError(f"{where}: the default of {name!r} is for a column that no event sets")

    def _check_link(self, where: str, contract: Contract, link: Link) -> None:
        further = self.further_of(link)
        besides = _besides(contract, link)
        if contract.does is Does.LINKS and [one.column for one in besides] != [one.column for one in further]:
            raise CatalogueError(f"{where}: every event that links {link.name!r} sets the same columns of {link.table}")
        if contract.does is Does.UNLINKS and besides:
            raise CatalogueError(f"{where}: {besides[0].field!r} says more than which link is removed")
        for one in besides:
            if one.refers_to is not None or one.merged or one.body or not one.required:
                raise CatalogueError(
                    f"{where}: {one.field!r} is a further column of a link: a plain value, which every event sets"
                )
        if link.name not in self._further:
            raise CatalogueError(f"{where}: no event links {link.name!r}; declare one with links=")

    def _all_columns(self, kind: str) -> Iterator[Field]:
        seen: dict[str, Field] = {}
        for contract in self.contracts.values():
            if contract.aggregate.kind != kind or contract.link is not None:
                continue
            for one in contract.fields:
                if contract.does is Does.DELETES and one.column == contract.aggregate.soft_delete:
                    continue
                before = seen.setdefault(one.column, one)
                if (before.refers_to, before.merged, before.body) != (one.refers_to, one.merged, one.body):
                    raise CatalogueError(f"event {contract.type!r}: column {one.column} is declared in two ways")
        if not any(one.aggregate.kind == kind and one.does is Does.MAKES for one in self.contracts.values()):
            raise CatalogueError(f"catalogue {self.name!r}: no event makes a {kind}; declare one with makes=")
        yield from seen.values()


def contract_of(payload: Payload | builtins.type[Payload]) -> Contract:
    """Return the contract that a payload object, or its class, was declared with.

    Raises:
        UnknownEventType: the class was not declared with `event_type`.
    """
    kind = payload if isinstance(payload, type) else type(payload)
    contract = _DECLARED.get(kind)
    if contract is None:
        known = ", ".join(sorted(one.type for one in _DECLARED.values()))
        raise UnknownEventType(kind.__name__, "$", f"no event type has this payload; known are {known}")
    return contract


def _besides(contract: Contract, link: Link) -> tuple[Field, ...]:
    """What an event says of a link beside which one it is."""
    named = {link.name, *link.keys, *(link.adds or ())}
    return tuple(one for one in contract.fields if one.field not in named)


def may_be_removed(aggregate: Aggregate | Outside | None) -> bool:
    """Return whether an event type is declared that removes rows of this aggregate for good."""
    return aggregate in _REMOVED_FOR_GOOD


def _put(where: str, into: dict[str, Any], name: str, what: object) -> None:
    if into.setdefault(name, what) is not what:
        raise CatalogueError(f"{where}: {name!r} is the name of two different declarations")


def _check_table(where: str, table: str) -> None:
    if table.count(".") != 1:
        raise CatalogueError(f"{where}: name the table with its schema, as public.{table.rpartition('.')[2]}")
    _check_names(where, *table.split("."))


def _check_names(where: str, *names: str) -> None:
    for name in names:
        if not isinstance(name, str) or not _NAME.match(name):
            raise CatalogueError(
                f"{where}: {name!r} is no name of a table or column; write it as it stands in the database, unquoted"
            )


def _names(one: object, *fields: str) -> None:
    """Let whoever names one thing say it without a tuple, and several in a list."""
    for name in fields:
        said: str | Iterable[str] | None = getattr(one, name)
        if said is not None:
            object.__setattr__(one, name, (said,) if isinstance(said, str) else tuple(said))


def _check_type(type_: str, aggregate: Aggregate, version: int, steps: Mapping[int, Step]) -> None:
    if not _TYPE.match(type_) or type_.partition(".")[0] != aggregate.kind:
        raise CatalogueError(f"event {type_!r}: a type is named {aggregate.kind}.what_happened")
    if sorted(steps) != list(range(1, version)):
        raise CatalogueError(
            f"event {type_!r}: version {version} needs one step for each of versions 1 to {version - 1}"
        )


def _fields(type_: str, payload: builtins.type[Payload], aggregate: Aggregate, link: Link | None) -> Iterator[Field]:
    hints = typing.get_type_hints(payload, include_extras=True)
    found = {one.name: one for one in msgspec.structs.fields(payload)}
    needed = {*aggregate.key, *((link.name, *link.keys) if link is not None else ())}
    for name in sorted(needed):
        if name not in found or not found[name].required:
            raise CatalogueError(f"event {type_!r}: {payload.__name__} must have a required field {name!r}")
    for name, one in found.items():
        if name in aggregate.key:
            continue
        said = next((mark for mark in _marks(hints[name]) if isinstance(mark, Column)), Column())
        place = said.name or name
        refers_to = said.refers_to
        if link is not None and name == link.name:
            place, refers_to = link.columns[1], link.to if isinstance(link.to, Aggregate) else None
        _check_names(f"event {type_!r}, field {name!r}", place)
        yield Field(
            field=name,
            column=place,
            refers_to=refers_to,
            merged=said.merged,
            body=said.body,
            path=said.path,
            required=one.required,
        )


def _marks(hint: Any) -> tuple[Any, ...]:
    return tuple(getattr(hint, "__metadata__", ()))


def _example(type_: str, payload: builtins.type[_P], example: Mapping[str, Any]) -> _P:
    try:
        return msgspec.convert(dict(example), payload)
    except msgspec.ValidationError as exc:
        raise CatalogueError(f"event {type_!r}: its example breaks its contract: {exc}") from exc


def _slot(type_: str, does: Does, link: Link | None, slot: str | None) -> Callable[[Any], str]:
    if link is not None:
        prefix, names = link.name, (*link.keys, link.name)
        return lambda payload: ":".join((prefix, *(str(getattr(payload, name)) for name in names)))
    name = (slot or type_.partition(".")[2]) if does is Does.PATCHES else STATE_SLOT
    return lambda _payload: name


def _key(aggregate: Aggregate, payload: builtins.type[Payload]) -> Callable[[Any], str]:
    if len(aggregate.key) > 1:
        get_all: Callable[[Any], Any] = operator.attrgetter(*aggregate.key)
        return lambda one: as_key(get_all(one))
    (name,) = aggregate.key
    get: Callable[[Any], Any] = operator.attrgetter(name)
    return get if typing.get_type_hints(payload)[name] is str else lambda one: as_key(get(one))


def _refs(fields: tuple[Field, ...]) -> Callable[[Any], tuple[str, ...]]:
    named = [(one.field, one.refers_to.kind) for one in fields if isinstance(one.refers_to, Aggregate)]
    if not named:
        return lambda _payload: ()
    make = ids.aggregate_text

    def refs(payload: Any) -> tuple[str, ...]:
        return tuple([make(kind, as_key(value)) for name, kind in named if (value := getattr(payload, name))])

    return refs


# One row for each event, in the order of the outbox: for projects without a table yet. Its statements are the relay's
# own.
INBOX = Aggregate(kind="inbox", table="outbox.inbox", key=("type", "key"))


@event_type(
    "inbox.recorded",
    records=INBOX,
    example={"type": "order.placed", "key": "A-17", "data": {"total": "19.90", "lines": 3}},
)
class Recorded(Payload, frozen=True):
    """Adds a row to `outbox.inbox`: an event of a type of your own, with any JSON object as its data."""

    type: typing.Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    key: typing.Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
    data: dict[str, Any] = {}
