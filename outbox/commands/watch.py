"""`outbox status --watch`: the status, again and again, until Ctrl-C."""

from __future__ import annotations

import datetime as dt
import json
import time

import click
from rich.live import Live

from outbox.ops.assessment import assess
from outbox.ops.status import read_status
from outbox.ops.status_view import view
from outbox.outbox import Outbox
from outbox.terminal import console


def watch_status(box: Outbox, *, as_json: bool, live: bool, seconds: float) -> None:
    """Show the status until interrupted.

    Args:
        box: the outbox.
        as_json: one JSON object a line.
        live: redraw in place; else one summary line at a time, for a pipe.
        seconds: pause between two looks.
    """
    if live and not as_json:
        with Live(console=console(highlight=False), auto_refresh=False, vertical_overflow="visible") as display:
            while True:
                display.update(view(read_status(box, _now())), refresh=True)
                time.sleep(seconds)
    while True:
        found = read_status(box, _now())
        if as_json:
            click.echo(json.dumps({**found.as_dict(), **assess(found).as_dict()}, ensure_ascii=False))
        else:
            click.echo(f"{_now():%H:%M:%S} {found.worker.state} backlog={found.backlog} parked={found.parked}")
        time.sleep(seconds)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
