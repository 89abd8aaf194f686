"""Turns SQLite's and the system's refusals into our errors, by code and never by wording."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path
from types import TracebackType

from outbox.errors import OutboxBusy, OutboxCorrupt, OutboxError, StorageFailed, StorageFull
from outbox.stored import UnreadableValue

_PRIMARY_MASK = 0xFF  # the low byte of an extended result code is its class
NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class translated:  # noqa: N801 - reads as a word: `with translated(path):`
    """Raise our errors for what goes wrong with the file at `path` in this block."""

    # A class: every append passes through it, and a generator costs three times as much.
    __slots__ = ("_path",)

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if isinstance(exc, (sqlite3.Error, OSError)):
            raise ours(self._path, exc) from exc


def ours(path: Path, exc: sqlite3.Error | OSError) -> OutboxError:
    """Return our error for a refusal of SQLite or of the operating system."""
    return _from_sqlite(path, exc) if isinstance(exc, sqlite3.Error) else from_os_error(path, exc)


def from_os_error(path: Path, exc: OSError) -> OutboxError:
    """Return our error for a refusal of the operating system."""
    where = exc.filename or path
    if exc.errno in NO_SPACE:
        return StorageFull(
            f"no space left to write {where}: nothing was kept of this step; free some room and run again"
        )
    return StorageFailed(f"cannot write {where}: {exc.strerror or exc}; check the disk and its permissions")


def is_full(exc: sqlite3.Error) -> bool:
    """Tell whether the disk had no room."""
    code = getattr(exc, "sqlite_errorcode", None)
    # The index of the WAL has no room: SQLite calls that an I/O error of its own kind.
    return isinstance(code, int) and (
        code & _PRIMARY_MASK == sqlite3.SQLITE_FULL or code == sqlite3.SQLITE_IOERR_SHMSIZE
    )


def _from_sqlite(path: Path, exc: sqlite3.Error) -> OutboxError:
    code = getattr(exc, "sqlite_errorcode", None)
    primary = code & _PRIMARY_MASK if isinstance(code, int) else None
    if is_full(exc):
        return StorageFull(
            f"no space left to write {path}: nothing was kept of this step; free some room and run again"
        )
    if primary in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
        return corrupt(path, exc)
    if code is None and (found := _damage_without_a_code(exc)) is not None:
        return corrupt(path, found)
    if primary in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return OutboxBusy(
            f"{path} is locked by a program that does not use the writer gate (a SQLite shell, a backup tool?): "
            "nothing was written; close it and run again"
        )
    if primary in {
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_IOERR,
    }:
        return StorageFailed(f"cannot read or write {path} ({exc}): check that the disk works and the file is yours")
    return OutboxError(f"{path}: {exc}")


def _damage_without_a_code(exc: sqlite3.Error) -> object | None:
    if isinstance(exc, UnreadableValue):
        return exc
    return "a text in it cannot be decoded" if str(exc).startswith("Could not decode") else None  # Python's module


def damaged(connection: sqlite3.Connection) -> str | None:
    """Return what SQLite's own check finds first, None if it finds nothing."""
    try:
        (found,) = connection.execute("pragma quick_check(1)").fetchone()
    except sqlite3.Error as exc:
        return str(exc)
    return None if found == "ok" else str(found)


def corrupt(path: Path, found: object) -> OutboxCorrupt:
    """Return the error for a file that fails SQLite's checks."""
    return OutboxCorrupt(
        f"{path} is damaged ({found}). It was left as it is. Keep a copy, then salvage what can be read with "
        "`outbox recover --salvage NEW`, or start a new file and run `generate import` on the course folders"
    )
