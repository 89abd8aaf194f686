"""`worker doctor`: what is well, what is not, what to do."""

from typing import TYPE_CHECKING

import click

from outbox.command_line import json_option, print_json
from outbox.terminal import beside, echo_marked

if TYPE_CHECKING:
    from worker.doctor import Finding


@click.command()
@click.option("--local", is_flag=True, help="Use an embedded Postgres beside the outbox, not SUPABASE_DB_URL.")
@json_option
@click.pass_context
def doctor(ctx: click.Context, *, local: bool, as_json: bool) -> None:
    """Check this host, the outbox and the database, and write nothing.

    Each line is ok, warn or fail, with what was found and what mends it. Exit code 4 if something must be mended, 5
    where only the database does not answer.

    \b
    Examples:
      worker doctor
      worker doctor --json | jq '.[] | select(.outcome != "ok")'
    """
    # Imported here: --help answers without them.
    from worker.doctor import examine, exit_code, of_faults  # noqa: PLC0415
    from worker.errors import SettingsFault  # noqa: PLC0415
    from worker.logs import configure_logs  # noqa: PLC0415
    from worker.run.runtime import destination  # noqa: PLC0415
    from worker.settings import WorkerSettings  # noqa: PLC0415

    configure_logs(quiet=True)
    try:
        settings = WorkerSettings.from_env()
    except SettingsFault as faults:
        findings = of_faults(faults)
    else:
        if local or settings.db_url is not None:
            with destination(settings, local=local) as dsn:
                findings = examine(settings, dsn)
        else:
            findings = examine(settings, None)
    if as_json:
        print_json([finding.as_dict() for finding in findings])
    else:
        _show(findings)
    ctx.exit(exit_code(findings))


def _show(findings: "list[Finding]") -> None:
    marks = {"ok": "green", "warn": "yellow", "fail": "red"}
    width = max(len(finding.check) for finding in findings)
    for finding in findings:
        # click leaves colours out where the output is no terminal.
        outcome = f"{finding.outcome:<4}"
        text = beside(f"{outcome}  {finding.check:<{width}}  ", finding.found)
        echo_marked(outcome, marks[finding.outcome], text[len(outcome) :], bold=finding.outcome == "fail")
        if finding.remedy:
            click.echo(beside(" " * (width + 8), f"→ {finding.remedy}"))
