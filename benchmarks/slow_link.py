"""A TCP forwarder in a process of its own that delays every byte by half a round trip, in each direction.

Bytes are stamped as they arrive and passed on when they are due, so the delay costs no bandwidth. It runs beside the
measured process, not inside it: a thread of it would take turns with what is measured.

`python -m benchmarks.slow_link HOST PORT ROUND_TRIP_MS` prints the port it listens on and ends with its standard input.
"""

import collections
import contextlib
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from urllib.parse import urlsplit, urlunsplit

CHUNK = 1 << 18
MOST_IN_FLIGHT = 64 << 20


@contextlib.contextmanager
def slow_link(dsn: str, round_trip_ms: int) -> Iterator[str]:
    """Yield a connection string that leads to the same database with that round trip added; 0 is the direct way."""
    if round_trip_ms == 0:
        yield dsn
        return
    parts = urlsplit(dsn)
    command = [sys.executable, "-m", "benchmarks.slow_link", str(parts.hostname), str(parts.port), str(round_trip_ms)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        port = int(process.stdout.readline())
        user = parts.netloc.rpartition("@")[0]
        try:
            yield urlunsplit(parts._replace(netloc=f"{user}@127.0.0.1:{port}"))
        finally:
            process.stdin.close()


class _Direction:
    def __init__(self, source: socket.socket, sink: socket.socket, seconds: float) -> None:
        self._source, self._sink, self._seconds = source, sink, seconds
        self._due: collections.deque[tuple[float, bytes]] = collections.deque()
        self._in_flight = 0
        self._changed = threading.Condition()
        for work in (self._receive, self._send):
            threading.Thread(target=work, daemon=True).start()

    def _receive(self) -> None:
        while True:
            try:
                chunk = self._source.recv(CHUNK)
            except OSError:
                chunk = b""
            with self._changed:
                self._changed.wait_for(lambda: self._in_flight < MOST_IN_FLIGHT)
                self._in_flight += len(chunk)
                self._due.append((time.monotonic() + self._seconds, chunk))
                self._changed.notify_all()
            if not chunk:
                return

    def _send(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._due)
                due, chunk = self._due.popleft()
            time.sleep(max(0.0, due - time.monotonic()))
            try:
                if not chunk:
                    self._sink.shutdown(socket.SHUT_WR)
                    return
                self._sink.sendall(chunk)
            except OSError:
                return
            with self._changed:
                self._in_flight -= len(chunk)
                self._changed.notify_all()


def main() -> None:
    host, port, round_trip_ms = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)

    def accept() -> None:
        while True:
            client, _ = listener.accept()
            server = socket.create_connection((host, port))
            for one, other in ((client, server), (server, client)):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                _Direction(one, other, round_trip_ms / 2000)

    threading.Thread(target=accept, daemon=True).start()
    sys.stdin.read()


if __name__ == "__main__":
    main()
