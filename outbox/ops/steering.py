"""Pause and resume: an operator tells the worker to wait; each act is written to the audit trail."""

from __future__ import annotations

from outbox.log.sqlite_errors import translated
from outbox.log.transaction import write_transaction
from outbox.notes import audit
from outbox.outbox import Outbox


def pause(box: Outbox, reason: str | None = None) -> bool:
    """Let the worker wait until `resume`, restarts included. Returns False if it was paused already."""
    return _steer(box, "pause", reason)


def resume(box: Outbox, reason: str | None = None) -> bool:
    """Let the worker go on. Returns False if it was not paused."""
    return _steer(box, "resume", reason)


def _steer(box: Outbox, action: str, reason: str | None) -> bool:
    with translated(box.path), write_transaction(box.connection, box.gate):
        changed = box.relay.pause() if action == "pause" else box.relay.resume()
        if changed:
            audit.record(box.connection, box.clock.now(), action, reason=reason)
    box.ring()
    return changed
