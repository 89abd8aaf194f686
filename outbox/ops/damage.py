"""Is it the outbox file that a command failed of? Asked of the file, when a command failed of something else."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from outbox.errors import OutboxError
from outbox.log.sqlite_errors import corrupt, ours
from outbox.settings import OutboxSettings

_TYPES = frozenset({"TEXT", "INTEGER"})
# What no time and no id holds, by the names that the columns of such have.
_TIME = "{0} glob '*[^-0-9T:.+Z]*' or length({0}) < 19"
_ID = "{0} glob '*[^-0-9a-f]*' or length({0}) <> 36"
_SHAPES = {"_at": _TIME, "since": _TIME, "event_id": _ID, "aggregate_id": _ID, "destination_id": _ID}


def damage_behind(error: Exception) -> OutboxError | None:
    """Return our error for what a command failed of, None if the outbox file is not to blame.

    Args:
        error: what nobody caught: SQLite's own refusal, or what a row that makes no sense led to.
    """
    try:
        path = OutboxSettings.from_env().outbox_path
    except OutboxError:
        return None
    if isinstance(error, sqlite3.Error):
        return ours(path, error)
    if not path.exists():
        return None
    found = _found(path)
    return None if found is None else corrupt(path, found)


def _turned_over(connection: sqlite3.Connection) -> Iterator[str]:
    """Values that nobody of ours wrote: of another type than their column, no time, no id; SQLite takes any."""
    tables = [str(name) for (name,) in connection.execute("select name from sqlite_master where type = 'table'")]
    for table in tables:
        if table.startswith(("_", "sqlite_")):  # not ours
            continue
        for _, column, declared, *_ in connection.execute(f"pragma table_info({table})").fetchall():
            wrong = (
                [f"typeof({column}) not in ('{str(declared).lower()}', 'null')"]
                if str(declared).upper() in _TYPES
                else []
            )
            wrong += [shape.format(column) for ending, shape in _SHAPES.items() if str(column).endswith(ending)]
            if not wrong:
                continue
            asked = f"select 1 from {table} where {' or '.join(wrong)} limit 1"  # names from the file's own schema
            if connection.execute(asked).fetchone() is not None:
                yield f"a value in column {column} of table {table} is none that was written"


def _found(path: Path) -> str | None:
    """What SQLite's own check finds first, None if it finds nothing or cannot look."""
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=ro", uri=True)) as connection:
            (found,) = connection.execute("pragma quick_check(1)").fetchone()
            if found == "ok":
                found = next(_turned_over(connection), found)
    except sqlite3.DatabaseError as exc:
        return str(exc) if exc.sqlite_errorcode & 0xFF in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB} else None
    except UnicodeDecodeError:  # what it found is named by what is damaged
        return "the names in it cannot be decoded"
    return None if found == "ok" else " ".join(str(found).split())
