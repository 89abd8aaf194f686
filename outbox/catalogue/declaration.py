"""The language of catalogues: what an event says, and where it lands.

A catalogue is data. It declares the tables that events write (`Aggregate`), those that they only point at (`Outside`),
the many-to-many tables between them (`Link`), and one class for each event type. The field of a payload is the column
of the same name unless its annotation says otherwise, so a column is named once.

    customer = Outside(kind="customer", table="shop.customers", key="email", id="id")
    order = Aggregate(kind="order", table="shop.orders", key=("number",), id="id", created="created_at")

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
from collections.abc import Iterable, Iterator
from typing import Any

from outbox.catalogue.event_types import Contract, Does, Field, Payload, contract_of
from outbox.catalogue.recorded import Recorded
from outbox.catalogue.tables import STAMP, Aggregate, Link, Outside
from outbox.errors import CatalogueError


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


def _besides(contract: Contract, link: Link) -> tuple[Field, ...]:
    """What an event says of a link beside which one it is."""
    named = {link.name, *link.keys, *(link.adds or ())}
    return tuple(one for one in contract.fields if one.field not in named)


def _put(where: str, into: dict[str, Any], name: str, what: object) -> None:
    if into.setdefault(name, what) is not what:
        raise CatalogueError(f"{where}: {name!r} is the name of two different declarations")
