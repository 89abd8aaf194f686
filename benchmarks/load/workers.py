"""A worker of the fleet: `worker run` as its users start it, seen from outside and through its own metrics."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from benchmarks.worker_process import OURS, processor_seconds
from outbox import Outbox
from worker.standin import LocalPostgres


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    outbox: Path
    pid: int

    @property
    def metrics(self) -> Path:
        return self.outbox.with_suffix(".prom")

    def box(self) -> Outbox:
        return Outbox.open(self.outbox)

    def memory_mb(self) -> float:
        return int(Path(f"/proc/{self.pid}/status").read_text().split("VmHWM:")[1].split()[0]) / 1024

    def processor_seconds(self) -> float:
        return processor_seconds(self.pid)

    def attempts(self, verdict: str) -> int:
        """How many transactions ended so; complete once the process has ended."""
        text = self.metrics.read_text(encoding="utf-8")
        found = re.search(rf'^outbox_attempts_total{{verdict="{verdict}"}} (\S+)$', text, re.MULTILINE)
        assert found is not None, verdict
        return int(float(found[1]))


def own_folder(folder: Path, name: str) -> Path:
    """Make a folder for one outbox: a worker is woken by whatever is written in the folder that it watches."""
    (folder / name).mkdir()
    return folder / name / "outbox.db"


@contextmanager
def started(outbox: Path, dsn: str) -> Iterator[Worker]:
    """Start `worker run`; at the end it gets SIGTERM and is waited for."""
    env = {key: value for key, value in os.environ.items() if not key.startswith(OURS)}
    env |= {"OUTBOX_PATH": str(outbox), "SUPABASE_DB_URL": dsn, "CREATOR_OS_DB_PERSIST": "true"}
    env["OUTBOX_SECOND_LANE"] = "false"  # in a fleet, nobody takes two connections
    arguments = [sys.executable, "-m", "worker", "run", "--quiet", "--metrics-file", str(outbox.with_suffix(".prom"))]
    with subprocess.Popen(arguments, env=env, stderr=subprocess.DEVNULL) as process:
        try:
            yield Worker(outbox=outbox, pid=process.pid)
        finally:
            process.terminate()
            process.wait()


def room_for(server: LocalPostgres, workers: int) -> None:
    """The migrations let the workers' role have ten sessions: more workers need this one statement."""
    with psycopg.connect(server.dsn(user="supabase_admin"), autocommit=True) as connection:
        connection.execute(f"alter role outbox_worker connection limit {workers + 2}".encode())


def server_seconds(watch: psycopg.Connection) -> float:
    """Processor time of the whole server so far: the postmaster, its processes, and those of them that ended."""
    (backend,) = watch.execute("select pg_backend_pid()").fetchone() or (0,)
    postmaster = int(_stat(int(backend))[1])
    ticks = sum(int(value) for value in _stat(postmaster)[11:15])
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            stat = _stat(int(entry.name))
        except OSError:  # ended meanwhile
            continue
        if int(stat[1]) == postmaster:
            ticks += int(stat[11]) + int(stat[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _stat(pid: int) -> list[str]:
    """Return the fields behind the name: state, parent, ..."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
