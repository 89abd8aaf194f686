"""A worker that was started on a full disk serves a copy in memory, and opens the file as soon as there is room."""

from outbox import Outbox, OutboxError


class RoomAgain(Exception):
    """The outbox file can be opened again."""


class Room:
    """Looks whether there is room.

    Args:
        box: as it was opened.
    """

    def __init__(self, box: Outbox) -> None:
        self._box = box

    def __call__(self) -> None:
        """Look.

        Raises:
            RoomAgain: the file can be opened, and what is new can be read.
        """
        if not self._box.is_snapshot:
            return
        try:
            Outbox.open(self._box.path, create=False).close()
        except OutboxError:
            return
        raise RoomAgain
