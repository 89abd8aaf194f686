"""The worker as a process: its memory and its start with a large backlog, how late an event is seen, what idling costs.

It is observed from outside; nothing is measured inside it.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg

from benchmarks import big_log
from benchmarks.drain import one_by_one
from benchmarks.drain_lessons import fill
from benchmarks.drain_server import clone, prepared_server
from benchmarks.finding import Reading
from benchmarks.lesson import bare_table, lesson
from benchmarks.measure import p50_ms, p99_ms
from benchmarks.worker_process import applied_seq, last_queries, memory_mb, processor_seconds, started_worker, until
from outbox import Outbox
from worker.standin import LocalPostgres

WAITING = 1_000_000
LESSONS = 15_000
WATCHED_SECONDS = 15.0
APPENDS = 200
IDLE_SECONDS = 30.0


def run(folder: Path) -> Iterator[Reading]:
    with prepared_server(folder) as server:
        yield from _backlog(server, folder)
        yield from _following(server, folder)


def _backlog(server: LocalPostgres, folder: Path) -> Iterator[Reading]:
    with Outbox.open(folder / "small.db") as box:
        big_log.fill(box, WAITING)
    with Outbox.open(folder / "lessons.db") as box:
        fill(box, LESSONS)
    with clone(server, "start") as name, psycopg.connect(server.dsn(name), autocommit=True) as watch:
        began = time.perf_counter()
        with started_worker("drain", folder / "small.db", server.dsn(name, "outbox_worker")):
            until(lambda: applied_seq(watch) > 0)
            took = time.perf_counter() - began
    what = f"start of Python to the first commit, {WAITING:,} events waiting"
    yield _limit(what, took, "s", 1, sides=_bare_start(), worst=True)
    for file, which in (("small.db", f"{WAITING:,} short events"), ("lessons.db", f"{LESSONS:,} lessons of 8 KB")):
        with clone(server, "memory") as name, psycopg.connect(server.dsn(name), autocommit=True) as watch:
            with started_worker("drain", folder / file, server.dsn(name, "outbox_worker")) as pid:
                until(lambda watch=watch: applied_seq(watch) > 0)  # type: ignore[misc]
                samples = memory_mb(pid, WATCHED_SECONDS)
            half = len(samples) // 2
            sides = {"first half": max(samples[:half]), "second half": max(samples[half:])}
        what = f"resident memory while draining {which}"
        yield _limit(what, max(samples), "MB", 120, sides=sides, sides_unit="MB", worst=True)


def _following(server: LocalPostgres, folder: Path) -> Iterator[Reading]:
    file = folder / "followed.db"
    with (
        Outbox.open(file) as box,
        clone(server, "followed") as name,
        clone(server, "by_hand") as other,
        psycopg.connect(server.dsn(other), autocommit=True) as straight,
        psycopg.connect(server.dsn(name), autocommit=True) as watch,
        started_worker("run", file, server.dsn(name, "outbox_worker")) as pid,
    ):
        late, by_hand = [], []
        bare = bare_table(folder / "bare.db")
        for number in range(APPENDS + 20):
            began = time.perf_counter()
            (event,) = box.append(lesson(number)).appended
            until(lambda seq=event.seq: applied_seq(watch) >= seq, every=0.0002)  # type: ignore[misc]
            if number >= 20:
                late.append(time.perf_counter() - began)
            began = time.perf_counter()
            bare.execute("insert into bare (payload) values (?)", (event.payload_json,))
            one_by_one(straight, [event])
            if number >= 20:
                by_hand.append(time.perf_counter() - began)
            time.sleep(0.01 + number % 7 / 1000)
        bare.close()
        time.sleep(2)  # what the last event still causes is not idling
        queries, used, began = last_queries(watch), processor_seconds(pid), time.monotonic()
        time.sleep(IDLE_SECONDS)
        share = (processor_seconds(pid) - used) / (time.monotonic() - began) * 100
        asked = last_queries(watch) != queries
    straight_on = "bare INSERT here and there, one after the other"
    what = "append to visible in Postgres, its fsync included"
    yield _limit(f"{what}, p50", p50_ms(late), "ms", 10, sides={straight_on: p50_ms(by_hand)})
    sides = {"longest": max(late) * 1000, straight_on: p99_ms(by_hand)}
    yield _limit(f"{what}, p99", p99_ms(late), "ms", 50, sides=sides)
    yield _limit("processor while idle", share, "%", 0.5)
    yield _limit(f"queries while idle for {IDLE_SECONDS:.0f} s", float(asked), "", 0, worst=True)


def _limit(
    what: str,
    value: float,
    unit: str,
    target: float,
    *,
    worst: bool = False,
    sides: dict[str, float] | None = None,
    sides_unit: str = "ms",
) -> Reading:
    return Reading(
        theme="worker",
        what=what,
        value=value,
        unit=unit,
        target=target,
        worst=worst,
        sides=sides or {},
        sides_unit=sides_unit,
    )


def _bare_start() -> dict[str, float]:
    """The least that a start can take: Python and the driver, imported."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import psycopg"], check=True)
    return {"start of Python and its driver": (time.perf_counter() - began) * 1000}
