"""Compares the three places in which content stands, by hash: files on disk, the log, rows in the database.

Every difference is named with its kind, so that a reader knows what to do about it:

- `file_missing`, `file_changed`: the file is not what the outbox last saw; `generate sync` takes it in.
- `waiting`: events that are not delivered yet; `worker drain`.
- `parked`: not delivered because an event of it, or one that it refers to, is parked; `outbox parked list`.
- `row_missing`, `row_differs`: delivered, and yet not there or not so: somebody else changed it.

Every field that an event sets is compared, in the database and as it stores it (`tables`), with what was delivered,
in one snapshot with the position: waiting or parked events do not hide a row that is already wrong. A row that another
outbox wrote later, and differently, is counted as `overtaken`. A row whose stamp no outbox can have made is compared
like any other.

Where no row is missing or differs, everything up to the position is proven to be there, and that is noted in the
outbox file: nothing is pruned without it. A row that was overtaken was not compared, so the proof ends before its first
event.
"""

import hashlib
import itertools
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import psycopg
from psycopg.pq import TransactionStatus

from outbox import EventNotFound, KnownFile, Outbox, Recorded
from outbox.catalogue import INBOX, active, contract_of
from outbox.relaying import Log
from worker.apply import inbox, obstacles
from worker.apply.position import parked_seqs
from worker.apply.queries import query
from worker.apply.stamps import Stamps
from worker.connect.connection import Connection
from worker.faults.verdict import Phase, judge
from worker.notes import best_effort
from worker.proof.expected import Expected, expected_of, fold_one, forget_links_to_removed
from worker.proof.kept import Kept

