"""Look before anything is touched: can this go through, and what will it meet?

Every check is made and reported, rather than the first failure alone: an operator fixes them in one go. Nothing here
writes. Finding a pg_dump that can read this server is part of it, since a backup that fails after the change is none.
"""

from dataclasses import dataclass
from enum import StrEnum

import psycopg
from psycopg.rows import dict_row

from worker.migrate.apply import ADVISORY_KEY, Direction
from worker.migrate.backup import find_pg_dump
from worker.migrate.connection import connect
from worker.migrate.errors import BackupError
from worker.migrate.plan import Plan
from worker.migrate.queries import query
from worker.pooling import SessionKind, session_kind

OLDEST_SERVER = 150000  # security_invoker views


class Outcome(StrEnum):
    """How a check came out; only FAILED stops a migration."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was looked at, what was found, and what to do about it."""

    name: str
    outcome: Outcome
    found: str


def preflight(
    connection: psycopg.Connection, dsn: str, plan: Plan, direction: Direction, *, backup: bool
) -> tuple[Check, ...]:
    """Every check, in the order in which an operator would ask.

    Args:
        connection: to the database, in autocommit mode.
        dsn: the same, for a second connection.
        plan: what is applied and what is not.
        direction: whether the files or the rollbacks will run.
        backup: whether a backup is wanted, and so a pg_dump needed.
    """
    checks = [*_server(connection, dsn), _surroundings(connection), _ownership(connection), _history(plan, direction)]
    checks.append(_locks(connection))
    if direction == "up":
        checks.append(_displaced(connection))
    checks.append(_backup(connection, wanted=backup))
    return tuple(checks)


def _server(connection: psycopg.Connection, dsn: str) -> list[Check]:
    with connection.cursor(row_factory=dict_row) as cursor:
        server = cursor.execute(query("server")).fetchone() or {}
    version_ok = server["version_number"] >= OLDEST_SERVER
    lacking = [
        text
        for text, is_there in (
            ("CREATE on the database", server["may_create_schemas"]),
            ("CREATE on schema public", server["may_create_in_public"]),
            ("CREATEROLE, to make the worker's role", server["may_create_roles"] or server["has_worker_role"]),
        )
        if not is_there
    ]
    kind = session_kind(connection, lambda: connect(dsn))
    return [
        _check(
            "server version",
            ok=version_ok,
            good=f"PostgreSQL {server['version']}",
            bad=f"PostgreSQL {server['version']} is too old: 15 or newer is needed",
        ),
        _check(
            "writable",
            ok=not server["read_only"],
            good="it takes writes",
            bad="it is read-only: a replica, or a project over its disk quota; connect to the primary, or free space",
        ),
        _check(
            "connection",
            ok=kind is not SessionKind.TRANSACTION,
            good=kind.value,
            bad=f"{kind.value}: use its session mode or the direct address for migrations (on Supabase port 5432)",
        ),
        _check(
            "privileges",
            ok=not lacking,
            good=f"{server['login']} may do all that is needed",
            bad=f"{server['login']} lacks {', '.join(lacking)}: connect as postgres",
        ),
    ]


def _surroundings(connection: psycopg.Connection) -> Check:
    missing = [row[0] for row in connection.execute(query("missing_surroundings"))]
    return _check(
        "Supabase",
        ok=not missing,
        good="its roles and its auth schema are there",
        bad=f"this is no Supabase database: {', '.join(missing)} missing; check SUPABASE_DB_URL, or use --local",
    )


def _ownership(connection: psycopg.Connection) -> Check:
    rows = connection.execute(query("not_ours_to_change")).fetchall()
    foreign = ", ".join(f"{table} (of {owner})" for table, owner in rows)
    tables = connection.execute(query("existing_tables")).fetchall()
    total = sum(size for _, _, size in tables)
    return _check(
        "tables",
        ok=not rows,
        good=f"{len(tables)} of 9 exist, {total / 1024 / 1024:.1f} MB; those are kept as they are",
        bad=f"owned by somebody else: {foreign}; connect as their owner",
    )


def _history(plan: Plan, direction: Direction) -> Check:
    drifted = ", ".join(step.version for step in plan.drifted)
    if drifted:
        return Check(
            name="history",
            outcome=Outcome.WARNING,
            found=f"{drifted} applied from another text than the file of today; compare before relying on a rollback",
        )
    count = len(plan.pending if direction == "up" else plan.applied)
    return Check(name="history", outcome=Outcome.OK, found=f"{count} {'pending' if direction == 'up' else 'applied'}")


def _locks(connection: psycopg.Connection) -> Check:
    holders = [row[0] for row in connection.execute(query("lock_holders"), {"key": ADVISORY_KEY})]
    if not holders:
        return Check(name="locks", outcome=Outcome.OK, found="nobody is in the way")
    return Check(
        name="locks",
        outcome=Outcome.WARNING,
        found=f"{'; '.join(holders)}: may have to be waited for",
    )


def _displaced(connection: psycopg.Connection) -> Check:
    named = [row[0] for row in connection.execute(query("policies_to_displace"))]
    if not named:
        return Check(name="policies", outcome=Outcome.OK, found="none of others for the API roles")
    return Check(
        name="policies",
        outcome=Outcome.WARNING,
        found=f"will be set aside, and come back with a rollback: {', '.join(named)}",
    )


def _backup(connection: psycopg.Connection, *, wanted: bool) -> Check:
    if not wanted:
        return Check(name="backup", outcome=Outcome.WARNING, found="none, as asked: --no-backup")
    try:
        found = find_pg_dump(connection)
    except BackupError as exc:
        return Check(name="backup", outcome=Outcome.FAILED, found=str(exc))
    return Check(name="backup", outcome=Outcome.OK, found=f"pg_dump {found.version} can read this server")


def _check(name: str, *, ok: bool, good: str, bad: str) -> Check:
    return Check(name=name, outcome=Outcome.OK if ok else Outcome.FAILED, found=good if ok else bad)
