"""`outbox prune`: retention."""

from __future__ import annotations

from dataclasses import asdict

import click

from outbox.command_line import json_option, print_json
from outbox.commands.opened import opened
from outbox.ops.prune import DEFAULT_KEEP_DAYS, plan_prune
from outbox.ops.prune import prune as delete


@click.command()
@click.option(
    "--keep-days", type=click.FloatRange(min=0), default=DEFAULT_KEEP_DAYS, show_default=True, help="Younger ones stay."
)
@click.option("--dry-run", is_flag=True, help="Say what would go, delete nothing.")
@json_option
def prune(*, keep_days: float, dry_run: bool, as_json: bool) -> None:
    """Delete old events that `worker verify` has proven to be in the destination, and no others.

    \b
    Examples:
      worker verify && outbox prune --dry-run
      outbox prune --keep-days 90
    """
    with opened(reading=dry_run) as box:
        found = plan_prune(box, keep_days=keep_days)
        deleted = 0 if dry_run else delete(box, found)
    if as_json:
        print_json({**asdict(found), "deleted": deleted})
        return
    if dry_run:
        click.echo(f"{found.events:,} events would go (below {found.below_seq})")
    else:
        click.echo(f"{deleted:,} events deleted")
    click.echo(f"kept from {found.below_seq} on: {found.because}", err=True)
