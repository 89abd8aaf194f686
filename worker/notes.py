"""Notes in the outbox file that are for humans: a full disk, or a writer that stands still, must not stop deliveries.

A note gives up soon. That notes fail is logged once, not at every poll, and so is that they are written again.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from weakref import WeakSet

from outbox import Fault, OutboxBusy, OutboxError
from outbox.relaying import Cause, Log
from worker.logs import get_log

CANNOT_WRITE = (sqlite3.Error, OutboxError)
PATIENCE_SECONDS = 0.25
# While notes fail: enough for a free gate, and no delay worth the name.
IMPATIENCE_SECONDS = 0.02

_failing: WeakSet[Log] = WeakSet()


@contextmanager
def best_effort(box: Log) -> Iterator[None]:
    """Write a note if it can be written; log a failure once. Never for anything that the order of events depends on.

    The block must write: if it ends without an error, notes are taken to work again.
    """
    try:
        with _soon(box):
            yield
    except CANNOT_WRITE as exc:
        if box not in _failing:
            _failing.add(box)
            remedy = "make room beside the outbox"
            if isinstance(exc, OutboxBusy):
                remedy = "end or continue the process that holds the writer lock"
            get_log().warning("relay.note_failed", error=type(exc).__name__, reason=str(exc), remedy=remedy)
    else:
        if box in _failing:
            _failing.discard(box)
            get_log().info("relay.notes_resumed")


def stopped_holding(box: Log, held: Fault) -> None:
    """Note that nobody delivers, and why: `outbox status` is to ask for the switch, not for a worker."""
    with best_effort(box):
        box.relay.set_state("stopped", held.what, cause=Cause.of(held))


@contextmanager
def upkeep(box: Log) -> Iterator[None]:
    """Keep the file small if it can be done; a failure is not logged, for it is tried again."""
    try:
        with _soon(box):
            yield
    except CANNOT_WRITE:
        pass


@contextmanager
def _soon(box: Log) -> Iterator[None]:
    with box.patience(IMPATIENCE_SECONDS if box in _failing else PATIENCE_SECONDS):
        yield
