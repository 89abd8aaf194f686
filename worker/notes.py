"""Notes in the outbox file that are for humans: a full disk must not stop deliveries that need no room there."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from outbox import OutboxError
from worker.logs import get_log

CANNOT_WRITE = (sqlite3.Error, OutboxError)


@contextmanager
def only_a_note() -> Iterator[None]:
    """Let a note fail, and say so; never around anything that the order of events rests on."""
    try:
        yield
    except CANNOT_WRITE as exc:
        get_log().warning("relay.note_failed", error=type(exc).__name__, remedy="make room beside the outbox")
