"""Fills a log with the mix: the rows that the API appends, byte for byte but for ids and times, in a third of its time.

Each of the mix's distinct courses is checked once by the API's own contract; another course is the same bytes with its
slug in them, hashed anew. A test compares the rows with those of the API, and `outbox check` passes at every size.
"""

import datetime as dt
import hashlib
import os
import sqlite3
import time
from functools import lru_cache
from typing import Any
from uuid import UUID

from benchmarks.load.mix import COURSE_EVENTS, DISTINCT, event
from outbox import Outbox, OutboxPaths, ids
from outbox.catalogue.contract import Checked, check
from outbox.clock import as_text
from outbox.log.checkpoint import keep_small

COURSES_A_STEP = 100
PLACEHOLDER = "curso-PLACE"
_EVENT = f"insert into events values ({', '.join('?' * 10)}, cast(? as text))"
_SORTED_HEADS = "insert into heads select * from temp.found order by aggregate_id, slot"
Rows = tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]


def fill(box: Outbox, first: int, end: int) -> float:
    """Append events `first` to `end` of the mix, whole courses; returns how many a second went in.

    The heads are inserted in the order of their key at the end: ten million random places would take as long again.
    """
    connection, now = box.connection, box.clock.now()
    connection.execute("pragma synchronous = off")
    began = time.perf_counter()
    connection.execute("create temp table found as select * from heads limit 0")
    seq, last_id = box.last_seq, box.event(box.last_seq).event_id if box.last_seq else None
    for start in range(first // COURSE_EVENTS, end // COURSE_EVENTS, COURSES_A_STEP):
        with box.gate.held():
            connection.execute("begin immediate")
            for course in range(start, min(start + COURSES_A_STEP, end // COURSE_EVENTS)):
                rows, heads = _course(course, seq, last_id, now)
                connection.executemany(_EVENT, rows)
                connection.executemany("insert into temp.found values (?, ?, ?, ?, ?)", heads)
                seq, last_id = seq + COURSE_EVENTS, UUID(rows[-1][1])
            connection.execute("commit")
        keep_small(connection, box.gate, OutboxPaths(box.path))
    _insert_heads(connection)
    took = time.perf_counter() - began
    connection.execute("pragma synchronous = full")
    box.checkpoint()
    os.sync()  # what the filling left to write must not be written during the measurement
    return (end - first) / took


def _insert_heads(connection: sqlite3.Connection) -> None:
    connection.execute(_SORTED_HEADS)
    connection.execute("drop table temp.found")


@lru_cache(maxsize=DISTINCT)
def _template(course: int) -> tuple[tuple[Checked, str], ...]:
    """Return the checked events of a course, each with the slug of what it is about."""
    numbers = range(course * COURSE_EVENTS, (course + 1) * COURSE_EVENTS)
    return tuple((check(payload), payload.slug) for payload in map(event, numbers))


def _course(course: int, seq: int, last_id: UUID | None, now: dt.datetime) -> Rows:
    alike = course % DISTINCT
    old, new = f"curso-{alike}", f"curso-{course}"
    at, now_ms = as_text(now), int(now.timestamp() * 1000)
    rows: list[tuple[Any, ...]] = []
    heads: list[tuple[Any, ...]] = []
    newest: dict[str, int] = {}
    renamed = {}
    for checked, slug in _template(alike):
        seq += 1
        last_id = ids.next_event_id(last_id, now_ms)
        contract = checked.contract
        payload = checked.payload_utf8.replace(old.encode() + b"-", new.encode() + b"-").replace(
            f'"{old}"'.encode(), f'"{new}"'.encode()
        )
        payload = payload.replace(f"/{old}/".encode(), f"/{new}/".encode())
        sha256 = hashlib.sha256(payload).hexdigest()
        aggregate = renamed.get(slug)
        if aggregate is None:
            aggregate = str(ids.aggregate_id(contract.aggregate_type, new + slug.removeprefix(old)))
            renamed[slug] = aggregate
            renamed[str(checked.aggregate_id)] = aggregate
        refs = ", ".join(f'"{renamed[str(ref)]}"' for ref in checked.refs)
        rows.append(
            (
                seq, str(last_id), contract.type, contract.version, contract.aggregate_type, aggregate,
                newest.get(aggregate), f"[{refs}]", sha256, at, payload,
            )
        )  # fmt: skip
        newest[aggregate] = seq
        heads.append((aggregate, checked.slot, seq, contract.type, sha256))
    return rows, heads
