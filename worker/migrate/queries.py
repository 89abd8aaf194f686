"""The statements of `worker/sql/migrate*.sql` by name, with their comments: an audit's first one is what it finds."""

from functools import cache
from importlib import resources
from typing import LiteralString

from worker.apply.queries import statements


@cache
def _all() -> dict[str, LiteralString]:
    found: dict[str, LiteralString] = {}
    for entry in resources.files("worker.sql").iterdir():
        if entry.name.startswith("migrate") and entry.name.endswith(".sql"):
            found.update(statements(entry.name.removesuffix(".sql")))
    return found


def query(name: str) -> LiteralString:
    """The named statement; it comes from a file of ours and holds no value of anybody's."""
    return _all()[name].strip()


def names(prefix: str) -> tuple[str, ...]:
    """The names that begin with `prefix`, in the order of the file."""
    return tuple(name for name in _all() if name.startswith(prefix))
