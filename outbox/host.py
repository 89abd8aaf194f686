"""What differs between Linux, macOS and Windows. Everything else asks here and knows no system.

Locks die with their holder, whatever kills it. If there is `flock` the kernel wakes those who wait in turn. Windows
locks a byte, far beyond the end of any file and of what SQLite locks, and wakes nobody: who waits there asks again, so
under a crowd somebody may wait long, and gives up after the same patience.

Bytes that are to survive a power loss: `fsync` on macOS leaves them in the disk's own cache, F_FULLFSYNC does not.
Names of files need an fsync of their directory; Windows opens none, and NTFS keeps them in its journal.
"""

from __future__ import annotations

import os
import select
import struct
import sys
import time
from pathlib import Path

try:
    import fcntl
except ImportError:
    import msvcrt

# Not inherited by children is what Python sees to; that no line end is translated, only this does.
AS_BYTES = getattr(os, "O_BINARY", 0)
HAS_FAIR_LOCKS = "fcntl" in globals()
KEEPS_NAMES_BY_ITSELF = not hasattr(os, "O_DIRECTORY")
MOVES_OPEN_DIRECTORIES = HAS_FAIR_LOCKS
FULL_SYNC: int | None = getattr(fcntl, "F_FULLFSYNC", None) if HAS_FAIR_LOCKS else None  # macOS
_HAS_OFFSETS = hasattr(os, "pread")
_LOCKED_BYTE = 1 << 40
_AGAIN_SECONDS = 0.002
_FLOCK = "hhqqi4x"  # struct flock of Linux: type, whence, start, length, pid


def open_file(path: Path, flags: int, mode: int = 0o600) -> int:
    """Open a file as bytes; children do not inherit it."""
    return os.open(path, flags | AS_BYTES, mode)


def try_lock(fd: int) -> bool:
    """Take the lock of an open file for this descriptor alone; False if somebody has it."""
    try:
        if HAS_FAIR_LOCKS:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        else:
            _byte(fd, "LK_NBLCK")
    except BlockingIOError:
        return False
    except PermissionError:
        if HAS_FAIR_LOCKS:
            raise
        return False
    return True


def lock(fd: int) -> None:
    """Take the lock of an open file, however long that takes."""
    if HAS_FAIR_LOCKS:
        fcntl.flock(fd, fcntl.LOCK_EX)
        return
    while not try_lock(fd):
        time.sleep(_AGAIN_SECONDS)


def is_locked(fd: int) -> bool:
    """Whether somebody has the lock of an open file; who asks may keep others out for microseconds."""
    if not HAS_FAIR_LOCKS:
        if not try_lock(fd):
            return True
        unlock(fd)
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    unlock(fd)
    return False


def unlock(fd: int) -> None:
    """Give a lock back; closing the descriptor does so as well."""
    if HAS_FAIR_LOCKS:
        fcntl.flock(fd, fcntl.LOCK_UN)
    else:
        _byte(fd, "LK_UNLCK")


def read_at(fd: int, count: int, offset: int = 0) -> bytes:
    """Read from a place in an open file; fewer bytes at its end."""
    if _HAS_OFFSETS:
        return os.pread(fd, count, offset)
    os.lseek(fd, offset, os.SEEK_SET)
    return os.read(fd, count)


def write_at(fd: int, data: bytes, offset: int = 0) -> None:
    """Write to a place in an open file."""
    if _HAS_OFFSETS:
        os.pwrite(fd, data, offset)
    else:
        os.lseek(fd, offset, os.SEEK_SET)
        os.write(fd, data)


def flush(fd: int) -> None:
    """Return once the bytes of an open file survive a power loss.

    Raises:
        OSError: they may be lost, also if they can be read.
    """
    if FULL_SYNC is not None:
        try:
            fcntl.fcntl(fd, FULL_SYNC)
        except OSError:  # a file system that knows no such call
            os.fsync(fd)
    else:
        os.fsync(fd)


def flush_file(path: Path) -> None:
    """Return once the bytes of a file survive a power loss, whichever process wrote them."""
    fd = open_file(path, os.O_RDONLY if HAS_FAIR_LOCKS else os.O_RDWR)  # Windows flushes what is open for writing
    try:
        flush(fd)
    finally:
        os.close(fd)


def flush_names(directory: Path) -> None:
    """Return once the names in a directory survive a power loss: a rename is one only after this."""
    if KEEPS_NAMES_BY_ITSELF:
        return
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        flush(fd)
    finally:
        os.close(fd)


def has_room(fd: int, seconds: float) -> bool:
    """Wait until a stream takes bytes; where only sockets can be asked, it is believed to."""
    if not hasattr(select, "poll"):
        return True
    stream = select.poll()
    stream.register(fd, select.POLLOUT)
    return bool(stream.poll(seconds * 1000))


def is_locked_elsewhere(fd: int, start: int, length: int) -> bool:
    """Whether another process has a POSIX lock on some of these bytes, as SQLite takes them; only Linux is asked."""
    if not HAS_FAIR_LOCKS or not sys.platform.startswith("linux"):
        return False
    asked = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, start, length, 0)
    kind, *_ = struct.unpack(_FLOCK, fcntl.fcntl(fd, fcntl.F_GETLK, asked))
    return bool(kind != fcntl.F_UNLCK)


def user_id() -> int | None:
    """Return the number of the user who runs this; None if users have none."""
    return os.geteuid() if hasattr(os, "geteuid") else None


def weaknesses() -> tuple[str, ...]:
    """Return what holds less here than on Linux, in words; empty on Linux and macOS."""
    found = []
    if not HAS_FAIR_LOCKS:
        found.append("locks are not fair: under a crowd of writers one may wait until its patience ends")
    if KEEPS_NAMES_BY_ITSELF:
        found.append("names of new files survive a power loss as far as the file system's journal keeps them")
    return tuple(found)


def _byte(fd: int, how: str) -> None:
    before = os.lseek(fd, 0, os.SEEK_CUR)
    os.lseek(fd, _LOCKED_BYTE, os.SEEK_SET)
    try:
        msvcrt.locking(fd, getattr(msvcrt, how), 1)  # type: ignore[attr-defined]
    finally:
        os.lseek(fd, before, os.SEEK_SET)
