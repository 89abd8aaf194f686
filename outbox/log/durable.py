"""Durable file steps: what a power loss after each of them leaves behind is known."""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path

from outbox import host
from outbox.log.failpoints import reach
from outbox.log.owner import as_owner_of

_DIRECTORY_MODE = 0o700
_CHUNK_BYTES = 1 << 20
# A directory above our own: not ours to read, or on a file system that syncs none.
_NOT_FOR_US = {errno.EACCES, errno.EPERM, errno.EROFS, errno.EINVAL}


def create(path: Path, data: bytes) -> int:
    """Create a file that must not exist yet, and return it open: its bytes are on the disk after an fsync."""
    fd = host.open_file(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    try:
        reach("file.created")
        view = memoryview(data)
        while view:
            view = view[os.write(fd, view) :]
        reach("file.written")
    except BaseException:
        os.close(fd)
        raise
    return fd


def sync_file(path: Path) -> None:
    """Make the bytes of a file durable, whichever process wrote them."""
    host.flush_file(path)


def sync_directory(path: Path) -> None:
    """Make the names in a directory durable: a rename is one only after this."""
    host.flush_names(path)


def _mkdir(path: Path) -> None:
    try:
        path.mkdir(mode=_DIRECTORY_MODE)
    except FileExistsError:
        if not path.is_dir():
            raise
    else:
        as_owner_of(path.parent, path)
    reach("directory.made")


def make_directories(path: Path) -> None:
    """Make a directory and its parents, each name durable in the one above."""
    missing = []
    while not path.is_dir():
        missing.append(path)
        path = path.parent
    for directory in reversed(missing):
        _mkdir(directory)
        sync_directory(directory.parent)


class Directories:
    """Makes directories below a root so that their names survive a power loss, though other processes make them too.

    A directory that is there already may have been made a moment ago, by a process that has not synced its name yet
    or that died before it could. So each is synced once by every process that relies on it; afterwards a look is
    enough.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._sure: set[Path] = set()

    def make(self, path: Path, *, is_there: bool = False) -> None:
        """Make a directory and those above it up to the root.

        Args:
            path: below the root, or behind a link that stays in it.
            is_there: somebody has just looked.
        """
        if path in self._sure and (is_there or path.is_dir()):
            return
        if path == self._root or self._root not in path.parents:
            if path.is_dir():
                _sync_if_possible(path.parent)
            else:
                make_directories(path)
        else:
            self.make(path.parent)
            _mkdir(path)
            sync_directory(path.parent)
        self._sure.add(path)


def _sync_if_possible(path: Path) -> None:
    try:
        sync_directory(path)
    except OSError as exc:
        if exc.errno not in _NOT_FOR_US:  # there the process that made what is in it must be believed
            raise


def stamp_of(path: Path) -> tuple[int, int, int, int] | None:
    """Return what changes whenever a file does, for far less than hashing it; None if there is no file."""
    try:
        found = os.stat(path)  # noqa: PTH116 - under the writer gate: half the time of Path.stat
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def sha256_of(path: Path) -> str | None:
    """Return the hash of a file's bytes, None if there is no file."""
    try:
        with path.open("rb") as file:
            digest = hashlib.sha256()
            while chunk := file.read(_CHUNK_BYTES):
                digest.update(chunk)
            return digest.hexdigest()
    except FileNotFoundError:
        return None


def sha256_of_bytes(data: bytes) -> str:
    """Return the hash of bytes in memory, as `sha256_of` does for a file."""
    return hashlib.sha256(data).hexdigest()
