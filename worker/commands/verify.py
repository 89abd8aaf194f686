"""`worker verify`: files, log and rows, compared by hash."""

import click

from outbox.command_line import json_option, print_json, setting_option
from worker.bus.settings import BusSettings

SHOWN = 50


@click.command()
@click.option("--repair", is_flag=True, help="Write rows that are missing or differ again, as the log says.")
@click.option("--since-proof", is_flag=True, help="Compare only what events after the last proof say.")
@click.option("--local", is_flag=True, help="Use an embedded Postgres beside the outbox, not SUPABASE_DB_URL.")
@setting_option(
    "--over",
    BusSettings,
    "OUTBOX_BUS_URL",
    metavar="URL",
    expose_value=True,
    help="Ask a centre over this bus, where `worker forward` delivers.",
)
@json_option
@click.pass_context
def verify(
    ctx: click.Context, *, repair: bool, since_proof: bool, local: bool, over: str | None, as_json: bool
) -> None:
    """Compare files, log and rows by hash; exit 4 when something differs. Without --repair no row is written.

    Where every delivered row is as the log says, that is noted: `outbox prune` deletes nothing without it. Files that
    were changed by hand are listed, not mended: `generate sync` takes them in. With --since-proof a row that somebody
    changed after it was proven is not seen: run without it, too, now and then. With --over no database is needed: the
    centre answers which rows are not as the log says, in one snapshot of the database.

    \b
    Example:
      worker verify --json
    """
    # Imported here: --help answers without them.
    from worker.logs import configure_logs  # noqa: PLC0415
    from worker.proof.checkup import verify as compare  # noqa: PLC0415
    from worker.settings import WorkerSettings  # noqa: PLC0415

    configure_logs(quiet=True)
    if over is None:
        found = compare(WorkerSettings.from_env(), repair=repair, local=local, since_proof=since_proof)
    elif repair or local:
        raise click.UsageError("--over compares, and no more: rows are repaired with a connection string")
    else:
        from worker.bus.prove import prove  # noqa: PLC0415

        found = prove(WorkerSettings.from_env().outbox, BusSettings.from_env(), since_proof=since_proof)
    if as_json:
        more = {"repaired": [one.as_dict() for one in found.repaired]} if repair else {}
        print_json({**found.as_dict(), **more})
    else:
        for row in found.repaired:
            click.echo(f"repaired: {row.what}" if row.reason is None else f"not repaired: {row.what}: {row.reason}")
        click.echo(f"{found.files} files, {found.events} events, {found.rows} rows, {found.agree} agree")
        if found.overtaken:
            click.echo(f"{found.overtaken} rows were written later by another outbox and are not compared")
        for one in found.differences[:SHOWN]:
            click.echo(f"{one.kind}: {one.what}: {one.detail}")
        if len(found.differences) > SHOWN:
            click.echo(f"… and {len(found.differences) - SHOWN} more: --json lists them all")
    if found.differences:
        ctx.exit(4)
