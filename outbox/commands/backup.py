"""`outbox backup`: an online copy."""

from __future__ import annotations

from pathlib import Path

import click

from outbox.commands.opened import opened
from outbox.ops.backup import backup as copy
from outbox.ops.wording import size


@click.command()
@click.argument("target", type=click.Path(dir_okay=False, path_type=Path))
def backup(*, target: Path) -> None:
    """Copy the outbox to TARGET while it is in use; never overwrites.

    \b
    Example:
      outbox backup /backups/outbox-$(date +%F).db
    """
    with opened(reading=True) as box:
        written = copy(box, target.absolute())
    click.echo(f"{target} ({size(written)})")
