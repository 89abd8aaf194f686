"""`outbox outages`: the ledger."""

from __future__ import annotations

import datetime as dt
import shutil
import sys
from collections.abc import Sequence

import click

from outbox.command_line import SEQ, json_option, print_json
from outbox.commands.opened import opened
from outbox.notes.outages import OutageRecord, list_outages
from outbox.ops.backlog import history
from outbox.ops.backlog_plot import LONGEST, Point, plot
from outbox.ops.wording import age
from outbox.outbox import Outbox
from outbox.terminal import beside, one_line


@click.command()
@click.option("--limit", type=SEQ, default=50, show_default=True, help="At most so many.")
@click.option("--plot/--no-plot", "drawn", default=True, help="Draw the backlog over time below the list.")
@json_option
def outages(*, limit: int, drawn: bool, as_json: bool) -> None:
    """List the outages, newest first: cause, length, what each left to drain; and draw the backlog over time.

    The curve is reckoned from the log and the ledger, from the first outage listed until the last one was drained.

    \b
    Examples:
      outbox outages
      outbox outages --json | jq '.[0].cause'
    """
    with opened(reading=True) as box:
        rows = list_outages(box.connection, limit=limit)
        corners = _curve(box, rows) if rows and drawn and not as_json else []
    if as_json:
        print_json([row.as_dict() for row in rows])
        return
    for row in rows:
        click.echo(_line(row))
    if not rows:
        click.echo("no outage so far", err=True)
    elif corners:
        click.echo("\nbacklog")
        unicode = (sys.stdout.encoding or "").lower().startswith("utf")
        click.echo("\n".join(plot(corners, width=shutil.get_terminal_size().columns, unicode=unicode)))


def _curve(box: Outbox, rows: Sequence[OutageRecord]) -> list[Point]:
    """The backlog from the first of these outages until all of them were drained, or until now."""
    now = box.clock.now()
    began = min(dt.datetime.fromisoformat(row.began_at) for row in rows)
    drained = [dt.datetime.fromisoformat(row.drained_at) for row in rows if row.drained_at]
    until = max(drained) if len(drained) == len(rows) else now
    span = max(until - began, dt.timedelta(0))
    found = history(box.connection, rows, now=now, until=until, span=span, samples=LONGEST)
    return [(one.at, one.backlog) for one in found]


def _line(row: OutageRecord) -> str:
    began = dt.datetime.fromisoformat(row.began_at)
    lasted = age((dt.datetime.fromisoformat(row.ended_at) - began).total_seconds()) if row.ended_at else "goes on"
    if row.drained_at and row.ended_at:
        took = dt.datetime.fromisoformat(row.drained_at) - dt.datetime.fromisoformat(row.ended_at)
        drained = f"drained in {age(took.total_seconds())}"
    else:
        drained = "not drained yet"
    backlog = f"backlog {row.backlog_at_begin:,} -> {row.backlog_peak:,}"
    text = f"{lasted:<10}  {backlog}, {drained}: {one_line(row.cause)}"
    return beside(f"{began:%Y-%m-%d %H:%M:%SZ}  ", text)
