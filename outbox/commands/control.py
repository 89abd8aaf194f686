"""`outbox pause` and `outbox resume`: the worker waits; generators do not notice."""

from __future__ import annotations

import click

from outbox.command_line import TEXT
from outbox.commands.opened import opened
from outbox.ops import steering


@click.command()
@click.option("--reason", type=TEXT, help="Why; kept in the audit trail.")
def pause(*, reason: str | None) -> None:
    """Tell the worker to wait until `outbox resume`; a restart does not forget it. Generators go on.

    \b
    Example:
      outbox pause --reason 'database maintenance'
    """
    with opened() as box:
        changed = steering.pause(box, reason)
    click.echo(f"delivery {'paused' if changed else 'was paused already'}", err=True)


@click.command()
@click.option("--reason", type=TEXT, help="Why; kept in the audit trail.")
def resume(*, reason: str | None) -> None:
    """Let the worker go on.

    \b
    Example:
      outbox resume
    """
    with opened() as box:
        changed = steering.resume(box, reason)
    click.echo(f"delivery {'goes on' if changed else 'was not paused'}", err=True)
