"""Find a pg_dump that can read this very server, by trying.

A pg_dump older than the server refuses it, and one that was built without TLS cannot reach a server that demands it;
both look fine until they are run. Ours is the newest of those that pass a small dump of the real thing.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import pq

from worker.connect.address import understood
from worker.migrate.errors import BackupError
from worker.settings import WorkerSettings
from worker.standin.binaries import wheel_programs
from worker.standin.errors import StandInError

CHOSEN = "OUTBOX_PG_DUMP"
_SECONDS_TO_PROBE = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class PgDump:
    """A pg_dump that was seen to read the server, with the pg_restore beside it."""

    path: Path
    version: str

    @property
    def pg_restore(self) -> Path:
        """Of the same installation, so that it reads what pg_dump writes."""
        return self.path.resolve().with_name("pg_restore")


def find_pg_dump(connection: psycopg.Connection) -> PgDump:
    """The first candidate that can dump this server.

    Raises:
        BackupError: none can; the message says what each one lacked.
    """
    server_major = connection.info.server_version // 10000
    refusals = []
    for path in _candidates():
        version = _version(path)
        if version is None or not path.resolve().with_name("pg_restore").exists():
            continue
        if int(version.split(".")[0]) < server_major:
            refusals.append(f"{path} is {version}, older than the server's {server_major}")
            continue
        if reason := _probe(path, connection):
            refusals.append(f"{path}: {reason}")
            continue
        return PgDump(path=path, version=version)
    tried = "; ".join(refusals) or "none was found"
    raise BackupError(
        f"no pg_dump here can read this server ({tried}). Install the PostgreSQL {server_major} client programs, or "
        f"name a pg_dump in {CHOSEN}; or make a backup by other means (the dashboard has them) and add --no-backup"
    )


def libpq_environment(connection: psycopg.Connection) -> dict[str, str]:
    """The environment in which libpq's programs reach the server of this connection, with the password it used.

    What libpq understood stands in it, whatever it took it from, so that nothing of it is on a command line.
    """
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
    parts = understood(connection) | {"password": connection.info.password, "connect_timeout": "10"}
    # One of several hosts took us in: it is that one which is meant, and a service is looked up no more.
    for name in ("service", "servicefile", "target_session_attrs", "load_balance_hosts", "replication"):
        parts.pop(name, None)
    if len(parts.get("hostaddr", "").split(",")) > 1:
        parts["hostaddr"] = connection.info.hostaddr
    variables = {option.keyword.decode(): (option.envvar or b"").decode() for option in pq.Conninfo.get_defaults()}
    given = {variables[key]: value for key, value in parts.items() if value and variables.get(key)}
    return {**inherited, **given, "PGAPPNAME": "outbox migrate"}


def _candidates() -> Iterator[Path]:
    if chosen := WorkerSettings.value(CHOSEN):
        yield Path(chosen)
        return
    if found := shutil.which("pg_dump"):
        yield Path(found)
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_dump"), reverse=True)
    try:
        yield wheel_programs() / "pg_dump"
    except StandInError:
        return


def _version(path: Path) -> str | None:
    try:
        done = subprocess.run([str(path), "--version"], capture_output=True, text=True, check=False, timeout=10)
    except OSError:
        return None
    found = re.search(r"\b(\d+(?:\.\d+)*)", done.stdout)
    return found[1] if found and done.returncode == 0 else None


def _probe(path: Path, connection: psycopg.Connection) -> str | None:
    """Dump the definitions of one schema to nowhere; what is wrong, or None."""
    environment = libpq_environment(connection)
    command = [str(path), "--schema-only", "--schema=public", "--lock-wait-timeout=5000", "--file=/dev/null"]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=_SECONDS_TO_PROBE
    )
    return None if done.returncode == 0 else " ".join(done.stderr.split())[-300:]
