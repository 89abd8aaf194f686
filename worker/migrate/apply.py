"""One file, one transaction, one row of the history.

The file, its history row and the advisory lock share a transaction, so that a crash, a refused statement or
a lost connection at any point leaves either all of a step or nothing of it. The lock is one of the
transaction, not of the session: behind a pooler in transaction mode a session lock would stay with a server
connection that is no longer ours. A table lock that somebody else holds is waited for briefly (the file says
how long) and asked for a few times; a migration that queues for a table makes everybody behind it queue too.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import psycopg
from psycopg import errors
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential, wait_random

from worker.migrate.asked_about import tables
from worker.migrate.connection import connect
from worker.migrate.errors import LockHeldError, MigrateError, UnreachableError
from worker.migrate.files import Migration, load
from worker.migrate.queries import query

Direction = Literal["up", "down"]

# Any number will do, as long as every version of this program uses the same one.
ADVISORY_KEY = 0x6F7574626F78  # "outbox"
_LONGEST_CONTEXT = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """One step that is now in (or out of) the database.

    Attributes:
        seconds: how long its transaction took; 0 if somebody else had done it meanwhile.
    """

    version: str
    name: str
    seconds: float


def apply_all(dsn: str) -> list[str]:
    """Apply whatever is missing, without the checks and the backup of `worker migrate up`: for throw-away databases.

    Returns:
        The versions that were applied.
    """
    with connect(dsn) as connection:
        connection.execute(query("create_history"))
        applied = {row[0] for row in connection.execute(query("read_history"))}
        missing = [migration for migration in load() if migration.version not in applied]
        for migration in missing:
            _attempt(connection, migration, "up")
    return [migration.version for migration in missing]


def apply_steps(
    dsn: str,
    migrations: Sequence[Migration],
    direction: Direction,
    *,
    report: Callable[[Applied], None],
    pause: Callable[[float], None] = time.sleep,
) -> None:
    """Apply (or take back) the given migrations in the given order, one transaction each.

    Args:
        dsn: the database, as the owner of its tables.
        migrations: oldest first for "up", newest first for "down".
        direction: which of the two files to run.
        report: called after each step that holds.
        pause: waits this many seconds between two attempts for a lock.

    Raises:
        LockHeldError: a lock could not be had; the message names who holds it.
        MigrateError: the database refused a statement.
        UnreachableError: the connection was lost and the step is not in the database.
    """
    for done, migration in enumerate(migrations):
        progress = f"{done} of {len(migrations)} steps are done and stay"
        with connect(dsn) as connection:
            if direction == "up":
                connection.execute(query("create_history"))
            try:
                report(_with_patience(connection, migration, direction, pause, progress))
            except psycopg.OperationalError as exc:
                if not connection.broken:
                    raise _refused(migration, direction, exc, progress) from exc
                if _is_recorded(dsn, migration) != (direction == "up"):
                    raise UnreachableError(
                        f"the connection was lost during {migration.file_name}; nothing of it was applied, "
                        f"{progress}. Run the same command again"
                    ) from exc
                # The answer to COMMIT was lost, not the commit.
                report(Applied(version=migration.version, name=migration.name, seconds=0.0))
            except psycopg.Error as exc:
                raise _refused(migration, direction, exc, progress) from exc


def until_locked(pause: Callable[[float], None]) -> Retrying:
    """Try four times, with 3.5 s and a bit of pauses between them, as long as a lock cannot be had."""
    return Retrying(
        retry=retry_if_exception_type(errors.LockNotAvailable),
        stop=stop_after_attempt(4),
        wait=wait_exponential(multiplier=0.5) + wait_random(0, 0.2),
        sleep=pause,
        reraise=True,
    )


def _with_patience(
    connection: psycopg.Connection,
    migration: Migration,
    direction: Direction,
    pause: Callable[[float], None],
    progress: str,
) -> Applied:
    try:
        return until_locked(pause)(_attempt, connection, migration, direction)
    except errors.LockNotAvailable as exc:
        raise LockHeldError(
            f"{migration.file_name} could not get its locks: {holders(connection)}. Nothing of it was "
            f"applied, {progress}. End that session or wait for it, then run the same command again"
        ) from exc


def _attempt(connection: psycopg.Connection, migration: Migration, direction: Direction) -> Applied:
    started = time.monotonic()
    with connection.transaction():
        row = connection.execute(query("try_lock"), (ADVISORY_KEY,)).fetchone()
        if row != (True,):
            raise errors.LockNotAvailable("somebody else is migrating")
        is_applied = connection.execute(query("is_recorded"), (migration.version,)).fetchone() is not None
        if is_applied == (direction == "up"):  # somebody else was faster
            return Applied(version=migration.version, name=migration.name, seconds=0.0)
        run_file(connection, migration, direction)
    return Applied(version=migration.version, name=migration.name, seconds=time.monotonic() - started)


def run_file(connection: psycopg.Connection, migration: Migration, direction: Direction) -> None:
    """Run one file and its line of the history, in the transaction that is open (or one of its own)."""
    with connection.transaction():
        if direction == "up":
            connection.execute(migration.sql.encode())
            connection.execute(query("record"), (migration.version, migration.name, migration.statements))
        else:
            connection.execute(migration.rollback.encode())
            connection.execute(query("forget"), (migration.version,))


def refusal(migration: Migration, direction: Direction, exc: psycopg.Error) -> str:
    """Say which statement of which file the database refused, and why."""
    primary = exc.diag.message_primary or type(exc).__name__
    hint = f" ({exc.diag.message_detail})" if exc.diag.message_detail else ""
    # What a block of the file was doing: the message alone may name neither table nor column.
    context = " ".join((exc.diag.context or "").split())[:_LONGEST_CONTEXT]
    hint += f", in {context}" if context else ""
    line = ""
    if exc.diag.statement_position:
        text = migration.sql if direction == "up" else migration.rollback
        line = f", line {text.count(chr(10), 0, int(exc.diag.statement_position)) + 1}"
    folder = "" if direction == "up" else "rollbacks/"
    return f"{folder}{migration.file_name}{line}: {primary}{hint} [{exc.sqlstate}]"


def _refused(migration: Migration, direction: Direction, exc: psycopg.Error, progress: str) -> MigrateError:
    return MigrateError(
        f"{refusal(migration, direction, exc)}. "
        f"Nothing of it was applied, {progress}. Correct the cause, then run the same command again"
    )


def holders(connection: psycopg.Connection) -> str:
    """Who holds a lock on a table of ours, or is migrating."""
    return "; ".join(lock_holders(connection)) or "the sessions that held them have ended by now"


def lock_holders(connection: psycopg.Connection) -> list[str]:
    """Return the sessions that hold a lock on a table of ours, or are migrating, in words."""
    values = {"key": ADVISORY_KEY, "tables": list(tables())}
    return [row[0] for row in connection.execute(query("lock_holders"), values)]


def _is_recorded(dsn: str, migration: Migration) -> bool:
    with connect(dsn) as connection:
        return connection.execute(query("is_recorded"), (migration.version,)).fetchone() is not None
