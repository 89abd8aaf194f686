"""The outage ledger: when the database was away, why, and what that left to drain."""

from __future__ import annotations

import sqlite3
from dataclasses import asdict, dataclass
from typing import Any

from outbox.stored import a_moment, stored

_COLUMNS = "id, began_at, ended_at, drained_at, cause, backlog_at_begin, backlog_peak, probes, kind"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutageRecord:
    """One stretch without deliveries. Times are ISO 8601, UTC; None if it is not over, or not drained, yet.

    `kind` is outage (the database was away) or blocked (a person was needed).
    """

    id: int
    began_at: str
    ended_at: str | None
    drained_at: str | None
    cause: str
    backlog_at_begin: int
    backlog_peak: int
    probes: int
    kind: str = "outage"

    @classmethod
    def from_row(cls, row: tuple[Any, ...]) -> OutageRecord:
        number, began, ended, drained, cause, at_begin, peak, probes, kind = row
        return cls(
            id=number,
            began_at=stored(a_moment, began),
            ended_at=stored(a_moment, ended) if ended else None,
            drained_at=stored(a_moment, drained) if drained else None,
            cause=cause,
            backlog_at_begin=at_begin,
            backlog_peak=peak,
            probes=probes,
            kind=kind,
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the row as plain data."""
        return asdict(self)


def open_outage(connection: sqlite3.Connection) -> OutageRecord | None:
    """Return the outage that goes on, None if none does."""
    row = connection.execute(f"select {_COLUMNS} from outages where ended_at is null").fetchone()
    return OutageRecord.from_row(row) if row else None


def list_outages(connection: sqlite3.Connection, *, limit: int = 50) -> list[OutageRecord]:
    """Return the newest outages, newest first."""
    rows = connection.execute(f"select {_COLUMNS} from outages order by id desc limit ?", [limit])
    return [OutageRecord.from_row(row) for row in rows]
