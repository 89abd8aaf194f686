"""Restore a backup on a server of our own, and count.

Foreign keys are left out (some point at auth.users, which is not ours to dump), and so are rights and policies, whose
roles are the other server's. What is proven is that definitions and rows come back. If it is not possible (no local
server installed, an older one, a type from an extension that it lacks) the reason is reported; the file has been read
back to its last row in any case.
"""

import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psycopg

from worker.migrate.errors import BackupError
from worker.migrate.pg_dump import PgDump, libpq_environment
from worker.migrate.queries import query
from worker.standin import LocalPostgres, StandInError

_LEFT_OUT = (" FK CONSTRAINT ", " POLICY ", " ROW SECURITY ", " DEFAULT ACL ", " ACL ", " SCHEMA - public ")
_SECONDS_TO_RESTORE = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """Whether the file was restored; if not, why not."""

    restored: bool
    reason: str = ""


def rehearse(program: PgDump, path: Path, counts: Mapping[str, int]) -> Rehearsal:
    """Restore the file on a throw-away local server.

    Raises:
        BackupError: it was restored, and rows are missing.
    """
    with tempfile.TemporaryDirectory(prefix="creatoros-outbox-rehearsal-") as folder:
        local = LocalPostgres(Path(folder) / "server", durable=False)
        try:
            local.start()
        except StandInError as exc:
            return Rehearsal(restored=False, reason=f"no local server to restore it on: {exc}")
        try:
            dsn = local.dsn(user="supabase_admin")
            reason = _restore(program, path, dsn, Path(folder) / "archive.list")
            if reason:
                return Rehearsal(restored=False, reason=reason)
            found = _count(dsn)
        finally:
            local.stop("immediate")
            local.remove_data()
    missing = [
        f"{table}: {found.get(table, 'absent')} of {rows}" for table, rows in counts.items() if found.get(table) != rows
    ]
    if missing:
        raise BackupError(f"the backup does not restore in full ({'; '.join(missing)}). Nothing was changed")
    return Rehearsal(restored=True)


def _restore(program: PgDump, path: Path, dsn: str, listing: Path) -> str:
    listed = subprocess.run(
        [str(program.pg_restore), "--list", str(path)], capture_output=True, text=True, check=True, timeout=60
    ).stdout
    kept = [line for line in listed.splitlines() if not any(mark in f"{line} " for mark in _LEFT_OUT)]
    listing.write_text("\n".join(kept), encoding="utf-8")
    with psycopg.connect(dsn) as connection:
        environment = libpq_environment(connection)
    done = subprocess.run(
        [
            str(program.pg_restore), "--exit-on-error", "--no-owner", "--no-privileges", f"--use-list={listing}",
            "--dbname=postgres", str(path),
        ],
        env=environment, capture_output=True, text=True, check=False, timeout=_SECONDS_TO_RESTORE,
    )  # fmt: skip
    return "" if done.returncode == 0 else " ".join(done.stderr.split())[-300:]


def _count(dsn: str) -> dict[str, int]:
    counts = {}
    with psycopg.connect(dsn, autocommit=True) as connection:
        for name, counting in connection.execute(query("backed_up_tables")).fetchall():
            row = connection.execute(counting.encode()).fetchone()
            counts[name] = int(row[0]) if row else 0
    return counts