CHUNK = 500
_LIMITS = dict.fromkeys(("statement_timeout", "lock_timeout", "idle_timeout"), "300000")  # milliseconds
NOT_THERE = "it is not there"
REMOVED = "it is there, and was removed"
NOT_REMEMBERED = "that it was removed is not remembered"
ROW_FAULTS = frozenset({"row_missing", "row_differs"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that does not agree.

    Attributes:
        kind: see the module.
        what: the file's path, or `kind slug` of the row.
        detail: what differs.
    """

    kind: str
    what: str
    detail: str

    def as_dict(self) -> dict[str, str]:
        return {"kind": self.kind, "what": self.what, "detail": self.detail}


@dataclass(frozen=True, slots=True, kw_only=True)
class Repaired:
    """What came of one row.

    Attributes:
        what: `kind slug`.
        reason: why it could not be mended; None if it was.
    """

    what: str
    reason: str | None

    def as_dict(self) -> dict[str, str | None]:
        return {"what": self.what, "reason": self.reason}


@dataclass(slots=True)
class Verified:
    """The outcome.

    Attributes:
        files: files that the outbox knows.
        events: events of the log.
        rows: rows in the database that the log speaks of.
        agree: rows that are as the log says, and whose file (if any) is as the log says.
        overtaken: rows that another outbox wrote later, and differently.
        compared_to: the last event before the first of a row that was not compared, or that is parked in the database
            and not in the file's list.
        differences: everything else.
        wrong: the rows that are missing or differ, as the log has them; see `repair`.
        repaired: what was written again before this was found; see `repair`.
    """

    files: int = 0
    events: int = 0
    rows: int = 0
    agree: int = 0
    overtaken: int = 0
    compared_to: int = sys.maxsize
    differences: list[Difference] = field(default_factory=list)
    wrong: list[Expected] = field(default_factory=list)
    repaired: list[Repaired] = field(default_factory=list)

    @property
    def proven(self) -> bool:
        """Whether every row is as the delivered events say."""
        return not any(one.kind in ROW_FAULTS for one in self.differences)

    def as_dict(self) -> dict[str, Any]:
        return {
            "files": self.files,
            "events": self.events,
            "rows": self.rows,
            "agree": self.agree,
            "overtaken": self.overtaken,
            "differences": [one.as_dict() for one in self.differences],
        }


def verify_all(connection: Connection, box: Outbox, content_root: Path, *, since_proof: bool = False) -> Verified:
    """Compare everything, and note the proof if it holds.

    Args:
        connection: to the destination, outside a transaction; nothing is written there.
        box: the outbox.
        content_root: where files with a relative base stand.
        since_proof: compare only what events after the last proof say; everything where there is none.
    """
    found, note = compared(connection, box, content_root, since_proof=since_proof)
    note()
    return found


def compared(
    connection: Connection, box: Outbox, content_root: Path | None, *, since_proof: bool = False
) -> tuple[Verified, Callable[[], None]]:
    """Compare; returns what was found, and what notes the proof. Without a content root no file is read."""
    kept = Kept[Expected]()
    connection.execute("begin isolation level repeatable read read only")
    try:
        connection.execute(query("relay", "settings"), {"local": True})
        # Whatever limits the role elsewhere: one statement hashes hundreds of rows.
        connection.execute(query("relay", "limits"), _LIMITS)
        row = connection.execute(query("relay", "position"), {"outbox_id": box.outbox_id}).fetchone()
        position = int(str(row[0])) if row is not None else 0
        newest = connection.execute(query("relay", "newest_applied")).fetchone()
        bound = None if newest is None else UUID(str(newest[0]))
        stamps = Stamps(box)
        connection.execute("savepoint compared")

        def made(stamp: UUID) -> bool:
            return stamps.made(stamp, bound)

        parked = parked_seqs(connection, box)
        target = connection.execute(query("relay", "destination")).fetchone()
        is_of_this_log = row is None or _is_of_this_log(box, position, row[1])
        after = 0
        if since_proof and target is not None and is_of_this_log:
            after = min(position, box.relay.verified_in(UUID(str(target[0]))))
        result = Verified(events=expected_of(box, position, parked, into=kept, after=after))
        # What is parked was not compared: once it is released and applied, it has to be.
        if parked:
            result.compared_to = min(parked) - 1
        stale_files = _verify_files(box, content_root, result) if content_root is not None else set[str]()
        for kind, some in _chunks(kept):
            _verify_rows(connection, kind, some, result, stale_files, made)
        for one in kept.of_kind(INBOX.kind):
            _waits(one, result)
        _verify_inbox(connection, box, after, position, parked, result)
    finally:
        connection.rollback()
        kept.close()

    def note() -> None:
        if target is not None and not result.proven:  # whatever was proven once no longer is
            box.relay.remember_verified(UUID(str(target[0])), 0)
        elif target is not None and is_of_this_log:
            with best_effort(box):  # on a full disk the result is reported all the same; without it less is pruned
                box.relay.remember_verified(UUID(str(target[0])), min(position, result.compared_to))

    return result, note


def _is_of_this_log(box: Outbox, seq: int, event_id: object) -> bool:
    """Whether the position stands in this very log: a copy that was used on its own proves nothing by its rows."""
    if seq == 0:
        return True
    try:
        return str(box.event(seq).event_id) == str(event_id)
    except EventNotFound:
        return seq <= box.last_seq


def _verify_files(box: Outbox, content_root: Path, result: Verified) -> set[str]:
    """Compare files with what the outbox knows of them; returns the paths of those that differ."""
    differing: set[str] = set()
    for known in box.files():
        result.files += 1
        fault = _file_fault(known, content_root)
        if fault is not None:
            result.differences.append(Difference(kind=fault[0], what=known.path, detail=fault[1]))
            differing.add(known.path)
    return differing


def _is_of_a_file(one: Expected, paths: set[str]) -> bool:
    """Whether the log says that a row came from one of these files."""
    sources = [keys.get("source") for keys in one.merged.values()] if paths else []
    return any(isinstance(source, dict) and source.get("path") in paths for source in sources)


def _file_fault(known: KnownFile, content_root: Path) -> tuple[str, str] | None:
    path = (Path(known.base) if known.base else content_root) / known.path
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return "file_missing", f"the outbox published it with sha256 {known.sha256[:12]}…"
    except OSError as exc:
        return "file_missing", f"it cannot be read: {exc.strerror}"
    if found != known.sha256:
        return "file_changed", f"sha256 {found[:12]}…, the outbox knows {known.sha256[:12]}…"
    return None


def _verify_rows(
    connection: Connection,
    kind: str,
    some: list[Expected],
    result: Verified,
    stale_files: set[str],
    made: Callable[[UUID], bool],
) -> None:
    one_of = {one.key: one for one in some if one.last_seq and one.key_values}
    found: dict[str, tuple[bool, UUID | None, list[str]]] = {}
    for key, is_there, last_event_id, differing in _asked(connection, kind, list(one_of.values())):
        found[key] = (is_there, last_event_id, _faults(one_of[key], differing, last_event_id, is_there=is_there))
        result.rows += is_there
    hides: obstacles.Obstacle | None = None
    if any(NOT_THERE in faults for _, _, faults in found.values()):
        hides = obstacles.hidden(connection, active().aggregates[kind].relation)
    for one in some:
        _waits(one, result)
        if one.last_seq == 0:
            continue
        is_there, stamp, faults = found.get(one.key, (False, None, [NOT_THERE]))
        if faults == [NOT_THERE] and not _is_overtaken(one, stamp):
            missing = NOT_THERE if hides is None else f"{NOT_THERE}, or hidden: {hides}"
            result.differences.append(Difference(kind="row_missing", what=one.label, detail=missing))
            result.wrong.append(one)
        elif _is_as_said(one, stamp, faults, result, made) and is_there and not one.waiting and not one.parked:
            result.agree += not _is_of_a_file(one, stale_files)


def _asked(connection: Connection, kind: str, some: list[Expected]) -> list[tuple[str, bool, UUID | None, list[str]]]:
    """Rows as they stand: key, whether it is there, its stamp, and the fields that are not as the log says.

    What the type of a column cannot hold (it was changed since) is that row's difference; the others are compared.
    """
    if not some:
        return []
    said = {"rows": msgspec.json.encode([one.as_row() for one in some]).decode()}
    try:
        rows: Any = connection.execute(query("verify", f"{kind}s"), said)
        return list(rows)
    except psycopg.DataError as error:
        if connection.info.transaction_status is TransactionStatus.INERROR:  # the snapshot goes on
            connection.execute("rollback to savepoint compared")
        if len(some) == 1:
            return [(some[0].key, True, None, [f"the database cannot compare it: {judge(error, Phase.APPLY).reason}"])]
    half = len(some) // 2
    return _asked(connection, kind, some[:half]) + _asked(connection, kind, some[half:])


def _verify_inbox(
    connection: Connection, box: Outbox, after: int, position: int, parked: set[int], result: Verified
) -> None:
    """Compare each recorded event with its row, a page at a time: there may be as many as the log has events."""
    decisions = box.decisions()
    recorded = (
        decided
        for event in box.events(after=after, event_type=contract_of(Recorded).type)
        if event.seq <= position and event.seq not in parked and (decided := decisions.as_decided(event)) is not None
    )
    while events := list(itertools.islice(recorded, CHUNK)):
        said = {event.seq: fold_one(event, [event]) for event in events}
        rows = [row for each in said.values() for row in each.recorded or ()]
        faults = inbox.differing(connection, rows, box.outbox_id)
        missing = sum(how == NOT_THERE for _, how in faults)
        result.rows += len(rows) - missing
        result.agree += len(rows) - len(faults)
        for seq, how in faults:
            kind = "row_missing" if how == NOT_THERE else "row_differs"
            result.differences.append(Difference(kind=kind, what=said[seq].label, detail=f"event {seq}: {how}"))
            result.wrong.append(said[seq])


def _is_as_said(
    one: Expected, stamp: UUID | None, faults: list[str], result: Verified, made: Callable[[UUID], bool]
) -> bool:
    if stamp is not None and not made(stamp):
        faults = [*faults, "last_event_id names an event that no outbox has made"]
    elif faults and _is_overtaken(one, stamp):
        result.overtaken += 1
        result.compared_to = min(result.compared_to, one.first_seq - 1)
        return False
    if faults:
        result.differences.append(Difference(kind="row_differs", what=one.label, detail="; ".join(faults)))
        result.wrong.append(one)
    return not faults


def _waits(one: Expected, result: Verified) -> None:
    for name, count in (("waiting", one.waiting), ("parked", one.parked)):
        if count:
            what = f"{count} of its events" if one.last_seq else "all of its events"
            result.differences.append(Difference(kind=name, what=one.label, detail=what))


def differing(connection: Connection, box: Log, one: Expected) -> list[str]:
    """The fields of one row that are not as the delivered events say; as it stands now."""
    if one.recorded:
        return [f"event {seq}: {how}" for seq, how in inbox.differing(connection, one.recorded, box.outbox_id)]
    if not one.key_values:
        return [NOT_THERE]
    found: list[str] = []
    for _, is_there, last_event_id, fields in _asked(connection, one.kind, [one]):
        if not _is_overtaken(one, last_event_id):
            found = _faults(one, fields, last_event_id, is_there=is_there)
    return found


def _faults(one: Expected, differing: list[str], stamp: UUID | None, *, is_there: bool) -> list[str]:
    """What of a row is not as the log says; `stamp` is the event that wrote it, or that removed it if it is gone."""
    if not one.removed:
        return list(differing) if is_there else [NOT_THERE]
    if is_there:
        return [REMOVED]
    remembered = stamp is not None and (one.last_event_id is None or stamp >= one.last_event_id)
    return [] if remembered else [NOT_REMEMBERED]


def _is_overtaken(one: Expected, last_event_id: UUID | None) -> bool:
    return last_event_id is not None and one.last_event_id is not None and last_event_id > one.last_event_id


def _chunks(kept: Kept[Expected]) -> Iterator[tuple[str, list[Expected]]]:
    for kind in active().aggregates:
        iterator = kept.of_kind(kind)
        while chunk := list(itertools.islice(iterator, CHUNK)):
            for one in chunk:
                forget_links_to_removed(one, kept)
            yield kind, chunk
