"""`outbox outages`: the ledger."""

from __future__ import annotations

import datetime as dt

import click

from outbox.command_line import json_option, print_json
from outbox.commands.opened import opened
from outbox.outages import OutageRecord, list_outages
from outbox.wording import age


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
        click.echo(_line(row))
    if not rows:
        click.echo("no outage so far", err=True)


def _line(row: OutageRecord) -> str:
    began = dt.datetime.fromisoformat(row.began_at)
    lasted = age((dt.datetime.fromisoformat(row.ended_at) - began).total_seconds()) if row.ended_at else "goes on"
    if row.drained_at and row.ended_at:
        took = dt.datetime.fromisoformat(row.drained_at) - dt.datetime.fromisoformat(row.ended_at)
        drained = f"drained in {age(took.total_seconds())}"
    else:
        drained = "not drained yet"
    backlog = f"backlog {row.backlog_at_begin:,} -> {row.backlog_peak:,}"
    return f"{began:%Y-%m-%d %H:%M:%SZ}  {lasted:<10}  {backlog}, {drained}: {row.cause}"
