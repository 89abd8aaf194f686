"""`worker apply`: the centre of hosts that forward."""

import click

from outbox.command_line import setting_option
from worker.bus.settings import BusSettings
from worker.commands.process_options import process_options


@click.command()
@setting_option("--from", BusSettings, "OUTBOX_BUS_URL", metavar="URL")
@click.option(
    "--partitions",
    default="*",
    show_default=True,
    metavar="DIGITS",
    help="Which outboxes are this worker's, by the last digit of their ids: 0-7, or 0-3,a. Of two workers on the same"
    " ones each is harmless to the other.",
)
@click.option(
    "--each", is_flag=True, help="A transaction for each outbox; otherwise many share one, where nothing is special."
)
@process_options
def apply(*, partitions: str, each: bool, quiet: bool) -> None:
    """Apply what hosts send over a bus, for ever: each outbox in its order, exactly once.

    The other half of `worker forward`. Needs SUPABASE_DB_URL and no outbox file. What the bus loses, doubles or brings
    late costs time, never an event: the position in Postgres says what is next, and what is missing is asked for.

    \b
    Example:
      CREATOR_OS_DB_PERSIST=true worker apply --from nats://127.0.0.1:4222
    """
    # Imported here: --help answers without them.
    from worker.bus.link import lanes_of  # noqa: PLC0415
    from worker.bus.serve import apply as serve  # noqa: PLC0415
    from worker.logs import configure_logs  # noqa: PLC0415
    from worker.settings import WorkerSettings  # noqa: PLC0415

    try:
        lanes = list(lanes_of(partitions))
    except ValueError as exc:
        raise click.BadParameter(
            f"{partitions!r} names no hex digits: 0-7, or 0-3,a", param_hint="--partitions"
        ) from exc
    configure_logs(quiet=quiet)
    serve(WorkerSettings.from_env(), BusSettings.from_env(), lanes, together=not each)
