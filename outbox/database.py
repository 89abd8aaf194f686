"""Opens the SQLite file the way every part of the outbox needs it."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

from outbox.durable import Directories
from outbox.errors import OutboxNotFound
from outbox.gate import Gate
from outbox.owner import as_owner_of
from outbox.paths import OutboxPaths
from outbox.schema import current_version, is_current, migrate

if TYPE_CHECKING:
    from outbox.clock import Clock

_FILE_MODE = 0o600
_FOREIGN_LOCK_PATIENCE_SECONDS = 5.0
_PRAGMAS = (
    # One fsync of the WAL per commit. NORMAL would be 3 to 4 times faster and lose the last commits at power loss.
    "pragma synchronous = full",
    # Checkpoints cost a burst of fsyncs and must not run beside a writer: only `checkpoint` makes them.
    "pragma wal_autocheckpoint = 0",
    # After a checkpoint the WAL is cut back to this, so that one bad day does not keep the space for ever.
    "pragma journal_size_limit = 67108864",
    # Costs nothing; catches damaged pages when they are read rather than when they are believed.
    "pragma cell_size_check = on",
    # 16 MiB of cache: the inner pages of the indices of a log of millions of events.
    "pragma cache_size = -16384",
)


def connect(paths: OutboxPaths, gate: Gate, clock: Clock, *, create: bool) -> sqlite3.Connection:
    """Open the file, make it where it is missing, and bring its schema up to date.

    Raises:
        OutboxNotFound: it is missing and `create` is off.
        OutboxTooNew: written by a newer version of this package.
        sqlite3.Error: anything else; see `sqlite_errors.translated`.
    """
    if not paths.database.exists():
        if not create:
            raise not_found(paths.database)
        # SQLite gives -wal and -shm the mode of the file itself.
        fd = os.open(paths.database, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _FILE_MODE)
        try:
            as_owner_of(paths.database.parent, fd)
        finally:
            os.close(fd)
    connection = sqlite3.connect(
        paths.database,
        timeout=_FOREIGN_LOCK_PATIENCE_SECONDS,
        isolation_level=None,  # transactions are ours: BEGIN IMMEDIATE, never the driver's implicit BEGIN
        check_same_thread=False,  # one thread at a time, kept by the gate's thread lock
    )
    try:
        _prepare(connection, gate, clock)
    except BaseException:
        connection.close()
        raise
    return connection


def not_found(path: Path) -> OutboxNotFound:
    """Return the error for an outbox that is not there."""
    return OutboxNotFound(
        f"no outbox at {path}: set OUTBOX_PATH to the one you mean; the first `generate` command makes a new one"
    )


def make_directory(path: Path) -> None:
    """Make the directory of a new outbox, readable by its owner alone where it is new, too.

    Its name is made durable in the directory above: SQLite does so only for the files inside, and a power loss
    would take the first events with the directory. Also where it is there already: who made it may have died before.
    """
    Directories(path).make(path)


def _prepare(connection: sqlite3.Connection, gate: Gate, clock: Clock) -> None:
    for pragma in _PRAGMAS:
        connection.execute(pragma)
    version = current_version()
    if is_current(connection, version):
        return
    with gate.held():
        if is_current(connection, version):  # somebody else was faster
            return
        # Stored in the file: readers and one writer do not block each other.
        connection.execute("pragma journal_mode = wal")
        # Imported here: an outbox that is current, the usual case, never pays for it.
        from sqlite_utils import Database  # noqa: PLC0415

        migrate(Database(connection, execute_plugins=False), version, clock.now())
