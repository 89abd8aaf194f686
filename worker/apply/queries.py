"""The worker's statements, by name, from `worker/sql/*.sql`.

Comments stay in the files: psycopg looks for placeholders in them too, and a per cent sign there would make a statement
fail that is right.
"""

import re
from functools import cache
from importlib import resources
from typing import LiteralString, cast

_NAMED = re.compile(r"^-- name: (\w+)\n(.*?)(?=^-- name: |\Z)", re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r"^ *--[^\n]*\n", re.MULTILINE)


@cache
def statements(file: str) -> dict[str, LiteralString]:
    """Return every statement of `worker/sql/<file>.sql`, as it stands there."""
    text = (resources.files("worker.sql") / f"{file}.sql").read_text(encoding="utf-8")
    return dict(cast("list[tuple[str, LiteralString]]", _NAMED.findall(text)))


@cache
def query(file: str, name: str) -> LiteralString:
    """Return the statement `name` of `worker/sql/<file>.sql`; values are bound, never written into it."""
    return _COMMENT.sub("", statements(file)[name]).strip().rstrip(";")
