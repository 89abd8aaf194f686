"""Checks of the file and of what must always be true of the log."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from outbox.log import log
from outbox.outbox import Outbox

_PROGRESS_EVERY = 1000
_SHOWN = 10
_ENOUGH = _SHOWN + 1  # one more than is shown says that there are more


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one check.

    Attributes:
        name: what was checked.
        ok: whether it holds.
        detail: what is wrong; empty if nothing is.
    """

    name: str
    ok: bool
    detail: str = ""


def run_checks(box: Outbox, *, progress: Callable[[int], None] = lambda _done: None) -> Iterator[Finding]:
    """Yield the outcome of each check. Each reads the log as it was at one moment; generators and worker go on.

    Nothing is changed. Damage is a finding, not an exception.

    Args:
        box: the outbox.
        progress: called with the number of events hashed so far.
    """
    connection = box.connection
    yield _integrity(connection)
    try:
        yield from _invariants(connection, progress)
    except sqlite3.DatabaseError as exc:
        yield Finding("the log can be read from end to end", ok=False, detail=str(exc))


def _invariants(connection: sqlite3.Connection, progress: Callable[[int], None]) -> Iterator[Finding]:
    yield _contiguous(connection)
    yield from _events(connection, progress)
    yield _none(
        connection,
        "heads name the newest event of their slot",
        "select aggregate_id || ' ' || slot from heads as h where seq >= (select coalesce(min(seq), 0) from events)"
        " and not exists (select 1 from events as e where e.seq = h.seq and e.payload_sha256 = h.payload_sha256)",
    )
    yield _none(
        connection,
        "parked events stand in the log",
        "select seq from parked as p where not exists"
        " (select 1 from events as e where e.seq = p.seq and e.event_id = p.event_id)",
    )
    yield _none(
        connection,
        "held events wait for one that is parked",
        "select seq from parked as h where state = 'held' and not exists"
        " (select 1 from parked as p where p.seq = h.behind_seq and p.state <> 'held')",
        "`outbox recover` makes the list anew",
    )
    yield _none(
        connection,
        "parked events lie before the position that is noted",
        "select seq from parked where verdict <> 'operator' and seq > (select max(applied_seq) from destinations"
        " where destination_id = (select value from meta where key = 'destination_id'))",
        "`outbox recover` makes the list anew",
    )
    yield _none(
        connection,
        "no destination is ahead of the log",
        f"select destination_id from destinations where applied_seq > {log.last_seq(connection):d}",
    )


def _integrity(connection: sqlite3.Connection) -> Finding:
    try:
        rows = [row[0] for row in connection.execute("pragma integrity_check(10)")]
    except sqlite3.DatabaseError as exc:  # too damaged even to be looked through
        rows = [str(exc)]
    return Finding("SQLite integrity", rows == ["ok"], "" if rows == ["ok"] else "; ".join(rows))


def _contiguous(connection: sqlite3.Connection) -> Finding:
    count, first, last = connection.execute("select count(*), min(seq), max(seq) from events").fetchone()
    if not count:
        return Finding("seqs are contiguous", ok=True)
    missing = last - first + 1 - count
    return Finding(
        "seqs are contiguous", missing == 0, f"{missing} missing between {first} and {last}" if missing else ""
    )


def _events(connection: sqlite3.Connection, progress: Callable[[int], None]) -> Iterator[Finding]:
    previous = ""
    disorder: list[int] = []
    altered: list[int] = []
    rows = connection.execute("select seq, event_id, payload_sha256, payload from events order by seq")
    for done, (seq, event_id, sha256, payload) in enumerate(rows, 1):
        if event_id <= previous and len(disorder) < _ENOUGH:
            disorder.append(seq)
        previous = event_id
        if hashlib.sha256(payload.encode()).hexdigest() != sha256 and len(altered) < _ENOUGH:
            altered.append(seq)
        if done % _PROGRESS_EVERY == 0:
            progress(done)
    yield Finding("event ids increase with seq", not disorder, _some(disorder))
    yield Finding("payloads have the hash that they were appended with", not altered, _some(altered))


def _none(connection: sqlite3.Connection, name: str, query: str, remedy: str = "") -> Finding:
    found = [str(row[0]) for row in connection.execute(f"{query} limit {_ENOUGH}")]
    return Finding(name, not found, _some(found) + (f"; {remedy}" if found and remedy else ""))


def _some(found: list[int] | list[str]) -> str:
    shown = ", ".join(str(item) for item in found[:_SHOWN])
    return f"not so for {shown}{', …' if len(found) > _SHOWN else ''}" if found else ""
