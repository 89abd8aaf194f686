"""Serves the console on the loopback address of this host, and nowhere else."""

from __future__ import annotations

import errno
import signal
import socket
from collections.abc import Callable, Sequence
from types import FrameType

import uvicorn

from outbox import OutboxSettings
from worker.console.app import console_app
from worker.console.keys import Keys
from worker.console.patience import ImpatientProtocol
from worker.errors import ConsoleFault

LOOPBACK = "127.0.0.1"
_GRACE_SECONDS = 2
_CLIENTS_AT_ONCE = 64


def serve_console(outboxes: Sequence[OutboxSettings], *, port: int, told: Callable[[str, str], None]) -> None:
    """Serve until SIGTERM or Ctrl-C.

    Args:
        outboxes: where each outbox and its content are.
        port: to listen on; 0 for any that is free.
        told: gets the address to open, key and all, and the one that only reads, as soon as it answers.

    Raises:
        ConsoleFault: the port is taken, or not this user's to take.
    """
    keys = Keys()
    with _bound(port) as listener:
        server = uvicorn.Server(
            uvicorn.Config(
                console_app(outboxes, keys),
                # No line per request: the first would have the key in it.
                access_log=False,
                log_level="warning",
                lifespan="off",
                server_header=False,
                # Nobody stands between: no header may say that a request is of somebody else's.
                proxy_headers=False,
                timeout_graceful_shutdown=_GRACE_SECONDS,
                http=ImpatientProtocol,
                ws="none",
                limit_concurrency=_CLIENTS_AT_ONCE,
            )
        )

        # uvicorn shuts down, then raises the signal again under the handler of before: it has been obeyed by then. One
        # that comes before uvicorn listens to signals is obeyed as soon as it has begun.
        def end(_number: int, _frame: FrameType | None) -> None:
            server.should_exit = True

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, end)
        # It listens already, so a reader of this line may connect.
        address = f"http://{LOOPBACK}:{listener.getsockname()[1]}/?key="
        told(address + keys.entry, address + keys.reader_entry)
        server.run(sockets=[listener])


def _bound(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((LOOPBACK, port))
        listener.listen()
    except OSError as exc:
        listener.close()
        if exc.errno == errno.EADDRINUSE:
            raise ConsoleFault(
                f"port {port} is in use (another console?): end that one, or choose another with "
                f"`worker console --port {port + 1}`"
            ) from exc
        raise ConsoleFault(f"cannot listen on port {port}: {exc.strerror}; choose one above 1023") from exc
    return listener
