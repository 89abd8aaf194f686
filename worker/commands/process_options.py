"""Options that every process of the worker has which runs for ever."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])


def process_options(command: Command) -> Command:
    """Add where it shows its metrics, and how much it logs."""
    for option in reversed(
        (
            click.option(
                "--metrics-port",
                type=click.IntRange(0, 65535),
                help="Answer Prometheus on this port of 127.0.0.1: /metrics, /healthz, /readyz; 0 takes a free one"
                " [OUTBOX_METRICS_PORT].",
            ),
            click.option(
                "--metrics-file",
                type=click.Path(dir_okay=False, path_type=Path),
                help="Write the metrics to this file every 15 s, for node_exporter's textfile collector"
                " [OUTBOX_METRICS_FILE].",
            ),
            click.option("--quiet", is_flag=True, help="Log warnings and errors only."),
        )
    ):
        command = option(command)
    return command
