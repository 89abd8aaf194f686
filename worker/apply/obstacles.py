"""What in the database stands in the way of every event: asked of its catalogue, named, with the command that mends it.

The relay asks when something was refused, before it charges an event: a row that a policy hides, a sequence behind its
table, a column that nobody may write are no event's fault. `worker migrate check` and `worker doctor` ask the same
questions beforehand, so that none of them says that all is well where the relay stands still.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import psycopg
from psycopg import sql

from outbox.catalogue import active
from worker.apply.queries import query

_CATALOGUED = (
    "schema_rights",
    "table_rights",
    "lost_tables",
    "hidden_rows",
    "generated_columns",
    "required_columns",
    "replica_identity",
    "rules",
)
# The relay's own tables, and what it does there: `r`ead, `a`dd, `w`rite, `d`elete.
_BOOKKEEPING = {
    "destination": "r",
    "sources": "raw",
    "parked": "rawd",
    "removed_links": "raw",
    "removed_rows": "raw",
    "inbox": "raw",
    "streams": "raw",
}
# Which a session believes when it begins, without a way to see that they are short.
_BELIEVED = _BOOKKEEPING.keys() - {"streams"}
_UNSEEN = frozenset({"schema_rights", "lost_tables"})
# Words of a function's text that say what it does with which table; what it builds at run time stays unseen.
_USES = re.compile(
    r"\b(?P<verb>insert\s+into|update(?!\s+of\b)|delete\s+from|from|join)\s+(?:only\s+)?"
    r'(?P<name>"?[a-z_][\w$]*"?\."?[a-z_][\w$]*"?|"?[a-z_][\w$]*"?)(?P<call>\s*\()?',
    re.IGNORECASE,
)
_TEXT = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'", re.DOTALL)
_NO_TABLES = frozenset({"new", "old", "set", "only", "select", "lateral", "unnest"})
_COMMANDS = {"insert": "a", "update": "w", "delete": "d"}
_VERBS = {"insert": "insert", "update": "update", "delete": "delete", "from": "select", "join": "select"}

AnyConnection = psycopg.Connection[tuple[object, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """Something that stands in the way.

    Attributes:
        kind: schema_rights, table_rights, lost_tables, hidden_rows, generated_columns, required_columns,
            replica_identity, rules, sequences, unchosen_key, trigger_functions.
        table: in which table, without its schema; empty: in all of them.
        what: in words; names of the schema only.
        remedy: the statement that mends it, for the owner of the table.
    """

    kind: str
    table: str
    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.what}: {self.remedy}"


def _written() -> dict[str, list[str]]:
    """The tables that the relay writes, their columns that it fills, and what it does to which table."""
    catalogue = active()
    tables = catalogue.written()
    asked = [
        *((table, "r") for table in tables),
        *((one.table, "r") for one in catalogue.outsides.values() if one.table not in tables),
        *((table, _COMMANDS[verb]) for table, verb in catalogue.privileges()),
        *((f"outbox.{table}", cmd) for table, cmds in _BOOKKEEPING.items() for cmd in cmds),
        ("public.job_executions", "r"),
    ]
    return {
        "tables": list(tables),
        "written": [f"{table}.{column}" for table, columns in tables.items() for column in columns],
        "asked": [table for table, _ in dict.fromkeys(asked)],
        "cmds": [cmd for _, cmd in dict.fromkeys(asked)],
    }


def _quoted(table: str) -> str:
    return sql.Identifier(*table.split(".")).as_string()


def _named(relation: str) -> str:
    """A table with its schema, by its name without it."""
    tables = [*active().written(), *(f"outbox.{one}" for one in _BOOKKEEPING)]
    return next((_quoted(table) for table in tables if table.rpartition(".")[2] == relation), relation)


def find(connection: AnyConnection, role: str | None = None) -> list[Obstacle]:
    """Everything that is known to stand in the way of the role that delivers.

    Args:
        connection: outside a transaction, or in one that reads.
        role: that delivers; by default that of the connection.
    """
    found = list(_catalogued(connection, _role(connection, role), _CATALOGUED))
    if any(one.kind in _UNSEEN for one in found):  # what cannot be seen cannot be counted
        return found
    return [*found, *behind(connection)]


def hidden(connection: AnyConnection, table: str) -> Obstacle | None:
    """What may hide rows of this table from us, if anything does."""
    found = _catalogued(connection, _role(connection, None), ("hidden_rows",))
    return next((one for one in found if one.table == table), None)


def in_the_bookkeeping(connection: AnyConnection) -> Obstacle | None:
    """What may hide rows of the relay's own tables from us, if anything does.

    A position, a parked event, a removed link that a policy hides is no error in any statement: it looks as if it were
    not there, and the event that waits is forgotten. So this is asked before any of them is read.
    """
    asked = [(f"outbox.{table}", cmd) for table in sorted(_BELIEVED) for cmd in _BOOKKEEPING[table]]
    found = _catalogued(connection, _role(connection, None), ("hidden_rows",), asked)
    return next((one for one in found if one.table in _BELIEVED), None)


def about(connection: AnyConnection, kind: str) -> list[Obstacle]:
    """The obstacles of one kind, for the role of the connection."""
    return list(_catalogued(connection, _role(connection, None), (kind,)))


def behind(connection: AnyConnection, constraint: str | None = None) -> list[Obstacle]:
    """Sequences that give keys which are taken already: those of columns that no event chooses.

    Args:
        connection: of a role that may read the tables.
        constraint: only those whose column is part of this key.
    """
    found = []
    for one in _sequences(connection, constraint):
        if one.next_value is None:
            continue
        if one.next_value > one.last_value:
            found.append(one.exhausted())
            continue
        # The name is quoted by the catalogue query.
        asked = sql.SQL("select max({}) from {}").format(sql.Identifier(one.column), sql.SQL(one.named))
        row = connection.execute(asked).fetchone()
        if row is None or row[0] is None or int(str(row[0])) < one.next_value:
            continue
        found.append(one.obstacle(f"is behind: it gives {one.next_value}, {row[0]} is taken"))
    return found


def handed_out(connection: AnyConnection, constraint: str) -> Obstacle | None:
    """The sequence that fills this key, whatever it gives by now: a value that it gave is no event's choice."""
    return next((one.obstacle("gave a value that is taken") for one in _sequences(connection, constraint)), None)


