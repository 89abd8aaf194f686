"""`worker console`: the page for a person who is paged."""

from pathlib import Path

import click


@click.command()
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8787,
    show_default=True,
    help="Where to listen on 127.0.0.1; 0 for any free port.",
)
@click.argument("outboxes", metavar="[OUTBOX]...", nargs=-1, type=click.Path(path_type=Path))
def console(*, port: int, outboxes: tuple[Path, ...]) -> None:
    """Serve pages on 127.0.0.1: how things stand, what is parked, and what you decide about it.

    It reads the outbox file alone and works with the database down. It prints two addresses, each with a key: the
    first allows decisions, the second shows everything and decides nothing. From another machine:
    ssh -L 8787:127.0.0.1:8787 HOST, then open a printed address there.

    OUTBOX names the outbox files, several for one page of all; without it, OUTBOX_PATH.

    \b
    Examples:
      worker console --port 8787
      worker console /srv/a/outbox.db /srv/b/outbox.db
    """
    # Imported here: --help answers without them.
    from msgspec.structs import replace  # noqa: PLC0415

    from outbox import OutboxSettings  # noqa: PLC0415
    from outbox.operating import not_found  # noqa: PLC0415
    from worker.console import serve_console  # noqa: PLC0415

    settings = OutboxSettings.from_env()
    found = [replace(settings, outbox_path=path) for path in dict.fromkeys(outboxes)] or [settings]
    for one in found:
        if not one.outbox_path.exists():
            raise not_found(one.outbox_path)
    serve_console(found, port=port, told=_told)


def _told(deciding: str, reading: str) -> None:
    click.echo(deciding)
    click.echo(reading)
    click.echo(
        "open the first address in a browser of this host to decide, the second to look only; it ends with Ctrl-C",
        err=True,
    )
