"""`outbox status`: the first thing that an operator types."""

from __future__ import annotations

import datetime as dt
import sys

import click

from outbox.command_line import json_option, print_json
from outbox.commands.opened import opened
from outbox.status import read_status
from outbox.status_screen import lines

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
