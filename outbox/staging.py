"""Where a file waits between being written and being published.

Each process stages in a directory of its own below CONTENT_ROOT (same file system, so that publishing is a
rename) and holds a lock on it for as long as it lives. Whoever can take that lock knows that the owner is
dead and that what lies there is its estate: named in the log, it is published; not named, it is swept.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from outbox import durable
from outbox.confined import STAGING_DIRECTORY
from outbox.failpoints import reach
from outbox.syncing import Sync, Syncing

_OWNER_LOCK = "owner.lock"
_FILE_MODE = 0o600
_NASCENT = ".new"
_NASCENT_SECONDS = 3600  # a directory that was not finished in an hour never will be


class Staged(NamedTuple):
    """A file in staging.

    Attributes:
        temp: its place, relative to CONTENT_ROOT.
        sync: whether its bytes are on the disk yet.
    """

    temp: str
    sync: Sync


class Staging:
    """The staging directory of this process for one CONTENT_ROOT; made at the first file."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.directories = durable.Directories(root)
        self._syncing = Syncing()
        self._directory: Path | None = None
        self._lock_fd = -1
        self._count = 0

    @property
    def directory(self) -> Path | None:
        """The directory, None while nothing was staged."""
        return self._directory

    def stage(self, data: bytes) -> Staged:
        """Write `data` to a file of its own, and begin to make it durable."""
        if self._directory is None:
            self._open()
        assert self._directory is not None  # noqa: S101 - just made
        self._count += 1
        path = self._directory / f"{self._count}.tmp"
        try:
            fd = durable.create(path, data)
        except OSError:
            path.unlink(missing_ok=True)
            raise
        sync = self._syncing.start(fd, path)
        return Staged(f"{STAGING_DIRECTORY}/{self._directory.name}/{path.name}", sync)

    def discard(self, temp: str) -> None:
        """Forget a staged file."""
        (self._root / temp).unlink(missing_ok=True)

    def close(self) -> None:
        """Remove the directory. Files that are still in it are named in the log or were never meant to be."""
        self._syncing.close()
        if self._directory is not None:
            remove(self._directory)
            os.close(self._lock_fd)
            self._directory = None

    def abandon(self) -> None:
        """Let go of the directory but leave it: recovery publishes what the log names in it."""
        self._syncing.close()
        if self._directory is not None:
            os.close(self._lock_fd)
            self._directory = None

    def _open(self) -> None:
        parent = self._root / STAGING_DIRECTORY
        self.directories.make(parent)
        # The lock is taken under another name first: a sweeper must never find it free before it is ours.
        token = f"{os.getpid()}-{secrets.token_hex(4)}"
        nascent = parent / f"{token}{_NASCENT}"
        nascent.mkdir(mode=0o700)
        lock_fd = -1
        try:
            reach("staging.nascent")
            lock_fd = os.open(nascent / _OWNER_LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _FILE_MODE)
            fcntl.flock(lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            nascent.rename(parent / token)
            durable.sync_directory(parent)
        except BaseException:
            shutil.rmtree(nascent, ignore_errors=True)
            remove(parent / token)
            if lock_fd >= 0:
                os.close(lock_fd)
            raise
        self._directory, self._lock_fd = parent / token, lock_fd


def remove(directory: Path) -> None:
    """Remove a staging directory, its lock last: who finds a directory without a lock finds an empty one."""
    with contextlib.suppress(OSError):
        for entry in directory.iterdir():
            if entry.name != _OWNER_LOCK:
                entry.unlink(missing_ok=True)
        (directory / _OWNER_LOCK).unlink(missing_ok=True)
        directory.rmdir()


@contextmanager
def estates(root: Path) -> Iterator[list[Path]]:
    """Give the staging directories whose owners are dead, locked for as long as the block runs."""
    held: list[int] = []
    dead: list[Path] = []
    parent = root / STAGING_DIRECTORY
    try:
        for directory in sorted(parent.iterdir()) if parent.is_dir() else []:
            if directory.suffix == _NASCENT:
                _sweep_nascent(directory)
                continue
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
    except FileNotFoundError:
        # Its owner is this instant removing it, or died doing so: the lock goes last, so nothing is in it.
        with contextlib.suppress(OSError):
            try:
                directory.rmdir()
            except OSError:  # something is: a power loss took the lock's name alone, and no owner outlived that
                fd = os.open(directory / _OWNER_LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _FILE_MODE)
                return _locked(fd)
        return None
    except NotADirectoryError:
        return None
    return _locked(fd)


def _locked(fd: int) -> int | None:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        return None
    return fd


def _sweep_nascent(directory: Path) -> None:
    """Remove what a process that died before it owned the directory left; a younger one may be in the making."""
    with contextlib.suppress(OSError):
        if time.time() - directory.stat().st_mtime > _NASCENT_SECONDS:
            shutil.rmtree(directory)
