"""A log with a million events waiting, beside an empty one.

The waiting events are short (the file would be 9 GB otherwise); the ids, the indices and the depth of the trees
are those of a real log.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.lesson import lesson
from benchmarks.measure import Finding, at_most, limit, p50_ms, p50_ratios, take_turns
from outbox import Outbox

EVENTS, QUICK_EVENTS, FEW_EVENTS = 1_000_000, 100_000, 2_000
TURNS, QUICK_TURNS = 1500, 400
READS, STATUS_RUNS = 60, 7
PAGE = 500

# Event ids that increase, aggregate ids that are spread at random, as those of UUIDv7 and UUIDv5 are.
_FILL = """
with recursive n(i) as (select 1 union all select i + 1 from n where i < {count})
insert into events (event_id, type, version, aggregate_type, aggregate_id, payload_sha256, occurred_at, payload)
select
  printf('01980000-%04x-7%03x-8000-%012x', i >> 12, i & 4095, i), 'content.upserted', 1, 'content',
  lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-5' || substr(hex(randomblob(2)), 2) || '-8'
    || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6))),
  lower(hex(randomblob(32))), '2026-03-01T12:00:00.000000+00:00',
  json_object('slug', 'aula-' || i, 'title', 'Aula ' || i, 'content_type', 'course_lesson', 'body', 'pão')
from n
"""
_FILL_HEADS = """
insert into heads (aggregate_id, slot, seq, type, payload_sha256)
select aggregate_id, 'state', seq, type, payload_sha256 from events order by aggregate_id
"""


def run(folder: Path, *, quick: bool) -> list[Finding]:
    count, turns = (QUICK_EVENTS, QUICK_TURNS) if quick else (EVENTS, TURNS)
    warm_up = 300
    payloads = [lesson(number) for number in range(turns + warm_up)]
    with (
        Outbox.open(folder / "big.db") as big,
        Outbox.open(folder / "few.db") as few,
        Outbox.open(folder / "empty.db") as empty,
    ):
        fill(big, count)
        fill(few, FEW_EVENTS)
        status_seconds = _status_seconds(big.path, count)
        appends = take_turns(
            {"big": lambda turn: big.append(payloads[turn]), "empty": lambda turn: empty.append(payloads[turn])},
            turns,
            warm_up=warm_up,
        )
        reads = take_turns(
            {
                "big": lambda turn: big.read(after=(turn * 7919 * PAGE) % (count - PAGE), limit=PAGE),
                "few": lambda turn: few.read(after=(turn * PAGE) % (FEW_EVENTS - PAGE), limit=PAGE),
            },
            READS,
            warm_up=5,
        )
    waiting = f"{count:,} events waiting"
    return [
        at_most(
            "big_log",
            f"append with {waiting} / with none, p50",
            p50_ratios(appends, "big", "empty"),
            1.2,
            f"{p50_ms(appends['big']):.3f} / {p50_ms(appends['empty']):.3f} ms",
        ),
        limit("big_log", f"`outbox status`, {waiting}", status_seconds, "s", 0.3, "with the start of Python"),
        at_most(
            "big_log",
            f"reading the next {PAGE}, {count:,} in the log / {FEW_EVENTS:,}, p50",
            p50_ratios(reads, "big", "few"),
            1.2,
            f"{p50_ms(reads['big']):.2f} / {p50_ms(reads['few']):.2f} ms",
        ),
    ]


def fill(box: Outbox, count: int) -> None:
    connection = box.connection
    connection.execute("pragma synchronous = off")
    connection.execute("begin immediate")
    connection.execute(_FILL.format(count=count))
    connection.execute(_FILL_HEADS)
    connection.execute("commit")
    connection.execute("pragma synchronous = full")
    box.checkpoint()
    os.sync()  # what the filling left to write must not be written during the measurement


def _status_seconds(path: Path, count: int) -> float:
    taken = []
    for _ in range(STATUS_RUNS):
        began = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "outbox", "status", "--json"],
            env={**os.environ, "OUTBOX_PATH": str(path)},
            check=True,
            capture_output=True,
        )
        taken.append(time.perf_counter() - began)
        assert json.loads(done.stdout)["backlog"] == count
    return statistics.median(taken)
