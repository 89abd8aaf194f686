"""A log with a million events waiting, beside an empty one.

The waiting events are short (the file would be 9 GB otherwise); the ids, the indices and the depth of the trees
are those of a real log.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.finding import Reading
from benchmarks.lesson import lesson
from benchmarks.measure import each_p50_ms, p50_ms, p50_ratio, take_turns
from outbox import Outbox

EVENTS, FEW_EVENTS = 1_000_000, 2_000
TURNS, WARM_UP = 500, 300
READS, STATUS_RUNS = 60, 5
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


def run(folder: Path) -> Iterator[Reading]:
    payloads = [lesson(number) for number in range(TURNS + WARM_UP)]
    with (
        Outbox.open(folder / "big.db") as big,
        Outbox.open(folder / "few.db") as few,
        Outbox.open(folder / "empty.db") as empty,
    ):
        fill(big, EVENTS)
        fill(few, FEW_EVENTS)
        status = take_turns(
            {"ours": lambda _: _status(big.path), "start of Python": lambda _: _start_of_python()},
            STATUS_RUNS,
            warm_up=1,
        )
        appends = take_turns(
            {"full": lambda turn: big.append(payloads[turn]), "empty": lambda turn: empty.append(payloads[turn])},
            TURNS,
            warm_up=WARM_UP,
        )
        reads = take_turns(
            {
                "full": lambda turn: big.read(after=(turn * 7919 * PAGE) % (EVENTS - PAGE), limit=PAGE),
                "few": lambda turn: few.read(after=(turn * PAGE) % (FEW_EVENTS - PAGE), limit=PAGE),
            },
            READS,
            warm_up=5,
        )
    waiting = f"{EVENTS:,} events waiting"
    yield Reading(
        theme="big_log",
        what=f"append with {waiting} / with none, p50",
        value=p50_ratio(appends, "full", "empty"),
        target=1.2,
        sides=each_p50_ms(appends),
    )
    yield Reading(
        theme="big_log",
        what=f"`outbox status`, {waiting}, start of Python included",
        value=p50_ms(status["ours"]) / 1000,
        unit="s",
        target=0.3,
        sides=each_p50_ms(status),
    )
    yield Reading(
        theme="big_log",
        what=f"reading the next {PAGE}: {EVENTS:,} in the log / {FEW_EVENTS:,}, p50",
        value=p50_ratio(reads, "full", "few"),
        target=1.2,
        sides=each_p50_ms(reads),
    )


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


def _status(path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "outbox", "status", "--json"],
        env={**os.environ, "OUTBOX_PATH": str(path)},
        check=True,
        capture_output=True,
    )
    assert json.loads(done.stdout)["backlog"] == EVENTS


def _start_of_python() -> None:
    subprocess.run([sys.executable, "-c", "import sqlite3"], check=True)
