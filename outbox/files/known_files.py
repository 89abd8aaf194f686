"""What the outbox knows of each file: its hash, who published it, and whether it still waits in staging."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

_COLUMNS = "base, path, sha256, bytes, seq, slug, temp, previous_sha256, recorded_at"
_UPSERT = (files("outbox") / "sql" / "upsert_file.sql").read_text()


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownFile:
    """A file as the outbox saw it last.

    Attributes:
        base: "" for a path below CONTENT_ROOT, else the absolute folder that it is relative to.
        path: relative, forward slashes.
        sha256: hash of the file's bytes.
        bytes: size.
        seq: the event that carries it; None for a file that no event carries.
        slug: of the content that the file carries; None for a file that carries none.
        temp: place in staging, relative to CONTENT_ROOT, until it is known to be published.
        previous_sha256: what this version replaces; None if the file was new.
        recorded_at: ISO 8601, UTC.
    """

    base: str
    path: str
    sha256: str
    bytes: int
    seq: int | None
    slug: str | None
    temp: str | None
    previous_sha256: str | None
    recorded_at: str

    @classmethod
    def from_row(cls, row: tuple[Any, ...]) -> KnownFile:
        base, path, sha256, size, seq, slug, temp, previous, at = row
        return cls(
            base=base,
            path=path,
            sha256=sha256,
            bytes=size,
            seq=seq,
            slug=slug,
            temp=temp,
            previous_sha256=previous,
            recorded_at=at,
        )


def find(connection: sqlite3.Connection, path: str, base: str = "") -> KnownFile | None:
    """Return what is known of one file."""
    row = connection.execute(f"select {_COLUMNS} from files where base = ? and path = ?", [base, path]).fetchone()
    return KnownFile.from_row(row) if row else None


def every(connection: sqlite3.Connection) -> Iterator[KnownFile]:
    """Yield all known files, by base and path."""
    for row in connection.execute(f"select {_COLUMNS} from files order by base, path"):
        yield KnownFile.from_row(row)


def staged(connection: sqlite3.Connection) -> list[KnownFile]:
    """Return the files that may still wait in staging."""
    rows = connection.execute(f"select {_COLUMNS} from files where temp is not null order by seq")
    return [KnownFile.from_row(row) for row in rows]


def is_staged(connection: sqlite3.Connection, temp: str) -> bool:
    """Tell whether the log names this staged file."""
    return connection.execute("select 1 from files where temp = ?", [temp]).fetchone() is not None


def remember(connection: sqlite3.Connection, file: KnownFile) -> None:
    """Store what is known of a file now; the caller holds a write transaction."""
    connection.execute(
        _UPSERT,
        (
            file.base,
            file.path,
            file.sha256,
            file.bytes,
            file.seq,
            file.slug,
            file.temp,
            file.previous_sha256,
            file.recorded_at,
        ),
    )


def settle(connection: sqlite3.Connection, published: list[tuple[str, str]]) -> None:
    """Note that these staged files are published, each a path and its temp; the caller holds a write transaction."""
    # By key: by the index of what it changes, SQLite would collect the rows in a table of its own first.
    connection.executemany("update files set temp = null where base = '' and path = ? and temp = ?", published)


def forget(connection: sqlite3.Connection, path: str, base: str = "") -> None:
    """Drop what is known of a file that is gone; the caller holds a write transaction."""
    connection.execute("delete from files where base = ? and path = ?", [base, path])
