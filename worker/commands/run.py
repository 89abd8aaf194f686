"""`worker run`: the background process."""

import click


@click.command()
@click.option("--local", is_flag=True, help="Use an embedded Postgres beside the outbox, not SUPABASE_DB_URL.")
@click.option("--quiet", is_flag=True, help="Log warnings and errors only.")
def run(*, local: bool, quiet: bool) -> None:
    """Deliver for ever: wait for events, carry them over, wait out every outage.

    One worker per outbox. SIGTERM finishes the batch in hand, within five seconds. Without CREATOR_OS_DB_PERSIST=true
    it holds: generators append, and nothing is delivered.

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