def unchosen(connection: AnyConnection, constraint: str) -> Obstacle | None:
    """A unique key of which no event sets any column, whatever fills them."""
    row = connection.execute(query("obstacles", "unchosen_key"), {"key": constraint, **_written()}).fetchone()
    if row is None:
        return None
    table, what, remedy = map(str, row)
    return Obstacle(kind="unchosen_key", table=table, what=what, remedy=remedy)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sequence:
    """One that fills a column; what it gives next is None if we may not see it."""

    named: str
    table: str
    column: str
    name: str
    next_value: int | None
    last_value: int

    def exhausted(self) -> Obstacle:
        return Obstacle(
            kind="sequences",
            table=self.table,
            what=f"the sequence of {self.named}.{self.column} has no value left after {self.last_value}",
            remedy=f"alter sequence {self.name} no maxvalue",
        )

    def obstacle(self, words: str) -> Obstacle:
        return Obstacle(
            kind="sequences",
            table=self.table,
            what=f"the sequence of {self.named}.{self.column} {words}",
            remedy=f"select setval('{self.name}', (select max({self.column}) from {self.named}))",
        )


def _sequences(connection: AnyConnection, constraint: str | None) -> Iterator[_Sequence]:
    rows = connection.execute(query("obstacles", "sequences"), _written()).fetchall()
    for named, table, column, name, last, step, last_value, may_ask, keys in rows:
        if constraint is not None and constraint not in keys:  # type: ignore[operator]
            continue
        next_value = None if last is None else int(str(last))
        if may_ask:
            # The name is quoted by the catalogue query.
            asked = sql.SQL("select last_value + case when is_called then {} else 0 end from {}").format(
                sql.Literal(int(str(step))),
                sql.SQL(str(name)),
            )
            (value,) = connection.execute(asked).fetchone() or (last,)
            next_value = int(str(value))
        yield _Sequence(
            named=str(named),
            table=str(table),
            column=str(column),
            name=str(name),
            next_value=next_value,
            last_value=int(str(last_value)),
        )


