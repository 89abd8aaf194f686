"""Log lines: one JSON object per line on stderr, coloured text on a terminal.

Event names are constant and dotted (`relay.outage_began`); values are keys. No payload, no connection string and no
local variable of a traceback is ever logged. docs/logging.md lists every name.

What the libraries log goes nowhere: they quote the server, whose messages hold values of rows, and what matters of it
is raised as well.
"""

import logging
import sys
from typing import Any

import structlog
from structlog.tracebacks import ExceptionDictTransformer


def configure_logs(*, quiet: bool = False) -> None:
    """Set structlog up for this process; called by the commands only.

    Args:
        quiet: warnings and errors only.
    """
    logging.getLogger().addHandler(logging.NullHandler())  # without a handler, warnings would reach stderr all the same
    processors: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if sys.stderr.isatty():
        processors.append(structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback))
    else:
        processors.append(structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False)))
        processors.append(structlog.processors.JSONRenderer())
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger("warning" if quiet else "info"),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )


def get_log() -> Any:
    """Return the logger; bind values to it, never format them into the event's name."""
    return structlog.get_logger()
