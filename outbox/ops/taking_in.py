"""Takes what `outbox export` wrote into an outbox: of a clone, a salvage, another host.

An event is appended again, with an id of its own and the time at which it happened, if it is new:

- what this log holds itself, because one file is a copy of the other, is no news: everything up to the last event that
  both have;
- what was taken in before is no news, however often the file is imported;
- what is older than what stands here about the same thing is no news: as with two hosts, the newest word counts;
- what says what stands here already is no news.

A line that cannot be read, breaks its contract, or is not as it was exported (its payload does not fit its hash, or its
ids) is listed with its number; the others are taken in. A file whose events are not in the order of a log, or of which
two events have one id, is refused as a whole: what is news could not be told.

Each step is a transaction of some hundred events: killed half-way, the same command goes on.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import gzip
import hashlib
import json
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any
from uuid import UUID

import msgspec

from outbox import tracing
from outbox.catalogue.contract import Checked, check, parse
from outbox.catalogue.event_types import REMOVED_SLOT, STATE_SLOT
from outbox.catalogue.upcast import upcast
from outbox.errors import FileConflict, OutboxError, PathRefused
from outbox.log import log
from outbox.log.sqlite_errors import translated
from outbox.log.transaction import write_transaction
from outbox.notes import audit
from outbox.outbox import Outbox

STEP_EVENTS = 500
_EVENT = (
    "seq",
    "event_id",
    "type",
    "version",
    "aggregate_type",
    "aggregate_id",
    "payload_sha256",
    "occurred_at",
    "payload",
)
_ID_VERSION = 7
_LARGEST = 2**63 - 1
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_MOST_TOLD = 50


@dataclass(slots=True)
class TakenIn:
    """What an import did.

    Attributes:
        appended: events that were news.
        here: events that this log has itself, or took in before.
        unchanged: events that say what stands here already.
        older: events older than what stands here about the same thing: not appended. The first of them, as text.
        older_events: how many they are.
        files: paths that were published.
        kept: files that somebody changed here: not replaced.
        failures: lines that could not be taken in, and why.
    """

    appended: int = 0
    here: int = 0
    unchanged: int = 0
    older: list[str] = field(default_factory=list)
    older_events: int = 0
    files: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    seq: int
    event_id: str
    occurred_at: dt.datetime
    key: str
    draft: Checked


def take_in(box: Outbox, lines: Iterable[bytes], again: Iterable[bytes], *, source: str) -> TakenIn:
    """Append what is news of an export.

    Args:
        box: the outbox, with a CONTENT_ROOT where the export carries files.
        lines: of the export, to find what both logs have.
        again: the same lines once more.
        source: names the file in the audit trail.

    Raises:
        OutboxError: the file is not in the order of a log, or not whole: nothing was appended. Or the outbox itself
            failed: what was appended before stays, and the same command goes on.
    """
    done = TakenIn()
    try:
        common = _last_common_line(box, lines)
    except (EOFError, zlib.error, gzip.BadGzipFile) as exc:
        raise _refused(f"{source} ends too early, or is damaged", "copy it again") from exc
    records = _records(box, again, common, done)
    while step := list(islice(records, STEP_EVENTS)):
        _append(box, step, done, source)
    return done


def _last_common_line(box: Outbox, lines: Iterable[bytes]) -> int:
    """The last line whose event this log has itself; looks at the order, too: the ids of a log grow with its seqs."""
    last, before = 0, (0, "", "")
    for number, line in enumerate(lines, 1):
        if number == 1 and line.startswith(_UTF_16):
            raise _refused("the file is UTF-16", "write it with `outbox export --output FILE`, which no shell changes")
        record = _as_record(line)
        if not _names_an_event(record):
            continue
        this = (record["seq"], record["event_id"], str(record.get("payload_sha256")))
        if this != before and not (this[0] > before[0] and this[1] > before[1]):
            raise _refused(
                f"line {number}: event {this[0]} ({this[1]}) follows event {before[0]} ({before[1]}) in no log",
                "import each export by itself, as it was written",
            )
        before = this
        found = log.find(box.connection, this[0])
        if found is not None and str(found.event_id) == this[1]:
            last = number
    return last


def _refused(what: str, remedy: str) -> OutboxError:
    return OutboxError(f"{what}: nothing was taken in", kind="not_an_export", remedy=remedy)


def _names_an_event(record: dict[str, Any]) -> bool:
    """Whether it says a seq that can be one, and an id in the form that ids are exported in."""
    seq, event_id = record.get("seq"), record.get("event_id")
    if type(seq) is not int or not 0 < seq <= _LARGEST or not isinstance(event_id, str):
        return False
    try:
        return str(UUID(event_id)) == event_id and UUID(event_id).version == _ID_VERSION
    except ValueError:
        return False


def _as_record(line: bytes) -> dict[str, Any]:
    try:
        record = json.loads(line.decode("utf-8-sig"))  # an editor may have put a mark before the first
    except (ValueError, RecursionError):
        return {}
    return record if isinstance(record, dict) else {}


def _records(box: Outbox, lines: Iterable[bytes], common: int, done: TakenIn) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(lines, 1):
        record = _as_record(line)
        if record.keys() >= {"file", "data"}:
            yield number, record
        elif record.keys() >= set(_EVENT) and _names_an_event(record):
            if number > common:
                yield number, record
            elif _is_as_here(box, record):
                done.here += 1
            else:
                done.failures.append(f"line {number}: event {record['seq']} has another payload than it has here")
        elif line.strip():
            done.failures.append(f"line {number}: not a line of `outbox export`")


def _is_as_here(box: Outbox, record: dict[str, Any]) -> bool:
    """Whether an event that stands before one that both logs have is no other than ours, if ours is still there."""
    found = log.find(box.connection, record["seq"])
    if found is None:
        return True
    return str(found.event_id) == record["event_id"] and _sha256(record["payload"]) == found.payload_sha256


def _sha256(payload: Any) -> str:
    return hashlib.sha256(msgspec.json.encode(payload)).hexdigest()


def _append(box: Outbox, step: Iterable[tuple[int, dict[str, Any]]], done: TakenIn, source: str) -> None:
    events: list[_Line] = []
    files: list[tuple[int, dict[str, Any]]] = []
    for number, record in step:
        if "file" in record:
            files.append((number, record))
            continue
        try:
            events.append(_as_line(box, number, record))
        except (OutboxError, ValueError, TypeError, ArithmeticError) as exc:
            done.failures.append(f"line {number}: {exc}")
    appended: list[log.Row] = []
    with translated(box.path), write_transaction(box.connection, box.gate):
        for line in events:
            appended += _append_one(box, line, done)
        if appended:
            audit.record(
                box.connection,
                box.clock.now(),
                "import",
                reason=f"{source}: events {appended[0][0]}-{appended[-1][0]}",
            )
    done.appended += len(appended)
    if appended:
        box.ring()
        if tracing.is_on():
            tracing.appended(log.as_events(appended))
    for number, record in files:
        _publish(box, number, record, done)


def _as_line(box: Outbox, number: int, record: dict[str, Any]) -> _Line:
    if type(record["version"]) is not int:
        raise ValueError(f"version {record['version']!r} is no number")
    if not isinstance(record["payload"], dict) or _sha256(record["payload"]) != record["payload_sha256"]:
        raise ValueError(f"the payload of event {record['seq']} is not the one that was exported: its hash is another")
    payload = upcast(str(record["type"]), record["version"], record["payload"])
    draft = check(parse(str(record["type"]), payload), limit_bytes=box.payload_limit_bytes)
    occurred_at = dt.datetime.fromisoformat(str(record["occurred_at"]))
    said, meant = (
        (record["aggregate_type"], record["aggregate_id"]),
        (draft.contract.aggregate_type, draft.aggregate),
    )
    if said != meant:
        raise ValueError(
            f"event {record['seq']} says that it is of {said[0]} {said[1]}, and is of {meant[0]} {meant[1]}"
        )
    if occurred_at.tzinfo is None:
        raise ValueError(f"occurred_at {record['occurred_at']} has no time zone")
    return _Line(
        number=number,
        seq=record["seq"],
        event_id=record["event_id"],
        occurred_at=occurred_at.astimezone(dt.UTC),
        key=draft.contract.key_in(payload),
        draft=draft,
    )


def _append_one(box: Outbox, line: _Line, done: TakenIn) -> list[log.Row]:
    connection = box.connection
    before = connection.execute(
        "select events.payload_sha256 from imports left join events on events.seq = imports.seq"
        " where imports.event_id = ?",
        [line.event_id],
    ).fetchone()
    if before is not None:
        if before[0] in {None, line.draft.payload_sha256}:
            done.here += 1
        else:
            done.failures.append(f"line {line.number}: event {line.seq} was taken in before, with another payload")
        return []
    newest = _newest_said(box, line.draft)
    if newest is not None and newest >= line.event_id:
        done.older_events += 1
        if len(done.older) < _MOST_TOLD:
            done.older.append(f"event {line.seq}, {line.draft.contract.type} of {line.key}")
        return []
    appended = log.append(connection, [line.draft], min(line.occurred_at, box.clock.now()))
    seq = appended[0][0] if appended else _seq_of_head(box, line.draft)
    connection.execute("insert into imports (event_id, seq) values (?, ?)", [line.event_id, seq])
    done.unchanged += not appended
    return appended


def _newest_said(box: Outbox, draft: Checked) -> str | None:
    """The id, as it was where it was said first, of what stands here in the same slot or, for a patch, as the state."""
    slots = (draft.slot, STATE_SLOT if draft.contract.patches else draft.slot, REMOVED_SLOT)
    (newest,) = box.connection.execute(
        "select max(coalesce((select max(event_id) from imports where imports.seq = heads.seq),"
        " (select event_id from events where events.seq = heads.seq),"
        " (select event_id from events order by seq limit 1)))"  # pruned: older than all that is left
        " from heads where aggregate_id = ? and slot in (?, ?, ?)",
        [draft.aggregate, *slots],
    ).fetchone()
    return None if newest is None else str(newest)


def _seq_of_head(box: Outbox, draft: Checked) -> int:
    (seq,) = box.connection.execute(
        "select seq from heads where aggregate_id = ? and slot = ?", [draft.aggregate, draft.slot]
    ).fetchone()
    return int(seq)


def _publish(box: Outbox, number: int, record: dict[str, Any], done: TakenIn) -> None:
    path = str(record["file"])
    try:
        data = base64.b64decode(str(record["data"]), validate=True)
    except (ValueError, binascii.Error):
        data = None
    if data is None or hashlib.sha256(data).hexdigest() != record.get("sha256"):
        done.failures.append(f"line {number}: the bytes of {path} are not those that were exported")
        return
    try:
        with box.unit() as unit:
            unit.write(path, data)
    except FileConflict:
        done.kept.append(path)
    except PathRefused as exc:
        done.failures.append(f"line {number}: {exc}")
    else:
        done.files += unit.result.written