def keepers(connection: AnyConnection, table: str) -> list[str]:
    """Triggers that can keep a row of this table as it was, or make it so again."""
    return [
        str(row[0]) for row in connection.execute(query("obstacles", "triggers_that_keep"), {"table": _named(table)})
    ]


def triggers_of(connection: AnyConnection, function: str) -> list[str]:
    """The triggers that call a function, as `trigger on table`."""
    name = function.partition("(")[0].rpartition(".")[2].strip('"')
    return [str(row[0]) for row in connection.execute(query("obstacles", "triggers_of"), {"function": name})]


def in_trigger_functions(connection: AnyConnection, role: str) -> Iterator[Obstacle]:
    """What triggers on our tables mention and the role cannot use: read from their text, so a hint and no proof."""
    rows = connection.execute(query("obstacles", "trigger_functions"), {"tables": _written()["tables"]}).fetchall()
    for named, table, trigger, function, text, as_owner, owner, path in rows:
        who = str(owner) if as_owner else role
        reported = set()
        for verb, name in _used(str(text)):
            values = {"name": name if "." in name else _qualified(name, str(path)), "role": who, "verb": verb}
            try:
                found = connection.execute(query("obstacles", "relation_for"), values).fetchone()
            except psycopg.Error:
                continue  # not a name that could be one
            there, may, enters = found if found is not None else (True, True, True)
            if (name, verb) in reported or (there and may and enters):
                continue
            reported.add((name, verb))
            where = f"function {function} of trigger {trigger} on {named}"
            if not there:
                if "." in name or verb != "select":
                    words, remedy = f"{where} uses {name}, which is not there", f"make {name}, or drop the trigger"
                    yield Obstacle(kind="trigger_functions", table=str(table), what=words, remedy=remedy)
                continue
            words = f"{where} needs {verb} on {name}, which {who} lacks"
            remedy = f"grant {verb} on {name} to {who}" if enters else f"grant usage on its schema to {who}"
            yield Obstacle(kind="trigger_functions", table=str(table), what=words, remedy=remedy)


def _used(text: str) -> Iterator[tuple[str, str]]:
    for match in _USES.finditer(_TEXT.sub(" ", text)):
        verb = _VERBS[match["verb"].split()[0].lower()]
        if match["call"] and verb == "select":  # a function, not a table
            continue
        if match["name"].lower() not in _NO_TABLES:
            yield verb, match["name"]


def _qualified(name: str, search_path: str) -> str:
    first = search_path.strip('"').split(",")[0].strip().strip('"')
    return f"{first}.{name}" if first and first != "$user" else name


def _catalogued(
    connection: AnyConnection, role: str, kinds: tuple[str, ...], asked: Sequence[tuple[str, str]] | None = None
) -> Iterator[Obstacle]:
    values: dict[str, object] = {"role": role, **_written()}
    if asked is not None:
        values |= {"asked": [table for table, _ in asked], "cmds": [cmd for _, cmd in asked]}
    for kind in kinds:
        for table, what, remedy in connection.execute(query("obstacles", kind), values).fetchall():
            yield Obstacle(kind=kind, table=str(table), what=str(what), remedy=str(remedy))


def _role(connection: AnyConnection, role: str | None) -> str:
    if role is not None:
        return role
    row = connection.execute("select current_user::text").fetchone()
    return str(row[0]) if row is not None else ""
