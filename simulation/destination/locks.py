"""Row locks: who waits for whom, for how long, and who is told of a deadlock.

They stand before the database, model or real alike: a statement is sent once every row that it would wait for is free.
So a real server never blocks a process that has the baton, and both are met in the same order.
"""

from collections.abc import Callable
from typing import Any

from simulation.declared import CATALOGUE, TABLES
from simulation.destination.refusals import refusal
from simulation.destination.statements import mark_of, parsed

Key = tuple[Any, ...]


class Locks:
    """The locks of one database.

    Args:
        wait: sleeps up to that many seconds, until a condition comes true.
    """

    def __init__(self, wait: Callable[[float, Callable[[], bool]], None]) -> None:
        self._wait = wait
        self._holders: dict[Key, Any] = {}
        self._wanted: dict[Any, Key] = {}

    def take(self, session: Any, keys: list[Key], timeout_seconds: float, still: Callable[[], bool]) -> None:
        """Take locks, one after the other; `still` says whether the session is there.

        Raises:
            psycopg.Error: 55P03, it took too long; 40P01, waiting would never end.
        """
        for key in keys:
            if self._is_free(key, session):
                self._holders[key] = session
                continue
            if self._is_deadlock(key, session):
                raise refusal("40P01")
            self._wanted[session] = key
            try:
                self._wait(timeout_seconds, lambda key=key: self._is_free(key, session) or not still())  # type: ignore[misc]
            finally:
                del self._wanted[session]
            if not self._is_free(key, session):
                raise refusal("55P03")
            self._holders[key] = session

    def release(self, session: Any) -> None:
        """Give back all that a session holds."""
        self._holders = {key: holder for key, holder in self._holders.items() if holder is not session}

    def _is_free(self, key: Key, session: Any) -> bool:
        return self._holders.get(key, session) is session

    def _is_deadlock(self, key: Key, session: Any) -> bool:
        holder = self._holders[key]
        while holder in self._wanted:
            holder = self._holders.get(self._wanted[holder])
            if holder is session:
                return True
        return False


def keys_of(name: str, values: Any, exists: Callable[[str, Any], bool]) -> list[Key]:
    """Return what a statement locks, in the order in which it does.

    Args:
        name: of the statement.
        values: bound to it.
        exists: whether a committed row (or one of this transaction) has that table and key; for an id, table "id".
    """
    _, _, verb = name.partition(".")
    if verb in {"lock_position", "advance", "rewind", "wrote_again", "register"}:
        key = ("sources", values["outbox_id"])
        return [key] if exists(*key) is not (verb == "register") else []
    # `register` waits for another that is about to make the row; one that is there it leaves alone, locked or not.
    if verb == "lock_positions":
        return [("sources", one) for one in sorted(values["outbox_ids"]) if exists("sources", one)]
    if verb in {"note_read", "note_reader"}:
        return [("streams", values["lane"])]
    if verb.startswith(("written_", "taken_", "linked_", "unlinked_")):  # what the transaction itself wrote
        return []
    what, _, many = verb.partition("_")
    kind = many.removesuffix("s")
    if what == "lock":
        return [(kind, slug) for slug in sorted(values["slugs"]) if exists(kind, slug)]
    if not isinstance(values, dict) or "rows" not in values:
        return []
    if what == "insert":
        return [(kind, TABLES[kind].key_of(row)) for row in parsed(values["rows"])]
    if what == "add":
        other = CATALOGUE.outsides[kind]
        names = [row[other.key] for row in parsed(values["rows"])]
        return [(other.relation, name) for name in names if not exists(other.relation, name)]
    if what not in {"link", "unlink"}:
        return []  # an update: its rows were locked when they were looked up
    link = CATALOGUE.links[kind]
    return [("link", row[link.columns[0]], mark_of(link, row)) for row in parsed(values["rows"])]
