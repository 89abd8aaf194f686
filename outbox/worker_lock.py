"""One worker per outbox on a host: a lock that dies with its holder."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from outbox.errors import WorkerRunning
from outbox.paths import OutboxPaths

_FILE_MODE = 0o600
# Somebody who only asks (`running_worker`) holds the lock for microseconds; a worker holds it for good.
_TRIES = 20
_PAUSE_SECONDS = 0.005


class WorkerLock:
    """Held by the worker for as long as it serves the outbox at `outbox_path`.

    The kernel releases it when the process ends, however it ends: a crashed worker never keeps its successor out.
    """

    def __init__(self, outbox_path: Path) -> None:
        self._outbox_path = outbox_path
        self._path = OutboxPaths(outbox_path).worker_lock
        self._fd = -1

    def acquire(self) -> None:
        """Become the worker of this outbox.

        Raises:
            WorkerRunning: another one is; carries its pid.
        """
        fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _FILE_MODE)
        tries_left = _TRIES
        while not _locked(fd):
            tries_left -= 1
            if tries_left == 0:
                pid = _pid(fd)
                os.close(fd)
                raise WorkerRunning(pid, str(self._outbox_path))
            time.sleep(_PAUSE_SECONDS)
        os.ftruncate(fd, 0)
        os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
        self._fd = fd

    def release(self) -> None:
        """Stop being the worker; doing so twice is allowed."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()


def running_worker(outbox_path: Path) -> int | None:
    """Return the pid of the worker that serves this outbox now, None where none does (0 where unknown)."""
    try:
        fd = os.open(OutboxPaths(outbox_path).worker_lock, os.O_RDWR | os.O_CLOEXEC)
    except (FileNotFoundError, PermissionError):
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _pid(fd) or 0
    else:
        return None
    finally:
        os.close(fd)


def _locked(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _pid(fd: int) -> int | None:
    text = os.pread(fd, 32, 0).decode(errors="replace").strip()
    return int(text) if text.isdigit() else None
