"""Write down what the migrations make of an empty database: `python -m worker.migrate.record` (`make facts`).

It starts the servers that it finds (the wheel's, and Debian's PostgreSQL 15), migrates an empty database on each, one
file after the other, and keeps what changed with each file. Run it whenever a file of `migrations/supabase` changes; a
test says so if it was forgotten.
"""

import json
import sys
import tempfile
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

import psycopg
from psycopg import sql

from worker.migrate.apply import run_file
from worker.migrate.facts import API_ROLES, FILE, Key, Said, Shipped, read_facts
from worker.migrate.files import FOLDER, load
from worker.migrate.queries import query
from worker.standin import LocalPostgres

OTHER_SERVERS = (Path("/usr/lib/postgresql/15/bin"),)


def record(dsn: str, *, roles: Collection[str] = ()) -> Shipped:
    """Migrate the empty database that is named, and write down what each file makes.

    Args:
        dsn: as the role that migrates. The database must hold nothing of ours.
        roles: of ours that the server has already, and keeps.
    """
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(query("create_history"))
        schemas, tables, others = (_names(connection, statement) for statement in (_SCHEMAS, _TABLES, _ROLES))
        steps: dict[str, dict[Key, Said | None]] = {}
        before: Mapping[Key, Said] = {}
        every = load()
        # Made twice: what the names are is known only when all of them are there.
        for migration in every:
            run_file(connection, migration, "up")
        of = Shipped(
            schemas=tuple(sorted(_names(connection, _SCHEMAS) - schemas)),
            tables=tuple(sorted(_names(connection, _TABLES) - tables)),
            roles=(*API_ROLES, *sorted(_names(connection, _ROLES) - others | set(roles))),
            steps=steps,
        )
        for migration in reversed(every):
            run_file(connection, migration, "down")
        for role in set(of.roles) - {*API_ROLES, *roles}:
            connection.execute(sql.SQL("drop role {}").format(sql.Identifier(role)))
        for migration in every:
            run_file(connection, migration, "up")
            after = {
                key: (fact.about, (fact.statement,))
                for key, fact in read_facts(connection, of).items()
                if fact.about not in API_ROLES
            }
            steps[migration.version] = {
                **dict.fromkeys(before.keys() - after.keys()),
                **{key: said for key, said in after.items() if before.get(key) != said},
            }
            before = after
    return of


def merged(one: Shipped, other: Shipped) -> Shipped:
    """Both, each fact with both spellings."""
    steps = {
        version: {
            key: _both(facts.get(key), other.steps[version].get(key))
            for key in facts.keys() | other.steps[version].keys()
        }
        for version, facts in one.steps.items()
    }
    return Shipped(schemas=one.schemas, tables=one.tables, roles=one.roles, steps=steps)


def _both(one: Said | None, other: Said | None) -> Said | None:
    if one is None or other is None:
        return one or other
    return one[0], tuple(dict.fromkeys((*one[1], *other[1])))


def write(found: Iterable[Shipped], path: Path) -> None:
    """Write them all into one file."""
    first, *others = found
    for other in others:
        first = merged(first, other)
    path.write_text(json.dumps(first.as_data(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _names(connection: psycopg.Connection, statement: str) -> set[str]:
    return {row[0] for row in connection.execute(statement.encode())}


_SCHEMAS = "select nspname::text from pg_namespace where nspname <> 'supabase_migrations'"
_TABLES = (
    "select relname::text from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v')"
)
_ROLES = "select rolname::text from pg_roles"


def main() -> None:
    """Record on every server that is there."""
    found = []
    for programs in (None, *(folder for folder in OTHER_SERVERS if (folder / "postgres").exists())):
        with tempfile.TemporaryDirectory(prefix="creatoros-outbox-facts-") as folder:
            server = LocalPostgres(Path(folder) / "server", durable=False, programs=programs)
            server.start()
            try:
                found.append(record(server.dsn()))
            finally:
                server.stop("immediate")
                server.remove_data()
    write(found, FOLDER / FILE)
    sys.stdout.write(f"{len(found)} servers recorded\n")


if __name__ == "__main__":
    main()
