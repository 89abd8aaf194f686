"""The relay's statements, by name, from `worker/sql/*.sql`."""

import re
from functools import cache
from importlib import resources
from typing import LiteralString, cast

_NAMED = re.compile(r"^-- name: (\w+)\n(.*?)(?=^-- name: |\Z)", re.MULTILINE | re.DOTALL)


@cache
def _file(name: str) -> dict[str, LiteralString]:
    text = (resources.files("worker.sql") / f"{name}.sql").read_text(encoding="utf-8")
    return dict(cast("list[tuple[str, LiteralString]]", _NAMED.findall(text)))


def query(file: str, name: str) -> LiteralString:
    """Return the statement `name` of `worker/sql/<file>.sql`; values are bound, never written into it."""
    return _file(file)[name].strip().rstrip(";")
