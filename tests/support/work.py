"""Counts what SQLite does: steps of its virtual machine, the same on every machine and under any load."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def counted_steps(connection: sqlite3.Connection) -> Iterator[list[int]]:
    """Yield a list whose one number grows with each step."""
    steps = [0]

    def step() -> None:
        steps[0] += 1

    connection.set_progress_handler(step, 1)
    try:
        yield steps
    finally:
        connection.set_progress_handler(None, 1)
