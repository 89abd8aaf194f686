"""Reads the log with plain SQL, beside the code that is tested: what is in it, by whose hand, and what was decided."""

import datetime as dt
import hashlib
import sqlite3
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from msgspec.json import decode

from simulation.kernel import Violation

_EVENTS = (
    "select seq, event_id, type, aggregate_type, aggregate_id, refs, payload, occurred_at from events "
    "where seq > ? order by seq"
)
_DECIDED = (
    "select action, after from audit as a where seq = ? "
    "and action in ('retry', 'edit', 'supersede', 'discard', 'park') "
    "and coalesce((select outcome from outcomes where decision_id = a.id order by id desc limit 1), '') <> 'too_late' "
    "order by id desc"
)
_OPEN = (
    "select 1 from audit as a where action in ('retry', 'edit', 'supersede', 'discard', 'park') and seq is not null "
    "and not exists (select 1 from outcomes where decision_id = a.id) and not exists (select 1 from audit as b where "
    "b.seq = a.seq and b.id > a.id and b.action in ('retry', 'edit', 'supersede', 'discard', 'park')) limit 1"
)

_LAST_DECISION = (
    "select id, action, outcome from (select a.id, action, "
    "(select outcome from outcomes where decision_id = a.id order by id desc limit 1) as outcome "
    "from audit as a where seq = ? and action in ('retry', 'edit', 'supersede', 'discard', 'park')) "
    "where outcome is not 'too_late' order by id desc limit 1"
)

_LET_GO_AFTER_ALL = (
    "select 1 from audit as later join audit as earlier using (seq) "
    "where seq = ? and earlier.action = 'discard' and earlier.id < later.id "
    "and later.action in ('retry', 'edit', 'supersede') limit 1"
)


@dataclass(frozen=True, slots=True)
class Seen:
    """An event as it stands in the log, with the hash of the text that it carries."""

    seq: int
    event_id: UUID
    type: str
    kind: str
    aggregate_id: UUID
    refs: tuple[UUID, ...]
    payload: dict[str, Any]
    occurred_at: dt.datetime
    body_hash: str


class LastDecision(NamedTuple):
    """The newest decision about an event that was not too late; number 0 and no action where nobody decided."""

    id: int
    action: str
    outcome: str | None


