"""Does the database keep what the migrations promise? Read-only, at any time, on any database.

Two looks. What is ours (policies, helpers, rights, the bookkeeping, the view) is compared fact by fact with what this
version ships (`worker.migrate.compared`). What others can do beside it is asked by the queries of `migrate_audit.sql`,
one promise each; the first comment says how grave a breach is and what was promised.

What belongs to the wider system is named and left to its owner: a NOTE or a WARNING, never a reason to exit with 4. A
view, a function or a publication of theirs that opens our tables is an ERROR until its owner has looked at it and
written "outbox: reviewed" into its comment.
"""

from collections.abc import Collection

import psycopg
from psycopg import errors, sql

from worker.migrate.asked_about import parameters
from worker.migrate.compared import compare
from worker.migrate.facts import Key, Said, Shipped, shipped
from worker.migrate.finding import Breach, Finding, Findings, Severity
from worker.migrate.plan import Plan
from worker.migrate.queries import names, query

__all__ = ["STRUCTURAL", "Breach", "Finding", "Severity", "audit"]

# Breaches of these stop a migration or the relay, whatever role signs in.
STRUCTURAL = frozenset(
    {"audit_columns", "audit_natural_keys", "audit_column_types", "audit_unfilled", "audit_bookkeeping", "audit_kinds"}
)
# Promises that hold when every migration is applied, and not before.
_AT_THE_END = frozenset(
    {"audit_columns", "audit_natural_keys", "audit_indexes", "audit_view_reads", "audit_text_index", "audit_unfilled"}
)
_MISSING = (errors.UndefinedTable, errors.UndefinedColumn, errors.InvalidSchemaName, errors.UndefinedObject)
SECURITY_INVOKER_SINCE = 150000
# What a migration that is recorded as applied made or found is not made again.
_LOST = "-- is it being restored? then wait; otherwise bring it back from a backup (docs/runbook.md#restored-database)"
_SOMEBODY = "00000000-0000-4000-8000-0000000c0de0"


def audit(
    connection: psycopg.Connection, plan: Plan | None = None, *, applied: Collection[str] | None = None
) -> tuple[Finding, ...]:
    """Every broken promise; an empty tuple is what one wants to see.

    Args:
        connection: in autocommit mode, or in a transaction, which goes on.
        plan: what is applied here, and from which text.
        applied: the versions, if there is no plan; without either, all that ship.
    """
    of = shipped()
    if applied is None:
        applied = of.steps.keys() if plan is None else {migration.version for migration in plan.applied}
    findings = Findings()
    compare(connection, of, _on_this_server(of.after(applied), connection.info.server_version), findings)
    whole = of.steps.keys() <= set(applied)
    for name in names("audit_"):
        if whole or name not in _AT_THE_END:
            _ask(connection, name, of, findings, whole=whole)
    _ask_who_is_signed_in(connection, findings)
    for step in plan.drifted if plan else ():
        breach = Breach(
            what=f"{step.version}_{step.name} was applied from another text than the file of today",
            opens="what it made is compared above; what else it did is not known here",
            closes=f"select statements from supabase_migrations.schema_migrations where version = '{step.version}';",
        )
        findings.add("audit_history", Severity.WARNING, "what was applied is what this version ships", breach)
    return findings.all()


def _on_this_server(expected: dict[Key, Said], version: int) -> dict[Key, Said]:
    """Before PostgreSQL 15 no view asks as its reader, and ours is not granted to signed-in users."""
    if version >= SECURITY_INVOKER_SINCE:
        return expected
    kept = dict(expected)
    for view in [key for key in expected if key[0] == "view"]:
        kept.pop(("grant", f"SELECT on table {view[1]} to authenticated"), None)
        about, texts = kept[view]
        kept[view] = about, tuple(text.replace(" with (security_invoker=true)", "") for text in texts)
    return kept


def promised(name: str) -> tuple[Severity, str]:
    """How grave a breach of the named promise is, and the promise."""
    comment = query(name).partition("\n")[0]
    severity, _, promise = comment.removeprefix("-- ").partition(": ")
    return Severity(severity), promise


def _ask(connection: psycopg.Connection, name: str, of: Shipped, findings: Findings, *, whole: bool) -> None:
    severity, promise = promised(name)
    statement = sql.SQL(query(name)).format(**parameters(of))
    try:
        with connection.transaction():
            rows = connection.execute(statement).fetchall()
    except _MISSING as exc:
        breach = Breach(
            what=f"cannot be looked at: {exc.diag.message_primary}", closes=_LOST if whole else "worker migrate up"
        )
        findings.add(name, Severity.ERROR, promise, breach)
        return
    for what, opens, closes, otherwise in rows:
        breach = Breach(what=what, opens=opens or "", closes=closes or "")
        findings.add(name, Severity(otherwise) if otherwise else severity, promise, breach)


def _ask_who_is_signed_in(connection: psycopg.Connection, findings: Findings) -> None:
    """Every policy rests on auth.uid(): try it with a claim, and without one."""
    try:
        answers = [_uid(connection, claimed) for claimed in (_SOMEBODY, "")]
    except errors.InsufficientPrivilege:
        return  # this login may not ask; the roles of the API may
    except psycopg.Error as exc:
        answers = [f"with: {exc.diag.message_primary}", None]
    if answers != [_SOMEBODY, None]:
        breach = Breach(
            what=f"auth.uid() answers {answers[0]} for one who is signed in, {answers[1]} for one who is not",
            opens="every policy takes the caller for another user, or for nobody",
            closes="-- restore the platform's auth.uid(); on plain PostgreSQL: worker migrate bootstrap --plain",
        )
        findings.add("audit_signed_in", Severity.ERROR, "auth.uid() says who is signed in", breach)


def _uid(connection: psycopg.Connection, claimed: str) -> str | None:
    with connection.transaction(force_rollback=True):
        claims = f'{{"sub": "{claimed}"}}' if claimed else ""
        for setting, value in (("request.jwt.claim.sub", claimed), ("request.jwt.claims", claims)):
            connection.execute("select pg_catalog.set_config(%s, %s, true)", (setting, value))
        row = connection.execute("select auth.uid()::text").fetchone()
    return row[0] if row else None
