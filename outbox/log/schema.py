"""Applies `migrations/outbox/*.sql` to an outbox file, through sqlite-utils' migrations."""

from __future__ import annotations

import datetime as dt
import sqlite3
import uuid
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from outbox.errors import ConfigurationError, OutboxTooNew
from outbox.log.failpoints import reach

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlite_utils import Database

_MIGRATION_SET = "outbox"
# Stands in the header of every outbox file ("obox"), so that no other program's database is taken for one.
APPLICATION_ID = 0x6F626F78

# Found beside this package and not by name: a project of Alembic or Django has a `migrations` folder of its own, which
# comes first on the path of its scripts.
_SCRIPTS = Path(__file__).parents[2] / "migrations" / "outbox"


def _scripts() -> list[tuple[str, str]]:
    return [(entry.stem, entry.read_text("utf-8")) for entry in sorted(_SCRIPTS.glob("*.sql"))]


@cache
def current_version() -> int:
    """Return the schema version that this package writes: the number of its last migration."""
    return max(int(entry.name[:4]) for entry in _SCRIPTS.glob("*.sql"))


def is_current(connection: sqlite3.Connection, version: int) -> bool:
    """Tell whether the file has this version already.

    Raises:
        ConfigurationError: it is another program's database.
        OutboxTooNew: the file was written by a newer package.
    """
    (application,) = connection.execute("pragma application_id").fetchone()
    if application != APPLICATION_ID:
        if connection.execute("select 1 from sqlite_master").fetchone() is not None:
            raise ConfigurationError(
                "this SQLite file belongs to another program, nothing was written to it: set OUTBOX_PATH to an "
                "outbox, or to a path where nothing is yet"
            )
        return False
    (found,) = connection.execute("pragma user_version").fetchone()
    if found > version:
        raise OutboxTooNew(
            f"this outbox file has schema version {found}, this package knows {version}: upgrade this host"
        )
    return bool(found == version)


def migrate(database: Database, version: int, now: dt.datetime) -> None:
    """Bring the file to `version`; the caller holds the writer gate."""
    # First: a file that a crash leaves behind can be recognised as an outbox.
    database.conn.execute(f"pragma application_id = {APPLICATION_ID:d}")
    # Imported here: an outbox that is current, the usual case, never pays for it.
    from sqlite_utils import Migrations  # noqa: PLC0415

    migrations = Migrations(_MIGRATION_SET)
    for name, script in _scripts():
        migrations(name=name)(_runner(script))
    migrations.apply(database)
    reach("schema.migrated")
    connection = database.conn
    connection.execute("insert or ignore into meta values ('outbox_id', ?)", [str(uuid.uuid4())])
    connection.execute("insert or ignore into meta values ('created_at', ?)", [now.isoformat()])
    # Last: a crash before this line only makes the next opener look at the migrations again.
    connection.execute(f"pragma user_version = {version:d}")


def say_again(connection: sqlite3.Connection) -> None:
    """Write the version that the file has once more: a commit of its header, which all others then read again."""
    (found,) = connection.execute("pragma user_version").fetchone()
    connection.execute(f"pragma user_version = {found:d}")


def _runner(script: str) -> _Runner:
    return _Runner(script)


class _Runner:
    """One migration as sqlite-utils calls it; statement by statement, for executescript would commit."""

    __name__ = "run"

    def __init__(self, script: str) -> None:
        self._script = script

    def __call__(self, db: Database, /) -> None:
        for statement in _statements(self._script):
            db.conn.execute(statement)


def _statements(script: str) -> Iterator[str]:
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        # SQLite's own tokenizer: it knows that a trigger's body holds semicolons.
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
