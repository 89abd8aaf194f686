"""`outbox pause` and `outbox resume`: the worker waits; generators do not notice."""

from __future__ import annotations

import click

from outbox import audit
from outbox.commands.opened import opened
from outbox.transaction import write_transaction


@click.command()
@click.option("--reason", help="Why; kept in the audit trail.")
def pause(*, reason: str | None) -> None:
    """Tell the worker to wait until `outbox resume`; a restart does not forget it. Generators go on.

    \b
    Example:
      outbox pause --reason 'database maintenance'
    """
    _steer("pause", reason, "paused", "was paused already")


@click.command()
@click.option("--reason", help="Why; kept in the audit trail.")
def resume(*, reason: str | None) -> None:
    """Let the worker go on.

    \b
    Example:
      outbox resume
    """
    _steer("resume", reason, "goes on", "was not paused")


def _steer(action: str, reason: str | None, done: str, already: str) -> None:
    with opened() as box:
        with write_transaction(box.connection, box.gate):
            changed = box.relay.pause() if action == "pause" else box.relay.resume()
            if changed:
                audit.record(box.connection, box.clock.now(), action, reason=reason)
        box.ring()
    click.echo(f"delivery {done if changed else already}", err=True)
