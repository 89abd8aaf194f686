"""`worker console`: the page for whoever is paged."""

import click


@click.command()
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8787,
    show_default=True,
    help="Where to listen on 127.0.0.1; 0 for any free port.",
)
def console(*, port: int) -> None:
    """Serve one page on 127.0.0.1: how things stand, what is parked, and what you decide about it.

    It reads the outbox file alone and works with the database down. The address it prints holds a key: whoever has it
    may decide. From another machine: ssh -L 8787:127.0.0.1:8787 HOST, then open the printed address there.

    \b
    Example:
      worker console --port 8787
    """
    # Imported here: --help answers without them.
    from outbox import OutboxSettings  # noqa: PLC0415
    from outbox.operating import not_found  # noqa: PLC0415
    from worker.console import serve_console  # noqa: PLC0415

    settings = OutboxSettings.from_env()
    if not settings.outbox_path.exists():
        raise not_found(settings.outbox_path)
    serve_console(settings, port=port, told=_told)


def _told(address: str) -> None:
    click.echo(address)
    click.echo("open that address in a browser of this host; it ends with Ctrl-C", err=True)
