"""`outbox status`: the first thing that an operator types."""

from __future__ import annotations

import datetime as dt
import os
import sys

import click

from outbox.command_line import EXIT_OK, EXIT_WORK_REMAINS, json_option, print_json
from outbox.commands.opened import opened
from outbox.errors import OutboxCorrupt, OutboxTooNew, StorageFailed, StorageFull
from outbox.log.sqlite_errors import translated
from outbox.ops.alarm import LIMITS, Limits, alarms
from outbox.ops.assessment import Assessment, assess
from outbox.ops.status import Status, read_status
from outbox.ops.status_screen import lines, screen
from outbox.ops.unreadable import unreadable
from outbox.settings import OutboxSettings
from outbox.terminal import console

_REFRESH_SECONDS = 1.0
_UNREADABLE = (OutboxCorrupt, OutboxTooNew, StorageFailed, StorageFull)


@click.command()
@click.option("--watch", is_flag=True, help="Refresh every second until Ctrl-C (one line a second when piped).")
@click.option("--check", is_flag=True, help="One line for a monitor; exit 4 when something needs a person, else 0.")
@click.option(
    "--max-outage",
    "outage_seconds",
    metavar="SECONDS",
    type=click.FloatRange(min=0),
    default=LIMITS.outage_seconds,
    show_default=True,
    help="With --check: how long an outage may last.",
)
@click.option(
    "--max-age",
    "backlog_seconds",
    metavar="SECONDS",
    type=click.FloatRange(min=0),
    default=LIMITS.backlog_seconds,
    show_default=True,
    help="With --check: how old the oldest waiting event may be.",
)
@click.option(
    "--max-parked",
    "most_parked",
    metavar="COUNT",
    type=click.IntRange(min=0),
    default=LIMITS.parked,
    show_default=True,
    help="With --check: how many events may be parked.",
)
@json_option
def status(
    *, watch: bool, check: bool, outage_seconds: float, backlog_seconds: float, most_parked: int, as_json: bool
) -> int:
    """Say whether generation is safe, what is wrong and since when, how much waits, and what needs a person.

    The last answer holds the command to type next. Piped, the lines are plain and their labels never change.

    \b
    Examples:
      outbox status
      outbox status --json | jq .backlog
      outbox status --watch
      outbox status --check || mail -s "outbox" ops    # from cron
    """
    if watch and check:
        raise click.UsageError("--check answers once; leave out --watch")
    limits = Limits(outage_seconds=outage_seconds, backlog_seconds=backlog_seconds, parked=most_parked)
    try:
        with opened(reading=True) as box, translated(box.path):
            if watch:
                # Imported here: only a live screen pays for it.
                from outbox.commands.watch import watch_status  # noqa: PLC0415

                watch_status(box, as_json=as_json, live=sys.stdout.isatty(), seconds=_REFRESH_SECONDS)
            found = read_status(box, dt.datetime.now(dt.UTC))
    except _UNREADABLE as error:
        if check and not as_json:
            click.echo(f"needs a person: {unreadable(error).trouble[0].text}")
            return EXIT_WORK_REMAINS
        # To a user who may not read the file this says nothing about how things stand.
        if as_json or watch or not os.access(OutboxSettings.from_env().outbox_path, os.R_OK):
            raise
        _show(unreadable(error))
        return error.exit_code
    reasons = alarms(found, limits) if check else []
    if as_json:
        checked = {"check": {"ok": not reasons, "alarms": reasons}} if check else {}
        print_json({**found.as_dict(), **assess(found).as_dict(), **checked})
    elif check:
        click.echo(_one_line(found, reasons))
    else:
        _show(found)
    return EXIT_WORK_REMAINS if reasons else EXIT_OK


def _one_line(found: Status, reasons: list[str]) -> str:
    numbers = f"{found.backlog:,} waiting, {found.parked_list.parked:,} parked, worker {found.worker.state}"
    return f"needs a person: {'; '.join(reasons)} ({numbers})" if reasons else f"ok: {numbers}"


def _show(found: Status | Assessment) -> None:
    if not sys.stdout.isatty():
        click.echo("\n".join(lines(found) if isinstance(found, Status) else screen(found)))
        return
    # Imported here: a pipe does not pay for it.
    from outbox.ops.status_view import answers, view  # noqa: PLC0415

    console(highlight=False).print(view(found) if isinstance(found, Status) else answers(found))
