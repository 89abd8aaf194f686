"""`worker migrate`: carry the schema of the destination forward or back, and check it."""

import functools
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NoReturn, ParamSpec

import click

if TYPE_CHECKING:
    from uuid import UUID

    from worker.migrate import Finding, Report
    from worker.settings import WorkerSettings

P = ParamSpec("P")

_local = click.option("--local", is_flag=True, help="Use the local database beside the outbox, not SUPABASE_DB_URL.")
_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
_dry_run = click.option("--dry-run", is_flag=True, help="Look and report; touch nothing.")
_no_backup = click.option("--no-backup", is_flag=True, help="Go without a backup of our own making.")


def _told_as_errors(function: Callable[P, None]) -> Callable[P, None]:
    """Show an error of ours as its message, and exit with its code."""

    @functools.wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> None:
        from worker.errors import WorkerError  # noqa: PLC0415  keeps --help fast

        try:
            function(*args, **kwargs)
        except WorkerError as exc:
            click.echo(f"error: {exc}", err=True)
            _exit(exc.exit_code)

    return wrapped


@click.group()
def migrate() -> None:
    """Carry the schema forward or back. Reads SUPABASE_MIGRATE_DB_URL, or else SUPABASE_DB_URL.

    \b
    Examples:
      worker migrate up --dry-run
      worker migrate check
    """


@migrate.command()
@click.option("--plain", is_flag=True, required=True, help="Yes, this is a PostgreSQL without Supabase.")
@_json
@_told_as_errors
def bootstrap(*, plain: bool, as_json: bool) -> None:  # noqa: ARG001  the flag is there to be said
    """Make on a plain PostgreSQL (14 to 18) what the migrations build upon, if it is missing.

    The roles anon, authenticated and service_role (none can log in), schema auth with auth.uid() and auth.users. It may
    be run again, leaves alone what is there, and refuses a Supabase server. Connect as a superuser, or as the owner of
    the database with CREATEROLE.

    \b
    Example:
      worker migrate bootstrap --plain && worker migrate up
    """
    from worker.migrate import bootstrap as make  # noqa: PLC0415  keeps --help fast
    from worker.migrate import session  # noqa: PLC0415

    with _database(local=False) as (dsn, _), session(dsn) as connection:
        made = make(connection)
    if as_json:
        click.echo(json.dumps({"made": list(made)}))
        return
    for thing in made:
        click.echo(f"made      {thing}")
    click.echo("next: worker migrate up" if made else "nothing was missing; next: worker migrate up")


@migrate.command()
@_dry_run
@_no_backup
@_local
@_json
@_told_as_errors
def up(*, dry_run: bool, no_backup: bool, local: bool, as_json: bool) -> None:
    """Apply what is missing: checks, a proven backup, one transaction per file, an audit.

    \b
    Examples:
      worker migrate up --dry-run
      worker migrate up
    """
    _run("up", dry_run=dry_run, no_backup=no_backup, local=local, as_json=as_json, steps=None)


@migrate.command()
@click.option("--steps", type=click.IntRange(min=1), default=1, show_default=True, help="How many to take back.")
@click.option("--all", "everything", is_flag=True, help="Take back all of them.")
@_dry_run
@_no_backup
@_local
@_json
@_told_as_errors
def down(*, steps: int, everything: bool, dry_run: bool, no_backup: bool, local: bool, as_json: bool) -> None:
    """Take back the last migration (or more), keeping the data.

    \b
    Example:
      worker migrate down --steps 2 --dry-run
    """
    from worker.migrate import load  # noqa: PLC0415  keeps --help fast

    count = len(load()) if everything else steps
    _run("down", dry_run=dry_run, no_backup=no_backup, local=local, as_json=as_json, steps=count)


