"""Where a file waits between being written and being published.

Each process stages in a directory of its own below CONTENT_ROOT (same file system, so that publishing is a
rename) and holds a lock on it for as long as it lives. Whoever can take that lock knows that the owner is
dead and that what lies there is its estate: named in the log, it is published; not named, it is swept.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from outbox import durable
from outbox.confined import STAGING_DIRECTORY

_OWNER_LOCK = "owner.lock"
_FILE_MODE = 0o600


class Staging:
    """The staging directory of this process for one CONTENT_ROOT; made at the first file."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._directory: Path | None = None
        self._lock_fd = -1
        self._count = 0

    @property
    def directory(self) -> Path | None:
        """The directory, None while nothing was staged."""
        return self._directory

    def stage(self, data: bytes) -> str:
        """Write `data` durably and return its place, relative to CONTENT_ROOT."""
        if self._directory is None:
            self._open()
        assert self._directory is not None  # noqa: S101 - just made
        self._count += 1
        path = self._directory / f"{self._count}.tmp"
        try:
            durable.write_new(path, data)
        except OSError:
            path.unlink(missing_ok=True)
            raise
        return f"{STAGING_DIRECTORY}/{self._directory.name}/{path.name}"

    def discard(self, temp: str) -> None:
        """Forget a staged file."""
        (self._root / temp).unlink(missing_ok=True)

    def close(self) -> None:
        """Remove the directory. Files that are still in it are named in the log or were never meant to be."""
        if self._directory is not None:
            shutil.rmtree(self._directory, ignore_errors=True)
            os.close(self._lock_fd)
            self._directory = None

    def abandon(self) -> None:
        """Let go of the directory but leave it: recovery publishes what the log names in it."""
        if self._directory is not None:
            os.close(self._lock_fd)
            self._directory = None

    def _open(self) -> None:
        parent = self._root / STAGING_DIRECTORY
        durable.make_directories(parent)
        # The lock is taken under another name first: a sweeper must never find it free before it is ours.
        token = f"{os.getpid()}-{secrets.token_hex(4)}"
        nascent = parent / f"{token}.new"
        nascent.mkdir(mode=0o700)
        self._lock_fd = os.open(nascent / _OWNER_LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _FILE_MODE)
        fcntl.flock(self._lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self._directory = parent / token
        nascent.rename(self._directory)
        durable.sync_directory(parent)


@contextmanager
def estates(root: Path) -> Iterator[list[Path]]:
    """Give the staging directories whose owners are dead, locked for as long as the block runs."""
    held: list[int] = []
    dead: list[Path] = []
    parent = root / STAGING_DIRECTORY
    try:
        for directory in sorted(parent.iterdir()) if parent.is_dir() else []:
            fd = _take(directory)
            if fd is not None:
                held.append(fd)
                dead.append(directory)
        yield dead
    finally:
        for fd in held:
            os.close(fd)


def _take(directory: Path) -> int | None:
    try:
        fd = os.open(directory / _OWNER_LOCK, os.O_RDWR | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        # Died between mkdir and the lock, or is this instant being made or removed: nothing staged in it yet.
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        return None
    return fd
