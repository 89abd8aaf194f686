"""The worker's statements, by name: from `worker/sql/*.sql`, and those that are made from the catalogue (`tables`).

Comments stay in the files: psycopg looks for placeholders in them too, and a per cent sign there would make a statement
fail that is right.
"""

import re
from collections.abc import Callable
from functools import cache
from importlib import resources
from typing import LiteralString, cast

from outbox.catalogue import Catalogue, active
from worker.apply import tables

_MADE: dict[str, Callable[[Catalogue], dict[str, LiteralString]]] = {
    "projection": tables.projection,
    "verify": tables.verify,
}
_NAMED = re.compile(r"^-- name: (\w+)\n(.*?)(?=^-- name: |\Z)", re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r"^ *--[^\n]*\n", re.MULTILINE)


@cache
def statements(file: str) -> dict[str, LiteralString]:
    """Return every statement of `worker/sql/<file>.sql` as it stands there, or of those that are made, by this name."""
    if file in _MADE:  # of names that were declared in code; no value is written into them
        return _MADE[file](active())
    text = (resources.files("worker.sql") / f"{file}.sql").read_text(encoding="utf-8")
    return dict(cast("list[tuple[str, LiteralString]]", _NAMED.findall(text)))


@cache
def query(file: str, name: str) -> LiteralString:
    """Return one of the `statements` without its comments; values are bound, never written into it."""
    return _COMMENT.sub("", statements(file)[name]).strip().rstrip(";")
