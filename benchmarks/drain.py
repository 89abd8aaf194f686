"""Draining a backlog of lessons through the relay, against a raw COPY of the same rows.

Both write into the same schema, with its indexes, foreign keys and policies, each into its own clone of one database.
The relay is the real one, reads the real outbox file and is the least-privileged role; COPY has its rows ready in
memory, is the owner and checks nothing. They take turns: after each tenth of the events the relay waits while COPY
loads the same tenth, so that load and growth hit both alike. An injected round trip is injected for both.

COPY has one connection, and so one core of the server. The relay is measured as it is, with its second lane, and
without it.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from time import perf_counter

import msgspec
import psycopg
from psycopg import sql

from benchmarks.drain_lessons import fill
from benchmarks.drain_server import clone, drain, prepared_server
from benchmarks.finding import Reading
from benchmarks.slow_link import slow_link
from outbox import Event, Outbox, ids
from worker import Ending
from worker.standin import LocalPostgres

LESSONS, BLOCKS = 20_000, 10
ONE_BY_ONE_PER_BLOCK = 20
# Round trip in ms, with the full-text index or without, the least ratio to COPY with one lane, and with two.
CASES = (
    (0, True, 0.9, 1.45),
    (20, True, 0.85, 1.2),
    (100, True, 0.7, 0.85),
    (0, False, 0.75, 1.0),
    (20, False, 0.55, 0.7),
)
COLUMNS = (
    "id, slug, title, content_type, project_id, parent_content_id, sequence_order, content, ai_generated, status, "
    "metadata, file_path, created_at, last_event_id"
)
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def run(folder: Path) -> Iterator[Reading]:
    with prepared_server(folder) as server, Outbox.open(folder / "outbox.db") as box:
        fill(box, LESSONS)
        for round_trip_ms, full_text, with_one, with_two in CASES:
            where = f"{round_trip_ms} ms round trip{'' if full_text else ', without the full-text index'}"
            copied, carried, _ = take_turns(server, box, round_trip_ms, full_text=full_text)
            yield _reading(f"relay / COPY, {where}", with_two, carried, "raw COPY", copied)
            copied, carried, single = take_turns(server, box, round_trip_ms, full_text=full_text, second_lane=False)
            yield _reading(f"relay with one connection / COPY, {where}", with_one, carried, "raw COPY", copied)
            if single:
                what = f"relay with one connection / a commit per event, {where}"
                yield _reading(what, 15, carried, "a commit per event", single)


Block = tuple[int, float]  # events, seconds


def _reading(what: str, target: float, carried: list[Block], beside: str, blocks: list[Block]) -> Reading:
    ours, theirs = rate(carried), rate(blocks)
    return Reading(
        theme="drain",
        what=what,
        value=ours / theirs,
        target=target,
        at_most=False,
        sides={"ours": ours, beside: theirs},
        sides_unit="lessons/s",
    )


def rate(blocks: list[Block]) -> float:
    return sum(count for count, _ in blocks) / sum(seconds for _, seconds in blocks)


def take_turns(
    server: LocalPostgres, box: Outbox, round_trip_ms: int, *, full_text: bool, second_lane: bool = True
) -> tuple[list[Block], list[Block], list[Block]]:
    """Blocks of COPY, of the relay, and of a commit per event (at 20 ms only: more would take too long)."""
    copied: list[Block] = []
    carried: list[Block] = []
    single: list[Block] = []
    with ExitStack() as stack:
        databases = [stack.enter_context(clone(server, name)) for name in ("by_copy", "by_relay", "one_by_one")]
        if not full_text:
            for name in databases:
                with psycopg.connect(server.dsn(name), autocommit=True) as connection:
                    connection.execute("drop index public.contents_text_idx")
        copy_dsn, relay_dsn, single_dsn = (
            stack.enter_context(slow_link(server.dsn(name, user), round_trip_ms))
            for name, user in zip(databases, ("postgres", "outbox_worker", "postgres"), strict=True)
        )
        copy = stack.enter_context(psycopg.connect(copy_dsn, autocommit=True))
        alone = stack.enter_context(psycopg.connect(single_dsn, autocommit=True))
        block, behind, began = box.last_seq // BLOCKS, 0, perf_counter()

        def turn(seq: int, *_: object) -> None:
            nonlocal behind, began
            if seq < block * (len(carried) + 1):
                return
            carried.append((seq - behind, perf_counter() - began))
            events = box.read(after=behind, limit=seq - behind)
            copied.append((len(events), _copy(copy, events)))
            if round_trip_ms == 20 and full_text and not second_lane:
                few = events[:ONE_BY_ONE_PER_BLOCK]
                single.append((len(few), one_by_one(alone, few)))
            behind, began = seq, perf_counter()

        assert drain(box, relay_dsn, second_lane=second_lane, on_batch=turn) is Ending.EMPTY
        with psycopg.connect(server.dsn("by_relay")) as check:
            sums = "select count(*), sum(hashtext(contents::text)::bigint) from (select {} from contents) as contents"
            there = check.execute(sql.SQL(sums).format(sql.SQL(COLUMNS))).fetchone()
            assert there == copy.execute(sql.SQL(sums).format(sql.SQL(COLUMNS))).fetchone()
    return copied, carried, single


def _copy(connection: psycopg.Connection, events: list[Event]) -> float:
    rows = ["\t".join(value.translate(_ESCAPES) for value in _row(event)) + "\n" for event in events]
    chunks = ["".join(rows[first : first + 100]).encode() for first in range(0, len(rows), 100)]
    began = perf_counter()
    with connection.cursor() as cursor, cursor.copy(f"copy contents ({COLUMNS}) from stdin".encode()) as copy:
        for chunk in chunks:
            copy.write(chunk)
    return perf_counter() - began


def one_by_one(connection: psycopg.Connection, events: list[Event]) -> float:
    values = ", ".join(["%s"] * len(COLUMNS.split(",")))
    statement = f"insert into contents ({COLUMNS}) values ({values})".encode()
    rows = [_row(event) for event in events]
    began = perf_counter()
    for row in rows:
        connection.execute(statement, row)
    return perf_counter() - began


def _row(event: Event) -> tuple[str, ...]:
    payload = event.payload
    return (
        str(event.aggregate_id),
        payload["slug"],
        payload["title"],
        payload["content_type"],
        str(ids.project_id(payload["project"])),
        str(ids.content_id(payload["parent"])),
        str(payload["sequence_order"]),
        payload["body"],
        str(payload["ai_generated"]),
        payload["status"],
        msgspec.json.encode(payload["metadata"]).decode(),
        payload["file_path"],
        event.occurred_at.isoformat(),
        str(event.event_id),
    )
