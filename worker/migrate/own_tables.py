"""What the tables of a project's own catalogue need, as SQL for their owner.

The tables are the project's, and so are its migrations: nothing here is run for it. `ddl` prints what to add to them,
and may be run again.
"""

from collections.abc import Iterator

import psycopg
from psycopg import sql

from outbox.catalogue import CATALOGUE, STAMP, Aggregate, Catalogue, Link, Outside
from worker.apply.queries import query
from worker.migrate.finding import Breach

ROLE = "outbox_worker"


def ddl(catalogue: Catalogue, role: str = ROLE) -> str:
    """Return the statements that make the declared tables ready for the worker.

    Args:
        catalogue: of the project; tables of content are left out, for `worker migrate up` makes them.
        role: that the worker logs in as.
    """
    aggregates = [one for one in catalogue.aggregates.values() if one.table not in _OF_CONTENT]
    outsides = [one for one in catalogue.outsides.values() if one.table not in _OF_CONTENT]
    links = [one for one in catalogue.links.values() if one.table not in _OF_CONTENT]
    tables = [*(one.table for one in aggregates), *(one.table for one in links), *(one.table for one in outsides)]
    parts = [*_schemas(tables, role)]
    for one in aggregates:
        parts += _aggregate(one, role, "select, insert, update" + (", delete" if catalogue.removes(one.kind) else ""))
    for link in links:
        parts += _link(link, role)
    added = {link.to.table for link in links if link.adds is not None}
    for other in outsides:
        parts += _outside(other, role, adds=other.table in added)
    return "".join(f"{part};\n" for part in parts)


_OF_CONTENT = {*CATALOGUE.written(), *(one.table for one in CATALOGUE.outsides.values())}


def owns_tables(catalogue: Catalogue) -> bool:
    """Return whether it declares tables beside those of content."""
    return bool(catalogue.written().keys() - _OF_CONTENT)


def lacks(connection: psycopg.Connection, catalogue: Catalogue, role: str = ROLE) -> Iterator[Breach]:
    """Yield what the project's own tables lack, for the worker to deliver into them.

    Args:
        connection: of a role that sees the tables.
        catalogue: of the project.
        role: that the worker logs in as.
    """
    closes = "worker migrate sql | psql"
    allowed = catalogue.privileges()
    for table, columns in catalogue.written().items():
        if table in _OF_CONTENT:
            continue
        verbs = ["select", *dict.fromkeys(verb for name, verb in allowed if name == table)]
        values = {"table": _q(table), "columns": list(columns), "role": role, "verbs": verbs}
        for (what,) in connection.execute(query("own_tables", "lacking"), values).fetchall():
            yield Breach(what=str(what), opens="its events are parked", closes=closes)
    keys = {one.table: list(one.key) for one in catalogue.aggregates.values()}
    keys |= {one.table: [*one.columns, *one.keys] for one in catalogue.links.values()}
    keys |= {one.table: [one.key] for one in catalogue.outsides.values() if one.table in catalogue.written()}
    for table, key in keys.items():
        if table not in _OF_CONTENT:
            values = {"table": _q(table), "columns": key}
            for (what,) in connection.execute(query("own_tables", "not_unique"), values).fetchall():
                yield Breach(what=str(what), opens="two rows may have one name", closes=closes)


def _q(name: str) -> str:
    return sql.Identifier(*name.split(".")).as_string()


def _literal(text: str) -> str:
    return sql.Literal(text).as_string()


def _schemas(tables: list[str], role: str) -> Iterator[str]:
    names = {table.rpartition(".")[0] for table in tables}
    for name in sorted(names - {"", "public"}):
        yield f"grant usage on schema {_q(name)} to {_q(role)}"


def _aggregate(of: Aggregate, role: str, verbs: str) -> Iterator[str]:
    table = _q(of.table)
    yield f"\n-- {of.kind}\nalter table {table} add column if not exists {_q(STAMP)} uuid"
    yield f"grant {verbs} on {table} to {_q(role)}"
    if of.numbered:
        yield _sequence(table, str(of.id), role)
    yield _unique(table, of.key)
    yield _policy(of.table, role, "for all", " with check (true)")


def _link(link: Link, role: str) -> Iterator[str]:
    table = _q(link.table)
    ends = f"{link.of.kind} and {link.to.kind}"
    yield f"\n-- links of {ends}\nalter table {table} add column if not exists {_q(STAMP)} uuid"
    yield f"grant select, insert, update, delete on {table} to {_q(role)}"
    yield _unique(table, (*link.columns, *link.keys))
    yield _policy(link.table, role, "for all", " with check (true)")


def _sequence(table: str, column: str, role: str) -> str:
    """A right to the sequence of a column, if it has one."""
    name = f"pg_get_serial_sequence({_literal(table)}, {_literal(column)})"
    return (
        f"do $$ begin if {name} is not null then"
        f" execute format('grant usage on sequence %s to %I', {name}, {_literal(role)}); end if; end $$"
    )


def _unique(table: str, key: tuple[str, ...]) -> str:
    """A unique index on these columns, if there is none."""
    keys = f"array[{', '.join(map(_literal, key))}]"
    columns = ", ".join(map(_q, key))
    return (
        f"do $$ begin\n"
        f"    if not exists (\n"
        f"        select from pg_catalog.pg_index as i\n"
        f"        where i.indrelid = {_literal(table)}::regclass and i.indisunique and i.indpred is null\n"
        f"        and i.indexprs is null and (\n"
        f"            select array_agg(a.attname::text order by a.attname) from pg_catalog.pg_attribute as a\n"
        f"            where a.attrelid = i.indrelid and a.attnum = any(i.indkey[0:i.indnkeyatts - 1])\n"
        f"        ) = (select array_agg(k order by k) from unnest({keys}) as k)\n"
        f"    ) then\n"
        f"        create unique index on {table} ({columns});\n"
        f"    end if;\n"
        f"end $$"
    )


def _outside(other: Outside, role: str, *, adds: bool) -> Iterator[str]:
    table = _q(other.table)
    if adds:
        yield f"\n-- {other.kind}, of which events add what is new\ngrant select, insert on {table} to {_q(role)}"
        yield _sequence(table, other.id, role)
        yield _unique(table, (other.key,))
        yield _policy(other.table, role, "for all", " with check (true)")
        return
    columns = ", ".join(map(_q, dict.fromkeys((other.key, other.id))))
    yield f"\n-- {other.kind}, which events only name\ngrant select ({columns}) on {table} to {_q(role)}"
    yield _policy(other.table, role, "for select", "")


def _policy(table: str, role: str, what: str, check: str) -> str:
    """A policy for the worker, if the table has row level security: without, it would only alarm an auditor."""
    name = f"outbox_worker_{table.rpartition('.')[2]}"[:63]
    closed = f"select c.relrowsecurity from pg_catalog.pg_class as c where c.oid = {_literal(_q(table))}::regclass"
    return (
        f"do $$ begin\n"
        f"    if ({closed})\n"
        f"    then\n"
        f"        drop policy if exists {_q(name)} on {_q(table)};\n"
        f"        create policy {_q(name)} on {_q(table)} {what} to {_q(role)} using (true){check};\n"
        f"    end if;\n"
        f"end $$"
    )
