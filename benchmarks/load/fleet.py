"""Outboxes with a worker each, as processes of their own, that drain their backlogs into one database at once.

All workers are connected and paused first; then all are let go at the same moment. Each outbox has courses of its own
and says its word on the same few shared lessons; of these the newest event wins, whoever comes first. The same is then
measured without shared lessons. In the end the database is compared, row by row, with one into which the same outboxes
were drained one after the other.
"""

import resource
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.drain_server import clone, drain, prepared_server
from benchmarks.load.mix import MIND, REAL_BODY_CHARS, event
from benchmarks.load.rows import rows_hash
from benchmarks.load.workers import Worker, own_folder, room_for, server_seconds, started
from outbox import Outbox
from outbox.catalogue import ContentUpserted
from outbox.operating import steering
from worker.standin import LocalPostgres

SHARED_LESSONS, SHARED_EVERY = 20, 10
COMPARED = ("events_per_second", "events_per_server_core", "slowest_by_fastest")  # with and without shared rows
Row = dict[str, Any]


def sizes(outboxes: int) -> list[int]:
    return [*(size for size in (1, 2, 5, 10, 25) if size < outboxes), outboxes]


def fleets(folder: Path, outboxes: int, events: int) -> Iterator[Row]:
    """Yield a row for each size of the fleet; `events` are shared out among its outboxes."""
    folder.mkdir()
    with prepared_server(folder) as server:
        room_for(server, outboxes)
        with psycopg.connect(server.dsn("template"), autocommit=True) as connection:
            connection.execute("insert into minds (slug, display_name) values (%s, 'Ana')", [MIND])
        for size in sizes(outboxes):
            row = _fleet(server, folder, size, events // size)
            apart = _fleet(server, folder, size, events // size, shared=False)
            row |= {f"apart_{name}": apart[name] for name in COMPARED}
            both = f"{row['events_per_second']:.0f} events/s, {row['apart_events_per_second']:.0f} without shared rows"
            print(f"  {size} outboxes: {both}", file=sys.stderr, flush=True)
            yield row


def filled(path: Path, number: int, events: int, *, shared: bool = True) -> None:
    """Make outbox `number`: its own courses, and after every tenth event a word on a shared lesson."""
    with Outbox.open(path) as box:
        for first in range(0, events, 500):
            own = [
                event(place, prefix=f"host-{number}", body_chars=REAL_BODY_CHARS)
                for place in range(first, min(first + 500, events))
            ]
            said = [_shared(number, first + place) for place in range(0, len(own), SHARED_EVERY)]
            box.append(*own, *(said if shared else ()))
        steering.pause(box)


def _shared(number: int, place: int) -> ContentUpserted:
    """All that a lesson has is said each time, so that the newest word alone makes the row."""
    return ContentUpserted(
        slug=f"shared--aula-{place // SHARED_EVERY % SHARED_LESSONS}",
        title=f"Aula, as host {number} sees it at {place}",
        content_type="course_lesson",
        body=f"# {number}.{place}\n",
        status="draft",
    )


def _fleet(server: LocalPostgres, folder: Path, size: int, each: int, *, shared: bool = True) -> Row:
    files = [own_folder(folder, f"fleet-{size}-{number}") for number in range(size)]
    for number, file in enumerate(files):
        filled(file, number, each, shared=shared)
    with clone(server, "fleet") as name, psycopg.connect(server.dsn(name), autocommit=True) as watch:
        with ExitStack() as running:
            workers = [running.enter_context(started(file, server.dsn(name, "outbox_worker"))) for file in files]
            _until_all(watch, "select count(*) from outbox.sources", size)
            row = _let_go(watch, workers)
            row["worker_memory_mb"] = max(worker.memory_mb() for worker in workers)
            row["connections"] = _one(watch, "select count(*) from pg_stat_activity where usename = 'outbox_worker'")
        for verdict in ("applied", "contention", "poison", "overload", "outage"):
            row[f"attempts_{verdict}"] = sum(worker.attempts(verdict) for worker in workers)
        row["deadlocks"] = _one(watch, "select deadlocks from pg_stat_database where datname = current_database()")
        row["parked"] = _one(watch, "select count(*) from outbox.parked")
        found = rows_hash(watch)
    with clone(server, "one_by_one") as name, psycopg.connect(server.dsn(name), autocommit=True) as watch:
        for file in files:
            with Outbox.open(file) as box:
                box.connection.execute("delete from destinations")
                box.connection.execute("delete from meta where key = 'destination_id'")
                drain(box, server.dsn(name, "outbox_worker"))
        expected = rows_hash(watch)
    assert found == expected, (size, found, expected)
    for file in files:
        shutil.rmtree(file.parent)
    row["events_per_server_core"] = row["events_per_second"] / row["server_cores"]
    return {"outboxes": size, **row, "rows": sum(count for count, _ in expected.values()), "rows_differ": 0}


def _let_go(watch: psycopg.Connection, workers: list[Worker]) -> Row:
    """Resume all, and wait until each has delivered everything."""
    boxes = [worker.box() for worker in workers]
    last = {str(box.outbox_id): box.last_seq for box in boxes}
    server, mine = server_seconds(watch), resource.getrusage(resource.RUSAGE_SELF).ru_utime
    processor = sum(worker.processor_seconds() for worker in workers)
    began = time.monotonic()
    for box in boxes:
        steering.resume(box)
        box.close()
    ended: dict[str, float] = {}
    while len(ended) < len(last):
        rows = watch.execute("select outbox_id, applied_seq from outbox.sources").fetchall()
        for outbox_id, seq in rows:
            if seq >= last[str(outbox_id)]:
                ended.setdefault(str(outbox_id), time.monotonic() - began)
        assert time.monotonic() - began < 900, "the fleet does not get on"
        time.sleep(0.02)
    seconds = max(ended.values())
    return {
        "events": sum(last.values()),
        "seconds": seconds,
        "events_per_second": sum(last.values()) / seconds,
        "slowest_by_fastest": seconds / min(ended.values()),
        "server_cores": (server_seconds(watch) - server) / seconds,
        "worker_cores": (sum(worker.processor_seconds() for worker in workers) - processor) / seconds,
        "watcher_cores": (resource.getrusage(resource.RUSAGE_SELF).ru_utime - mine) / seconds,
    }


def _until_all(watch: psycopg.Connection, query: str, count: int) -> None:
    deadline = time.monotonic() + 300
    while _one(watch, query) < count:
        assert time.monotonic() < deadline, "the workers do not start"
        time.sleep(0.05)


def _one(watch: psycopg.Connection, query: str) -> int:
    row = watch.execute(query.encode()).fetchone()
    assert row is not None
    return int(row[0])
