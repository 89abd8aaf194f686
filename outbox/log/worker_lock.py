"""One worker per outbox on a host: a lock that dies with its holder."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from outbox import host
from outbox.errors import ConfigurationError, WorkerRunning
from outbox.log import descriptors
from outbox.log.owner import as_owner_of
from outbox.paths import OutboxPaths

# Somebody who only asks (`running_worker`) holds the lock for microseconds; a worker holds it for good.
_TRIES = 20
_PAUSE_SECONDS = 0.005


class WorkerLock:
    """Held by the worker for as long as it serves the outbox at `outbox_path`.

    The kernel releases it when the process ends, however it ends: a crashed worker never keeps its successor out.
    """

    def __init__(self, outbox_path: Path) -> None:
        self._outbox_path = outbox_path
        self._paths = OutboxPaths.of(outbox_path)
        self._fd = -1
        self._file: descriptors.File | None = None

    def acquire(self) -> None:
        """Become the worker of this outbox.

        Raises:
            WorkerRunning: another one is; carries its pid.
            ConfigurationError: the lock file belongs to somebody else.
        """
        path = self._paths.worker_lock
        try:
            fd = host.open_file(path, os.O_RDWR | os.O_CREAT)
        except PermissionError as exc:
            raise _not_ours(path) from exc
        as_owner_of(self._paths.database, fd)
        tries_left = _TRIES
        while not host.try_lock(fd):
            tries_left -= 1
            if tries_left == 0:
                pid = _pid(fd)
                os.close(fd)
                raise WorkerRunning(pid, str(self._outbox_path))
            time.sleep(_PAUSE_SECONDS)
        self._fd = fd
        if not self._is_ours_by_file():
            self.release()
            raise WorkerRunning(None, str(self._outbox_path))
        with suppress(OSError):  # who it is, for people: a full disk must not stop the deliveries
            os.ftruncate(fd, 0)
            host.write_at(fd, f"{os.getpid()}\n".encode())

    def release(self) -> None:
        """Stop being the worker; doing so twice is allowed."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
        if self._file is not None:
            with suppress(OSError):
                host.unlock(descriptors.of(self._paths.database, self._file))
            descriptors.leave(self._file)
            self._file = None

    def _is_ours_by_file(self) -> bool:
        """Lock the outbox file itself: under another name (a hard link, a mount) its lock file is another one."""
        if not self._paths.database.exists():
            return True
        self._file = descriptors.enter(self._paths.database)
        try:
            return host.try_lock(descriptors.of(self._paths.database, self._file))
        except OSError:  # a file system that has no such lock: the name must do
            return True

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()


def running_worker(outbox_path: Path) -> int | None:
    """Return the pid of the worker that serves this outbox now, None if none does (0 where unknown)."""
    try:
        fd = host.open_file(OutboxPaths.of(outbox_path).worker_lock, os.O_RDWR)
    except (FileNotFoundError, PermissionError):
        return None
    try:
        return (_pid(fd) or 0) if host.is_locked(fd) else None
    finally:
        os.close(fd)


def _not_ours(path: Path) -> ConfigurationError:
    try:
        owner = f"user {path.owner()}"
    except (KeyError, OSError):
        owner = "another user"
    return ConfigurationError(
        f"{path} belongs to {owner}, and this worker runs as another: nothing was started. Give it to the worker's "
        f"user (`chown --reference={path.with_name(path.name.removesuffix('.worker.lock'))} {path}`), or run as {owner}"
    )


def _pid(fd: int) -> int | None:
    text = host.read_at(fd, 32).decode(errors="replace").strip()
    return int(text) if text.isdigit() else None
