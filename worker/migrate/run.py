"""`up` and `down` in full: look and try, back up, apply, look again, report."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from worker.migrate.apply import Applied, Direction, apply_steps
from worker.migrate.audit import Finding, audit
from worker.migrate.backup import Backup, make_backup
from worker.migrate.connection import session
from worker.migrate.errors import NotReadyError
from worker.migrate.files import Migration, load
from worker.migrate.plan import read_plan
from worker.migrate.preflight import Check, Outcome, preflight


@dataclass(slots=True, kw_only=True)
class Report:
    """What a run saw and did."""

    direction: Direction
    dry_run: bool
    checks: tuple[Check, ...] = ()
    planned: tuple[Migration, ...] = ()
    backup: Backup | None = None
    applied: list[Applied] = field(default_factory=list)
    findings: tuple[Finding, ...] = ()


def migrate(
    dsn: str,
    direction: Direction,
    *,
    backups: Path | None,
    dry_run: bool = False,
    steps: int | None = None,
    migrations: Sequence[Migration] | None = None,
    told: Callable[[str], None] = lambda _: None,
) -> Report:
    """Carry the schema forward or back.

    Args:
        dsn: the database, as the owner of its tables.
        direction: "up" applies what is missing, "down" takes back what is applied.
        backups: folder for the backup; None for no backup.
        dry_run: look and report, touch nothing.
        steps: at most so many; None for all of them ("up") or the last one ("down").
        migrations: instead of those that ship with this package.
        told: receives one line of progress at a time.

    Returns:
        What was seen and done. After "up" its findings are those of the audit; after a dry run, those it would have.

    Raises:
        NotReadyError: a pre-flight check failed; the message lists all that did. Nothing was touched.
        MigrateError: see `worker.migrate.errors`; what was applied before stays applied, the rest is untouched.
    """
    report = Report(direction=direction, dry_run=dry_run)
    with session(dsn) as connection:
        plan = read_plan(connection, load() if migrations is None else migrations)
        if direction == "up":
            report.planned = plan.pending[:steps]
        else:
            report.planned = tuple(reversed(plan.applied))[: 1 if steps is None else steps]
        found = preflight(connection, dsn, plan, direction, planned=report.planned, backup=backups is not None)
        report.checks = found.checks
        failed = [f"{check.name}: {check.found}" for check in report.checks if check.outcome is Outcome.FAILED]
        if failed and (report.planned or dry_run):
            raise NotReadyError("not ready, and nothing was touched:\n" + "\n".join(f"- {line}" for line in failed))
        if dry_run:
            report.findings = found.findings
            return report
        if backups is not None and report.planned:
            report.backup = make_backup(
                connection, backups, begins=lambda: told("backing up, and restoring the backup to prove it")
            )

    def applied(step: Applied) -> None:
        report.applied.append(step)
        told(f"{'applied' if direction == 'up' else 'took back'} {step.version} {step.name} in {step.seconds:.2f} s")

    apply_steps(dsn, report.planned, direction, report=applied)
    if direction == "up" and steps is None:
        with session(dsn) as connection:
            report.findings = audit(connection, read_plan(connection, load() if migrations is None else migrations))
    return report
