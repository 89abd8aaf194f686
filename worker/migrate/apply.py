"""Apply migrations: one transaction per file, with its own row of the history in it."""

import psycopg

from worker.migrate.files import Migration, load
from worker.migrate.queries import query


def apply_all(dsn: str) -> list[str]:
    """Apply whatever is missing, without the checks and the backup of `worker migrate up`: for throw-away databases.

    Returns:
        The versions that were applied.
    """
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(query("create_history"))
        applied = {row[0] for row in connection.execute(query("read_history"))}
        missing = [migration for migration in load() if migration.version not in applied]
        for migration in missing:
            apply_one(connection, migration)
    return [migration.version for migration in missing]


def apply_one(connection: psycopg.Connection, migration: Migration) -> None:
    """Run one file and record it, or leave nothing."""
    with connection.transaction():
        connection.execute(migration.sql.encode())
        connection.execute(query("record"), (migration.version, migration.name, migration.statements))
