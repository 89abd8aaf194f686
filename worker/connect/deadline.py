"""Ends a wait that nothing else ends.

Keepalives find a dead host and the server's own time limits end a slow statement, but a pooler or a backend that
hangs keeps its socket open, answers keepalives and says nothing for ever. So every exchange with the database has a
deadline here: when it passes, the socket is shut down under the waiting call, which then fails like any other lost
connection.

What counts is progress, not the clock: the time runs from the last byte that moved, so a large event on a slow line is
not cut off in the middle. The kernel knows it (`TCP_INFO` of Linux); if it does not, and on a Unix socket, the time
runs from the beginning.
"""

import os
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext, suppress
from time import monotonic
from typing import Self

from worker.connect.connection import Connection
from worker.logs import get_log

# struct tcp_info of Linux: milliseconds since data was sent, and received, last.
_SENT_AT, _RECEIVED_AT, _INFO_BYTES = 44, 52, 136
_NOT_WORTH_A_LOOK_SECONDS = 1.0


@contextmanager
def deadline(connection: Connection, seconds: float, *, tell: bool = True) -> Iterator[None]:
    """Shut the connection's socket down if nothing has moved for `seconds` and the block has not ended; `tell` it."""
    watch = _Watch(connection, seconds, tell=tell)
    watch.wait(seconds)
    try:
        yield
    finally:
        watch.end()


class Line:
    """Tells how long the line took for what is asked of the server meanwhile; also once the connection is gone.

    Args:
        connection: over which it goes.
    """

    def __init__(self, connection: Connection) -> None:
        self._began = monotonic()
        self._socket = _own_socket(connection)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._socket is not None:
            self._socket.close()

    def seconds(self) -> float | None:
        """Say how long it took to get all bytes over.

        Returns:
            None if that was not most of the time: the server was waited for, or nobody knows.
        """
        seconds = monotonic() - self._began
        if seconds < _NOT_WORTH_A_LOOK_SECONDS or (idle := _idle_seconds(self._socket, _SENT_AT)) is None:
            return None
        sending = seconds - idle
        return sending if sending > seconds / 2 else None


class _Watch:
    def __init__(self, connection: Connection, seconds: float, *, tell: bool) -> None:
        self._connection = connection
        self._seconds = seconds
        self._tell = tell
        self._is_over = False

    def wait(self, seconds: float) -> None:
        """Look again after so long; a look that comes after the end finds that it is over."""
        self._timer = threading.Timer(seconds, self._due)
        self._timer.daemon = True
        self._timer.start()

    def end(self) -> None:
        self._is_over = True
        self._timer.cancel()

    def _due(self) -> None:
        own = _own_socket(self._connection)
        with closing(own) if own is not None else nullcontext():
            idle = _idle_seconds(own, _SENT_AT, _RECEIVED_AT)
        if self._is_over:
            return
        if idle is not None and idle < self._seconds:
            self.wait(self._seconds - idle + 0.001)
            return
        if self._tell:
            get_log().warning("relay.hung", seconds=self._seconds)
        with suppress(OSError), socket.socket(fileno=os.dup(self._connection.fileno())) as sock:
            sock.shutdown(socket.SHUT_RDWR)


def _own_socket(connection: Connection) -> socket.socket | None:
    try:
        own = os.dup(connection.fileno())
    except Exception:  # noqa: BLE001 - closed: then nobody knows
        return None
    try:
        return socket.socket(fileno=own)
    except OSError:  # no socket
        os.close(own)
        return None


def _idle_seconds(sock: socket.socket | None, *since: int) -> float | None:
    """Seconds since the latest of these happened, as the kernel knows it; None if it does not."""
    if sock is None or not hasattr(socket, "TCP_INFO"):
        return None
    try:
        info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _INFO_BYTES)
        moments: list[int] = [struct.unpack_from("=I", info, offset)[0] for offset in since]
    except (OSError, struct.error):  # a Unix socket, or a kernel that says less
        return None
    return min(moments) / 1000
