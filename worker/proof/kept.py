"""What should stand in the database, one entry for each aggregate: the recent ones in memory, all others on the disk.

A log may speak of ten million aggregates. Those that a log speaks of again and again it mostly speaks of in a row, as
the lessons of a course; so few have to be fetched back. On the disk is a SQLite file in the temporary directory, whose
name is taken away at once where the system allows it; a log with few aggregates needs none.
"""

from __future__ import annotations

import pickle
import sqlite3
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST = 10_000  # in memory: some 4 KB each
_TABLE = "create table kept (kind text, key text, entry blob, primary key (kind, key)) without rowid"


class Entry(Protocol):
    """What is kept is found by the kind of its aggregate and its natural key."""

    @property
    def kind(self) -> str: ...

    @property
    def key(self) -> str: ...


One = TypeVar("One", bound=Entry)


class Kept(Generic[One]):
    """The entries by kind and natural key."""

    def __init__(self) -> None:
        self._recent: dict[tuple[str, str], One] = {}
        self._most = MOST
        self._disk: sqlite3.Connection | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def at(self, one: One) -> One:
        """Return the entry of the same aggregate; if there is none, this is it from now on."""
        name = one.kind, one.key
        found = self._recent.get(name)
        if found is None:
            if len(self._recent) >= self._most:
                self._move()
            found = self._recent[name] = self._stored(name) or one
        return found

    def find(self, kind: str, key: str) -> One | None:
        """Return an entry to be looked at; None if there is none."""
        return self._recent.get((kind, key)) or self._stored((kind, key))

    def of_kind(self, kind: str) -> Iterator[One]:
        """Yield the entries of a kind."""
        yield from (one for one in self._recent.values() if one.kind == kind)
        if self._disk is not None:
            for key, entry in self._disk.execute("select key, entry from kept where kind = ? order by key", [kind]):
                if (kind, key) not in self._recent:
                    yield _read(entry)

    def close(self) -> None:
        """Drop them all."""
        self._recent.clear()
        if self._disk is not None:
            self._disk.close()
        if self._folder is not None:
            self._folder.cleanup()

    def _move(self) -> None:
        try:
            disk = self._opened()
            disk.execute("begin")
            rows = ((*name, pickle.dumps(one)) for name, one in self._recent.items())
            disk.executemany("insert or replace into kept values (?, ?, ?)", rows)
            disk.execute("commit")
        except (sqlite3.OperationalError, OSError):  # no room on the disk: what is not there yet stays in memory
            if self._disk is not None and self._disk.in_transaction:
                self._disk.execute("rollback")
            self._most = sys.maxsize
        else:
            self._recent.clear()

    def _opened(self) -> sqlite3.Connection:
        if self._disk is None:
            self._folder = tempfile.TemporaryDirectory(prefix="outbox-verify-", ignore_cleanup_errors=True)
            disk = sqlite3.connect(Path(self._folder.name, "kept.db"), isolation_level=None)
            disk.execute("pragma synchronous = off")
            disk.execute("pragma journal_mode = memory")
            disk.execute(_TABLE)
            self._folder.cleanup()  # again when it is closed, where a file in use cannot be removed
            self._disk = disk
        return self._disk

    def _stored(self, name: tuple[str, str]) -> One | None:
        if self._disk is None:
            return None
        row = self._disk.execute("select entry from kept where kind = ? and key = ?", name).fetchone()
        return None if row is None else _read(row[0])


def _read(entry: bytes) -> Any:
    return pickle.loads(entry)  # noqa: S301 - ours, from a file that has no name
