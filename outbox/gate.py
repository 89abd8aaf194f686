"""The writer gate: whoever writes to the outbox or checkpoints it holds this lock, one at a time.

SQLite lets one process write at a time and makes the others poll, at growing intervals: under a crowd
somebody starves for seconds, and in the end reads "database is locked". The kernel's flock instead wakes
the waiters in turn. A checkpoint passes through the same gate, so a checkpoint never runs beside a writer:
that is the race which could lose pages in SQLite before 3.51.3 (the WAL-reset bug), closed here by construction.

The kernel drops a flock when its holder dies, whatever kills it, so there is nothing to clean up.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from pathlib import Path
from types import TracebackType

from outbox.errors import OutboxBusy

# A writer holds the gate for milliseconds. Who waits this long waits for a stopped or hung process.
DEFAULT_PATIENCE_SECONDS = 30.0
_FILE_MODE = 0o600


class Gate:
    """A fair lock between processes, and between threads that share this object."""

    def __init__(self, path: Path, *, patience_seconds: float = DEFAULT_PATIENCE_SECONDS) -> None:
        self._path = path
        self.database = path.with_suffix("")  # the outbox file that this gate guards
        self._patience = patience_seconds
        self._threads = threading.RLock()
        self._depth = 0
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _FILE_MODE)

    def held(self) -> _Held:
        """Hold the gate for a block; entering it again from the same thread is allowed.

        Raises:
            OutboxBusy: somebody kept it for longer than the patience.
        """
        return _Held(self)

    def enter(self) -> None:
        """Enter the gate; `leave` must follow. `held` sees to that.

        Raises:
            OutboxBusy: somebody kept it for longer than the patience.
        """
        self._threads.acquire()
        try:
            if self._depth == 0:
                self._acquire()
        except BaseException:
            self._threads.release()
            raise
        self._depth += 1

    def leave(self) -> None:
        """Leave the gate; the outermost one lets the next writer in."""
        self._depth -= 1
        try:
            if self._depth == 0:
                fcntl.flock(self._fd, fcntl.LOCK_UN)
        finally:
            self._threads.release()

    def close(self) -> None:
        """Give the lock file back. Nobody may hold the gate."""
        os.close(self._fd)

    def _acquire(self) -> None:
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._wait()
        # Only for the person who asks who is holding it up: a full disk must not stop the holder here.
        mine = b"%-10d\n" % os.getpid()
        try:
            if os.pread(self._fd, len(mine), 0) != mine:  # a look costs less than a write, and dirties nothing
                os.pwrite(self._fd, mine, 0)
        except OSError:
            pass

    def _wait(self) -> None:
        """Wait in the kernel's queue, which is fair, but not for ever.

        flock has no timeout of its own. The wait runs in a thread of its own, so that this one can give up;
        a lock that arrives after that is dropped at once.
        """
        # A descriptor of its own: a lock that arrives too late must not be mistaken for one taken since.
        fd = os.open(self._path, os.O_RDWR | os.O_CLOEXEC)
        arrived = threading.Event()
        settle = threading.Lock()
        gave_up = False

        def block() -> None:
            fcntl.flock(fd, fcntl.LOCK_EX)
            with settle:
                if gave_up:
                    os.close(fd)
                arrived.set()

        began = time.monotonic()
        threading.Thread(target=block, name="outbox-gate", daemon=True).start()
        taken = False
        try:
            taken = arrived.wait(self._patience)
        finally:
            # Also where Ctrl-C ends the wait: a lock that nobody waits for any more must not stay taken.
            with settle:
                if not taken and arrived.is_set():
                    os.close(fd)
                gave_up = not taken
        if taken:
            os.close(self._fd)
            self._fd = fd
            return
        raise OutboxBusy(
            f"{self._path}: process {self._holder()} has held the writer lock for more than "
            f"{time.monotonic() - began:.0f} s; nothing was written. Is it stopped or hung? End it, then try again"
        )

    def _holder(self) -> str:
        return os.pread(self._fd, 16, 0).decode(errors="replace").strip() or "(unknown)"


class _Held:
    """A block under the gate. A class: every append passes through it, and a generator costs three times as much."""

    __slots__ = ("_gate",)

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    def __enter__(self) -> None:
        self._gate.enter()

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._gate.leave()
