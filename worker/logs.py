"""Log lines: one JSON object per line on stderr, coloured text on a terminal.

Event names are constant and dotted (`relay.outage_began`); values are keys. No payload, no connection string and no
local variable of a traceback is ever logged. docs/logging.md lists every name.

What the libraries log goes nowhere: they quote the server, whose messages hold values of rows, and what matters of it
is raised as well.
"""

import io
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

import structlog
from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import EventDict

from outbox.terminal import obeyed, one_line, shown


def configure_logs(*, quiet: bool = False) -> None:
    """Set structlog up for this process; the commands do so, a program that calls us has its own.

    Args:
        quiet: warnings and errors only.
    """
    logging.getLogger().addHandler(logging.NullHandler())  # without a handler, warnings would reach stderr all the same
    processors: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    stream = sys.stderr
    if stream.isatty():
        # Its colours go around the screen, so the values are made safe before.
        processors += [_visible, structlog.dev.ConsoleRenderer(exception_formatter=_visible_traceback)]
        stream = obeyed(stream)
    else:
        processors.append(structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False)))
        processors.append(structlog.processors.JSONRenderer())
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger("warning" if quiet else "info"),
        logger_factory=structlog.WriteLoggerFactory(stream),
        cache_logger_on_first_use=False,
    )


@contextmanager
def logs_of_a_library() -> Iterator[None]:
    """For calls from a program: its own set-up of structlog counts; without one, warnings and errors go to stderr."""
    if structlog.is_configured():
        yield
        return
    configure_logs(quiet=True)
    try:
        yield
    finally:
        structlog.reset_defaults()


def _visible(_logger: object, _method: str, event: EventDict) -> EventDict:
    return {key: value if key == "exc_info" else _shown(value) for key, value in event.items()}


def _shown(value: Any) -> Any:
    if isinstance(value, str):
        return shown(one_line(value))
    if isinstance(value, list | tuple):
        return [_shown(one) for one in value]
    if isinstance(value, dict):
        return {_shown(key): _shown(one) for key, one in value.items()}
    return value if value is None or isinstance(value, int | float) else shown(str(value))


def _visible_traceback(stream: TextIO, found: structlog.typing.ExcInfo) -> None:
    text = io.StringIO()
    structlog.dev.plain_traceback(text, found)
    stream.write(shown(text.getvalue()))


def get_log() -> Any:
    """Return the logger; bind values to it, never format them into the event's name."""
    return structlog.get_logger()
