"""Which of the worker's statements a text is."""

from psycopg.sql import Composable

from simulation.declared import CATALOGUE
from worker.apply import tables
from worker.apply.queries import query, statements

_FILES = ("relay", "inbox", "obstacles", "bus")
_MADE = {"projection": tables.projection, "verify": tables.verify}
_NAMES = {query(file, name): f"{file}.{name}" for file in _FILES for name in statements(file)} | {
    text.strip().rstrip(";"): f"{file}.{name}" for file, made in _MADE.items() for name, text in made(CATALOGUE).items()
}

_OWN = frozenset({
    "select 1", "begin", "commit", "rollback", "set constraints all immediate", "select current_user::text",
    "savepoint tag", "savepoint example", "savepoint compared", "release savepoint tag",
})  # fmt: skip


def name_of(text: str | Composable) -> str:
    """Return the name of a statement; those without one are their own.

    Raises:
        KeyError: it is not one of the worker's.
    """
    if isinstance(text, Composable):  # the one that is composed, of a column's and a table's name
        return "select max"
    return text if text in _OWN or text.startswith("begin ") else _NAMES[text]
