"""`outbox outages`: the ledger."""

from __future__ import annotations

import click

from outbox.command_line import json_option, print_json
from outbox.commands.opened import opened
from outbox.outages import list_outages


@click.command()
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="At most so many.")
@json_option
def outages(*, limit: int, as_json: bool) -> None:
    """List the outages, newest first: cause, length, and what each left to drain.

    \b
    Example:
      outbox outages --json | jq '.[0].cause'
    """
    with opened() as box:
        rows = list_outages(box.connection, limit=limit)
    if as_json:
        print_json([row.as_dict() for row in rows])
        return
    for row in rows:
        click.echo(
            f"{row.began_at} .. {row.ended_at or 'goes on':<32} backlog {row.backlog_at_begin} -> {row.backlog_peak}"
            f", drained {row.drained_at or 'not yet'}: {row.cause}"
        )
    if not rows:
        click.echo("no outage so far", err=True)
