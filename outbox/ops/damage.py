"""Is it the outbox file that a command failed of? Asked of the file, when a command failed of something else."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from outbox.errors import OutboxError
from outbox.log.sqlite_errors import corrupt, ours
from outbox.settings import OutboxSettings


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


def _found(path: Path) -> str | None:
    """What SQLite's own check finds first, None if it finds nothing or cannot look."""
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=ro", uri=True)) as connection:
            (found,) = connection.execute("pragma quick_check(1)").fetchone()
    except sqlite3.DatabaseError as exc:
        return str(exc) if exc.sqlite_errorcode & 0xFF in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB} else None
    return None if found == "ok" else " ".join(str(found).split())
