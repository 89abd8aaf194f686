"""Reads what can be read of a damaged outbox into a new file. The damaged one is not touched."""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from outbox.catalogue.chosen import active
from outbox.catalogue.contract import parse
from outbox.catalogue.event import COLUMNS, Event
from outbox.catalogue.event_types import REMOVED_SLOT, Does
from outbox.errors import OutboxCorrupt, OutboxError
from outbox.log.database import not_found
from outbox.log.sqlite_errors import translated
from outbox.log.transaction import write_transaction
from outbox.outbox import Outbox
from outbox.paths import OutboxPaths, wal_bytes
from outbox.stored import UnreadableValue

# Both ways round: behind a damaged page there may be more.
_SEQS = (
    "select max(seq) from events",
    "select seq from heads",
    "select seq from heads order by aggregate_id desc",
    "select seq from files where seq is not null",
    "select applied_seq from destinations",
    "select value from meta where key = 'used_seq'",
)
_FACTS = {
    "audit": "id, at, who, action, seq, reason, before, after",
    "outcomes": "id, decision_id, outcome, noted_at",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Salvaged:
    """What was saved.

    Attributes:
        events: how many events were copied, seq and id as they were.
        lost: seqs that could not be read.
        lost_acts: how many entries of the audit trail could not be read, decisions about events among them.
    """

    events: int
    lost: tuple[int, ...]
    lost_acts: int = 0


def salvage(damaged: Path, target: Path) -> Salvaged:
    """Copy every readable event of `damaged` into a new outbox at `target`, in order.

    The new file is the same outbox (same id, same seqs), so the worker goes on at its position. What was lost
    above that position must be appended again: `generate import` on the course folders does it, and appends
    nothing that is there. The audit trail comes along: what people decided about events holds in the new file.

    Raises:
        OutboxError: something is at `target` already.
        OutboxCorrupt: not even the identity or the first page can be read.
    """
    if target.exists():
        raise OutboxError(f"{target} exists: salvage into a new file")
    with translated(damaged), _as_it_is(OutboxPaths.of(damaged)) as source:
        identity = source.execute("select value from meta where key = 'outbox_id'").fetchone()
        last = max(_seqs(source), default=0)
        if identity is None:
            raise OutboxCorrupt(f"{damaged} names no outbox: start a new file and run `generate import`")
        saved, lost_acts = _saved(source, target, identity, last)
    # What lies below the first readable one was pruned, as far as anyone can tell.
    expected = range(min(saved, default=1), last + 1)
    return Salvaged(events=len(saved), lost=tuple(sorted(set(expected) - set(saved))), lost_acts=lost_acts)


def _saved(source: sqlite3.Connection, target: Path, identity: tuple[str], last: int) -> tuple[list[int], int]:
    try:
        with Outbox.open(target) as box, translated(target), write_transaction(box.connection, box.gate):
            box.connection.execute("update meta set value = ? where key = 'outbox_id'", identity)
            # Also of what could not be read, no seq is used again.
            box.connection.execute("insert or replace into meta values ('used_seq', ?)", [str(last)])
            events = [_restore(box.connection, row) for row in _readable(source, last)]
            return events, _restore_acts(source, box.connection)
    except BaseException:
        paths = OutboxPaths.of(target)
        for path in (paths.database, paths.gate, paths.bell):  # half of a log is no outbox
            path.unlink(missing_ok=True)
        raise


@contextmanager
def _as_it_is(paths: OutboxPaths) -> Iterator[sqlite3.Connection]:
    """Read a file without leaving another beside it.

    SQLite reads a WAL only with an index beside it, which it would make and leave. Without a WAL it needs none; with
    both there it makes none; else a copy is read.
    """
    if not paths.database.exists():
        raise not_found(paths.database)
    index = paths.wal_index
    with ExitStack() as opened:
        file, how = paths.database, "immutable=1"
        if wal_bytes(paths) > 0:
            how = "mode=ro"
            if not index.exists():
                place = Path(opened.enter_context(TemporaryDirectory(prefix="outbox-salvage-")))
                file = place / "copy.db"
                shutil.copyfile(paths.database, file)
                shutil.copyfile(paths.wal, place / "copy.db-wal")
        source = sqlite3.connect(f"{file.as_uri()}?{how}", uri=True)
        opened.callback(source.close)
        yield source


def _seqs(source: sqlite3.Connection) -> Iterator[int]:
    """Yield every seq that any readable part of the file names; the greatest is where the log ended."""
    for query in _SEQS:
        try:
            for (seq,) in source.execute(query):
                yield int(seq or 0)
        except sqlite3.DatabaseError:  # damaged from here on
            continue


def _readable(source: sqlite3.Connection, last: int) -> Iterator[tuple[Any, ...]]:
    for seq in range(1, last + 1):
        try:
            row = source.execute(f"select {COLUMNS} from events where seq = ?", [seq]).fetchone()
        except sqlite3.DatabaseError:  # this page is damaged; the next one may not be
            continue
        if row is not None and _is_whole(row):
            yield row


def _is_whole(row: tuple[Any, ...]) -> bool:
    """A page may read well and be wrong: what was appended is known by its hash."""
    try:
        event = Event.from_row(row)
        return hashlib.sha256(event.payload_json.encode()).hexdigest() == event.payload_sha256
    except (UnreadableValue, AttributeError):
        return False


def _restore(connection: sqlite3.Connection, row: tuple[Any, ...]) -> int:
    event = Event.from_row(row)
    marks = ", ".join("?" * len(row))
    connection.execute(f"insert into events ({COLUMNS}) values ({marks})", row)
    for slot in _slots(event):
        connection.execute(
            "insert into heads values (?, ?, ?, ?, ?) on conflict do update set "
            "seq = excluded.seq, type = excluded.type, payload_sha256 = excluded.payload_sha256",
            [str(event.aggregate_id), slot, event.seq, event.type, event.payload_sha256],
        )
    return event.seq


def _restore_acts(source: sqlite3.Connection, connection: sqlite3.Connection) -> int:
    """Copy what operators did and what became of it, under the same ids; return how many acts could not be read."""
    lost = 0
    for table, columns in _FACTS.items():
        marks = ", ".join("?" * len(columns.split(", ")))
        for id_ in range(1, _last_id(source, table) + 1):
            try:
                row = source.execute(f"select {columns} from {table} where id = ?", [id_]).fetchone()
                if row is not None:
                    connection.execute(f"insert into {table} ({columns}) values ({marks})", row)
            except sqlite3.DatabaseError:  # this page is damaged, or the act is lost whose outcome this is
                row = None
            lost += row is None and table == "audit"
    return lost


def _last_id(source: sqlite3.Connection, table: str) -> int:
    try:
        (last,) = source.execute(f"select max(id) from {table}").fetchone()
    except sqlite3.DatabaseError:  # damaged at its end, or of a version that had no such table
        return 0
    return int(last or 0)


def _slots(event: Event) -> list[str]:
    try:
        contract = active().contracts[event.type]
        slot = contract.slot(parse(event.type, event.payload))
    except (KeyError, OutboxError):  # a newer package wrote it: kept, with its place in the aggregate's history
        return [event.type]
    return [slot, REMOVED_SLOT] if contract.does is Does.REMOVES else [slot]
