"""Checks of the file and of what must always be true of the log."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import sys
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
    yield from _events(connection, progress)
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


def _events(connection: sqlite3.Connection, progress: Callable[[int], None]) -> Iterator[Finding]:
    previous = ""
    count = first = last = 0
    disorder: list[int] = []
    altered: list[int] = []
    heads = _Heads(connection)
    rows = connection.execute("select seq, event_id, payload_sha256, payload from events order by seq")
    for count, (last, event_id, sha256, payload) in enumerate(rows, 1):
        first = first or last
        heads.compare(last, sha256)
        if event_id <= previous and len(disorder) < _ENOUGH:
            disorder.append(last)
        previous = event_id
        if hashlib.sha256(payload.encode()).hexdigest() != sha256 and len(altered) < _ENOUGH:
            altered.append(last)
        if count % _PROGRESS_EVERY == 0:
            progress(count)
    heads.compare(sys.maxsize, "")
    missing = last - first + 1 - count if count else 0
    yield Finding(
        "seqs are contiguous", not missing, f"{missing} missing between {first} and {last}" if missing else ""
    )
    yield Finding("event ids increase with seq", not disorder, _some(disorder))
    yield Finding("payloads have the hash that they were appended with", not altered, _some(altered))
    named = heads.names()
    yield Finding("heads name the newest event of their slot", not named, _some(named))


class _Heads:
    """The heads, walked in the order of their seqs beside the events.

    In the order of their key, each look at an event would be at another place of a file that memory does not hold.
    SQLite sorts them, on the disk if they are many.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._wrong: list[str] = []
        try:
            self._start()
        except sqlite3.OperationalError:  # no room to sort on the disk
            connection.execute("pragma temp_store = memory")
            self._start()

    def _start(self) -> None:
        self._rows = self._connection.execute(
            "select seq, payload_sha256 from heads where seq >= (select coalesce(min(seq), 0) from events) order by seq"
        )
        self._next = self._rows.fetchone()

    def compare(self, seq: int, sha256: str) -> None:
        """Take the heads up to this event."""
        while self._next is not None and self._next[0] <= seq:
            if self._next != (seq, sha256) and len(self._wrong) < _ENOUGH:
                self._wrong.append(f"{self._next[0]}{self._next[1]}")
            self._next = self._rows.fetchone()

    def names(self) -> list[str]:
        """Return those that name no event, or one with another payload."""
        if not self._wrong:
            return []
        among = "seq || payload_sha256 in (select value from json_each(?))"
        query = f"select aggregate_id || ' ' || slot from heads where {among} limit {_ENOUGH}"
        return [name for (name,) in self._connection.execute(query, [json.dumps(self._wrong)])]


def _none(connection: sqlite3.Connection, name: str, query: str, remedy: str = "") -> Finding:
    found = [str(row[0]) for row in connection.execute(f"{query} limit {_ENOUGH}")]
    return Finding(name, not found, _some(found) + (f"; {remedy}" if found and remedy else ""))


def _some(found: list[int] | list[str]) -> str:
    shown = ", ".join(str(item) for item in found[:_SHOWN])
    return f"not so for {shown}{', …' if len(found) > _SHOWN else ''}" if found else ""