@migrate.command()
@_local
@_json
@_told_as_errors
def status(*, local: bool, as_json: bool) -> None:
    """List every migration and whether it is applied, by this program or another.

    \b
    Example:
      worker migrate status
    """
    from worker.migrate import load, read_plan, session  # noqa: PLC0415  keeps --help fast

    with _database(local=local) as (dsn, _), session(dsn) as connection:
        plan = read_plan(connection, load())
    if as_json:
        steps = [{"version": step.version, "name": step.name, "state": str(step.state)} for step in plan.steps]
        click.echo(json.dumps({"migrations": steps, "pending": len(plan.pending)}))
        return
    for step in plan.steps:
        click.echo(f"{step.version}  {step.state:<8}  {step.name}")


@migrate.command()
@_told_as_errors
def sql() -> None:
    """Print the SQL that makes the tables of your own catalogue (OUTBOX_CATALOGUE) ready for the worker.

    It adds the column last_event_id, a unique index on the natural key if there is none, rights and, where row
    security is on, policies for outbox_worker. It may be run again. Nothing is asked or changed here.

    \b
    Example:
      worker migrate sql > migrations/0007_outbox.sql
    """
    from outbox.catalogue import active  # noqa: PLC0415  keeps --help fast
    from worker.migrate.own_tables import ddl  # noqa: PLC0415

    printed = ddl(active())
    click.echo(printed or "-- every table of the catalogue is made by `worker migrate up`", nl=not printed)


@migrate.command()
@_local
@_json
@_told_as_errors
def check(*, local: bool, as_json: bool) -> None:
    """Audit the database: schema, keys, rights, policies, what is in the way. Exit code 4 if a promise is broken.

    As the role of SUPABASE_DB_URL it is tried, in one transaction that is rolled back, whether what the relay writes
    goes through: triggers of others are code, and only trying tells what they do.

    \b
    Example:
      worker migrate check --json | jq .findings
    """
    from worker.migrate import Severity, audit, in_the_way, load, read_plan, session  # noqa: PLC0415  keeps --help fast

    with _database(local=local) as (dsn, settings), session(dsn) as connection:
        plan = read_plan(connection, load())
        findings = audit(connection, plan) if plan.applied else ()
        if plan.applied and not plan.pending:
            findings += in_the_way(connection, dsn if local or settings.db_url is None else settings.db_url)
    pending = [migration.version for migration in plan.pending]
    holds = not pending and not any(finding.severity is Severity.ERROR for finding in findings)
    if as_json:
        click.echo(json.dumps({"holds": holds, "pending": pending, "findings": [_finding(f) for f in findings]}))
    else:
        _show_findings(findings)
        if pending:
            click.echo(f"{len(pending)} migrations are pending: run 'worker migrate up'")
        told = f", but for what is told above ({len(findings)})" if findings else ""
        click.echo(f"everything that we promise holds{told}" if holds else "something does not hold")
    if not holds:
        _exit(4)


@migrate.command()
@click.argument("host")
@click.option("--outbox", "outboxes", type=click.UUID, multiple=True, metavar="ID", help="Hand over its position too.")
@_local
@_json
@_told_as_errors
def role(*, host: str, outboxes: tuple["UUID", ...], local: bool, as_json: bool) -> None:
    """Make a login for one host, which moves the positions of that host's outboxes and no other.

    HOST is the machine's name as it stands in outbox.sources. Positions that it moved with the shared login are handed
    over.

    \b
    Example:
      worker migrate role studio-2
    """
    from worker.migrate import make_role, session  # noqa: PLC0415  keeps --help fast

    with _database(local=local) as (dsn, _), session(dsn) as connection:
        made = make_role(connection, host, outboxes)
    if as_json:
        named = [str(one) for one in made.outboxes]
        click.echo(json.dumps({"role": made.role, "made": made.made, "outboxes": named}))
        return
    click.echo(f"{'made' if made.made else 'found'}     {made.role}")
    for outbox_id in made.outboxes:
        click.echo(f"moves     {outbox_id}")
    if made.made:
        click.echo(
            f"next      psql \"$SUPABASE_MIGRATE_DB_URL\" -c '\\password {made.role}', then name it in SUPABASE_DB_URL"
        )


