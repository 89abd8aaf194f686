"""`/metrics`, `/healthz` and `/readyz` over HTTP, on loopback only.

The answers hold numbers and words of ours: no payload, no name of a course, no connection string. Who may reach
127.0.0.1 on this host may read them.
"""

import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, make_wsgi_app

from worker.errors import SettingsFault
from worker.metrics.health import Health

ADDRESS = "127.0.0.1"
_SLOWEST_REQUEST_SECONDS = 10.0

_StartResponse = Callable[[str, list[tuple[str, str]]], Any]
_Application = Callable[[dict[str, Any], _StartResponse], Iterable[bytes]]


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Handler(WSGIRequestHandler):
    timeout = _SLOWEST_REQUEST_SECONDS  # between two bytes

    def setup(self) -> None:
        """End the connection after so long, however steadily its bytes drip."""
        super().setup()
        self._limit = threading.Timer(_SLOWEST_REQUEST_SECONDS, self._give_up)
        self._limit.daemon = True
        self._limit.start()

    def finish(self) -> None:
        """It was quick enough."""
        self._limit.cancel()
        super().finish()

    def _give_up(self) -> None:
        with suppress(OSError):  # it is gone already
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Say nothing: a scrape is no state change."""


def application(registry: CollectorRegistry, health: Health) -> _Application:
    """Put the three pages together, as a WSGI application."""
    metrics: _Application = make_wsgi_app(registry)
    checks = {"/healthz": health.alive, "/readyz": health.ready}

    def answer(environ: dict[str, Any], start_response: _StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path == "/metrics":
            return metrics(environ, start_response)
        well, words = checks[path]() if path in checks else (False, "look at /metrics, /healthz or /readyz")
        status = "200 OK" if well else "503 Service Unavailable" if path in checks else "404 Not Found"
        start_response(status, [("Content-Type", "text/plain; charset=utf-8"), ("Cache-Control", "no-store")])
        return [f"{words}\n".encode()]

    return answer


@contextmanager
def served(registry: CollectorRegistry, health: Health, port: int) -> Iterator[int]:
    """Answer on this port for as long as the block runs.

    Args:
        registry: what `/metrics` shows.
        health: what the other two ask.
        port: of 127.0.0.1; 0 takes any that is free.

    Yields:
        The port.

    Raises:
        SettingsFault: the port is taken, or not ours to take.
    """
    try:
        server = make_server(ADDRESS, port, application(registry, health), _Server, _Handler)
    except OSError as exc:
        raise SettingsFault(
            f"cannot serve metrics on {ADDRESS}:{port} ({exc.strerror}): end what listens there, or choose another "
            "port with --metrics-port or OUTBOX_METRICS_PORT"
        ) from exc
    thread = threading.Thread(target=server.serve_forever, name="outbox-metrics", daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
