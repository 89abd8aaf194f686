"""An event log as one would write it by hand, without this project: what the quick look holds our steps against.

It is made of the same stuff as ours (Python around JSON, a hash, ids, two rows in one SQLite transaction), so another
processor, Python or SQLite moves both alike. It uses nothing of `outbox`, so no change of ours moves it. It checks no
contract, keeps no lock, rings no bell and recovers nothing.
"""

import datetime as dt
import hashlib
import json
import sqlite3
import uuid
from pathlib import Path
from typing import Any

_SCHEMA = """
create table events (
  seq integer primary key, event_id text not null, type text not null, aggregate_id text not null,
  sha256 text not null, occurred_at text not null, payload text not null
);
create index events_of_aggregate on events (aggregate_id, seq);
create table heads (aggregate_id text primary key, seq integer not null, sha256 text not null) without rowid;
"""
_HEAD = (
    "insert into heads values (?, ?, ?) on conflict (aggregate_id) do update set seq = excluded.seq, "
    "sha256 = excluded.sha256"
)


class ByHand:
    """A log of events in one SQLite file, WAL, synchronous=FULL."""

    def __init__(self, file: Path) -> None:
        self._connection = sqlite3.connect(file, isolation_level=None)
        self._connection.execute("pragma journal_mode = wal")
        self._connection.execute("pragma synchronous = full")
        self._connection.executescript(_SCHEMA)

    def append(self, *payloads: dict[str, Any]) -> None:
        """Append all of them in one transaction."""
        connection = self._connection
        connection.execute("begin immediate")
        for payload in payloads:
            text = json.dumps(payload, sort_keys=True, ensure_ascii=False)
            sha256 = hashlib.sha256(text.encode()).hexdigest()
            aggregate = str(uuid.uuid5(uuid.NAMESPACE_URL, f"content:{payload['slug']}"))
            row = connection.execute("select seq, sha256 from heads where aggregate_id = ?", (aggregate,)).fetchone()
            if row and row[1] == sha256:
                continue
            now = dt.datetime.now(dt.UTC).isoformat()
            seq = connection.execute(
                "insert into events (event_id, type, aggregate_id, sha256, occurred_at, payload) "
                "values (?, ?, ?, ?, ?, ?)",
                (str(uuid.uuid4()), "content.upserted", aggregate, sha256, now, text),
            ).lastrowid
            connection.execute(_HEAD, (aggregate, seq, sha256))
        connection.execute("commit")

    def close(self) -> None:
        self._connection.close()
