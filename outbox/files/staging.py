"""Where a file waits between being written and being published.

Each process stages in a directory of its own below CONTENT_ROOT (same file system, so that publishing is a
rename) and holds a lock on it for as long as it lives. A process that can take that lock knows that the owner
is dead. What the dead owner left is published if the log names it, and swept if not.

Several outboxes may publish below one CONTENT_ROOT, copies of one among them. What another log names looks unnamed
here, so the name of a directory says which outbox made it (`StagingOwner`), and no outbox sweeps another's.

The lock file says up to which of its files everything is published and on the disk. Recovery learns from it which units
had returned: a change of their files since then was made by somebody, and is left alone. It is one byte or two in a
file that is open anyway, written in place: it needs no room on the disk and no fsync.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from outbox import host
from outbox.files.confined import STAGING_DIRECTORY
from outbox.files.syncing import Sync, Syncing
from outbox.log import durable
from outbox.log.failpoints import reach
from outbox.log.owner import as_owner_of

_OWNER_LOCK = "owner.lock"
_NASCENT = ".new"
_NUMBER_WIDTH = 12
_NASCENT_SECONDS = 3600  # a directory that was not finished in an hour never will be


class StagingOwner(NamedTuple):
    """The outbox that made a staging directory; the name of the directory begins with it.

    Attributes:
        outbox_id: of the outbox; a copy of the file has the same.
        inode: of the outbox file, which tells a copy from it wherever both are moved.
        last_seq: of the log when the directory was made; a file put back from before then is not its owner either.
    """

    outbox_id: str
    inode: int
    last_seq: int

    @classmethod
    def of(cls, directory: Path) -> StagingOwner | None:
        """Read it from the name; None if an earlier version of this package made the directory."""
        outbox_id, *numbers = directory.name.split(".")
        if len(numbers) != 3 or not (numbers[0].isdigit() and numbers[1].isdigit()):  # noqa: PLR2004 - inode, seq, token
            return None
        return cls(outbox_id, int(numbers[0]), int(numbers[1]))

    def belongs_to(self, owner: StagingOwner) -> bool:
        """Whether the outbox that is `owner` now may sweep what it does not name."""
        return (self.outbox_id, self.inode) == (owner.outbox_id, owner.inode) and self.last_seq <= owner.last_seq


class Staged(NamedTuple):
    """A file in staging.

    Attributes:
        temp: its place, relative to CONTENT_ROOT.
        sync: whether its bytes are on the disk yet.
    """

    temp: str
    sync: Sync


class Staging:
    """The staging directory of this process for one CONTENT_ROOT; made at the first file.

    Args:
        root: CONTENT_ROOT.
        owner: tells which outbox it is for, and how far that is.
    """

    def __init__(self, root: Path, owner: Callable[[], StagingOwner]) -> None:
        self._root = root
        self._owner = owner
        self.directories = durable.Directories(root)
        self._syncing = Syncing()
        self._directory: Path | None = None
        self._lock_fd = -1
        self._count = 0
        self._unpublished: set[int] = set()
        self._user: tuple[int, int] | None = None

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
        if self._user is not None:
            os.fchown(fd, *self._user)
        self._unpublished.add(self._count)
        sync = self._syncing.start(fd, path)
        return Staged(f"{STAGING_DIRECTORY}/{self._directory.name}/{path.name}", sync)

    def discard(self, temp: str) -> None:
        """Forget a staged file."""
        (self._root / temp).unlink(missing_ok=True)
        if self._is_here(temp):
            self._unpublished.discard(number_of(temp))

    def published(self, temps: Iterable[str]) -> None:
        """Write down that these are in their places and on the disk, with all that were staged before them."""
        self._unpublished.difference_update(number_of(temp) for temp in temps if self._is_here(temp))
        reached = min(self._unpublished) - 1 if self._unpublished else self._count
        # A note: without it, recovery does what it would do for a unit that had not returned.
        try:  # noqa: SIM105 - every unit with files passes here: suppress() is three calls
            host.write_at(self._lock_fd, b"%-*d\n" % (_NUMBER_WIDTH, reached))
        except OSError:
            pass

    def close(self) -> None:
        """Remove the directory. Files that are still in it are named in the log or were never meant to be."""
        self._syncing.close()
        if self._directory is not None:
            remove(self._directory)
            self._forget()

    def abandon(self) -> None:
        """Let go of the directory but leave it: recovery publishes what the log names in it."""
        self._syncing.close()
        if self._directory is not None:
            self._forget()

    def _forget(self) -> None:
        os.close(self._lock_fd)
        self._directory, self._lock_fd, self._count = None, -1, 0
        self._unpublished.clear()

    def _is_here(self, temp: str) -> bool:
        return self._directory is not None and temp.split("/")[-2] == self._directory.name

    def _open(self) -> None:
        parent = self._root / STAGING_DIRECTORY
        self.directories.make(parent)
        while (own := self._make(parent)) is None:  # swept before it was ours: a new name
            pass
        self._directory, self._lock_fd = own

    def _make(self, parent: Path) -> tuple[Path, int] | None:
        """Make the directory and take its lock; None if a sweeper was faster and removed it.

        A sweeper must never find the lock free before it is ours. So it is taken under another name first. Where an
        open file keeps its directory from being renamed, the name is the final one from the beginning: there a
        sweeper may take the lock between two of our steps, and we look whether the directory outlived it.
        """
        owner = self._owner()
        token = f"{owner.outbox_id}.{owner.inode}.{owner.last_seq}.{os.getpid()}-{secrets.token_hex(4)}"
        nascent = parent / (f"{token}{_NASCENT}" if host.MOVES_OPEN_DIRECTORIES else token)
        nascent.mkdir(mode=0o700)
        lock_fd = -1
        try:
            as_owner_of(self._root, nascent)
            reach("staging.nascent")
            lock_fd = host.open_file(nascent / _OWNER_LOCK, os.O_RDWR | os.O_CREAT)
            as_owner_of(self._root, lock_fd)
            found = os.fstat(lock_fd)
            self._user = (found.st_uid, found.st_gid) if host.user_id() not in {None, found.st_uid} else None
            host.lock(lock_fd)
            os.write(lock_fd, b"%-*d\n" % (_NUMBER_WIDTH, 0))  # its room is taken now: later notes need none
            if host.MOVES_OPEN_DIRECTORIES:
                nascent.rename(parent / token)
            else:
                (nascent / _OWNER_LOCK).stat()  # a sweeper that had the lock before us removed it before it gave it up
            durable.sync_directory(parent)
        except BaseException as exc:
            if lock_fd >= 0:
                os.close(lock_fd)
            shutil.rmtree(nascent, ignore_errors=True)
            remove(parent / token)
            if isinstance(exc, FileNotFoundError) and not host.MOVES_OPEN_DIRECTORIES and parent.is_dir():
                return None
            raise
        return parent / token, lock_fd


def published_up_to(directory: Path) -> int:
    """Return up to which of its files a dead process had published everything; 0 if it did not say."""
    try:
        return int((directory / _OWNER_LOCK).read_bytes()[:_NUMBER_WIDTH])
    except (OSError, ValueError):  # gone, empty (an earlier version of this package), or torn by a power loss
        return 0


def inode_of(path: Path) -> int:
    """Return what tells an outbox file from its copies."""
    return path.stat().st_ino


def number_of(temp: str) -> int:
    """Return the how manieth staged file of its directory this is."""
    return int(temp.rpartition("/")[2].removesuffix(".tmp"))


def remove(directory: Path) -> None:
    """Remove a staging directory, its lock last: who finds a directory without a lock finds an empty one."""
    with contextlib.suppress(OSError):
        for entry in directory.iterdir():
            if entry.name != _OWNER_LOCK:
                entry.unlink(missing_ok=True)
        (directory / _OWNER_LOCK).unlink(missing_ok=True)
        directory.rmdir()


@contextmanager
def orphaned(root: Path) -> Iterator[list[Path]]:
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
        fd = host.open_file(directory / _OWNER_LOCK, os.O_RDWR)
    except FileNotFoundError:
        # Its owner is this instant removing it, or died doing so: the lock goes last, so nothing is in it.
        with contextlib.suppress(OSError):
            try:
                directory.rmdir()
            except OSError:  # something is: a power loss took the lock's name alone, and no owner outlived that
                fd = host.open_file(directory / _OWNER_LOCK, os.O_RDWR | os.O_CREAT)
                return _locked(fd)
        return None
    except NotADirectoryError:
        return None
    return _locked(fd)


def _locked(fd: int) -> int | None:
    if host.try_lock(fd):
        return fd
    os.close(fd)
    return None


def _sweep_nascent(directory: Path) -> None:
    """Remove what a process that died before it owned the directory left; a younger one may be in the making."""
    with contextlib.suppress(OSError):
        if time.time() - directory.stat().st_mtime > _NASCENT_SECONDS:
            shutil.rmtree(directory)
