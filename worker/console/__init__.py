"""The console: one page on the loopback address for a person who is paged, from the outbox file alone."""

from worker.console.app import console_app
from worker.console.keys import Keys
from worker.console.server import serve_console

__all__ = ["Keys", "console_app", "serve_console"]
