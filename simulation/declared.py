"""What the tables of the database are like, as far as the declared catalogues say it: both that a run is about."""

import datetime as dt
import json
import typing
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID

from msgspec import UNSET
from msgspec.structs import fields

from outbox.catalogue import CATALOGUE as CONTENT
from outbox.catalogue import INBOX, STAMP, Aggregate, Catalogue, Does, Field
from simulation.strange import CATALOGUE as STRANGE

CATALOGUE = Catalogue("both", events=[of.payload for one in (CONTENT, STRANGE) for of in one.contracts.values()])
_HUNDREDTHS = Decimal("0.01")  # of all columns here that hold a fraction

uuid = lru_cache(maxsize=512)(UUID)


def moment(value: str) -> dt.datetime:
    """Return a moment as a database holds it."""
    return dt.datetime.fromisoformat(value).astimezone(dt.UTC)


def _as_uuid(value: Any) -> UUID:
    return uuid(str(value))


def _fraction(value: Any) -> Decimal:
    return Decimal(str(value)).quantize(_HUNDREDTHS, ROUND_HALF_UP)


_TYPES: dict[Any, Callable[[Any], Any]] = {
    UUID: _as_uuid, dt.datetime: moment, Decimal: _fraction, float: _fraction,
}  # fmt: skip


def key_text(of: Aggregate, row: dict[str, Any]) -> str:
    """Return a natural key as text, several parts as PostgreSQL spells them as jsonb; said here a second time."""
    parts = [row[name] for name in of.key]
    return str(parts[0]) if len(parts) == 1 else json.dumps(parts, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Table:
    """The table of one aggregate.

    Attributes:
        of: the aggregate.
        columns: those that are ever written.
        types: what makes of a JSON value what the column holds, for columns where that is not the same.
        required: columns that are never null.
        references: column -> kind of the row that it points at.
        fields: as the catalogue has them.
        title: the column in which a text stands that people read, if there is one.
        within: the column through which a row belongs to somebody.
    """

    of: Aggregate
    columns: tuple[str, ...]
    types: dict[str, Callable[[Any], Any]]
    required: tuple[str, ...]
    references: dict[str, str]
    fields: tuple[Field, ...]
    title: str | None
    within: str | None

    def key_of(self, row: dict[str, Any]) -> str:
        """Return the natural key of a row, as text."""
        return key_text(self.of, row)

    def typed(self, column: str, value: Any) -> Any:
        """Return a JSON value as its column holds it."""
        make = self.types.get(column)
        return value if make is None or value is None else make(value)

    def read(self, row: dict[str, Any]) -> dict[str, Any]:
        """Return a row of a statement as its columns hold it."""
        return {name: self.typed(name, value) for name, value in row.items()}


def _plain(hint: Any) -> Iterator[Any]:
    """The types that a field may have, without what is said about them."""
    parts = typing.get_args(hint)
    if hasattr(hint, "__metadata__"):
        yield from _plain(hint.__origin__)
    elif typing.get_origin(hint) in {None, tuple, list, dict, typing.Literal}:
        yield hint
    else:
        for part in parts:
            yield from _plain(part)


def _table(kind: str) -> Table:
    of = CATALOGUE.aggregates[kind]
    contracts = [one for one in CATALOGUE.contracts.values() if one.aggregate is of and one.link is None]
    (maker,) = [one for one in contracts if one.does is Does.MAKES]
    found = CATALOGUE.columns_of(kind)
    types: dict[str, Callable[[Any], Any]] = {STAMP: _as_uuid}
    if of.id is not None:
        types[of.id] = int if of.numbered else _as_uuid
    types |= {name: moment for name in (of.created, of.soft_delete) if name is not None}
    required = [*of.key]
    for contract in contracts:
        hints = typing.get_type_hints(contract.payload)
        for one in fields(contract.payload):
            declared = contract.by_name.get(one.name)
            column = one.name if declared is None else declared.column
            kinds = set(_plain(hints[one.name]))
            if declared is None or declared.refers_to is None:
                types.update((column, make) for type_, make in _TYPES.items() if type_ in kinds)
            elif isinstance(declared.refers_to, Aggregate):
                types[column] = int if declared.refers_to.numbered else _as_uuid
            else:
                types |= {column: _as_uuid} if declared.refers_to.by_id else {}
            is_set = one.required or column in of.defaults or one.default not in (UNSET, None)
            if contract is maker and type(None) not in kinds and is_set:
                required.append(column)
    columns = [name for name in CATALOGUE.written()[of.table] if name not in of.nulls]
    text = [one.column for one in found if one.column in {"title", "name"}]
    owner = of.owner
    return Table(
        of, tuple(dict.fromkeys((*of.identity, *columns))), types, tuple(dict.fromkeys(required)),
        {one.column: one.refers_to.kind for one in found if isinstance(one.refers_to, Aggregate)},
        found, text[0] if text else None,
        CATALOGUE.owned_through(kind)[1] if owner is not None and owner.through is not None else None,
    )  # fmt: skip


TABLES = {kind: _table(kind) for kind in CATALOGUE.aggregates}


def named(kind: str, payload: dict[str, Any]) -> str:
    """Return the natural key that a payload of this kind names."""
    return key_text(CATALOGUE.aggregates.get(kind, INBOX), payload)
