"""Watches the bell through watchdog, and notices when notifications no longer arrive.

Notifications can get lost without an error: the kernel's queue overflows, the thread that reads it dies, the bell
is replaced by another of the same name, or no watch is available. None of this stops the relay, which polls as well.
But every later event would wait for a poll. So each poll checks whether the bell rang without a notification. If none
has arrived seconds later (on a busy machine it may come after the poll), it is watched again. Each loss is logged once.

Where the system can watch a single file (inotify), that is the bell alone. Otherwise it is the directory, and with it
every write to the log of every outbox there: ten of them in one folder made their workers take two to three times as
much of the processor.
"""

import errno
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Any

from watchdog.events import (
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer

from worker.logs import get_log

LATE_SECONDS = 2.0
WATCHES_FILES = sys.platform == "linux"
_REMEDIES = {
    errno.EMFILE: "raise fs.inotify.max_user_instances",
    errno.ENOSPC: "raise fs.inotify.max_user_watches",
    errno.ENOENT: "bring the directory of the outbox back",
}


class _BellHandler(FileSystemEventHandler):
    def __init__(self, bell: Path, wake: Callable[[], None]) -> None:
        self._bell = str(bell)
        self._wake = wake

    def on_modified(self, event: FileSystemEvent) -> None:
        self._ring(event)

    def on_created(self, event: FileSystemEvent) -> None:
        self._ring(event)

    def _ring(self, event: FileSystemEvent) -> None:
        if event.src_path == self._bell:
            with suppress(OSError):
                self._wake()


class BellWatch:
    """Watches the bell.

    Args:
        bell: the bell file.
        wake: called whenever the bell rings, in a thread of its own.
        clock: monotonic seconds.
    """

    def __init__(self, bell: Path, wake: Callable[[], None], *, clock: Callable[[], float] = monotonic) -> None:
        self._bell = bell
        self._wake = wake
        self._clock = clock
        self._observer: Any = None
        self._stamp: tuple[int, ...] | None = None
        self._unheard_since: float | None = None
        self._logged = False

    def start(self) -> None:
        """Watch the bell, again if it was watched before; log it if that is refused."""
        self.close()
        observer: Any = None
        try:
            observer = Observer()  # takes an inotify instance and a thread at once
            watch = observer.schedule(
                _BellHandler(self._bell, self._wake),
                str(self._bell.parent),
                event_filter=[FileCreatedEvent, FileModifiedEvent, FileDeletedEvent],
            )
            if WATCHES_FILES and self._bell.exists():  # watchdog makes a directory of every path that it is given
                watch.path = str(self._bell)
            observer.start()
        except (OSError, RuntimeError) as exc:  # RuntimeError: no thread is to be had
            if observer is not None:
                with suppress(
                    OSError, RuntimeError
                ):  # gives the instance back; what was never started cannot be joined
                    observer.stop()
            if self._is_news():
                number = exc.errno if isinstance(exc, OSError) else None
                message = exc.strerror if isinstance(exc, OSError) else str(exc)
                get_log().warning(
                    "wakeup.not_watching", error=message, remedy=_REMEDIES.get(number or 0, "see the error")
                )
        else:
            self._observer = observer
        self._stamp = self._read_stamp()  # what rang before is read after this poll in any case
        self._unheard_since = None

    def close(self) -> None:
        """Stop watching."""
        if self._observer is not None and self._observer.is_alive():
            self._observer.stop()
            self._observer.join()
        self._observer = None

    def heard(self) -> None:
        """A notification of the bell arrived."""
        self._stamp = self._read_stamp()
        self._unheard_since = None
        if self._logged:
            self._logged = False
            get_log().info("wakeup.heard_again")

    def nothing_heard(self) -> None:
        """A wait ended without a notification. If the bell rang all the same, the watch may be lost."""
        stamp, now = self._read_stamp(), self._clock()
        if stamp != self._stamp and self._unheard_since is None:
            self._unheard_since = now
        self._stamp = stamp
        if self._unheard_since is not None and now - self._unheard_since >= LATE_SECONDS:
            if self._is_news():
                get_log().warning("wakeup.deaf", remedy="none needed: the poll carries on, and it is watched anew")
            self.start()

    def _is_news(self) -> bool:
        message, self._logged = self._logged, True
        return not message

    def _read_stamp(self) -> tuple[int, ...] | None:
        try:
            found = self._bell.stat()
        except OSError:
            return None
        return found.st_ino, found.st_size, found.st_mtime_ns
