"""What the doctor looks at in the outbox file."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from outbox import Outbox, OutboxError, OutboxNotFound, OutboxPaths, running_worker
from outbox.relaying import ALARMING_WAL_BYTES, wal_bytes
from worker.doctor.finding import Finding, judged
from worker.settings import WorkerSettings

OTHERS = 0o077


@contextmanager
def opened(settings: WorkerSettings) -> Iterator[tuple[Outbox | None, Finding]]:
    """Open the outbox for the length of the block, and say how that went; it is never made here."""
    try:
        box = Outbox.open(settings.outbox.outbox_path, create=False)
    except OutboxNotFound:
        found = f"none yet at {settings.outbox.outbox_path}"
        remedy = "nothing, if that is the right path: the first `generate` command makes it"
        yield None, Finding(check="outbox", outcome="warn", found=found, remedy=remedy)
        return
    except OutboxError as exc:
        yield None, Finding(check="outbox", outcome="fail", found=str(exc), remedy="see the message; outbox status")
        return
    with box:
        position = box.relay.position
        backlog = max(0, box.last_seq - (position.applied_seq if position else 0))
        yield box, Finding(check="outbox", outcome="ok", found=f"{box.last_seq} events, {backlog} wait")


def examine_outbox(box: Outbox) -> Iterator[Finding]:
    """Look at the outbox file."""
    yield permissions(box.path)
    yield wal(box.path)
    yield parked(box)
    yield worker(box)


def permissions(path: Path) -> Finding:
    """Whether this user can write, and nobody else can read: texts of lessons are in there."""
    if not (os.access(path, os.R_OK | os.W_OK) and os.access(path.parent, os.W_OK | os.X_OK)):
        remedy = f"run the worker as the user of the generators, or chown {path.parent}"
        return Finding(check="permissions", outcome="fail", found="this user may not write the outbox", remedy=remedy)
    # In a directory that is closed to others the file's own mode does not matter.
    exposed = path.stat().st_mode & OTHERS and path.parent.stat().st_mode & OTHERS
    found = f"file {path.stat().st_mode & 0o777:04o}, directory {path.parent.stat().st_mode & 0o777:04o}"
    return judged("permissions", found, bad=bool(exposed), remedy=f"chmod 0700 {path.parent}")


def wal(path: Path) -> Finding:
    """Whether some reader keeps the WAL from being cut back."""
    size = wal_bytes(OutboxPaths(path))
    remedy = f"end the process that keeps reading the outbox: fuser -v {path}"
    return judged("wal", f"{size // 1024:,} KiB", bad=size > ALARMING_WAL_BYTES, remedy=remedy)


def parked(box: Outbox) -> Finding:
    """Whether something waits for a decision."""
    count = box.parked.count()
    return judged("parked", f"{count} wait for a decision", bad=count > 0, remedy="outbox parked list")


def worker(box: Outbox) -> Finding:
    """Whether a worker serves this outbox."""
    pid = running_worker(box.path)
    return judged("worker", "none runs" if pid is None else f"pid {pid}", bad=pid is None, remedy="worker run")
