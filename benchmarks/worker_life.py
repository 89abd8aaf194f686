"""The worker as a process: its memory and its start with a large backlog, how late an event is seen, what idling costs.

The worker is started as users start it and observed from outside: memory and processor time from `/proc`, progress and
queries from another connection. Nothing is measured inside it.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from benchmarks import big_log
from benchmarks.drain import clone, fill, prepared_server
from benchmarks.lesson import lesson
from benchmarks.measure import Finding, limit
from outbox import Outbox
from worker.standin import LocalPostgres

WAITING, QUICK_WAITING = 1_000_000, 100_000
LESSONS, QUICK_LESSONS = 30_000, 5_000
WATCHED_SECONDS, QUICK_WATCHED_SECONDS = 40.0, 8.0
APPENDS, QUICK_APPENDS = 500, 150
IDLE_SECONDS, QUICK_IDLE_SECONDS = 60.0, 10.0
STARTS = 5
OURS = ("OUTBOX_", "SUPABASE_", "CREATOR_", "PERSONA_", "CONTENT_ROOT")


def run(folder: Path, *, quick: bool) -> list[Finding]:
    with prepared_server(folder) as server:
        return [
            *_backlog(server, folder, quick=quick),
            *_following(server, folder, quick=quick),
        ]


def _backlog(server: LocalPostgres, folder: Path, *, quick: bool) -> Iterator[Finding]:
    waiting = QUICK_WAITING if quick else WAITING
    lessons = QUICK_LESSONS if quick else LESSONS
    seconds = QUICK_WATCHED_SECONDS if quick else WATCHED_SECONDS
    with Outbox.open(folder / "small.db") as box:
        big_log.fill(box, waiting)
    with Outbox.open(folder / "lessons.db") as box:
        fill(box, lessons)
    starts = []
    for _ in range(STARTS):
        with clone(server, "start") as name, psycopg.connect(server.dsn(name), autocommit=True) as watch:
            began = time.perf_counter()
            with _worker("drain", folder / "small.db", server.dsn(name, "outbox_worker")):
                _until(lambda watch=watch: _applied(watch) > 0)  # type: ignore[misc]
                starts.append(time.perf_counter() - began)
    spread = f"the slowest of {STARTS}, from the start of Python; the fastest {min(starts):.2f} s"
    yield limit("worker", f"to the first commit, {waiting:,} events waiting", max(starts), "s", 1.0, spread)
    for file, what in (("small.db", f"{waiting:,} short events"), ("lessons.db", f"{lessons:,} lessons of 8 KB")):
        with clone(server, "memory") as name, psycopg.connect(server.dsn(name), autocommit=True) as watch:
            with _worker("drain", folder / file, server.dsn(name, "outbox_worker")) as pid:
                _until(lambda watch=watch: _applied(watch) > 0)  # type: ignore[misc]
                samples = _memory(pid, seconds)
            note = (
                f"{_applied(watch):,} events in {seconds:.0f} s at most; most in the first half "
                f"{max(samples[: len(samples) // 2]):.0f}, in the second {max(samples[len(samples) // 2 :]):.0f} MB"
            )
        yield limit("worker", f"resident memory while draining {what}", max(samples), "MB", 120, note)


def _following(server: LocalPostgres, folder: Path, *, quick: bool) -> Iterator[Finding]:
    appends = QUICK_APPENDS if quick else APPENDS
    idle_seconds = QUICK_IDLE_SECONDS if quick else IDLE_SECONDS
    file = folder / "followed.db"
    with (
        Outbox.open(file) as box,
        clone(server, "followed") as name,
        psycopg.connect(server.dsn(name), autocommit=True) as watch,
        _worker("run", file, server.dsn(name, "outbox_worker")) as pid,
    ):
        late = []
        for number in range(appends + 20):
            began = time.perf_counter()
            (event,) = box.append(lesson(number)).appended
            _until(lambda seq=event.seq: _applied(watch) >= seq, every=0.0002)  # type: ignore[misc]
            if number >= 20:
                late.append((time.perf_counter() - began) * 1000)
            time.sleep(0.01 + number % 7 / 1000)
        late.sort()
        time.sleep(2)  # what the last event still causes is not idling
        queries, used, began = _queries(watch), _processor_seconds(pid), time.monotonic()
        time.sleep(idle_seconds)
        share = (_processor_seconds(pid) - used) / (time.monotonic() - began) * 100
        asked = _queries(watch) != queries
    note = f"the append with its fsync included, {appends} lessons, the longest {late[-1]:.1f} ms"
    yield limit("worker", "append to visible in Postgres, p50", late[len(late) // 2], "ms", 10, note)
    yield limit("worker", "append to visible in Postgres, p99", late[len(late) * 99 // 100], "ms", 50)
    yield limit("worker", "processor while idle", share, "%", 0.5, f"over {idle_seconds:.0f} s")
    yield limit("worker", f"idle for {idle_seconds:.0f} s: connections that sent a query", float(asked), "", 0)


@contextmanager
def _worker(command: str, outbox: Path, dsn: str) -> Iterator[int]:
    env = {key: value for key, value in os.environ.items() if not key.startswith(OURS)}
    env |= {"OUTBOX_PATH": str(outbox), "SUPABASE_DB_URL": dsn, "CREATOR_OS_DB_PERSIST": "true"}
    arguments = [sys.executable, "-m", "worker", command, "--quiet"]
    with subprocess.Popen(arguments, env=env, stdout=subprocess.DEVNULL) as process:
        try:
            yield process.pid
        finally:
            process.terminate()


def _until(condition: Callable[[], bool], *, every: float = 0.002) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "the worker does not get on"
        time.sleep(every)


def _applied(watch: psycopg.Connection) -> int:
    row = watch.execute("select coalesce(max(applied_seq), 0) from outbox.sources").fetchone()
    return int(row[0]) if row else 0


def _queries(watch: psycopg.Connection) -> list[tuple[object, ...]]:
    """When the worker's connections were last heard of; the same again means that none sent anything."""
    return watch.execute(
        "select pid, query_start, state_change from pg_stat_activity where usename = 'outbox_worker' order by pid"
    ).fetchall()


def _memory(pid: int, seconds: float) -> list[float]:
    """Resident MB, ten times a second, until the worker is through or the time is up."""
    samples: list[float] = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        status = Path(f"/proc/{pid}/status").read_text()
        if "VmRSS" not in status:  # it ended
            break
        samples.append(int(status.split("VmRSS:")[1].split()[0]) / 1024)
        time.sleep(0.1)
    return samples


def _processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