def _run(
    direction: Literal["up", "down"], *, dry_run: bool, no_backup: bool, local: bool, as_json: bool, steps: int | None
) -> None:
    from worker.migrate import Severity  # noqa: PLC0415  keeps --help fast
    from worker.migrate import migrate as run  # noqa: PLC0415

    with _database(local=local) as (dsn, settings):
        folder: Path = settings.outbox.outbox_path.parent / "backups"
        report = run(
            dsn,
            direction,
            backups=None if no_backup else folder,
            dry_run=dry_run,
            steps=steps,
            told=lambda line: click.echo(line, err=True),
        )
    if as_json:
        click.echo(json.dumps(_as_dict(report)))
    else:
        _show(report)
    if any(finding.severity is Severity.ERROR for finding in report.findings):
        _exit(4)


@contextmanager
def _database(*, local: bool) -> Iterator[tuple[str, "WorkerSettings"]]:
    """The connection string to use, with the local database up for as long as it is needed."""
    from worker.migrate import administrator_dsn  # noqa: PLC0415  keeps --help fast
    from worker.settings import WorkerSettings  # noqa: PLC0415

    settings = WorkerSettings.from_env()
    if local:
        from worker.standin import LocalPostgres  # noqa: PLC0415  --local alone needs the wheel

        with LocalPostgres(settings.local_postgres_dir) as server:
            yield server.dsn(), settings
        return
    yield administrator_dsn(settings.db_url), settings


def _show(report: "Report") -> None:
    for made in report.checks:
        click.echo(f"{made.outcome:<8}  {made.name}: {made.found}")
    if report.dry_run:
        for migration in report.planned:
            click.echo(f"would {'apply' if report.direction == 'up' else 'take back'} {migration.file_name}")
    elif report.backup is not None:
        backup = report.backup
        proof = "restored and counted" if backup.rehearsal.restored else "read back and counted; not restored here"
        click.echo(f"backup    {backup.path} ({backup.tables} tables, {backup.rows} rows, {proof})")
        if backup.rehearsal.reason:
            click.echo(f"          {backup.rehearsal.reason}")
    for step in report.applied:
        click.echo(f"{'applied' if report.direction == 'up' else 'removed':<8}  {step.version} {step.name}")
    _show_findings(report.findings)
    if not report.planned:
        click.echo("nothing to do")


def _show_findings(findings: tuple["Finding", ...]) -> None:
    for finding in findings:
        click.echo(f"{finding.severity:<8}  does not hold: {finding.promise}")
        for breach in finding.breaches:
            click.echo(f"          {breach.what}")
            if breach.opens:
                click.echo(f"            so: {breach.opens}")
            for line in breach.closes.splitlines():
                click.echo(f"            {line}")


def _as_dict(report: "Report") -> dict[str, Any]:
    backup = report.backup
    return {
        "direction": report.direction,
        "dry_run": report.dry_run,
        "checks": [{"name": c.name, "outcome": str(c.outcome), "found": c.found} for c in report.checks],
        "planned": [migration.version for migration in report.planned],
        "applied": [{"version": a.version, "name": a.name, "seconds": round(a.seconds, 3)} for a in report.applied],
        "backup": backup
        and {
            "path": str(backup.path),
            "bytes": backup.size_bytes,
            "tables": backup.tables,
            "rows": backup.rows,
            "restored": backup.rehearsal.restored,
            "reason": backup.rehearsal.reason or None,
        },
        "findings": [_finding(finding) for finding in report.findings],
    }


def _finding(finding: "Finding") -> dict[str, Any]:
    return {
        "name": finding.name,
        "severity": str(finding.severity),
        "promise": finding.promise,
        "breaches": [breach.what for breach in finding.breaches],
        "details": [{"what": b.what, "opens": b.opens, "closes": b.closes} for b in finding.breaches],
    }


def _exit(code: int) -> NoReturn:
    raise click.exceptions.Exit(code)
