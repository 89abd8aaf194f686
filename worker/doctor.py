"""Looks at this host, the outbox and the database, and says for each thing whether it is well and what mends it."""

import shutil
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Literal

from psycopg import conninfo

from outbox import Outbox, OutboxPaths, running_worker
from worker.connection import Connection
from worker.dial import reach
from worker.errors import WorkerError
from worker.position import greet
from worker.queries import query
from worker.settings import WorkerSettings

LOW_SPACE_BYTES = 500 * 1024 * 1024
LARGE_WAL_BYTES = 64 * 1024 * 1024
SKEW_SECONDS = 30.0
TRANSACTION_POOLER_PORT = "6543"
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the examination.

    Attributes:
        check: what was looked at.
        outcome: ok, warn or fail.
        found: what was seen.
        remedy: what to do; empty where all is well.
    """

    check: str
    outcome: Literal["ok", "warn", "fail"]
    found: str
    remedy: str = ""

    def as_dict(self) -> dict[str, str]:
        return asdict(self)


def examine(settings: WorkerSettings, dsn: str | None) -> list[Finding]:
    """Examine everything.

    Args:
        settings: of this process.
        dsn: the database; None where none is named.
    """
    found = [*_host(settings)]
    with Outbox.open(settings.outbox.outbox_path, content_root=settings.outbox.content_root) as box:
        found += _outbox(box)
        if dsn is None:
            remedy = "set SUPABASE_DB_URL, or add --local"
            return [*found, Finding(check="database", outcome="fail", found="none is named", remedy=remedy)]
        found += _address(dsn)
        try:
            with reach(dsn) as connection:
                found += _database(connection, box)
        except WorkerError as exc:
            found.append(
                Finding(check="database", outcome="fail", found=str(exc), remedy="see docs/troubleshooting.md")
            )
    return found


def _host(settings: WorkerSettings) -> Iterator[Finding]:
    if settings.persist:
        yield Finding(check="delivery", outcome="ok", found="CREATOR_OS_DB_PERSIST is true")
    else:
        remedy = "set CREATOR_OS_DB_PERSIST=true to deliver"
        yield Finding(check="delivery", outcome="warn", found="held: CREATOR_OS_DB_PERSIST is not true", remedy=remedy)
    yield Finding(check="sqlite", outcome="ok", found=sqlite3.sqlite_version)
    folder = settings.outbox.outbox_path.parent
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    free = shutil.disk_usage(folder).free
    low = free < LOW_SPACE_BYTES
    yield Finding(
        check="space",
        outcome="fail" if low else "ok",
        found=f"{free // 1024**2:,} MiB free beside the outbox",
        remedy="make room: an append that finds none is refused" if low else "",
    )


def _outbox(box: Outbox) -> Iterator[Finding]:
    position = box.relay.position
    backlog = box.last_seq - (position.applied_seq if position else 0)
    yield Finding(check="outbox", outcome="ok", found=f"{box.last_seq} events, {backlog} wait")
    wal = OutboxPaths(box.path).wal
    size = wal.stat().st_size if wal.exists() else 0
    large = size > LARGE_WAL_BYTES
    remedy = "end the process that keeps reading the outbox" if large else ""
    yield Finding(check="wal", outcome="warn" if large else "ok", found=f"{size // 1024:,} KiB", remedy=remedy)
    parked = box.parked.count()
    remedy = "outbox parked list" if parked else ""
    yield Finding(
        check="parked", outcome="warn" if parked else "ok", found=f"{parked} wait for a decision", remedy=remedy
    )
    pid = running_worker(box.path)
    found = "none runs" if pid is None else f"pid {pid}"
    yield Finding(check="worker", outcome="ok" if pid else "warn", found=found, remedy="" if pid else "worker run")


def _address(dsn: str) -> Iterator[Finding]:
    parts = conninfo.conninfo_to_dict(dsn)
    port, mode = str(parts.get("port", "5432")), str(parts.get("sslmode", "prefer"))
    kind = "transaction pooler" if port == TRANSACTION_POOLER_PORT else "direct or session mode"
    yield Finding(check="address", outcome="ok", found=f"port {port}: {kind}")
    weak = mode not in {"require", "verify-ca", "verify-full"} and parts.get("host") not in LOOPBACK
    remedy = "add sslmode=verify-full and sslrootcert=FILE (docs/security.md)" if weak else ""
    yield Finding(check="tls mode", outcome="warn" if weak else "ok", found=f"sslmode={mode}", remedy=remedy)


def _database(connection: Connection, box: Outbox) -> Iterator[Finding]:
    before = time.time()
    row = connection.execute(query("doctor", "server")).fetchone()
    if row is None:
        raise WorkerError("the database gave no answer")
    version, role, tls, read_only, now, superuser = row
    skew = abs(float(str(now)) - (before + time.time()) / 2)
    yield Finding(check="database", outcome="ok", found=f"PostgreSQL {version}, TLS {'on' if tls else 'off'}")
    broad = bool(superuser) or role == "postgres"
    remedy = "connect as outbox_worker, which can write contents and nothing else" if broad else ""
    yield Finding(check="role", outcome="warn" if broad else "ok", found=str(role), remedy=remedy)
    off = skew > SKEW_SECONDS
    remedy = "set this host's clock: between hosts the newest event wins" if off else ""
    yield Finding(check="clock", outcome="warn" if off else "ok", found=f"{skew:.1f} s apart", remedy=remedy)
    if read_only == "on":
        remedy = "the database is full or a standby: see its dashboard"
        yield Finding(check="writable", outcome="fail", found="read-only", remedy=remedy)
    missing = [str(right) for (right,) in connection.execute(query("doctor", "missing_rights"))]
    remedy = "worker migrate up, with the connection string of the role postgres" if missing else ""
    found = f"lacks {', '.join(missing)}" if missing else "all that is needed"
    yield Finding(check="rights", outcome="fail" if missing else "ok", found=found, remedy=remedy)
    bare = [str(table) for (table,) in connection.execute(query("doctor", "without_row_security"))]
    remedy = "worker migrate up" if bare else ""
    found = f"off on {', '.join(bare)}" if bare else "on"
    yield Finding(check="row security", outcome="fail" if bare else "ok", found=found, remedy=remedy)
    try:
        position = greet(connection, box)
    except WorkerError as exc:
        yield Finding(check="target", outcome="fail", found=str(exc), remedy="see the message")
    else:
        yield Finding(check="target", outcome="ok", found=f"{position.destination_id}, applied up to {position.seq}")
