"""`worker run`: the background process."""

import click

from worker.commands.process_options import process_options


@click.command()
@click.option("--local", is_flag=True, help="Use an embedded Postgres beside the outbox, not SUPABASE_DB_URL.")
@process_options
def run(*, local: bool, quiet: bool) -> None:
    """Deliver for ever: wait for events, carry them over, wait out every outage.

    One worker per outbox. SIGTERM, SIGINT and a closed terminal (SIGHUP, but not under nohup) finish the batch in
    hand, within five seconds. Without CREATOR_OS_DB_PERSIST=true it holds: generators append, and nothing is
    delivered.

    \b
    Example:
      CREATOR_OS_DB_PERSIST=true worker run
      CREATOR_OS_DB_PERSIST=true worker run --metrics-port 9464
    """
    # Imported here: --help answers without them.
    from worker.logs import configure_logs  # noqa: PLC0415
    from worker.run.serve import serve  # noqa: PLC0415
    from worker.settings import WorkerSettings  # noqa: PLC0415

    configure_logs(quiet=quiet)
    serve(WorkerSettings.from_env(), local=local)
