"""`worker run`: the background process."""

import click


@click.command(help="Deliver for ever: wait for events, carry them over, wait out every outage.")
@click.option("--local", is_flag=True, help="Use an embedded Postgres beside the outbox, not SUPABASE_DB_URL.")
@click.option("--quiet", is_flag=True, help="Log warnings and errors only.")
def run(*, local: bool, quiet: bool) -> None:
    r"""Serve the outbox until SIGTERM.

    \b
    Example:
      CREATOR_OS_DB_PERSIST=true worker run
    """
    # Imported here: --help answers without them.
    from worker.logs import configure_logs  # noqa: PLC0415
    from worker.serve import serve  # noqa: PLC0415
    from worker.settings import WorkerSettings  # noqa: PLC0415

    configure_logs(quiet=quiet)
    serve(WorkerSettings.from_env(), local=local)
