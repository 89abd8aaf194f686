"""`worker verify`: files, log and rows, compared by hash."""

import click

from outbox.command_line import json_option, print_json

SHOWN = 50


@click.command(help="Compare files, log and rows by hash; exit 4 when something differs.")
@click.option("--local", is_flag=True, help="Use an embedded Postgres beside the outbox, not SUPABASE_DB_URL.")
@json_option
@click.pass_context
def verify(ctx: click.Context, *, local: bool, as_json: bool) -> None:
    r"""Compare files, log and rows; nothing is written.

    \b
    Example:
      worker verify --json
    """
    # Imported here: --help answers without them.
    from outbox import Outbox  # noqa: PLC0415
    from worker.dial import reach  # noqa: PLC0415
    from worker.logs import configure_logs  # noqa: PLC0415
    from worker.runtime import destination  # noqa: PLC0415
    from worker.settings import WorkerSettings  # noqa: PLC0415
    from worker.verify import verify_all  # noqa: PLC0415

    configure_logs(quiet=True)
    settings = WorkerSettings.from_env()
    with (
        Outbox.open(settings.outbox.outbox_path, content_root=settings.outbox.content_root, create=False) as box,
        destination(settings, local=local) as dsn,
        reach(dsn) as connection,
    ):
        found = verify_all(connection, box, settings.outbox.content_root)
    if as_json:
        print_json(found.as_dict())
    else:
        click.echo(f"{found.files} files, {found.events} events, {found.rows} rows, {found.agree} agree")
        if found.overtaken:
            click.echo(f"{found.overtaken} rows were written later by another outbox and are not compared")
        for one in found.differences[:SHOWN]:
            click.echo(f"{one.kind}: {one.what}: {one.detail}")
        if len(found.differences) > SHOWN:
            click.echo(f"… and {len(found.differences) - SHOWN} more: --json lists them all")
    if found.differences:
        ctx.exit(4)
