"""`worker forward`: the background process of a host without a database credential."""

import click

from outbox.command_line import setting_option
from worker.bus.settings import BusSettings
from worker.commands.process_options import process_options


@click.command()
@setting_option("--to", BusSettings, "OUTBOX_BUS_URL", metavar="URL")
@process_options
def forward(*, quiet: bool) -> None:
    """Send the log over a bus, for ever; `worker apply` at a centre applies it.

    In the place of `worker run`, for hosts that must not have a database credential: it needs none. One worker per
    outbox, and the same signals, status, outages and metrics. What counts as delivered is what Postgres says, as the
    centre reports it after each COMMIT. Read docs/fleet.md first: below some hundred hosts, `worker run` is better.

    \b
    Example:
      CREATOR_OS_DB_PERSIST=true OUTBOX_BUS_NKEY=host.nk worker forward --to tls://bus.example.com:4222
    """
    # Imported here: --help answers without them.
    from worker.bus.serve import forward as serve  # noqa: PLC0415
    from worker.logs import configure_logs  # noqa: PLC0415
    from worker.settings import WorkerSettings  # noqa: PLC0415

    configure_logs(quiet=quiet)
    serve(WorkerSettings.from_env(), BusSettings.from_env())
