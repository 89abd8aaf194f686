"""A server that answers every login with an error of the test's choice, in PostgreSQL's own protocol."""

import socket
import struct
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

PASSWORD = "secret-word"
ENCRYPTION_REQUESTS = {80877103, 80877104}  # SSLRequest, GSSENCRequest


@dataclass
class Refusing:
    """Listens on a free port of 127.0.0.1.

    Args:
        answer: fields of the ErrorResponse by their letters: S severity, C SQLSTATE, M message, R routine.
        asks_password: whether a password is asked for first, in clear text.
        encoding: of the words.
        hangs_up: say nothing at all.
    """

    answer: Mapping[str, str]
    asks_password: bool = True
    encoding: str = "utf-8"
    hangs_up: bool = False
    logins: int = 0
    _listener: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def dsn(self, password: str = PASSWORD) -> str:
        login = f"outbox_worker:{password}" if password else "outbox_worker"
        return f"postgresql://{login}@127.0.0.1:{self.port}/postgres"

    def __enter__(self) -> Self:
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with client:
                try:
                    self._talk(client)
                except (OSError, struct.error):
                    continue

    def _talk(self, client: socket.socket) -> None:
        while True:
            (length, code) = struct.unpack("!ii", client.recv(8, socket.MSG_WAITALL))
            client.recv(length - 8, socket.MSG_WAITALL)
            if code not in ENCRYPTION_REQUESTS:
                break
            client.sendall(b"N")
        self.logins += 1
        if self.hangs_up:
            return
        if self.asks_password:
            client.sendall(struct.pack("!cii", b"R", 8, 3))
            (_, length) = struct.unpack("!ci", client.recv(5, socket.MSG_WAITALL))
            client.recv(length - 4, socket.MSG_WAITALL)
        said = (
            b"".join(key.encode() + value.encode(self.encoding) + b"\0" for key, value in self.answer.items()) + b"\0"
        )
        client.sendall(struct.pack("!ci", b"E", len(said) + 4) + said)
