"""A backup that was put in the place of the outbox: how it is known, and what is done before it is opened.

SQLite keeps what was committed last in a WAL beside the file, and finds it by name. If a file is put back and the WAL
of the one before it is still there, SQLite applies it, and mixes two files. So a backup has to be known as one as long
as nobody has opened it here. It says in its header that it is *read* with a WAL, which SQLite goes by, and *written*
without one, which it does not look at: whoever opens it, a raw SQLite program as well, is in WAL mode at once, and
never keeps our writers out. A backup of an earlier version of this package says neither; its mode is changed when it is
opened.

A WAL beside it is that of the file before, and is set aside, also if a process that still has that file writes it. The
exception is a raw program that came first and has written: it holds SQLite's lock on this very file, and the WAL is
younger than the file's place. Then nothing is opened until that program has ended, which empties the WAL.

The mark is taken away under the writer gate, in the file itself: one byte. The commit that follows makes others read
the header again. Only a foreign program that writes between these two could bring the mark back.
"""

from __future__ import annotations

import os
from pathlib import Path

from outbox import host
from outbox.errors import OutboxBusy
from outbox.log import descriptors
from outbox.log.gate import Gate
from outbox.paths import OutboxPaths, wal_bytes

# Of SQLite's file format: bytes that say how the file is written and read, and what stands there in WAL mode.
_WRITE_VERSION, _READ_VERSION, _WAL = 18, 19, 2
SHARED_LOCK = (0x40000002, 510)  # bytes that whoever has the file open in WAL mode has locked: the first, how many


def mark(backup: Path) -> None:
    """Say that this file, which nobody has open, is a backup; the caller syncs it."""
    fd = host.open_file(backup, os.O_RDWR)
    try:
        host.write_at(fd, bytes([_WAL]), _READ_VERSION)
    finally:
        os.close(fd)


def take_up(paths: OutboxPaths, gate: Gate, file: descriptors.File) -> bool:
    """Set aside the WAL of the file that was here before, if this one is a backup, and take its mark away.

    Returns:
        Whether the mark was taken away: a commit must follow.

    Raises:
        OutboxBusy: a program that is none of ours has written into the backup.
    """
    fd = descriptors.of(paths.database, file)
    if not _is_backup(fd) or not os.access(paths.database, os.W_OK):  # who may only read appends nothing either
        return False
    with gate.held():
        if not _is_backup(fd):  # somebody else was faster
            return False
        is_marked = is_read_with_a_wal(fd)  # or of an earlier version: SQLite changes its journal mode
        if wal_bytes(paths):
            if is_marked and _is_in_use(fd, paths.wal):
                raise OutboxBusy(
                    f"{paths.database} was put back from a backup, and a program that does not use the writer gate has "
                    "written into it since: nothing was written; close that program and run again"
                )
            _set_wal_aside(paths)
        if is_marked:
            host.write_at(fd, bytes([_WAL]), _WRITE_VERSION)
            host.flush(fd)
        return is_marked


def is_read_with_a_wal(fd: int) -> bool:
    """Whether the header says that SQLite is to read the file with a WAL."""
    return _version(fd, _READ_VERSION) == _WAL


def _is_backup(fd: int) -> bool:
    return _version(fd, _WRITE_VERSION) not in {None, _WAL}


def _is_in_use(fd: int, wal: Path) -> bool:
    is_younger = wal.stat().st_mtime_ns > os.fstat(fd).st_ctime_ns
    return is_younger and host.is_locked_elsewhere(fd, *SHARED_LOCK)


def _version(fd: int, place: int) -> int | None:
    """Return a byte of the header; None if there is none yet."""
    found = host.read_at(fd, 1, place)
    return found[0] if found else None


def _set_wal_aside(paths: OutboxPaths) -> None:
    number = 1
    while (aside := paths.wal.with_name(f"{paths.wal.name}.of-another-file-{number}")).exists():
        number += 1
    paths.wal.rename(aside)
    paths.wal_index.unlink(missing_ok=True)
