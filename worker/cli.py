"""The `worker` command: carries what waits in the outbox to Supabase, and proves that it arrived."""

import sys

import click

from outbox import OutboxError
from outbox.command_line import LazyGroup, env_file_option
from outbox.command_line import run as run_command
from worker.bus.settings import BusSettings
from worker.errors import WorkerError
from worker.settings import WorkerSettings

_COMMANDS = {
    "run": ("worker.commands.run:run", "Deliver for ever: the background process."),
    "drain": ("worker.commands.drain:drain", "Deliver until nothing is left, with progress."),
    "replay": ("worker.commands.replay:replay", "Apply events again, to a fresh or restored database."),
    "verify": ("worker.commands.verify:verify", "Compare files, log and rows by hash."),
    "doctor": ("worker.commands.doctor:doctor", "Check this host, the outbox and the database."),
    "retry": ("worker.commands.retry:retry", "Let a worker that waits for the database try now."),
    "adopt": ("worker.commands.adopt:adopt", "Say which database is a copy, and which took the place of the last one."),
    "console": ("worker.commands.console:console", "Serve a page on 127.0.0.1: how things stand, what to decide."),
    "forward": ("worker.commands.forward:forward", "Send the log over a bus; a centre applies it."),
    "apply": ("worker.commands.apply:apply", "Be the centre: apply what hosts send over a bus."),
    "migrate": ("worker.commands.migrate:migrate", "Carry the database's schema forward or back."),
}


@click.group(
    cls=LazyGroup,
    lazy=_COMMANDS,
    settings=[WorkerSettings, BusSettings],
    context_settings={"help_option_names": ["-h", "--help"]},
)
@env_file_option
@click.version_option(package_name="creatoros-outbox")
def cli() -> None:
    """Carry the outbox to Supabase.

    The outbox is named by OUTBOX_PATH, the database by SUPABASE_DB_URL; CREATOR_OS_DB_PERSIST=true lets events through.
    With --local everything runs on an embedded Postgres beside the outbox.

    Exit codes: 0 ok, 1 failed, 2 usage, 3 configuration, 4 a check did not hold or work remains, 5 unreachable.

    \b
    Examples:
      worker run
      worker drain --local
      worker verify --json
    """


def main() -> None:
    """Run the command line; no exception that nobody foresaw shows what it says."""
    try:
        run_command(cli, errors=(WorkerError, OutboxError), lossy=True)
    except Exception as exc:  # noqa: BLE001 - the last place where it can be kept from the terminal
        # Imported here: --help answers without it.
        from worker.process.crash import tell_crash  # noqa: PLC0415

        tell_crash(exc)
        sys.exit(WorkerError.exit_code)
