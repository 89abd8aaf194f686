"""A TCP proxy on the loopback that can hurt the connections that pass through it.

The plan says what happens to which bytes. Postgres's answers are readable on the way (no TLS to the stand-in), so that a
plan can strike exactly when the server has committed and before the client learns of it.
"""

import contextlib
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import urlsplit, urlunsplit

CHUNK = 65536


@dataclass(slots=True)
class Plan:
    """What the proxy does; may be changed while it runs.

    Attributes:
        refuse: new connections are reset at once.
        fatal: new connections are answered with this message of the server, and closed.
        sqlstate: the code that goes with it.
        black_hole: nothing is passed on any more, in either direction, and nothing is closed.
        cut_answer: given the server's bytes, True closes the connection *instead of* passing them on.
        cut_request: the same for the client's bytes.
        reset: closing means RST rather than FIN.
    """

    refuse: bool = False
    fatal: str | None = None
    sqlstate: str = "08006"
    black_hole: bool = False
    cut_answer: Callable[[bytes], bool] | None = None
    cut_request: Callable[[bytes], bool] | None = None
    reset: bool = False
    delay_seconds: float = 0.0
    cuts: int = field(default=0)


class FaultProxy:
    """Listens on a port of its own and forwards to the server of a connection string."""

    def __init__(self, dsn: str) -> None:
        self._parts = urlsplit(dsn)
        self._target = (self._parts.hostname or "127.0.0.1", self._parts.port or 5432)
        self.plan = Plan()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sockets: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._accept, daemon=True)

    @property
    def dsn(self) -> str:
        """The connection string, through the proxy."""
        user = self._parts.netloc.rpartition("@")[0]
        return urlunsplit(self._parts._replace(netloc=f"{user}@127.0.0.1:{self._listener.getsockname()[1]}"))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut_all()
        self._thread.join()

    def cut_all(self) -> None:
        """Close every connection that passes through now."""
        with self._lock:
            sockets, self._sockets = self._sockets, set()
        for one in sockets:
            self._end(one)

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self.plan.refuse:
                self._end(client, reset=True)
                continue
            if self.plan.fatal is not None:
                self._turn_away(client, self.plan.fatal)
                continue
            try:
                server = socket.create_connection(self._target)
            except OSError:
                self._end(client, reset=True)
                continue
            with self._lock:
                self._sockets |= {client, server}
            for source, sink, answers in ((client, server, False), (server, client, True)):
                threading.Thread(target=self._pump, args=(source, sink, answers), daemon=True).start()

    def _turn_away(self, client: socket.socket, message: str) -> None:
        """As a server or a pooler does it: FATAL, in answer to the first packet."""
        with contextlib.suppress(OSError):
            client.recv(CHUNK)
            fields = b"SFATAL\0VFATAL\0C" + self.plan.sqlstate.encode() + b"\0M" + message.encode() + b"\0\0"
            client.sendall(b"E" + struct.pack("!I", 4 + len(fields)) + fields)
        self._end(client)

    def _pump(self, source: socket.socket, sink: socket.socket, answers: bool) -> None:  # noqa: FBT001
        try:
            while chunk := source.recv(CHUNK):
                if self.plan.delay_seconds:
                    self._closing.wait(self.plan.delay_seconds)
                if self.plan.black_hole:
                    continue
                cut = self.plan.cut_answer if answers else self.plan.cut_request
                if cut is not None and cut(chunk):
                    self.plan.cuts += 1
                    break
                sink.sendall(chunk)
        except OSError:
            pass
        if not self.plan.black_hole:
            self._end(source)
            self._end(sink)

    def _end(self, one: socket.socket, *, reset: bool = False) -> None:
        with self._lock:
            self._sockets.discard(one)
        with contextlib.suppress(OSError):
            if reset or self.plan.reset:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                # A close alone would not reach the wire while the other thread waits in recv.
                one.shutdown(socket.SHUT_RD)
            else:
                one.shutdown(socket.SHUT_RDWR)
        one.close()