class Witness:
    """Remembers one outbox file's log, and watches that it only ever grows.

    Attributes:
        events: seq -> event, pruned ones too.
        last_seq: the seq of the newest event.
        pruned_below: events with a smaller seq are no longer in the file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.events: dict[int, Seen] = {}
        self.last_seq = 0
        self.pruned_below = 0
        self._rows: dict[int, tuple[Any, ...]] = {}
        self._of_path: dict[Any, list[Seen]] = {}
        self._discarded: set[int] = set()
        self._set_aside: set[int] = set()
        self.reopen()
        (outbox_id,) = self._connection.execute("select value from meta where key = 'outbox_id'").fetchone()
        self.outbox_id = UUID(outbox_id)

    def look(self) -> list[Seen]:
        """Take in what is new.

        Raises:
            Violation: an event vanished from the end, or the order of ids is broken.
        """
        fresh = []
        for row in self._connection.execute(_EVENTS, [self.last_seq]).fetchall():
            event = _seen(row)
            before = self.events.get(event.seq - 1)
            follows = not self.events or event.seq == self.last_seq + 1  # a copy may have been pruned
            if not follows or (before is not None and event.event_id <= before.event_id):
                raise Violation("seqs_and_ids_rise_together", f"event {event.seq} ({event.event_id}) after {before}")
            self.events[event.seq] = event
            self.last_seq = event.seq
            self._rows[event.seq] = row
            self._of_path.setdefault(event.payload.get("file_path"), []).append(event)
            fresh.append(event)
        return fresh

    def versions(self, path: str) -> list[Seen]:
        """Return the events that carry this file, in order."""
        return self._of_path.get(path, [])

    def look_again(self) -> None:
        """Compare all that is remembered with the file.

        Raises:
            Violation: an event is gone that was not pruned, or is another one now.
        """
        rows = {row[0]: row for row in self._connection.execute(_EVENTS, [0])}
        (pruned,) = self._connection.execute("select max(value + 0) from meta where key = 'pruned_below'").fetchone()
        self.pruned_below = pruned or 0
        for seq, row in self._rows.items():
            if seq >= self.pruned_below and rows.get(seq) != row:
                raise Violation("the_log_only_grows", f"event {seq} was {row}, and is {rows.get(seq)}")
        self.look()

    def decided(self, seq: int) -> tuple[bool, dict[str, Any] | None]:
        """Return whether an operator discarded the event, and the payload that an operator gave it, if one did."""
        rows = self._connection.execute(_DECIDED, [seq]).fetchall()
        if not rows:
            return False, None
        edited = next((after for _, after in rows if after is not None), None)
        return rows[0][0] == "discard", decode(edited) if edited is not None else None

    def last_decision(self, seq: int) -> LastDecision:
        """Return what was decided last about an event, and what became of it."""
        row = self._connection.execute(_LAST_DECISION, [seq]).fetchone()
        return LastDecision(0, "", None) if row is None else LastDecision(*row)

    def was_discarded(self, seq: int) -> bool:
        """Return whether an operator ever discarded the event, whatever was decided after a restore of either store."""
        if seq in self._discarded:
            return True
        found = self._connection.execute("select 1 from audit where seq = ? and action = 'discard' limit 1", [seq])
        return found.fetchone() is not None

    def was_let_go_after_all(self, seq: int) -> bool:
        """Return whether a person discarded the event and decided otherwise later."""
        return self._connection.execute(_LET_GO_AFTER_ALL, [seq]).fetchone() is not None

    def was_set_aside(self, seq: int) -> bool:
        """Return whether an operator ever parked the event before its turn."""
        if seq in self._set_aside:
            return True
        found = self._connection.execute("select 1 from audit where seq = ? and action = 'park' limit 1", [seq])
        return found.fetchone() is not None

    def remember(self) -> None:
        """Take in what was decided so far: a backup that is put in place does not know of it."""
        for seq, action in self._connection.execute(
            "select seq, action from audit where action in ('discard', 'park')"
        ):
            (self._discarded if action == "discard" else self._set_aside).add(seq)

    def first_kept(self) -> int:
        """Return below which seq the file was pruned by now."""
        (pruned,) = self._connection.execute("select max(value + 0) from meta where key = 'pruned_below'").fetchone()
        return pruned or 0

    def has_open_decisions(self) -> bool:
        """Whether nobody has noted what became of the newest decision about some event."""
        return self._connection.execute(_OPEN).fetchone() is not None

    def has_staged(self) -> bool:
        """Whether the log names files that are not in their place."""
        return self._connection.execute("select 1 from files where temp is not null limit 1").fetchone() is not None

    def parked(self) -> dict[int, str]:
        """Return seq -> state of the parked list."""
        return dict(self._connection.execute("select seq, state from parked"))

    def noted_position(self) -> tuple[int, UUID | None]:
        """Return where the file says that the database is."""
        noted = self._connection.execute("select applied_seq, applied_event_id from destinations").fetchone()
        return (0, None) if noted is None else (noted[0], None if noted[1] is None else UUID(noted[1]))

    def staged_as(self, temp: str) -> set[str]:
        """Return the hash of a staged file that the log names as not in its place yet; empty where it does not."""
        return {row[0] for row in self._connection.execute("select sha256 from files where temp = ?", [temp])}

    def is_noted(self, path: str) -> bool:
        """Return whether the log says that the file is in its place."""
        found = self._connection.execute("select temp from files where base = '' and path = ?", [path]).fetchone()
        return found is not None and found[0] is None

    def worker_report(self) -> tuple[Any, ...] | None:
        """Return what the worker said last, and its state first; None where none ever ran."""
        row: tuple[Any, ...] | None = self._connection.execute(
            "select state, since, heartbeat_at from worker"
        ).fetchone()
        return row

    def is_paused(self) -> bool:
        """Whether an operator paused the worker."""
        return self._connection.execute("select 1 from meta where key = 'paused'").fetchone() is not None

    def reopen(self) -> None:
        """Open the file, anew where it was closed."""
        self._connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        self._connection.execute("select count(*) from events").fetchone()  # and take part in the WAL

    def close(self) -> None:
        """Close the file; the last one to do so makes SQLite checkpoint."""
        self._connection.close()


def _seen(row: tuple[Any, ...]) -> Seen:
    seq, event_id, type_, kind, aggregate, refs, text, at = row
    payload = decode(text)
    return Seen(
        seq, UUID(event_id), type_, kind, _id(aggregate), tuple(_id(ref) for ref in decode(refs)),
        payload, dt.datetime.fromisoformat(at), hashlib.sha256(str(payload.get("body")).encode()).hexdigest(),
    )  # fmt: skip


@lru_cache(maxsize=256)
def _id(text: str) -> UUID:
    return UUID(text)
