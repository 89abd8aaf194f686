"""What the audit and the checks before a migration ask about: from the catalogue of content and from what ships.

No query names a table of content. Columns and keys follow from the catalogue; tables, indexes and types follow from the
facts that the migrations make.
"""

import re
from collections.abc import Iterator
from functools import cache

import msgspec
from psycopg import sql

from outbox.catalogue import CATALOGUE, STAMP, Does, active
from worker.migrate.compared import WIDER
from worker.migrate.facts import Key, Said, Shipped, shipped

_LED_BY = re.compile(r" USING btree \((\w+)")
_TOUCHED = "touch_updated_at on "
# What policies and our view read of tables that no event writes.
_READ_BESIDES = (("public.minds", "display_name"), ("public.user_profiles", "id"), ("public.user_profiles", "mind_id"))


@cache
def tables() -> tuple[str, ...]:
    """Return the tables of schema public that the migrations make or speak for, without their schema."""
    kinds = {name: texts for (kind, name), (_, texts) in _whole().items() if kind == "relation"}
    return tuple(name for name in shipped().tables if "table" in kinds.get(f"public.{name}", ()))


@cache
def own_tables() -> tuple[str, ...]:
    """Return those of them that are ours, without their schema."""
    return tuple(name for name in tables() if f"public.{name}" not in WIDER)


def parameters(of: Shipped) -> dict[str, sql.Composable]:
    """Return what the queries of `migrate_audit.sql` have in braces."""
    catalogue = active()
    guarded = [f"public.{name}" for name in of.tables if f"public.{name}" not in WIDER]
    names = "|".join(sorted(re.escape(name.removeprefix("public.")) for name in guarded))
    schemas = "|".join(rf"\m{re.escape(name)}\." for name in sorted(of.schemas, reverse=True))
    return {
        "guarded": sql.Literal(guarded),
        "schemas": sql.Literal(list(of.schemas)),
        "declared": sql.Literal([*catalogue.written(), *(one.table for one in catalogue.outsides.values())]),
        "needed": _pairs(_needed()),
        "keys": _pairs((table, ",".join(columns)) for table, columns in _keys()),
        "indexed": _pairs(_indexed()),
        "always_written": _pairs(_always_written()),
        "numbers": _pairs(_numbers()),
        "texts": sql.Literal([one.table for one in CATALOGUE.aggregates.values() if _has_body(one.kind)]),
        "names_ours": sql.Literal(rf"\m({names})\M|{schemas}"),
        "names_ours_or_executes": sql.Literal(rf"\m({names}|execute)\M|{schemas}"),
        **_owned(),
    }


@cache
def _whole() -> dict[Key, Said]:
    """The facts of a database in which everything is applied."""
    return shipped().after(shipped().steps.keys())


def _pairs(found: Iterator[tuple[str, str]]) -> sql.Composable:
    """Rows of two texts, each once: (table, column)."""
    rows = [sql.SQL("({}, {})").format(*map(sql.Literal, pair)) for pair in dict.fromkeys(found)]
    return sql.SQL(", ").join(rows)


def _needed() -> Iterator[tuple[str, str]]:
    for table, columns in CATALOGUE.written().items():
        yield from ((table, column) for column in columns)
    for other in CATALOGUE.outsides.values():
        yield from ((other.table, column) for column in (other.id, other.key))
    for (kind, name), (table, _) in _whole().items():
        if kind == "trigger" and name.startswith(_TOUCHED) and table not in WIDER:
            yield table, "updated_at"
    yield from _READ_BESIDES


def _keys() -> Iterator[tuple[str, tuple[str, ...]]]:
    yield from ((other.table, (other.key,)) for other in CATALOGUE.outsides.values())
    yield from ((one.table, one.key) for one in CATALOGUE.aggregates.values())
    yield from ((link.table, (*link.columns, *link.keys)) for link in CATALOGUE.links.values())


def _indexed() -> Iterator[tuple[str, str]]:
    for (kind, _), (about, texts) in _whole().items():
        led = _LED_BY.search(texts[0]) if texts else None
        if kind == "index" and about.startswith("public.") and led is not None:
            yield about, led[1]


def _always_written() -> Iterator[tuple[str, str]]:
    """What a new row has whatever the event leaves out."""
    for contract in CATALOGUE.contracts.values():
        one = contract.aggregate
        if contract.does is Does.MAKES:
            of = msgspec.structs.fields(contract.payload)
            given = {field.name for field in of if field.default is not msgspec.UNSET}
            columns = [field.column for field in contract.fields if field.field in given]
            created = [] if one.created is None else [one.created]
            for column in (*one.identity, *one.key, *columns, *one.defaults, *created, STAMP):
                yield one.table, column
    for link in CATALOGUE.links.values():
        for column in (*link.columns, *link.keys, *([] if link.created is None else [link.created]), STAMP):
            yield link.table, column


def _numbers() -> Iterator[tuple[str, str]]:
    """Whole numbers that events set, by the type that a new database gives them."""
    for table, columns in CATALOGUE.written().items():
        for column in columns:
            _, texts = _whole().get(("type", f"{table}.{column}"), ("", ()))
            if texts and texts[0].endswith(" type integer"):
                yield table, column


def _has_body(kind: str) -> bool:
    return any(one.body for one in CATALOGUE.columns_of(kind))


def _owned() -> dict[str, sql.Composable]:
    """The rows that have an owner, and those that belong to him through one of them."""
    (held,) = (one for one in CATALOGUE.aggregates.values() if one.owner is not None and one.owner.through is not None)
    kind, through = CATALOGUE.owned_through(held.kind)
    owned = CATALOGUE.aggregates[kind]
    assert owned.owner is not None  # noqa: S101 - checked when the catalogue was made
    return {
        "owned": sql.Identifier(*owned.table.split(".")),
        "owner": sql.Identifier(str(owned.owner.column)),
        "held": sql.Identifier(*held.table.split(".")),
        "through": sql.Identifier(through),
        "ownerless": sql.Literal(f"%s {kind}s have no {owned.owner.column}, %s with {held.kind}s"),
        "give_an_owner": sql.Literal(f"update {owned.table} set {owned.owner.column} = … where {owned.key[0]} = …;"),
    }
