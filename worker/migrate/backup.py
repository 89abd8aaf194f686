"""A backup is a file that was restored, not a file that was written.

The dump and a count of every table's rows are taken of one snapshot. Then the file is read back to its last row and
counted, and if a local server can be started it is restored there and counted again. Only a file that passes is
called a backup. A pg_dump that cannot read this server (older than it, or without TLS) is found out before anything
is touched.
"""

import os
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from outbox.relaying import as_owner_of, make_directories
from worker.migrate.errors import BackupError
from worker.migrate.pg_dump import PgDump, find_pg_dump, libpq_environment
from worker.migrate.queries import query
from worker.migrate.rehearsal import Rehearsal, rehearse

__all__ = ["Backup", "PgDump", "find_pg_dump", "make_backup"]

_SECONDS_TO_DUMP = 3600
_LOCK_WAIT_MS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """A file that was proven restorable.

    Attributes:
        path: pg_dump's custom format, readable by us alone.
        tables: how many tables it holds.
        rows: how many rows, in all of them.
        rehearsal: whether it was restored on a local server, or why that was not possible.
    """

    path: Path
    size_bytes: int
    tables: int
    rows: int
    rehearsal: Rehearsal


def make_backup(
    connection: psycopg.Connection, folder: Path, *, begins: Callable[[], object] = lambda: None
) -> Backup | None:
    """Dump what a migration touches, and prove the file.

    Args:
        connection: to the database, in autocommit mode; holds the snapshot meanwhile.
        folder: where the file goes; made if absent, for us alone.
        begins: called if there is something to back up, before it takes its time.

    Returns:
        The backup, or None if the database holds no table of these schemas: there is nothing to lose.

    Raises:
        BackupError: it could not be made or does not hold what the database holds. No file is left.
    """
    with connection.transaction():
        connection.execute("set transaction isolation level repeatable read, read only")
        connection.execute("set local statement_timeout = 0")
        counts = _count(connection)
        if not counts:
            return None
        begins()
        snapshot = connection.execute("select pg_export_snapshot()").fetchone()
        program = find_pg_dump(connection)
        path = _new_file(folder, connection.info.dbname)
        try:
            schemas = [row[0] for row in connection.execute(query("backed_up_schemas"))]
            _dump(program, connection, path, schemas, str(snapshot[0]) if snapshot else "")
            _compare(counts, _read_back(program, path))
            rehearsal = rehearse(program, path, counts)
        except (subprocess.TimeoutExpired, subprocess.CalledProcessError) as exc:
            path.unlink(missing_ok=True)
            raise BackupError(
                f"{Path(str(exc.cmd[0])).name} did not finish. Nothing was changed; "
                "make a backup by other means and add --no-backup"
            ) from None  # the cause names every argument
        except BaseException:
            path.unlink(missing_ok=True)
            raise
    return Backup(
        path=path,
        size_bytes=path.stat().st_size,
        tables=len(counts),
        rows=sum(counts.values()),
        rehearsal=rehearsal,
    )


def _count(connection: psycopg.Connection) -> dict[str, int]:
    tables = connection.execute(query("backed_up_tables")).fetchall()
    counts = {}
    for name, counting in tables:
        row = connection.execute(counting.encode()).fetchone()
        counts[name] = int(row[0]) if row else 0
    return counts


def _new_file(folder: Path, database: str) -> Path:
    make_directories(folder)
    safe = "".join(letter if letter.isalnum() else "-" for letter in database)
    path = folder / f"{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}-{safe}.dump"
    fd = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        as_owner_of(folder, fd)
    finally:
        os.close(fd)
    return path


def _dump(program: PgDump, connection: psycopg.Connection, path: Path, schemas: list[str], snapshot: str) -> None:
    arguments = [f"--schema={schema}" for schema in schemas]
    command = [
        str(program.path), "--format=custom", f"--snapshot={snapshot}", f"--lock-wait-timeout={_LOCK_WAIT_MS}",
        f"--file={path}", *arguments,
    ]  # fmt: skip
    done = subprocess.run(
        command, env=libpq_environment(connection), capture_output=True, text=True, check=False,
        timeout=_SECONDS_TO_DUMP,
    )  # fmt: skip
    if done.returncode != 0:
        raise BackupError(f"pg_dump failed: {done.stderr.strip()[-500:]}. Nothing was changed")


def _read_back(program: PgDump, path: Path) -> dict[str, int]:
    """Rows per table, counted in the file itself: every block is decompressed to its end."""
    counts: dict[str, int] = {}
    with subprocess.Popen(
        [str(program.pg_restore), "--file=-", "--section=data", str(path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        table = None
        for line in process.stdout or ():
            if table is None:
                if line.startswith(b"COPY "):
                    table = line[5:].split(b" (")[0].decode().replace('"', "")
                    counts[table] = 0
            elif line == b"\\.\n":
                table = None
            else:
                counts[table] += 1
    if process.returncode != 0:
        raise BackupError("pg_restore cannot read the backup to its end. Nothing was changed")
    return counts


def _compare(wanted: Mapping[str, int], found: Mapping[str, int]) -> None:
    differing = [
        f"{table}: {found.get(table, 'absent')} of {rows} rows"
        for table, rows in wanted.items()
        if found.get(table) != rows
    ]
    if differing:
        raise BackupError(f"the backup is not complete ({'; '.join(differing)}). Nothing was changed")
