"""The `outbox` command: what waits, what happened, and what needs a person. It needs no database."""

from __future__ import annotations

import click

from outbox.command_line import LazyGroup, env_file_option, run
from outbox.errors import OutboxError
from outbox.settings import OutboxSettings

_COMMANDS = {
    "status": ("outbox.commands.status:status", "Say whether generation is safe, what waits and what is wrong."),
    "events": ("outbox.commands.events:events", "List the events of the log; --follow waits for more."),
    "show": ("outbox.commands.events:show", "Show one event with its payload."),
    "parked": ("outbox.commands.parked:parked", "List and resolve what the database did not take."),
    "outages": ("outbox.commands.outages:outages", "List the outages and what each left to drain."),
    "pause": ("outbox.commands.control:pause", "Tell the worker to wait; generators go on."),
    "resume": ("outbox.commands.control:resume", "Let the worker go on."),
    "recover": ("outbox.commands.recover:recover", "Finish or sweep what a crash left behind."),
    "check": ("outbox.commands.check:check", "Check the file and the log's invariants."),
    "prune": ("outbox.commands.prune:prune", "Delete events that are proven to be in the destination."),
    "backup": ("outbox.commands.backup:backup", "Copy the outbox while it is in use."),
    "docs": ("outbox.commands.docs:docs", "Show a page of the documentation."),
    "export": ("outbox.commands.export:export", "Write the log as JSON Lines."),
    "import": ("outbox.commands.import_:import_", "Take in what `outbox export` wrote, where it is news."),
}


@click.group(
    cls=LazyGroup,
    lazy=_COMMANDS,
    settings=[OutboxSettings],
    context_settings={"help_option_names": ["-h", "--help"]},
)
@env_file_option
@click.version_option(package_name="creatoros-outbox")
def cli() -> None:
    """See and steer the local outbox.

    The file is named by OUTBOX_PATH (default .outbox/outbox.db). Everything here works with the database down.

    Exit codes: 0 ok, 1 failed, 2 usage, 3 configuration, 4 a check did not hold or work remains.

    \b
    Examples:
      outbox status
      outbox events --follow
      outbox parked list
    """


def main() -> None:
    """Run the command line."""
    run(cli, errors=OutboxError)
