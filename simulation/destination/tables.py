"""The few tables that the relay writes, as dictionaries with transactions.

No SQL engine: rows by their natural keys, and what a transaction sees is what is committed, and its own writes. Rows
are never changed in place, so a copy of the outer dictionaries is a snapshot.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from simulation.declared import CATALOGUE

Row = dict[str, Any]
Key = Any
NOWHERE = UUID(int=0)
NAMES = (
    *CATALOGUE.aggregates, *(one.relation for one in CATALOGUE.outsides.values()),
    *(one.relation for one in CATALOGUE.links.values()), "removed_links", "sources", "parked", "inbox",
    "streams", "starts",
)  # fmt: skip


class Tables:
    """Everything that is committed: table -> key -> row; and which number each sequence gave last, committed or not."""

    def __init__(self, rows: dict[str, dict[Key, Row]] | None = None, numbers: Counter[str] | None = None) -> None:
        self.rows = rows or {name: {} for name in NAMES}
        self.numbers = Counter() if numbers is None else numbers

    def copy(self) -> "Tables":
        """A snapshot."""
        return Tables({name: dict(rows) for name, rows in self.rows.items()}, Counter(self.numbers))


class Transaction:
    """One transaction's view, read committed unless it has a snapshot.

    Attributes:
        writes: (table, key) -> the row, None where it was deleted; in the order of the first write.
        began: when, in microseconds by the server's clock.
        failed: a statement of it was refused; nothing but a rollback is accepted.
        destination_id: the identity of the database.
        has_our_settings: whether what statements rest on was set, whatever the login brings along.
    """

    def __init__(self, tables: Tables, now: float, *, destination_id: UUID = NOWHERE, snapshot: bool = False) -> None:
        self._tables = tables.copy() if snapshot else tables
        self._numbers = tables.numbers
        self.writes: dict[tuple[str, Key], Row | None] = {}
        self.began = int(now * 1_000_000)
        self.destination_id = destination_id
        self.failed = False
        self.lock_timeout_seconds = self.statement_timeout_seconds = float("inf")
        self.has_our_settings = False

    def get(self, table: str, key: Key) -> Row | None:
        """Return a row, None where there is none."""
        if (table, key) in self.writes:
            return self.writes[table, key]
        return self._tables.rows[table].get(key)

    def put(self, table: str, key: Key, row: Row | None) -> None:
        """Write a row, or delete it."""
        self.writes[table, key] = row

    def next_number(self, table: str) -> int:
        """Return the next number of a table's sequence; it is given once, whatever becomes of the transaction."""
        self._numbers[table] += 1
        return self._numbers[table]

    def every(self, table: str) -> Iterator[tuple[Key, Row]]:
        """Yield all rows of a table."""
        for key, row in self._tables.rows[table].items():
            if (table, key) not in self.writes:
                yield key, row
        for (name, key), written in self.writes.items():
            if name == table and written is not None:
                yield key, written

    def by_id(self, table: str, identity: Any) -> Row | None:
        """Return the row with this id."""
        return next((row for _, row in self.every(table) if row["id"] == identity), None)

    def apply(self) -> None:
        """Commit."""
        for (table, key), row in self.writes.items():
            if row is None:
                self._tables.rows[table].pop(key, None)
            else:
                self._tables.rows[table][key] = row
