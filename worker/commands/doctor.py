"""`worker doctor`: what is well, what is not, what to do."""

import click

from outbox.command_line import json_option, print_json


@click.command(help="Check this host, the outbox and the database; exit 4 when something must be mended.")
@click.option("--local", is_flag=True, help="Use an embedded Postgres beside the outbox, not SUPABASE_DB_URL.")
@json_option
@click.pass_context
def doctor(ctx: click.Context, *, local: bool, as_json: bool) -> None:
    r"""Examine everything that delivery depends on.

    \b
    Example:
      worker doctor
    """
    # Imported here: --help answers without them.
    from worker.doctor import examine  # noqa: PLC0415
    from worker.logs import configure_logs  # noqa: PLC0415
    from worker.runtime import destination  # noqa: PLC0415
    from worker.settings import WorkerSettings  # noqa: PLC0415

    configure_logs(quiet=True)
    settings = WorkerSettings.from_env()
    if local or settings.db_url is not None:
        with destination(settings, local=local) as dsn:
            findings = examine(settings, dsn)
    else:
        findings = examine(settings, None)
    if as_json:
        print_json([finding.as_dict() for finding in findings])
    else:
        for finding in findings:
            remedy = f" → {finding.remedy}" if finding.remedy else ""
            click.echo(f"{finding.outcome:<5} {finding.check}: {finding.found}{remedy}")
    if any(finding.outcome == "fail" for finding in findings):
        ctx.exit(4)
