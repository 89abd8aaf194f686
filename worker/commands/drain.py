"""`worker drain`: deliver until nothing is left."""

import click

from outbox.command_line import json_option, print_json


@click.command()
@click.option(
    "--max-rate", type=click.FloatRange(min=0.1), help="Events per second at most; half of it while answers get slow."
)
@click.option("--timeout", type=click.FloatRange(min=0), help="Give up after that many seconds, whatever is left.")
@click.option(
    "--patience",
    type=click.FloatRange(min=0),
    default=30.0,
    show_default=True,
    help="Give up when the database stays away for that many seconds.",
)
@click.option("--local", is_flag=True, help="Use an embedded Postgres beside the outbox, not SUPABASE_DB_URL.")
@click.option("--quiet", is_flag=True, help="No progress bar; log warnings and errors only.")
@json_option
@click.pass_context
def drain(
    ctx: click.Context,
    *,
    max_rate: float | None,
    timeout: float | None,
    patience: float,
    local: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Deliver until nothing is left. Exits 0 empty, 4 work remains, 5 database unreachable.

    \b
    Example:
      worker drain --max-rate 200 --timeout 600
    """
    # Imported here: --help answers without them.
    import sys  # noqa: PLC0415

    from worker.logs import configure_logs  # noqa: PLC0415
    from worker.run.drain import drain as drain_outbox  # noqa: PLC0415
    from worker.settings import WorkerSettings  # noqa: PLC0415

    # A progress bar and a line per batch would overwrite each other.
    configure_logs(quiet=quiet or sys.stderr.isatty())
    done = drain_outbox(
        WorkerSettings.from_env(),
        local=local,
        max_rate=max_rate,
        timeout_seconds=timeout,
        patience_seconds=patience,
        progress=not quiet,
    )
    if as_json:
        print_json(
            {
                "ending": done.ending.value,
                "events": done.events,
                "seconds": round(done.seconds, 3),
                "rate_per_second": round(done.rate_per_second, 1),
                "remaining": done.remaining,
                "parked": done.parked,
            }
        )
    else:
        click.echo(
            f"{done.ending.value}: {done.events} events in {done.seconds:.1f} s ({done.rate_per_second:,.0f}/s), "
            f"{done.remaining} remain, {done.parked} parked or held"
        )
    ctx.exit(done.exit_code)
