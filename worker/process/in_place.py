"""Tells when the outbox file, its WAL or the index of that is no longer the one at its path.

A process keeps a file that was moved, deleted or replaced, and SQLite goes on reading it, while generators open what is
at the path: a worker would wait for ever for events that are written elsewhere. So it looks before it waits, and ends
when it finds the same twice in a row: between the two it has read the old file once more, so that what was written
there before the change is delivered. Where its WAL was deleted nobody can open the outbox until the worker has ended,
which puts into the file what it has.
"""

from collections.abc import Callable
from pathlib import Path

from outbox import OutboxPaths
from worker.errors import OutboxMoved


class InPlace:
    """Remembers which files were at the paths.

    Args:
        path: the outbox file, which exists; a link is followed at each look.
        room: looks whether the disk has room again.
    """

    def __init__(self, path: Path, room: Callable[[], None] = lambda: None) -> None:
        self._path = path
        self._room = room
        self._files = self._found()
        self._seen_once = False

    def __call__(self) -> None:
        """Look.

        Raises:
            OutboxMoved: there is no file at a path, or another one, and it was so the last time.
        """
        self._room()
        found = self._found()
        moved = [now for now, before in zip(found, self._files, strict=True) if now[1] != before[1]]
        before, self._seen_once = self._seen_once, bool(moved)
        if moved and before:
            path, identity = moved[0]
            what = "is gone" if identity is None else "was replaced by another file"
            raise OutboxMoved(
                f"{path} {what} while the worker served it; what waited in the old file is delivered: "
                "start the worker again"
            )

    def _found(self) -> list[tuple[Path, tuple[int, int] | None]]:
        paths = OutboxPaths.of(self._path)
        return [(path, _identity(path)) for path in (self._path, paths.wal, paths.wal_index)]


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
