"""How things stand, in numbers that cost the same whatever the size of the log."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from outbox.checkpoint import LARGE_WAL_BYTES, wal_bytes
from outbox.outages import OutageRecord, open_outage
from outbox.outbox import Outbox
from outbox.paths import OutboxPaths
from outbox.relay_state import WorkerState
from outbox.worker_lock import running_worker


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerStatus:
    """The worker as it stands; `state` is stopped where no process holds the worker lock."""

    state: str
    pid: int | None
    since: str | None
    last_error: str | None
    rate_per_second: float | None
    eta_seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What `outbox status --json` prints.

    Attributes:
        outbox_id: identity of the file.
        last_seq: newest event.
        applied_seq: last one known to be in the destination (which may be a batch ahead of this note).
        backlog: how many wait.
        parked: how many are parked, held or being released.
        oldest_pending_seconds: age of the oldest that waits; None where none does.
        bytes: size of the file and its WAL.
        wal_bytes: size of the WAL alone.
        paused: an operator told the worker to wait.
        worker: what it is doing.
        outage: the one that goes on, None where none does.
    """

    outbox_id: str
    last_seq: int
    applied_seq: int
    backlog: int
    parked: int
    oldest_pending_seconds: float | None
    bytes: int
    wal_bytes: int
    paused: bool
    worker: WorkerStatus
    outage: OutageRecord | None

    @property
    def wal_is_large(self) -> bool:
        """True where some reader keeps the WAL from being cut back."""
        return self.wal_bytes > 2 * LARGE_WAL_BYTES

    def as_dict(self) -> dict[str, Any]:
        """Return the keys of the contract, and a few more."""
        worker = self.worker
        return {
            "outbox_id": self.outbox_id,
            "last_seq": self.last_seq,
            "applied_seq": self.applied_seq,
            "backlog": self.backlog,
            "parked": self.parked,
            "oldest_pending_seconds": self.oldest_pending_seconds,
            "bytes": self.bytes,
            "wal_bytes": self.wal_bytes,
            "paused": self.paused,
            "worker": {
                "state": worker.state,
                "pid": worker.pid,
                "since": worker.since,
                "last_error": worker.last_error,
                "rate_per_second": worker.rate_per_second,
                "eta_seconds": worker.eta_seconds,
            },
            "outage": {"since": self.outage.began_at, "cause": self.outage.cause} if self.outage else None,
        }


def read_status(box: Outbox, now: dt.datetime) -> Status:
    """Read how things stand."""
    paths = OutboxPaths(box.path)
    position = box.relay.position
    applied_seq = position.applied_seq if position else 0
    last_seq = box.last_seq
    pending = box.read(after=applied_seq, limit=1)
    wal = wal_bytes(paths)
    return Status(
        outbox_id=str(box.outbox_id),
        last_seq=last_seq,
        applied_seq=applied_seq,
        backlog=max(0, last_seq - applied_seq),
        parked=box.parked.count(),
        oldest_pending_seconds=max(0.0, (now - pending[0].occurred_at).total_seconds()) if pending else None,
        bytes=paths.database.stat().st_size + wal,
        wal_bytes=wal,
        paused=box.relay.paused,
        worker=_worker(box),
        outage=open_outage(box.connection),
    )


def _worker(box: Outbox) -> WorkerStatus:
    report = box.relay.report
    pid = running_worker(box.path)
    if report is None or pid is None:
        # Whatever was written last: without the lock there is no worker.
        return WorkerStatus(
            state=WorkerState.STOPPED.value,
            pid=None,
            since=report.heartbeat_at if report else None,
            last_error=report.last_error if report else None,
            rate_per_second=None,
            eta_seconds=None,
        )
    return WorkerStatus(
        state=report.state.value,
        pid=pid or report.pid,
        since=report.since,
        last_error=report.last_error,
        rate_per_second=report.rate_per_second,
        eta_seconds=report.eta_seconds,
    )
