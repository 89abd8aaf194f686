"""Try a run before it is made: the very files, in one transaction that is rolled back.

Whatever stops a run (a view that depends on another, two rows of one name, a type, an owner, a lock) stops the trial at
the same statement, and nothing has happened. What the run would set aside, and what the audit would say afterwards, is
read inside that transaction, so a dry run speaks of what happens and of nothing else.

It takes the locks that the run takes, all in one transaction instead of a few at a time; so it has a limit, and is
given up as undecided where tables are too large for it. A run that goes up is taken back within it as well: one that
could not be taken back later is not begun. A number that a sequence gave stays used, as after any rollback.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import psycopg
from psycopg import errors

from worker.migrate.apply import ADVISORY_KEY, Direction, holders, refusal, run_file, until_locked
from worker.migrate.audit import STRUCTURAL, audit
from worker.migrate.files import Migration
from worker.migrate.finding import Finding, Severity
from worker.migrate.queries import query

LONGEST_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What came of it.

    Attributes:
        stopped_by: what would stop the run; empty if nothing does.
        undecided: why it could not be tried to its end; empty if it was.
        displaced: statements that the run sets aside, and a rollback brings back.
        findings: of the audit, as it would be after the run.
    """

    stopped_by: tuple[str, ...] = ()
    undecided: str = ""
    displaced: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()


def try_out(
    connection: psycopg.Connection,
    migrations: Sequence[Migration],
    direction: Direction,
    *,
    applied: Sequence[str],
    longest_seconds: float = LONGEST_SECONDS,
    pause: Callable[[float], None] = time.sleep,
) -> Trial:
    """Run the files and take everything back.

    Args:
        connection: in autocommit mode, as the role that migrates.
        migrations: in the order of the run.
        direction: which of the two files.
        applied: the versions that are there before.
        longest_seconds: give up after so long.
        pause: waits this many seconds between two attempts for a lock.
    """
    try:
        return until_locked(pause)(_within, connection, migrations, direction, applied, longest_seconds)
    except errors.LockNotAvailable:
        return Trial(stopped_by=(f"its locks cannot be had: {holders(connection)}. End that session or wait for it",))


def _within(
    connection: psycopg.Connection,
    migrations: Sequence[Migration],
    direction: Direction,
    applied: Sequence[str],
    longest_seconds: float,
) -> Trial:
    given_up = threading.Event()

    def give_up() -> None:
        given_up.set()
        connection.cancel_safe()

    limit = threading.Timer(longest_seconds, give_up)
    limit.start()
    try:
        with connection.transaction(force_rollback=True):
            return _run(connection, migrations, direction, applied)
    except errors.QueryCanceled:
        if not given_up.is_set():
            raise
        text = f"given up after {longest_seconds:.0f} s: the tables are large, or busy. Nothing was changed by it"
        return Trial(undecided=text)
    finally:
        limit.cancel()


def _run(
    connection: psycopg.Connection, migrations: Sequence[Migration], direction: Direction, applied: Sequence[str]
) -> Trial:
    if connection.execute(query("try_lock"), (ADVISORY_KEY,)).fetchone() != (True,):
        raise errors.LockNotAvailable("somebody else is migrating")
    before = _displaced(connection)
    migration = None
    try:
        if direction == "up":
            connection.execute(query("create_history"))
        for migration in migrations:
            run_file(connection, migration, direction)
        connection.execute("set constraints all immediate")
    except (errors.LockNotAvailable, errors.QueryCanceled):
        raise
    except psycopg.Error as exc:
        if connection.broken:
            raise
        text = (
            refusal(migration, direction, exc)
            if migration
            else f"the history of migrations: {exc.diag.message_primary}"
        )
        return Trial(stopped_by=(text,))
    if direction == "up" and (text := _no_way_back(connection, migrations)):
        return Trial(stopped_by=(text,))
    displaced = tuple(row for row in _displaced(connection) if row not in before)
    if direction == "down":
        return Trial(displaced=displaced)
    findings = audit(connection, applied=[*applied, *(migration.version for migration in migrations)])
    stops = tuple(
        f"{breach.what}: {breach.opens}" + (f" ({breach.closes})" if breach.closes else "")
        for finding in findings
        if finding.name in STRUCTURAL and finding.severity is Severity.ERROR
        for breach in finding.breaches
    )
    return Trial(stopped_by=stops, displaced=displaced, findings=findings)


def _no_way_back(connection: psycopg.Connection, migrations: Sequence[Migration]) -> str:
    migration = None
    try:
        with connection.transaction(force_rollback=True):
            for migration in reversed(migrations):
                run_file(connection, migration, "down")
    except (errors.LockNotAvailable, errors.QueryCanceled):
        raise
    except psycopg.Error as exc:
        if connection.broken or migration is None:
            raise
        return f"it could not be taken back: {refusal(migration, 'down', exc)}"
    return ""


def _displaced(connection: psycopg.Connection) -> tuple[str, ...]:
    exists = connection.execute("select to_regclass('outbox.displaced') is not null").fetchone()
    if exists != (True,):
        return ()
    try:
        with connection.transaction():
            return tuple(row[0] for row in connection.execute(query("read_displaced")))
    except (errors.UndefinedColumn, errors.InsufficientPrivilege):  # a table of that name that is not ours
        return ()
