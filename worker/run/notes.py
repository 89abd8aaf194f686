"""Notes in the outbox file that are for humans: a full disk, or a writer that stands still, must not stop deliveries.

A note gives up soon, and what could not be written is told once, not at every poll; so is that notes are written again.
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
def only_a_note(box: Log) -> Iterator[None]:
    """Let a note fail, and say so once; never around anything that the order of events rests on.

    The block must write, or not say anything: that it went through is taken for a note that was written.
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
    with only_a_note(box):
        box.relay.set_state("stopped", held.what, cause=Cause.of(held))


@contextmanager
def upkeep(box: Log) -> Iterator[None]:
    """Let what keeps the file small fail in silence: it is tried again."""
    try:
        with _soon(box):
            yield
    except CANNOT_WRITE:
        pass


@contextmanager
def _soon(box: Log) -> Iterator[None]:
    with box.patience(IMPATIENCE_SECONDS if box in _failing else PATIENCE_SECONDS):
        yield
