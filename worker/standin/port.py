"""A port for one data folder: picked once, kept in a file, the same after every restart."""

import hashlib
import os
import socket
from pathlib import Path

from worker.standin.errors import StandInError

# Below the ephemeral range of Linux (32768) and of IANA (49152): while the server is down, no outgoing
# connection of another program can be given its port.
FIRST, COUNT = 21_000, 11_000


def stable_port(file: Path) -> int:
    """The port kept in `file`; chosen among the free ones the first time."""
    if file.exists():
        return int(file.read_text(encoding="ascii"))
    start = int.from_bytes(hashlib.sha256(os.fsencode(file.resolve())).digest()[:4], "big")
    for offset in range(COUNT):
        port = FIRST + (start + offset) % COUNT
        if is_free(port):
            file.write_text(str(port), encoding="ascii")
            return port
    raise StandInError(f"no free port on 127.0.0.1 between {FIRST} and {FIRST + COUNT}")


def is_free(port: int) -> bool:
    """Whether a server could listen on 127.0.0.1 at this port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As the server does it: connections of a predecessor in TIME_WAIT do not count as taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
