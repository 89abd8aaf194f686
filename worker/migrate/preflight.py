"""Look before anything is touched: can this go through, and what will it do?

Every check is made and reported, rather than the first failure alone: an operator mends them in one go. Where they
hold, the very files are tried in a transaction that is rolled back (`worker.migrate.trial`), which finds whatever no
list foresaw. Finding a pg_dump that can read this server is part of it: a backup that fails after the change is none.
Where there is nothing to do there is nothing to warn of.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import psycopg
from psycopg.rows import dict_row

from outbox.catalogue import active
from worker.connect.pooling import SessionKind, session_kind
from worker.migrate.apply import Direction, lock_holders
from worker.migrate.asked_about import own_tables, tables
from worker.migrate.backup import find_pg_dump
from worker.migrate.compared import wrong_shapes
from worker.migrate.connection import connect
from worker.migrate.errors import BackupError
from worker.migrate.facts import shipped
from worker.migrate.files import Migration
from worker.migrate.finding import Finding, Severity
from worker.migrate.own_tables import lacks, owns_tables
from worker.migrate.plan import Plan
from worker.migrate.queries import query
from worker.migrate.trial import Trial, try_out

OLDEST_SERVER = 140000
_CLOSED_BY = "row level security"


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Preflight:
    """What was looked at, and what the audit will say after the run.

    Attributes:
        findings: as they would be after the run; empty if it was not tried, or goes down.
    """

    checks: tuple[Check, ...]
    findings: tuple[Finding, ...] = ()


def preflight(
    connection: psycopg.Connection,
    dsn: str,
    plan: Plan,
    direction: Direction,
    *,
    planned: Sequence[Migration],
    backup: bool,
    pause: Callable[[float], None] = time.sleep,
) -> Preflight:
    """Every check, in the order in which an operator would ask.

    Args:
        connection: to the database, in autocommit mode.
        dsn: the same, for a second connection.
        plan: what is applied and what is not.
        direction: whether the files or the rollbacks will run.
        planned: what will run, in its order.
        backup: whether a backup is wanted, and so a pg_dump needed.
        pause: waits so many seconds between two attempts of the trial for a lock.
    """
    checks = [*_server(connection, dsn), _history(plan, direction, planned), *_own_tables(connection)]
    if not planned:
        return Preflight(checks=tuple(checks))
    checks += [_surroundings(connection), _ownership(connection), _shapes(connection), _locks(connection)]
    trial = None
    if all(check.outcome is not Outcome.FAILED for check in checks):
        applied = [migration.version for migration in plan.applied]
        trial = try_out(connection, planned, direction, applied=applied, pause=pause)
        checks += [*_trial(trial), *_displaced(trial)]
    checks.append(_backup(connection, wanted=backup))
    return Preflight(checks=tuple(checks), findings=trial.findings if trial else ())


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
            bad=f"PostgreSQL {server['version']} is too old: 14 or newer is needed",
        ),
        _check(
            "encoding",
            ok=server["encoding"] == "UTF8",
            good="UTF8",
            bad=f"the database is in {server['encoding']}, which cannot hold every text: make one with "
            "create database … encoding 'UTF8' template template0, and move there",
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
            bad=f"{server['login']} lacks {', '.join(lacking)}: connect as the role that owns the database",
        ),
    ]


def _surroundings(connection: psycopg.Connection) -> Check:
    missing = [row[0] for row in connection.execute(query("missing_surroundings"))]
    return _check(
        "surroundings",
        ok=not missing,
        good="the roles of the API and the auth schema are there",
        bad=f"{', '.join(missing)} missing. On Supabase: this is not the project's database, check the connection "
        "string. On plain PostgreSQL: 'worker migrate bootstrap --plain' makes them. To try it out: --local",
    )


def _ownership(connection: psycopg.Connection) -> Check:
    rows = connection.execute(query("not_ours_to_change"), {"own": list(own_tables())}).fetchall()
    foreign = ", ".join(f"{table} (of {owner})" for table, owner in rows)
    existing = connection.execute(query("existing_tables"), {"tables": list(tables())}).fetchall()
    total = sum(size for _, _, size in existing)
    return _check(
        "tables",
        ok=not rows,
        good=f"{len(existing)} of {len(tables())} exist, {total / 1024 / 1024:.1f} MB; those are kept as they are",
        bad=f"owned by somebody else: {foreign}; connect as their owner",
    )


def _shapes(connection: psycopg.Connection) -> Check:
    wrong = [breach.what for breach in wrong_shapes(connection, shipped())]
    return _check(
        "columns",
        ok=not wrong,
        good="those that exist hold the kind of value that the relay writes",
        bad=f"{'; '.join(wrong)}: change them, or give the table another name",
    )


def _history(plan: Plan, direction: Direction, planned: Sequence[Migration]) -> Check:
    drifted = ", ".join(step.version for step in plan.drifted)
    if drifted and planned:
        return Check(
            name="history",
            outcome=Outcome.WARNING,
            found=f"{drifted} applied from another text than the file of today; compare before relying on a rollback",
        )
    count = len(plan.pending if direction == "up" else plan.applied)
    return Check(name="history", outcome=Outcome.OK, found=f"{count} {'pending' if direction == 'up' else 'applied'}")


def _own_tables(connection: psycopg.Connection) -> Iterator[Check]:
    """What tables of the project's own lack; they are its owner's to change, so it stops nothing."""
    if not owns_tables(active()):
        return
    lacking = [breach.what for breach in lacks(connection, active())]
    if lacking:
        found = f"{'; '.join(lacking)}: run what `worker migrate sql` prints"
        yield Check(name="own tables", outcome=Outcome.WARNING, found=found)
    else:
        yield Check(name="own tables", outcome=Outcome.OK, found="they have what the relay needs of them")


def _locks(connection: psycopg.Connection) -> Check:
    holders = lock_holders(connection)
    if not holders:
        return Check(name="locks", outcome=Outcome.OK, found="nobody is in the way")
    return Check(
        name="locks",
        outcome=Outcome.WARNING,
        found=f"{'; '.join(holders)}: may have to be waited for",
    )


def _trial(trial: Trial) -> Iterator[Check]:
    for stop in trial.stopped_by:
        yield Check(name="trial run", outcome=Outcome.FAILED, found=stop)
    if trial.undecided:
        yield Check(name="trial run", outcome=Outcome.WARNING, found=trial.undecided)
    elif not trial.stopped_by:
        found = "every file went through, and was taken back"
        broken = [finding for finding in trial.findings if finding.severity is Severity.ERROR]
        if broken:
            promises = "; ".join(dict.fromkeys(finding.promise for finding in broken))
            text = f"{found}; afterwards 'worker migrate check' will not hold: {promises}"
            yield Check(name="trial run", outcome=Outcome.WARNING, found=text)
        else:
            yield Check(name="trial run", outcome=Outcome.OK, found=found)


def _displaced(trial: Trial) -> Iterator[Check]:
    """Say what the run will set aside: policies and views by name, rights by the roles that lose them."""
    named = [row for row in trial.displaced if row.startswith(("create policy ", "create view "))]
    if named:
        text = ", ".join(" ".join(row.split())[:120].split(" as ")[0].removeprefix("create ") for row in named)
        yield _will_change(f"will be set aside, and come back with a rollback: {text}", "policies")
    rights = Counter(
        row.rpartition(" to ")[2].split(" with ")[0] for row in trial.displaced if row.startswith("grant ")
    )
    if rights:
        text = ", ".join(f"{count} of {role}" for role, count in sorted(rights.items()))
        yield _will_change(f"replaced by ours, and come back with a rollback: {text}", "rights")
    if any(_CLOSED_BY in row for row in trial.displaced):
        tables = ", ".join(sorted(row.split()[2] for row in trial.displaced if _CLOSED_BY in row))
        yield _will_change(f"turned on for {tables}: a role without a policy there sees no rows any more", _CLOSED_BY)


def _will_change(found: str, name: str) -> Check:
    return Check(name=name, outcome=Outcome.WARNING, found=found)


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
