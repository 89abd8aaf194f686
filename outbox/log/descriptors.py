"""One descriptor of an outbox file for each process, beside those of SQLite.

SQLite's locks are POSIX locks: when a process closes *any* descriptor of a file, it loses all of them. So code that
needs one of the database file itself, to lock it by file and not by name or to look at its header, shares this one, and
it is closed when nobody in this process has the outbox open any more.
"""

from __future__ import annotations

import os
import threading
from collections import Counter
from pathlib import Path

from outbox import host

File = tuple[int, int]

_guard = threading.Lock()
_users: Counter[File] = Counter()
_descriptors: dict[File, int] = {}


def enter(path: Path) -> File:
    """Say that somebody here uses this file, which exists; `leave` must follow once its connection is closed."""
    found = path.stat()
    file = (found.st_dev, found.st_ino)
    with _guard:
        _users[file] += 1
    return file


def leave(file: File) -> None:
    """Say that the connection is closed."""
    with _guard:
        _users[file] -= 1
        if _users[file] == 0:
            del _users[file]
            if (fd := _descriptors.pop(file, None)) is not None:
                os.close(fd)


def of(path: Path, file: File) -> int:
    """Return the descriptor of a file that somebody uses; nobody closes it but `leave`."""
    with _guard:
        if file not in _descriptors:
            try:
                _descriptors[file] = host.open_file(path, os.O_RDWR)
            except OSError:  # who may only read it
                _descriptors[file] = host.open_file(path, os.O_RDONLY)
        return _descriptors[file]
