"""How things stand, in numbers that cost the same whatever the size of the log."""

from __future__ import annotations

import datetime as dt
import os
import shutil
from dataclasses import asdict, dataclass, field
from typing import Any

from outbox.clock import as_text
from outbox.log.checkpoint import ALARMING_WAL_BYTES
from outbox.log.worker_lock import running_worker
from outbox.notes import audit
from outbox.notes.outages import OutageRecord, open_outage
from outbox.notes.parked import ParkedState
from outbox.notes.relay_state import Cause, WorkerState
from outbox.outbox import Outbox
from outbox.paths import OutboxPaths, wal_bytes

LOW_SPACE_BYTES = 500 * 1024 * 1024
NO_SPACE_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerStatus:
    """The worker as it stands; `state` is stopped if no process holds the worker lock.

    `cause` says in fields what it could not do, or could not do when it stopped; None if nothing was in its way.
    """

    state: str
    pid: int | None
    since: str | None
    last_error: str | None
    rate_per_second: float | None
    eta_seconds: float | None
    heartbeat_at: str | None = None
    cause: Cause | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ParkedStatus:
    """What stands on the parked list: how many in each state, the first parked one, and since when.

    Attributes:
        impossible: rows that cannot be, such as one that is held behind an event that is not parked.
        too_late: an event about which was decided within the last day after it had taken effect; None without one.
    """

    parked: int = 0
    held: int = 0
    releasing: int = 0
    first_seq: int | None = None
    since: str | None = None
    impossible: int = 0
    too_late: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseStatus:
    """An operator told the worker to wait: when, who and why."""

    since: str
    who: str | None
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What `outbox status --json` prints.

    Attributes:
        outbox_id: identity of the file.
        last_seq: newest event.
        applied_seq: last one known to be in the destination (which may be a batch ahead of this note).
        backlog: how many wait.
        parked: how many are parked, held or being released.
        oldest_pending_seconds: age of the oldest that waits; None if none does.
        bytes: size of the file and its WAL.
        wal_bytes: size of the WAL alone.
        free_bytes: room beside the file; None if the system does not say.
        writable: whether this user may write the file.
        pause: an operator told the worker to wait; None if none did.
        parked_list: the parked list in more detail.
        suspected_copy: what speaks for the database being a copy of the one of last time; None if nothing does.
        worker: what it is doing.
        outage: the stretch without deliveries that goes on, None if none does; also one in which a person is needed.
        path: where the file is.
        read_at: when this was read.
    """

    outbox_id: str
    last_seq: int
    applied_seq: int
    backlog: int
    parked: int
    oldest_pending_seconds: float | None
    bytes: int
    wal_bytes: int
    worker: WorkerStatus
    outage: OutageRecord | None
    path: str
    read_at: dt.datetime
    free_bytes: int | None = None
    writable: bool = True
    pause: PauseStatus | None = None
    parked_list: ParkedStatus = field(default_factory=ParkedStatus)
    suspected_copy: str | None = None

    @property
    def paused(self) -> bool:
        """True if an operator told the worker to wait."""
        return self.pause is not None

    @property
    def away(self) -> OutageRecord | None:
        """The outage that goes on; None also if the database answered and a person is needed."""
        return self.outage if self.outage is not None and self.outage.kind == "outage" else None

    @property
    def wal_is_large(self) -> bool:
        """True if some reader keeps the WAL from being cut back."""
        return self.wal_bytes > ALARMING_WAL_BYTES

    def as_dict(self) -> dict[str, Any]:
        """Return the keys of the contract, and a few more."""
        return {
            "outbox_id": self.outbox_id,
            "last_seq": self.last_seq,
            "applied_seq": self.applied_seq,
            "backlog": self.backlog,
            "parked": self.parked,
            "oldest_pending_seconds": self.oldest_pending_seconds,
            "bytes": self.bytes,
            "wal_bytes": self.wal_bytes,
            "free_bytes": self.free_bytes,
            "writable": self.writable,
            "paused": self.paused,
            "pause": asdict(self.pause) if self.pause else None,
            "parked_list": asdict(self.parked_list),
            "worker": asdict(self.worker),
            "outage": {"since": self.away.began_at, "cause": self.away.cause} if self.away else None,
        }


def read_status(box: Outbox, now: dt.datetime) -> Status:
    """Read how things stand."""
    paths = OutboxPaths(box.path)
    position = box.relay.position
    applied_seq = position.applied_seq if position else 0
    last_seq = box.last_seq
    pending = box.read(after=applied_seq, limit=1)
    wal = wal_bytes(paths)
    parked = _parked(box)
    return Status(
        outbox_id=str(box.outbox_id),
        last_seq=last_seq,
        applied_seq=applied_seq,
        backlog=max(0, last_seq - applied_seq),
        parked=parked.parked + parked.held + parked.releasing,
        oldest_pending_seconds=max(0.0, (now - pending[0].occurred_at).total_seconds()) if pending else None,
        bytes=paths.database.stat().st_size + wal,
        wal_bytes=wal,
        free_bytes=_free(paths),
        writable=os.access(paths.database, os.W_OK) and os.access(paths.database.parent, os.W_OK),
        pause=_pause(box),
        parked_list=parked,
        suspected_copy=box.relay.suspected_copy,
        worker=_worker(box),
        outage=open_outage(box.connection),
        path=str(box.path),
        read_at=now,
    )


def _free(paths: OutboxPaths) -> int | None:
    try:
        return shutil.disk_usage(paths.database.parent).free
    except OSError:
        return None


def _parked(box: Outbox) -> ParkedStatus:
    rows = box.connection.execute("select state, count(*), min(seq), min(parked_at) from parked group by state")
    found = {state: (count, first, since) for state, count, first, since in rows}
    nothing = (0, None, None)
    parked, first, since = found.get(ParkedState.PARKED.value, nothing)
    return ParkedStatus(
        parked=parked,
        held=found.get(ParkedState.HELD.value, nothing)[0],
        releasing=found.get(ParkedState.RELEASING.value, nothing)[0],
        first_seq=first,
        since=since,
        impossible=len(box.parked.impossible()),
        too_late=_too_late(box),
    )


def _too_late(box: Outbox) -> int | None:
    day = as_text(box.clock.now() - dt.timedelta(days=1))
    row = box.connection.execute(
        "select a.seq from outcomes as o join audit as a on a.id = o.decision_id"
        " where o.outcome = 'too_late' and o.noted_at > ? order by o.id desc limit 1",
        [day],
    ).fetchone()
    return None if row is None else int(row[0])


def _pause(box: Outbox) -> PauseStatus | None:
    since = box.relay.paused_since
    if since is None:
        return None
    acts = [act for act in audit.trail(box.connection) if act.action == "pause"]
    return PauseStatus(since=since, who=acts[-1].who if acts else None, reason=acts[-1].reason if acts else None)


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
            heartbeat_at=report.heartbeat_at if report else None,
            cause=report.cause if report else None,
        )
    return WorkerStatus(
        state=report.state.value,
        pid=pid or report.pid,
        since=report.since,
        last_error=report.last_error,
        rate_per_second=report.rate_per_second,
        eta_seconds=report.eta_seconds,
        heartbeat_at=report.heartbeat_at,
        cause=report.cause,
    )
