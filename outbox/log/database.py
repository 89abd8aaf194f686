"""Opens the SQLite file the way every part of the outbox needs it."""

from __future__ import annotations

import os
import sqlite3
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from outbox import host
from outbox.errors import ConfigurationError, OutboxNotFound
from outbox.log import descriptors, put_back
from outbox.log.durable import Directories
from outbox.log.gate import Gate
from outbox.log.owner import as_owner_of
from outbox.log.same_files import SameFiles, refuse_a_second_wal
from outbox.log.schema import current_version, is_current, migrate, say_again
from outbox.log.sqlite_errors import is_full
from outbox.paths import OutboxPaths, wal_bytes

if TYPE_CHECKING:
    from outbox.clock import Clock

_FOREIGN_LOCK_PATIENCE_SECONDS = 5.0
_PRAGMAS = (
    # One fsync of the WAL per commit. NORMAL would be 3 to 4 times faster and lose the last commits at power loss.
    "pragma synchronous = full",
    # On macOS an fsync ends in the disk's own cache; elsewhere this changes nothing.
    "pragma fullfsync = on",
    # Checkpoints cost a burst of fsyncs and must not run beside a writer: only `checkpoint` makes them.
    "pragma wal_autocheckpoint = 0",
    # After a checkpoint the WAL is cut back to this, so that one bad day does not keep the space for ever.
    "pragma journal_size_limit = 67108864",
    # Costs nothing; catches damaged pages when they are read rather than when they are believed.
    "pragma cell_size_check = on",
    # 16 MiB of cache: the inner pages of the indices of a log of millions of events.
    "pragma cache_size = -16384",
)


def connect(
    paths: OutboxPaths,
    gate: Gate,
    clock: Clock,
    *,
    create: bool,
    without_room: bool = False,
    reading: bool = False,
) -> tuple[sqlite3.Connection, descriptors.File]:
    """Open the file, make it if it is missing, and bring its schema up to date.

    Args:
        paths: of the outbox.
        gate: its writer gate.
        clock: for a new file.
        create: make the file if it is missing.
        without_room: where the disk has no room even to read it, open a copy in memory.
        reading: nothing will be written; where the disk has no room even to read it, keep the file to oneself.

    Returns:
        The connection, and the file that is in use until it is closed (`descriptors.leave`).

    Raises:
        OutboxNotFound: it is missing and `create` is off.
        OutboxTooNew: written by a newer version of this package.
        ConfigurationError: another program's database, or a further name of an outbox that lives elsewhere.
        sqlite3.Error: anything else; see `sqlite_errors.translated`.
    """
    if not paths.database.exists():
        if not create:
            raise not_found(paths.database)
        # SQLite gives -wal and -shm the mode of the file itself.
        fd = host.open_file(paths.database, os.O_RDWR | os.O_CREAT)
        try:
            as_owner_of(paths.database.parent, fd)
        finally:
            os.close(fd)
    with ExitStack() as opened:
        file = descriptors.enter(paths.database)
        opened.callback(descriptors.leave, file)
        refuse_a_second_wal(paths, file, patience_seconds=_FOREIGN_LOCK_PATIENCE_SECONDS)
        was_put_back = put_back.take_up(paths, gate, file)
        connection = sqlite3.connect(
            paths.database,
            timeout=_FOREIGN_LOCK_PATIENCE_SECONDS,
            isolation_level=None,  # transactions are ours: BEGIN IMMEDIATE, never the driver's implicit BEGIN
            check_same_thread=False,  # one thread at a time, kept by the gate's thread lock
        )
        try:
            _prepare(connection, gate, clock, was_put_back=was_put_back)
        except BaseException as exc:
            connection.close()
            if not (isinstance(exc, sqlite3.Error) and is_full(exc)):
                raise
            if reading:
                connection = _alone(paths, gate, clock)
            elif without_room and wal_bytes(paths) == 0:
                connection = _in_memory(paths, gate)
            else:
                raise
        if reading:
            connection.execute("pragma query_only = on")
        if (files := SameFiles(paths)).all_there and not is_in_memory(connection):
            gate.require(files.require)
        opened.pop_all()
    return connection, file


def _alone(paths: OutboxPaths, gate: Gate, clock: Clock) -> sqlite3.Connection:
    """Open the file with an index of the WAL of one's own: the one that all share would take room."""
    connection = sqlite3.connect(
        paths.database, timeout=_FOREIGN_LOCK_PATIENCE_SECONDS, isolation_level=None, check_same_thread=False
    )
    try:
        connection.execute("pragma locking_mode = exclusive")  # before the file is looked at for the first time
        _prepare(connection, gate, clock)
    except BaseException:
        connection.close()
        raise
    return connection


def is_in_memory(connection: sqlite3.Connection) -> bool:
    """Whether this is no file."""
    return not next(row[2] for row in connection.execute("pragma database_list") if row[1] == "main")


def _in_memory(paths: OutboxPaths, gate: Gate) -> sqlite3.Connection:
    """Copy the file as it is: opening it takes room for the index of the WAL, reading one without a WAL does not."""
    copy = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    with gate.held():  # nobody writes or checkpoints meanwhile
        source = sqlite3.connect(f"{paths.database.as_uri()}?immutable=1", uri=True)
        try:
            source.backup(copy)
        finally:
            source.close()
    return copy


def _is_wal(connection: sqlite3.Connection) -> bool:
    (mode,) = connection.execute("pragma journal_mode").fetchone()
    return bool(mode == "wal")


def not_found(path: Path) -> OutboxNotFound:
    """Return the error for an outbox that is not there."""
    return OutboxNotFound(
        f"no outbox at {path}: set OUTBOX_PATH to the one you mean; the first `generate` command makes a new one"
    )


def refuse_a_further_name(paths: OutboxPaths) -> None:
    """Refuse a hard link to an outbox that lives elsewhere.

    SQLite keeps the WAL by name, and we the gate: under a second name both would be others, and events be lost.

    Raises:
        ConfigurationError: this is one.
    """
    if paths.database.stat().st_nlink > 1 and not paths.gate.exists():
        raise ConfigurationError(
            f"{paths.database} is a hard link, and the outbox lives under its other name: nothing was written. Set "
            "OUTBOX_PATH to that name; if this is to be its only place from now on, remove the other name"
        )


def make_directory(path: Path) -> None:
    """Make the directory of a new outbox, readable by its owner alone if it is new, too.

    Its name is made durable in the directory above: SQLite does so only for the files inside, and a power loss
    would take the first events with the directory. Also if it is there already: who made it may have died before.
    """
    Directories(path).make(path)


def _prepare(connection: sqlite3.Connection, gate: Gate, clock: Clock, *, was_put_back: bool = False) -> None:
    for pragma in _PRAGMAS:
        connection.execute(pragma)
    version = current_version()
    if was_put_back:
        with gate.held():
            say_again(connection)
    if is_current(connection, version) and _is_wal(connection):
        return
    with gate.held():
        # Stored in the file, and not in a backup of it: readers and one writer do not block each other.
        if not _is_wal(connection):
            is_current(connection, version)  # or it is no outbox, and nothing is changed in it
            connection.execute("pragma journal_mode = wal")
        if is_current(connection, version):  # somebody else was faster
            return
        # Imported here: an outbox that is current, the usual case, never pays for it.
        from sqlite_utils import Database  # noqa: PLC0415

        migrate(Database(connection, execute_plugins=False), version, clock.now())
