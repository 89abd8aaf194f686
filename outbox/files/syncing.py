"""Fsyncs staged files in a thread, while the unit goes on to its commit.

Two fsyncs wait for the same disk: that of a staged file and that of the log. One after the other they take twice as
long, and if recovery could write the file again from the log, the second need not wait for the first. So a thread
does the first. Code that relies on the bytes waits for it (`Sync.wait`): before the commit if nothing but the staged
file has them, else before the file is renamed. What stands at a file's place is whole at any time, whatever the power
does.

To hand a file over costs 0.1 ms of two threads waking each other. If the file before took less than that to be
fsynced (memory, a disk with a cache that outlives a power loss), the caller does the next one itself.

An fsync that failed is never repeated: the kernel may have dropped what it could not write, and say yes the next time.
"""

from __future__ import annotations

import math
import os
import threading
import weakref
from collections import deque
from pathlib import Path
from queue import SimpleQueue
from time import perf_counter

from outbox import host

_AT_ONCE = 16  # files that may be open and wait for their turn
_HANDOVER_SECONDS = 1e-4  # what an fsync must take to be worth a thread


class Sync:
    """The fsync of one file, under way or over.

    Attributes:
        seconds: how long the disk took; infinite until it has answered.
    """

    __slots__ = ("_error", "_fd", "_over", "_path", "seconds")

    def __init__(self, fd: int, path: Path) -> None:
        self._fd = fd
        self._path = path
        self.seconds = math.inf
        self._error: OSError | None = None
        self._over = threading.Lock()
        self._over.acquire()

    def run(self) -> None:
        """Fsync the file and close it."""
        try:
            try:
                began = perf_counter()
                host.flush(self._fd)
                self.seconds = perf_counter() - began
            finally:
                os.close(self._fd)
        except OSError as exc:
            self._error = exc
        finally:
            self._over.release()

    def settle(self) -> None:
        """Return once it is over, whatever came of it."""
        with self._over:
            pass

    def wait(self) -> None:
        """Return once the bytes are on the disk.

        Raises:
            OSError: they could not be written; they may be lost even if they can be read.
        """
        self.settle()
        if self._error is not None:
            raise OSError(self._error.errno, self._error.strerror, os.fspath(self._path)) from self._error


class Syncing:
    """The thread that does it, where the disk is worth one; it is made with the first file."""

    def __init__(self) -> None:
        self._handed: SimpleQueue[Sync | None] = SimpleQueue()
        self._under_way: deque[Sync] = deque()
        self._thread: threading.Thread | None = None
        self._last: Sync | None = None

    def start(self, fd: int, path: Path) -> Sync:
        """Fsync an open file and close it: in its turn, or at once where the disk is quick.

        Args:
            fd: belongs to this from now on.
            path: names the file in errors.
        """
        sync = Sync(fd, path)
        last, self._last = self._last, sync
        is_quick = last is not None and last.seconds < _HANDOVER_SECONDS
        if is_quick or (self._thread is None and not self._begin()):
            sync.run()
            return sync
        self._handed.put(sync)
        self._under_way.append(sync)
        if len(self._under_way) > _AT_ONCE:
            self._under_way.popleft().settle()
        return sync

    def close(self) -> None:
        """End the thread, once it has done what it was given."""
        if self._thread is not None:
            self._handed.put(None)
            self._thread.join()
            self._thread = None

    def _begin(self) -> bool:
        # A daemon: a process that ends without closing its outbox must not wait for a disk that hangs.
        thread = threading.Thread(target=_work, args=(self._handed,), name="outbox-sync", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # the host lets us have no thread
            return False
        self._thread = thread
        # Of an outbox that is dropped without being closed no thread stays behind: it knows the queue alone.
        weakref.finalize(self, self._handed.put, None)
        return True


def _work(handed: SimpleQueue[Sync | None]) -> None:
    while (sync := handed.get()) is not None:
        sync.run()
