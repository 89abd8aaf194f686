"""Sees that the files which SQLite has open are still the ones at their paths.

SQLite finds `-wal` and `-shm` by name, and goes on with those it has open when a hand deletes them, or puts another
file in the place of the outbox. What is written from then on lies in files without a name, and a kill loses it. Whoever
opens the outbox next makes a second WAL; the last one to close writes its own into the file, and deletes the other by
its name. So there are two looks, of a microsecond each:

- Before the outbox is opened. If somebody has it open and its WAL or the index of that has no name, nothing is opened:
  a second WAL is never made. When that process ends, everything it has is put into the file. (Only Linux tells.)
- Under the writer gate, before whatever it is entered for. The files at the paths must be those that were opened.
"""

from __future__ import annotations

import os
import time

from outbox import host
from outbox.errors import OutboxBusy, StorageFailed
from outbox.log import descriptors
from outbox.log.put_back import SHARED_LOCK, is_read_with_a_wal
from outbox.paths import OutboxPaths

_LOOKS_EVERY_SECONDS = 0.01


def refuse_a_second_wal(paths: OutboxPaths, file: descriptors.File, *, patience_seconds: float) -> None:
    """Refuse to open an outbox whose WAL, or the index of it, somebody has open and a hand deleted.

    Who opens or closes it at this moment has the lock before the files, or after them: that is waited out.

    Raises:
        OutboxBusy: it stayed so.
    """
    until = time.monotonic() + patience_seconds
    while not (paths.wal.exists() and paths.wal_index.exists()):
        fd = descriptors.of(paths.database, file)
        if not is_read_with_a_wal(fd) or not host.is_locked_elsewhere(fd, *SHARED_LOCK):
            return
        if time.monotonic() > until:
            raise OutboxBusy(
                f"{paths.database}: its -wal or -shm was deleted while a process has the outbox open: it was not "
                f"opened, for a second WAL would lose events. End that process (`fuser {paths.database}` names it), "
                "which puts everything into the file; then run again"
            )
        time.sleep(_LOOKS_EVERY_SECONDS)


class SameFiles:
    """Remembers the files that a connection has open, and looks whether they are still at their paths."""

    def __init__(self, paths: OutboxPaths) -> None:
        self._paths = (str(paths.database), str(paths.wal), str(paths.wal_index))
        self._opened = [_identity(path) for path in self._paths]

    @property
    def all_there(self) -> bool:
        """Whether there is something to look for: a copy in memory, and a file that one keeps to oneself, lack some."""
        return None not in self._opened

    def require(self) -> None:
        """Look.

        Raises:
            StorageFailed: a file is gone, or another one is in its place.
        """
        try:  # at every write: the short way
            found = [(stat.st_dev, stat.st_ino) for stat in map(os.stat, self._paths)]
        except FileNotFoundError:
            self._refuse()
        except OSError:  # who may not look knows nothing; SQLite itself tells what is wrong then
            return
        else:
            if found != self._opened:
                self._refuse()

    def _refuse(self) -> None:
        for path, before in zip(self._paths, self._opened, strict=True):
            now = _identity(path)
            if now != before:
                what = "was deleted" if now is None else "was replaced by another file"
                raise StorageFailed(
                    f"{path} {what} while this process had the outbox open: nothing was written. End every process "
                    "that has it open, then start them again"
                )


def _identity(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)  # noqa: PTH116 - as above
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino
