"""The writer gate: the lock of every process that writes to the outbox or checkpoints it, one at a time.

SQLite lets one process write at a time and makes the others poll, at growing intervals: under a crowd
somebody starves for seconds, and in the end reads "database is locked". The kernel's lock of a file wakes
the waiters in turn instead, if the system is fair (`host`). A checkpoint passes through the same gate, so a
checkpoint never runs beside a writer: that is the race which could lose pages in SQLite before 3.51.3 (the
WAL-reset bug), closed here by construction.

The kernel drops the lock when its holder dies, whatever kills it, so there is nothing to clean up.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from outbox import host
from outbox.errors import OutboxBusy
from outbox.log.owner import as_owner_of

# A writer holds the gate for milliseconds. Who waits this long waits for a stopped or hung process.
DEFAULT_PATIENCE_SECONDS = 30.0


class Gate:
    """A fair lock between processes, and between threads that share this object."""

    def __init__(self, path: Path, *, patience_seconds: float = DEFAULT_PATIENCE_SECONDS) -> None:
        self._path = path
        self.database = path.with_suffix("")  # the outbox file that this gate guards
        self._patience = patience_seconds
        self._threads = threading.RLock()
        self._depth = 0
        self._waiter: _Waiter | None = None
        self._require: Callable[[], None] = lambda: None
        self._fd = host.open_file(path, os.O_RDWR | os.O_CREAT)
        as_owner_of(self.database, self._fd)

    def require(self, what: Callable[[], None]) -> None:
        """Have this called whenever the gate has been entered; if it raises, the gate is left again."""
        self._require = what

    @contextmanager
    def patience(self, seconds: float) -> Iterator[None]:
        """Give up sooner within the block: for what is no more than a note, or upkeep."""
        before, self._patience = self._patience, min(seconds, self._patience)
        try:
            yield
        finally:
            self._patience = before

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
            OutboxError: what `require` was given refuses.
        """
        self._threads.acquire()
        try:
            if self._depth == 0:
                self._acquire()
                try:
                    self._require()
                except BaseException:
                    host.unlock(self._fd)
                    raise
        except BaseException:
            self._threads.release()
            raise
        self._depth += 1

    def leave(self) -> None:
        """Leave the gate; the outermost one lets the next writer in."""
        self._depth -= 1
        try:
            if self._depth == 0:
                host.unlock(self._fd)
        finally:
            self._threads.release()

    def close(self) -> None:
        """Give the lock file back. Nobody may hold the gate."""
        os.close(self._fd)

    def _acquire(self) -> None:
        if not host.try_lock(self._fd):
            self._wait()
        # Only for the person who asks who is holding it up: a full disk must not stop the holder here.
        mine = b"%-10d\n" % os.getpid()
        try:
            if host.read_at(self._fd, len(mine)) != mine:  # a look costs less than a write, and dirties nothing
                host.write_at(self._fd, mine)
        except OSError:
            pass

    def _wait(self) -> None:
        """Wait in the kernel's queue, which is fair, but not for ever.

        A lock has no timeout of its own. The wait runs in a thread of its own, so that this one can give up;
        a lock that arrives after that is dropped at once.
        """
        # Who gave up before still stands in the queue: one place in it is enough, however often somebody tries.
        waiter = self._waiter if self._waiter is not None and self._waiter.is_wanted_again() else _Waiter(self._path)
        self._waiter = waiter
        began = time.monotonic()
        taken = False
        try:
            taken = waiter.arrived.wait(self._patience)
        finally:
            # Also where Ctrl-C ends the wait: a lock that nobody waits for any more must not stay taken.
            if not taken:
                waiter.give_up()
        if taken:
            self._waiter = None
            os.close(self._fd)
            self._fd = waiter.fd
            return
        raise OutboxBusy(
            f"{self._path}: process {self._holder()} has held the writer lock for more than "
            f"{time.monotonic() - began:.0f} s; nothing was written. Is it stopped or hung? End it, then try again"
        )

    def _holder(self) -> str:
        return host.read_at(self._fd, 16).decode(errors="replace").strip() or "(unknown)"


class _Waiter:
    """A place in the kernel's queue for the lock, in a thread of its own."""

    def __init__(self, path: Path) -> None:
        # A descriptor of its own: a lock that arrives too late must not be mistaken for one taken since.
        self.fd = host.open_file(path, os.O_RDWR)
        self.arrived = threading.Event()
        self._settle = threading.Lock()
        self._is_wanted = True
        threading.Thread(target=self._block, name="outbox-gate", daemon=True).start()

    def is_wanted_again(self) -> bool:
        """Wait on, after giving up; False if the lock arrived meanwhile and was dropped."""
        with self._settle:
            if not self.arrived.is_set():
                self._is_wanted = True
            return self._is_wanted

    def give_up(self) -> None:
        """Drop the lock if it has arrived, or as soon as it does."""
        with self._settle:
            if self._is_wanted and self.arrived.is_set():
                os.close(self.fd)
            self._is_wanted = False

    def _block(self) -> None:
        host.lock(self.fd)
        with self._settle:
            if not self._is_wanted:
                os.close(self.fd)
            self.arrived.set()


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
