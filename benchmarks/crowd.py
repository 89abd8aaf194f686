"""Eight processes append at once, as fast as they can; beside them one alone, and eight on SQLite's busy handler."""

import multiprocessing
import sqlite3
import statistics
import time
from collections.abc import Callable
from multiprocessing.synchronize import Barrier
from pathlib import Path

from benchmarks.lesson import as_json, bare_table, lesson
from benchmarks.measure import Finding, at_least, limit
from outbox import Outbox

WRITERS, EACH, QUICK_EACH = 8, 400, 120
ROUNDS, QUICK_ROUNDS = 5, 2
BUSY_SECONDS = 10.0
Taken = tuple[float, float, list[float]]


def run(folder: Path, *, quick: bool) -> list[Finding]:
    each = QUICK_EACH if quick else EACH
    alone_rates, crowd_rates = [], []
    waits: list[float] = []
    busy_waits: list[float] = []
    for number in range(QUICK_ROUNDS if quick else ROUNDS):
        path, bare = folder / f"crowd-{number}.db", folder / f"busy-{number}.db"
        Outbox.open(path).close()
        bare_table(bare).close()
        rate, _ = _writers(_append, path, 1, each * 2)
        alone_rates.append(rate)
        rate, latencies = _writers(_append, path, WRITERS, each)
        crowd_rates.append(rate)
        waits += latencies
        busy_waits += _writers(_insert, bare, WRITERS, each)[1]
    busy = f"busy_timeout alone: p99 {_p99_ms(busy_waits):.1f} ms, longest {max(busy_waits) * 1000:.0f} ms"
    return [
        limit("crowd", f"{WRITERS} writers: p99 of an append", _p99_ms(waits), "ms", 25.0, busy),
        limit("crowd", f"{WRITERS} writers: the longest append", max(waits) * 1000, "ms", 250.0),
        at_least(
            "crowd",
            f"{WRITERS} writers' total rate / one writer's",
            [crowd / alone for crowd, alone in zip(crowd_rates, alone_rates, strict=True)],
            0.8,
            f"{statistics.median(crowd_rates):.0f} / {statistics.median(alone_rates):.0f} events/s",
        ),
    ]


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


def _p99_ms(seconds: list[float]) -> float:
    return statistics.quantiles(seconds, n=100)[98] * 1000
