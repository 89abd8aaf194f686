"""`worker retry`: what was in the way is mended, and nobody wants to wait for the next try."""

import sys

import click

from outbox import WorkerState

WAITS = frozenset({WorkerState.OUTAGE.value, WorkerState.BLOCKED.value})


@click.command()
def retry() -> None:
    """Let a worker that waits for the database try now.

    In an outage the worker tries again within a minute, and after a refused login within five: poolers ban an address
    that shows a wrong password twice. So ask once what was in the way is mended, in the database or in a file that
    libpq reads (PGPASSFILE, PGSERVICEFILE). The environment and settings files are read at the start alone: after a
    change there, restart the worker.

    Works with the database down; nothing is asked of it. Exits with 4 if no worker runs.

    \b
    Example:
      worker retry
    """
    # Imported here: --help answers without them.
    from outbox import Outbox, OutboxSettings, read_status  # noqa: PLC0415

    with Outbox.open(OutboxSettings.from_env().outbox_path, create=False) as box:
        worker = read_status(box, box.clock.now()).worker
        if worker.pid is None:
            click.echo("no worker runs here: `worker run` starts one, and that tries at once", err=True)
            sys.exit(4)
        box.relay.ask_to_try()
        box.ring()
    waits = worker.state in WAITS
    click.echo("the worker tries now" if waits else f"the worker waits for no database: it is {worker.state}", err=True)
