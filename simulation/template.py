"""A fresh outbox file: made by the code itself once per process, then copied, with an identity of its own."""

import datetime as dt
import shutil
import sqlite3
import tempfile
from functools import cache
from pathlib import Path
from uuid import UUID

from outbox import Outbox


class _NewYear:
    def now(self) -> dt.datetime:
        return dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


@cache
def _template() -> bytes:
    with tempfile.TemporaryDirectory(prefix="simulation-") as folder:
        path = Path(folder, "outbox.db")
        Outbox.open(path, clock=_NewYear()).close()
        return path.read_bytes()


@cache
def _empty(outbox_id: UUID) -> bytes:
    with tempfile.TemporaryDirectory(prefix="simulation-") as folder:
        path = Path(folder, "outbox.db")
        path.write_bytes(_template())
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute("update meta set value = ? where key = 'outbox_id'", [str(outbox_id)])
        connection.execute("pragma wal_checkpoint(truncate)")
        connection.close()
        return path.read_bytes()


def new_outbox(path: Path, outbox_id: UUID) -> None:
    """Write a new, empty outbox with this identity."""
    path.write_bytes(_empty(outbox_id))
    path.chmod(0o600)


def backup_of(path: Path, target: Path) -> None:
    """Make a backup: it stands in a journal mode of its own, as `outbox backup` leaves it."""
    copy_of(path, target)
    connection = sqlite3.connect(target, isolation_level=None)
    connection.execute("pragma journal_mode = delete").fetchall()
    connection.close()


def copy_of(path: Path, target: Path) -> None:
    """Copy an outbox file that is in use, as a backup does."""
    source, copy = sqlite3.connect(path), sqlite3.connect(target)
    with copy:
        source.backup(copy)
    copy.close()
    source.close()
    shutil.copymode(path, target)
