"""What the pages share: the outbox, opened for each request, and the tally of the courses."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from outbox import Outbox, OutboxSettings, Status, read_status
from outbox.operating import CourseTally, translated
from worker.console.overview import Overview, read_overview

# A person waits for the answer: rather say that a writer hangs.
_PATIENCE_SECONDS = 5.0


class ConsoleOutbox:
    """The outbox as the console uses it, from several threads."""

    def __init__(self, settings: OutboxSettings) -> None:
        self._settings = settings
        self._counting = threading.Lock()
        self._tally: CourseTally | None = None

    @contextmanager
    def opened(self, *, publish: bool = False) -> Iterator[Outbox]:
        """Open the outbox for one request; nothing is kept open, so that a file that is moved or restored is noticed.

        Args:
            publish: open it for files as well.
        """
        box = Outbox.open(
            self._settings.outbox_path,
            content_root=self._settings.content_root if publish else None,
            create=False,
            payload_limit_bytes=self._settings.payload_limit_bytes,
            patience_seconds=_PATIENCE_SECONDS,
        )
        with box, translated(box.path):
            yield box

    @property
    def path(self) -> Path:
        """Where the outbox is."""
        return self._settings.outbox_path

    def status(self) -> Status:
        """Read the numbers alone."""
        with self.opened() as box:
            return read_status(box, box.clock.now())

    def overview(self, *, span: str) -> Overview:
        """Read the page; one thread at a time counts the courses."""
        with self._counting, self.opened() as box:
            if self._tally is None or not self._tally.is_of(box):
                self._tally = CourseTally(box.outbox_id)
            return read_overview(box, self._tally, span=span)
