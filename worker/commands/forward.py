"""`worker forward`: the background process of a host without a database credential."""

import dataclasses
from pathlib import Path

import click

from worker.commands.process_options import process_options


@click.command()
@click.option("--to", "url", metavar="URL", help="The bus: nats://host:4222 or tls://host:4222 [OUTBOX_BUS_URL].")
@process_options
def forward(*, url: str | None, metrics_port: int | None, metrics_file: Path | None, quiet: bool) -> None:
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
    from worker.bus.settings import BusSettings  # noqa: PLC0415
    from worker.logs import configure_logs  # noqa: PLC0415
    from worker.settings import WorkerSettings  # noqa: PLC0415

    configure_logs(quiet=quiet)
    settings = WorkerSettings.from_env()
    settings = dataclasses.replace(
        settings,
        metrics_port=settings.metrics_port if metrics_port is None else metrics_port,
        metrics_file=metrics_file or settings.metrics_file,
    )
    serve(settings, BusSettings.from_env(url))
