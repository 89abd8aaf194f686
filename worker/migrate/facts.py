"""What a database holds of ours, as facts that two databases can be compared by.

A fact is a statement that makes it so: a grant, a policy, a function's whole text. What this version ships is no list
that somebody keeps by hand: it is what the migrations make of an empty database, written down after each of them
(`migrations/supabase/facts.json`, made by `make facts` and held by a test), so that it follows every change of a file.
Where two servers write the same thing differently, both spellings are kept.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Self

import psycopg
from psycopg import sql

from worker.migrate.files import FOLDER
from worker.migrate.queries import query

FILE = "facts.json"
API_ROLES = ("anon", "authenticated", "service_role")

_SPELLING = {"search_path": "pg_catalog", "quote_all_identifiers": "off", "IntervalStyle": "postgres"}

Key = tuple[str, str]
Said = tuple[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One thing that a database holds.

    Attributes:
        kind: of thing: grant, policy, function, …
        about: the relation or schema that it belongs to.
        name: unique among its kind.
        statement: makes it so.
        undo: takes it away; empty in what is shipped.
    """

    kind: str
    about: str
    name: str
    statement: str
    undo: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipped:
    """What the migrations make of an empty database.

    Attributes:
        schemas: those that are wholly ours.
        tables: and views, of schema public, that we make or speak for.
        roles: those that we make, and those of the API.
        steps: version -> the facts that are other than before it; None for one that is gone. A fact is its relation and
            the statements that say it, more than one where servers of different versions spell it differently.
    """

    schemas: tuple[str, ...]
    tables: tuple[str, ...]
    roles: tuple[str, ...]
    steps: Mapping[str, Mapping[Key, Said | None]]

    @classmethod
    def load(cls) -> Self:
        """What ships with this package."""
        return cls.from_data(json.loads((FOLDER / FILE).read_text("utf-8")))

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Self:
        """Read what `as_data` wrote."""
        return cls(
            schemas=tuple(data["schemas"]),
            tables=tuple(data["tables"]),
            roles=tuple(data["roles"]),
            steps={
                version: {
                    (kind, name): None if said is None else (said[0], tuple(said[1:]))
                    for kind, named in kinds.items()
                    for name, said in named.items()
                }
                for version, kinds in data["steps"].items()
            },
        )

    def as_data(self) -> dict[str, Any]:
        """The same as JSON has it, in an order that never changes."""
        steps: dict[str, Any] = {}
        for version, facts in self.steps.items():
            kinds: dict[str, Any] = {}
            for (kind, name), said in sorted(facts.items()):
                kinds.setdefault(kind, {})[name] = None if said is None else [said[0], *said[1]]
            steps[version] = kinds
        return {
            "schemas": list(self.schemas),
            "tables": list(self.tables),
            "roles": list(self.roles),
            "steps": steps,
        }

    def after(self, versions: Collection[str]) -> dict[Key, Said]:
        """The facts of a database in which these migrations are applied, and none after the first that is not."""
        held: dict[Key, Said] = {}
        for version, changed in self.steps.items():
            if version not in versions:
                break
            for key, said in changed.items():
                if said is None:
                    held.pop(key, None)
                else:
                    held[key] = said
        return held


@cache
def shipped() -> Shipped:
    """What this version ships."""
    return Shipped.load()


def read_facts(connection: psycopg.Connection, of: Shipped) -> dict[Key, Fact]:
    """The facts of a database now; reads only.

    Args:
        connection: as anybody who may log in; a transaction of its own goes on.
        of: which schemas, tables and roles to look at.
    """
    values = {"schemas": list(of.schemas), "tables": list(of.tables), "roles": list(of.roles)}
    facts: dict[Key, Fact] = {}
    # Rolled back, so that what follows in a transaction of somebody's has its own settings again.
    with connection.transaction(force_rollback=True):
        # Names are written out in full, and expressions spelled alike, whatever the login's own settings are.
        for setting, value in _SPELLING.items():
            connection.execute("select pg_catalog.set_config(%s, %s, true)", (setting, value))
        statement = sql.SQL(query("facts")).format(**{name: sql.Literal(value) for name, value in values.items()})
        for kind, about, name, said, undo in connection.execute(statement):
            facts[kind, name] = Fact(kind=kind, about=about, name=name, statement=said, undo=undo)
    return facts


def made_by_us(connection: psycopg.Connection, of: Shipped) -> frozenset[str]:
    """Which tables of schema public the migrations made here, as `public.name`; the others were there before."""
    statement = sql.SQL(query("made_by_us")).format(tables=sql.Literal(list(of.tables)))
    return frozenset(f"public.{name}" for (name,) in connection.execute(statement))
