"""The audit trail: what operators decided, why, and what stood there before. Append-only."""

from __future__ import annotations

import datetime as dt
import getpass
import os
import sqlite3
from dataclasses import asdict, dataclass
from typing import Any

from outbox import host
from outbox.clock import as_text

_COLUMNS = "id, at, who, action, seq, reason, before, after"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRecord:
    """One act of an operator. `before` and `after` are payloads as JSON, None if the act changes none."""

    id: int
    at: str
    who: str
    action: str
    seq: int | None
    reason: str | None
    before: str | None
    after: str | None

    def as_dict(self) -> dict[str, Any]:
        """Return the record as plain data."""
        return asdict(self)


def operator() -> str:
    """Return who is at the keyboard, through sudo as well."""
    try:
        return os.environ.get("SUDO_USER") or getpass.getuser()
    except (ImportError, KeyError, OSError):  # a container's user without a name
        return f"uid {host.user_id()}"


def record(
    connection: sqlite3.Connection,
    now: dt.datetime,
    action: str,
    *,
    seq: int | None = None,
    reason: str | None = None,
    before: str | None = None,
    after: str | None = None,
    who: str | None = None,
) -> None:
    """Write one act down, by `who` or the user of this process; the caller holds the write transaction of the act."""
    connection.execute(
        "insert into audit (at, who, action, seq, reason, before, after) values (?, ?, ?, ?, ?, ?, ?)",
        [as_text(now), who or operator(), action, seq, reason, before, after],
    )


def trail(connection: sqlite3.Connection, *, seq: int | None = None, limit: int = 100) -> list[AuditRecord]:
    """Return the newest acts, oldest first; those on one event where `seq` is given."""
    where, values = ("where seq = ?", [seq]) if seq is not None else ("", [])
    rows = connection.execute(f"select {_COLUMNS} from audit {where} order by id desc limit ?", [*values, limit])
    names = _COLUMNS.split(", ")
    return [AuditRecord(**dict(zip(names, row, strict=True))) for row in rows][::-1]
