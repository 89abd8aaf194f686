"""`outbox status`: the first thing that an operator types."""

from __future__ import annotations

import datetime as dt
import sys

import click

from outbox.command_line import json_option, print_json
from outbox.commands.opened import opened
from outbox.status import Status, read_status
from outbox.wording import age, size

_REFRESH_SECONDS = 1.0


@click.command()
@click.option("--watch", is_flag=True, help="Refresh every second until Ctrl-C (one line a second when piped).")
@json_option
def status(*, watch: bool, as_json: bool) -> None:
    """Say whether generation is safe, what is wrong, how much waits, and what needs a person.

    \b
    Examples:
      outbox status
      outbox status --json | jq .backlog
      outbox status --watch
    """
    with opened() as box:
        if not watch:
            found = read_status(box, dt.datetime.now(dt.UTC))
            if as_json:
                print_json(found.as_dict())
            else:
                click.echo("\n".join(lines(found)))
            return
        # Imported here: only a live screen pays for it.
        from outbox.commands.watch import watch_status  # noqa: PLC0415

        watch_status(box, as_json=as_json, live=sys.stdout.isatty(), seconds=_REFRESH_SECONDS)


def lines(status: Status) -> list[str]:
    """Write the status as a person reads it, most urgent first."""
    return [
        f"generation  safe: {status.last_seq:,} events in the log, {size(status.bytes)} on disk",
        f"delivery    {_delivery(status)}",
        f"backlog     {_backlog(status)}",
        f"parked      {_parked(status)}",
        *([f"warning     the WAL is {size(status.wal_bytes)}: {_WAL_REMEDY}"] if status.wal_is_large else []),
        f"outbox      {status.outbox_id}",
    ]


_WAL_REMEDY = "a reader keeps it from being cut back; close old `outbox export` runs and SQLite shells"


def _delivery(status: Status) -> str:
    worker = status.worker
    if status.outage:
        return f"OUTAGE since {status.outage.began_at}: {status.outage.cause}. Nothing is lost; it is retried for ever"
    if status.paused:
        return "paused by an operator: `outbox resume` lets it go on"
    if worker.state == "stopped":
        # Not running is only wrong where something waits for it.
        hint = "start it with `worker run`" if status.backlog else "nothing waits"
        return f"no worker runs ({hint})"
    told = f"worker {worker.pid} is {worker.state} since {worker.since}"
    return f"{told}; last error: {worker.last_error}" if worker.last_error else told


def _backlog(status: Status) -> str:
    if status.backlog == 0:
        return "empty: everything is in the destination"
    oldest = f", the oldest {age(status.oldest_pending_seconds)} old" if status.oldest_pending_seconds else ""
    rate = status.worker.rate_per_second
    pace = f", {rate:,.0f}/s" if rate else ""
    eta = f", done in {age(status.worker.eta_seconds)}" if status.worker.eta_seconds else ""
    return f"{status.backlog:,} events wait{oldest}{pace}{eta}"


def _parked(status: Status) -> str:
    if status.parked == 0:
        return "none: nothing needs you"
    return f"{status.parked:,} need you: `outbox parked list`"
