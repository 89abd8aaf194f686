"""Draining a backlog of lessons through the relay, against a raw COPY of the same rows.

Both write into the same schema, with its indexes, foreign keys and policies, each into its own clone of one database.
The relay is the real one, reads the real outbox file and is the least-privileged role; COPY has its rows ready in
memory, is the owner and checks nothing. They take turns: after each tenth of the events the relay waits while COPY
loads the same tenth, so each tenth gives a ratio. An injected round trip is injected for both.
"""

import random
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import perf_counter

import msgspec
import psycopg
from psycopg import sql

from benchmarks.lesson import lesson
from benchmarks.measure import BLOCKS, Finding, at_least
from benchmarks.slow_link import slow_link
from outbox import Event, Outbox, OutboxSettings, ids
from outbox.catalogue import ContentUpserted, ProjectUpserted
from worker.logs import configure_logs
from worker.migrate import ready_for_worker
from worker.options import Ending
from worker.runtime import relay_for, waker_for
from worker.settings import WorkerSettings
from worker.standin import LocalPostgres

EVENTS, QUICK_EVENTS = 100_000, 5_000
PROJECT, LESSONS_PER_MODULE = "pao-caseiro", 20
ONE_BY_ONE_PER_BLOCK = 20
BODY_BYTES = 7_700
# Round trip in ms, with the full-text index or without, the least ratio to COPY.
CASES = ((0, True, 0.9), (20, True, 0.85), (100, True, 0.7), (0, False, 0.75), (20, False, 0.55))
COLUMNS = (
    "id, slug, title, content_type, project_id, parent_content_id, sequence_order, content, ai_generated, status, "
    "metadata, file_path, created_at, last_event_id"
)
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def run(folder: Path, *, quick: bool) -> list[Finding]:
    return list(findings(folder, events=QUICK_EVENTS if quick else EVENTS))


def findings(folder: Path, *, events: int, cases: tuple[tuple[int, bool, float], ...] = CASES) -> Iterator[Finding]:
    with prepared_server(folder) as server, Outbox.open(folder / "outbox.db") as box:
        fill(box, events)
        for round_trip_ms, full_text, target in cases:
            copied, carried, single = _take_turns(server, box, round_trip_ms, full_text=full_text)
            where = f"{round_trip_ms} ms round trip, {'with' if full_text else 'without'} the full-text index"
            note = f"{_rate(carried):,.0f} / {_rate(copied):,.0f} events/s, {events:,} lessons"
            yield at_least("drain", f"relay / COPY, {where}", _ratios(carried, copied), target, note)
            if single:
                note = f"{_rate(carried):,.0f} / {_rate(single):,.0f} events/s"
                yield at_least("drain", f"relay / a commit per event, {where}", _ratios(carried, single), 15, note)


Block = tuple[int, float]  # events, seconds


def _rate(blocks: list[Block]) -> float:
    return sum(count for count, _ in blocks) / sum(seconds for _, seconds in blocks)


def _ratios(blocks: list[Block], base: list[Block]) -> list[float]:
    return [_rate([one]) / _rate([other]) for one, other in zip(blocks, base, strict=True)]


@contextmanager
def prepared_server(folder: Path) -> Iterator[LocalPostgres]:
    """A server whose database `template` has the schema, the project and its modules."""
    configure_logs(quiet=True)
    server = LocalPostgres(folder / "server")
    with server:
        _create(server, "template", "postgres")
        ready_for_worker(server, "template")
        with Outbox.open(folder / "course.db") as box, box.unit() as unit:
            unit.append(ProjectUpserted(slug=PROJECT, name="Pão caseiro"))
            for number in range(EVENTS // LESSONS_PER_MODULE + 1):
                slug = f"{PROJECT}--modulo-{number}"
                unit.append(
                    ContentUpserted(slug=slug, title=f"Módulo {number}", content_type="course_module", project=PROJECT)
                )
        with Outbox.open(folder / "course.db") as box:
            drain(box, server.dsn("template", "outbox_worker"))
        with psycopg.connect(server.dsn("template"), autocommit=True) as connection:
            connection.execute("delete from outbox.sources")
            connection.execute("vacuum analyze")
        yield server
    server.remove_data()


@contextmanager
def clone(server: LocalPostgres, name: str) -> Iterator[str]:
    """A fresh copy of the template, for as long as it is needed."""
    _create(server, name, "template")
    yield name
    with psycopg.connect(server.dsn(user="supabase_admin"), autocommit=True) as connection:
        connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))
        connection.execute("checkpoint")  # what one case left to write must not be written during the next


def _create(server: LocalPostgres, name: str, template: str) -> None:
    with psycopg.connect(server.dsn("template1", "supabase_admin"), autocommit=True) as connection:
        statement = sql.SQL("create database {} owner postgres template {}")
        connection.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))


def fill(box: Outbox, events: int) -> None:
    """Append that many lessons, in units of 500."""
    words = _vocabulary()
    for first in range(0, events, 500):
        with box.unit() as unit:
            for number in range(first, min(first + 500, events)):
                unit.append(msgspec.structs.replace(lesson(number), body=_body(number, words)))
    box.checkpoint()


def _vocabulary() -> list[str]:
    """Two thousand words that a Portuguese stemmer has work with, the frequent ones first."""
    choice = random.Random(1)
    stems = ["".join(choice.choice("bcdfglmnprstv") + choice.choice("aeiou") for _ in range(3)) for _ in range(250)]
    endings = ("r", "ção", "s", "ndo", "mento", "mos", "dor", "da")
    return [stem + ending for ending in endings for stem in stems]


def _body(number: int, words: list[str]) -> str:
    choice = random.Random(number)
    lines, size = [f"# Aula {number}: passo a passo\n"], 0
    while size < BODY_BYTES:
        picked = [words[int(len(words) * choice.random() ** 3)] for _ in range(14)]
        lines.append(" ".join(picked).capitalize() + ".\n")
        size += len(lines[-1].encode()) + 1
    return "\n".join(lines)


def drain(box: Outbox, dsn: str, **more: object) -> Ending:
    settings = WorkerSettings(outbox=OutboxSettings.from_env({"OUTBOX_PATH": str(box.path)}), persist=True)
    with waker_for(box) as waker:
        relay, _ = relay_for(box, settings, dsn, waker, until_empty=True, patience_seconds=1, **more)  # type: ignore[arg-type]
        return relay.run()


def _take_turns(
    server: LocalPostgres, box: Outbox, round_trip_ms: int, *, full_text: bool
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

        def turn(seq: int, _count: int, _newest: int) -> None:
            nonlocal behind, began
            if seq < block * (len(carried) + 1):
                return
            carried.append((seq - behind, perf_counter() - began))
            events = box.read(after=behind, limit=seq - behind)
            copied.append((len(events), _copy(copy, events)))
            if round_trip_ms == 20 and full_text:
                few = events[:ONE_BY_ONE_PER_BLOCK]
                single.append((len(few), _one_by_one(alone, few)))
            behind, began = seq, perf_counter()

        assert drain(box, relay_dsn, on_batch=turn) is Ending.EMPTY
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


def _one_by_one(connection: psycopg.Connection, events: list[Event]) -> float:
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
