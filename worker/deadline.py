"""Ends a wait that nothing else ends.

Keepalives find a dead host and the server's own time limits end a slow statement, but a pooler or a backend that
hangs keeps its socket open, answers keepalives and says nothing for ever. So every exchange with the database has a
deadline here: when it passes, the socket is shut down under the waiting call, which then fails like any other lost
connection.
"""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from worker.connection import Connection
from worker.logs import get_log


@contextmanager
def deadline(connection: Connection, seconds: float, *, tell: bool = True) -> Iterator[None]:
    """Shut the connection's socket down if the block has not ended after `seconds`, and `tell` it in the log."""
    timer = threading.Timer(seconds, _shut_down, (connection, seconds, tell))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _shut_down(connection: Connection, seconds: float, tell: bool) -> None:  # noqa: FBT001 - a timer has no keywords
    if tell:
        get_log().warning("relay.hung", seconds=seconds)
    with suppress(OSError), socket.socket(fileno=os.dup(connection.fileno())) as sock:
        sock.shutdown(socket.SHUT_RDWR)
