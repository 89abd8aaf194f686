"""The status in words: what an operator reads first, most urgent first."""

from __future__ import annotations

from outbox.status import Status
from outbox.wording import age, size

_WAL_REMEDY = "a reader keeps it from being cut back; close old `outbox export` runs and SQLite shells"


def lines(status: Status) -> list[str]:
    """Write the status as a person reads it, most urgent first."""
    return [
        f"generation  safe: {status.last_seq:,} events in the log, {size(status.bytes)} on disk",
        f"delivery    {_delivery(status)}",
        f"backlog     {_backlog(status)}",
        f"parked      {_parked(status)}",
        *([f"warning     the WAL is {size(status.wal_bytes)}: {_WAL_REMEDY}"] if status.wal_is_large else []),
        f"outbox      {status.outbox_id}",
    ]


def _delivery(status: Status) -> str:
    worker = status.worker
    if status.outage:
        return f"OUTAGE since {status.outage.began_at}: {status.outage.cause}. Nothing is lost; it is retried for ever"
    if status.paused:
        return "paused by an operator: `outbox resume` lets it go on"
    if worker.state == "stopped":
        # Not running is only wrong where something waits for it.
        hint = "start it with `worker run`" if status.backlog else "nothing waits"
        return f"no worker runs ({hint})"
    told = f"worker {worker.pid} is {worker.state} since {worker.since}"
    return f"{told}; last error: {worker.last_error}" if worker.last_error else told


def _backlog(status: Status) -> str:
    if status.backlog == 0:
        return "empty: everything is in the destination"
    oldest = f", the oldest {age(status.oldest_pending_seconds)} old" if status.oldest_pending_seconds else ""
    rate = status.worker.rate_per_second
    pace = f", {rate:,.0f}/s" if rate else ""
    eta = f", done in {age(status.worker.eta_seconds)}" if status.worker.eta_seconds else ""
    return f"{status.backlog:,} events wait{oldest}{pace}{eta}"


def _parked(status: Status) -> str:
    if status.parked == 0:
        return "none: nothing needs you"
    return f"{status.parked:,} need you: `outbox parked list`"
