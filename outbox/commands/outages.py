"""`outbox outages`: the ledger."""

from __future__ import annotations

import datetime as dt
import shutil
import sys

import click

from outbox.command_line import json_option, print_json
from outbox.commands.opened import opened
from outbox.notes.outages import OutageRecord, list_outages
from outbox.ops.backlog import points
from outbox.ops.backlog_plot import plot
from outbox.ops.wording import age
from outbox.terminal import one_line


@click.command()
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="At most so many.")
@click.option("--plot/--no-plot", "drawn", default=True, help="Draw the backlog over time below the list.")
@json_option
def outages(*, limit: int, drawn: bool, as_json: bool) -> None:
    """List the outages, newest first: cause, length, what each left to drain; and draw the backlog over time.

    The curve joins what the ledger notes in straight lines: the backlog as an outage began, at its most, and drained.

    \b
    Examples:
      outbox outages
      outbox outages --json | jq '.[0].cause'
    """
    with opened(reading=True) as box:
        rows = list_outages(box.connection, limit=limit)
        position = box.relay.position
        backlog = max(0, box.last_seq - (position.applied_seq if position else 0))
    if as_json:
        print_json([row.as_dict() for row in rows])
        return
    for row in rows:
        click.echo(_line(row))
    if not rows:
        click.echo("no outage so far", err=True)
    elif drawn:
        click.echo("\nbacklog")
        unicode = (sys.stdout.encoding or "").lower().startswith("utf")
        corners = points(rows, dt.datetime.now(dt.UTC), backlog)
        click.echo("\n".join(plot(corners, width=shutil.get_terminal_size().columns, unicode=unicode)))


def _line(row: OutageRecord) -> str:
    began = dt.datetime.fromisoformat(row.began_at)
    lasted = age((dt.datetime.fromisoformat(row.ended_at) - began).total_seconds()) if row.ended_at else "goes on"
    if row.drained_at and row.ended_at:
        took = dt.datetime.fromisoformat(row.drained_at) - dt.datetime.fromisoformat(row.ended_at)
        drained = f"drained in {age(took.total_seconds())}"
    else:
        drained = "not drained yet"
    backlog = f"backlog {row.backlog_at_begin:,} -> {row.backlog_peak:,}"
    return f"{began:%Y-%m-%d %H:%M:%SZ}  {lasted:<10}  {backlog}, {drained}: {one_line(row.cause)}"
