"""`outbox status`: the first thing that an operator types."""

from __future__ import annotations

import datetime as dt
import sys

import click

from outbox.assessment import Assessment, assess
from outbox.command_line import EXIT_OK, json_option, print_json
from outbox.commands.opened import opened
from outbox.errors import OutboxCorrupt, OutboxTooNew, StorageFailed, StorageFull
from outbox.sqlite_errors import translated
from outbox.status import Status, read_status
from outbox.status_screen import lines, screen
from outbox.unreadable import unreadable

_REFRESH_SECONDS = 1.0
_UNREADABLE = (OutboxCorrupt, OutboxTooNew, StorageFailed, StorageFull)


@click.command()
@click.option("--watch", is_flag=True, help="Refresh every second until Ctrl-C (one line a second when piped).")
@json_option
def status(*, watch: bool, as_json: bool) -> int:
    """Say whether generation is safe, what is wrong and since when, how much waits, and what needs a person.

    The last answer holds the command to type next. Piped, the lines are plain and their labels never change.

    \b
    Examples:
      outbox status
      outbox status --json | jq .backlog
      outbox status --watch
    """
    try:
        with opened() as box, translated(box.path):
            if watch:
                # Imported here: only a live screen pays for it.
                from outbox.commands.watch import watch_status  # noqa: PLC0415

                watch_status(box, as_json=as_json, live=sys.stdout.isatty(), seconds=_REFRESH_SECONDS)
            found = read_status(box, dt.datetime.now(dt.UTC))
    except _UNREADABLE as error:
        if as_json or watch:
            raise
        _show(unreadable(error))
        return error.exit_code
    if as_json:
        print_json({**found.as_dict(), **assess(found).as_dict()})
    else:
        _show(found)
    return EXIT_OK


def _show(found: Status | Assessment) -> None:
    if not sys.stdout.isatty():
        click.echo("\n".join(lines(found) if isinstance(found, Status) else screen(found)))
        return
    # Imported here: a pipe does not pay for it.
    from rich.console import Console  # noqa: PLC0415

    from outbox.status_view import answers, view  # noqa: PLC0415

    Console(highlight=False).print(view(found) if isinstance(found, Status) else answers(found))
