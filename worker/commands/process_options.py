"""Options that every process of the worker has which runs for ever."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from outbox.command_line import setting_option
from worker.settings import WorkerSettings

Command = TypeVar("Command", bound=Callable[..., Any])


def process_options(command: Command) -> Command:
    """Add where it shows its metrics, and how much it logs."""
    for option in (
        click.option("--quiet", is_flag=True, help="Log warnings and errors only."),
        setting_option("--metrics-file", WorkerSettings, "OUTBOX_METRICS_FILE", metavar="FILE"),
        setting_option("--metrics-port", WorkerSettings, "OUTBOX_METRICS_PORT", metavar="PORT"),
    ):
        command = option(command)
    return command
