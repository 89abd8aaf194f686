"""Tells when the outbox file is no longer the one at its path.

A process keeps a file that was moved, deleted or replaced, and SQLite goes on reading it, while generators open what is
at the path: a worker would wait for ever for events that are written elsewhere. So it looks before it waits, and ends
when it finds the same twice in a row: between the two it has read the old file once more, so that what was written
there before the change is delivered.
"""

from collections.abc import Callable
from pathlib import Path

from worker.errors import OutboxMoved


class InPlace:
    """Remembers which file was at the path.

    Args:
        path: the outbox file, which exists; a link is followed at each look.
        room: looks whether the disk has room again.
    """

    def __init__(self, path: Path, room: Callable[[], None] = lambda: None) -> None:
        self._path = path
        self._room = room
        self._file = _identity(path)
        self._seen_once = False

    def __call__(self) -> None:
        """Look.

        Raises:
            OutboxMoved: there is no file at the path, or another one, and it was so the last time.
        """
        self._room()
        found = _identity(self._path)
        moved, before = found != self._file, self._seen_once
        self._seen_once = moved
        if moved and before:
            what = "is gone" if found is None else "was replaced by another file"
            raise OutboxMoved(
                f"{self._path} {what} while the worker served it; what waited in the old file is delivered: "
                "start the worker again"
            )


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
