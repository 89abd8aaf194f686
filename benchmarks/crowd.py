"""Eight processes append at once, as fast as they can; beside them one alone, and eight on SQLite's busy handler."""

import multiprocessing
import sqlite3
import time
from collections.abc import Callable, Iterator
from multiprocessing.synchronize import Barrier
from pathlib import Path

from benchmarks.finding import Reading
from benchmarks.lesson import as_json, bare_table, lesson
from benchmarks.measure import p99_ms
from outbox import Outbox

WRITERS, EACH = 8, 400
BUSY_SECONDS = 10.0
Taken = tuple[float, float, list[float]]


def run(folder: Path) -> Iterator[Reading]:
    path, bare = folder / "crowd.db", folder / "busy.db"
    Outbox.open(path).close()
    bare_table(bare).close()
    alone, _ = _writers(_append, path, 1, EACH * 2)
    rate, waits = _writers(_append, path, WRITERS, EACH)
    _, busy = _writers(_insert, bare, WRITERS, EACH)
    yield Reading(
        theme="crowd",
        what=f"{WRITERS} writers: p99 of an append",
        value=p99_ms(waits),
        unit="ms",
        target=25,
        sides={"ours": p99_ms(waits), "SQLite's busy handler": p99_ms(busy)},
    )
    yield Reading(
        theme="crowd",
        what=f"{WRITERS} writers: the longest append",
        value=max(waits) * 1000,
        unit="ms",
        target=250,
        worst=True,
        sides={"ours": max(waits) * 1000, "SQLite's busy handler": max(busy) * 1000},
    )
    yield Reading(
        theme="crowd",
        what=f"{WRITERS} writers' total rate / one writer's",
        value=rate / alone,
        target=0.8,
        at_most=False,
        sides={f"{WRITERS} writers": rate, "one": alone},
        sides_unit="lessons/s",
    )


def _writers(target: Callable[..., None], path: Path, count: int, each: int) -> tuple[float, list[float]]:
    """Return events per second of all writers together, and how long every single append took."""
    context = multiprocessing.get_context("spawn")
    barrier, results = context.Barrier(count), context.SimpleQueue()
    base = path.stat().st_size  # other slugs than in the run before
    writers = [
        context.Process(target=target, args=(path, base * 1000 + n * each, each, barrier, results))
        for n in range(count)
    ]
    for writer in writers:
        writer.start()
    taken: list[Taken] = [results.get() for _ in writers]
    for writer in writers:
        writer.join()
    wall = max(end for _, end, _ in taken) - min(begin for begin, _, _ in taken)
    return count * each / wall, [seconds for _, _, latencies in taken for seconds in latencies]


def _append(
    path: Path, first: int, count: int, barrier: Barrier, results: "multiprocessing.SimpleQueue[Taken]"
) -> None:
    payloads = [lesson(first + n) for n in range(count)]
    with Outbox.open(path) as box:
        barrier.wait()
        results.put(_timed(lambda n: box.append(payloads[n]), count))


def _insert(
    path: Path, first: int, count: int, barrier: Barrier, results: "multiprocessing.SimpleQueue[Taken]"
) -> None:
    texts = [as_json(lesson(first + n)) for n in range(count)]
    connection = sqlite3.connect(path, isolation_level=None, timeout=BUSY_SECONDS)
    connection.execute("pragma synchronous = full")
    barrier.wait()
    results.put(_timed(lambda n: connection.execute("insert into bare (payload) values (?)", (texts[n],)), count))
    connection.close()


def _timed(step: Callable[[int], object], count: int) -> Taken:
    latencies = []
    start = time.monotonic()
    for number in range(count):
        began = time.perf_counter()
        step(number)
        latencies.append(time.perf_counter() - began)
    return start, time.monotonic(), latencies
