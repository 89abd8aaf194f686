"""A worker started as users start it, and observed from outside: `/proc`, and another connection to its database."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

OURS = ("OUTBOX_", "SUPABASE_", "CREATOR_", "PERSONA_", "CONTENT_ROOT")


@contextmanager
def started_worker(command: str, outbox: Path, dsn: str) -> Iterator[int]:
    env = {key: value for key, value in os.environ.items() if not key.startswith(OURS)}
    env |= {"OUTBOX_PATH": str(outbox), "SUPABASE_DB_URL": dsn, "CREATOR_OS_DB_PERSIST": "true"}
    arguments = [sys.executable, "-m", "worker", command, "--quiet"]
    with subprocess.Popen(arguments, env=env, stdout=subprocess.DEVNULL) as process:
        try:
            yield process.pid
        finally:
            process.terminate()


def until(condition: Callable[[], bool], *, every: float = 0.002) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "the worker does not get on"
        time.sleep(every)


def applied_seq(watch: psycopg.Connection) -> int:
    row = watch.execute("select coalesce(max(applied_seq), 0) from outbox.sources").fetchone()
    return int(row[0]) if row else 0


def last_queries(watch: psycopg.Connection) -> list[tuple[object, ...]]:
    """When the worker's connections were last heard of; the same again means that none sent anything."""
    return watch.execute(
        "select pid, query_start, state_change from pg_stat_activity where usename = 'outbox_worker' order by pid"
    ).fetchall()


def memory_mb(pid: int, seconds: float) -> list[float]:
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


def processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
