"""Where events land: the tables of a catalogue, their keys, and the links between them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from outbox.errors import CatalogueError

# What the rows of an aggregate bear: the event that wrote them last.
STAMP = "last_event_id"

_NAME = re.compile(r"[^\W\d][\w$]{0,62}\Z")  # of PostgreSQL; always quoted where it is written into a statement


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
        check_names(f"Outside {self.kind!r}", self.kind, self.key, self.id, *(self.adds or ()))
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
        check_names(where, self.kind, *self.key, *names, *self.defaults, *self.nulls)
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
        check_names(f"Link {self.name!r}", self.name, *names)
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


def as_key(value: Any) -> str:
    """Return a natural key as text: its one part as it is, several parts as a JSON array."""
    if isinstance(value, str):
        return value
    plain = msgspec.to_builtins(value)
    # As jsonb spells it.
    return json.dumps(plain, ensure_ascii=False) if isinstance(plain, list | tuple) else str(plain)


def _check_table(where: str, table: str) -> None:
    if table.count(".") != 1:
        raise CatalogueError(f"{where}: name the table with its schema, as public.{table.rpartition('.')[2]}")
    check_names(where, *table.split("."))


def check_names(where: str, *names: str) -> None:
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
