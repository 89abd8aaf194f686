"""An operator's decisions about a parked event; each is written to the audit trail with its reason.

The event itself is never changed: an edit is kept beside it, and the log still says what was said. The worker
applies what is released in seq order, and what was held behind it follows. A decision is appended, and wins over
whatever is read again later (`decisions`).
"""

from __future__ import annotations

import difflib
import itertools
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from outbox.catalogue.chosen import active
from outbox.catalogue.contract import check, parse
from outbox.catalogue.event import Event
from outbox.catalogue.event_types import Does
from outbox.catalogue.readable import as_fields
from outbox.errors import EventNotFound, OutboxError, ParkedConflict
from outbox.log.sqlite_errors import translated
from outbox.log.transaction import write_transaction
from outbox.notes.decisions import Resolution, is_discarded
from outbox.notes.parked import ParkedEvent
from outbox.outbox import Outbox


def retry(box: Outbox, seq: int, reason: str | None = None) -> None:
    """Try the event again as it stands; for when the cause was mended elsewhere."""
    _release(box, seq, Resolution.RETRY, reason, None)


def discard(box: Outbox, seq: int, reason: str, *, alone: bool = False) -> tuple[int, ...]:
    """Never apply this event; it stays in the log, and what was held behind it goes on without it.

    Args:
        box: the outbox.
        seq: of the event.
        reason: why.
        alone: leave what only adds to it; each of those is refused then, and waits for a decision of its own.

    Returns:
        The seqs of what was discarded with it, see `additions`.
    """
    _parked(box, seq)
    with translated(box.path), write_transaction(box.connection, box.gate):
        along = () if alone else additions(box, seq)
        box.parked.release(seq, Resolution.DISCARD, reason=reason)
        for other in along:
            box.parked.discard_with(other, reason=f"with event {seq}: {reason}")
    box.ring()
    return along


def additions(box: Outbox, seq: int) -> tuple[int, ...]:
    """Return the events that only add to this one, and mean nothing without it.

    Where an event is the first version of its row, as far as the log knows, every patch, tag and link of the same row
    up to its next version needs it to exist.
    """
    event = box.event(seq)
    if not _makes(event) or _has_row(box, event):
        return ()
    later = box.events(after=seq, aggregate_id=event.aggregate_id)
    only = itertools.takewhile(lambda one: not _makes(one), later)
    return tuple(one.seq for one in only if not is_discarded(box.connection, one.seq))


@dataclass(frozen=True, slots=True, kw_only=True)
class Several:
    """What became of one decision about several events: how many it took, and which it could not take and why."""

    decided: int
    refused: tuple[tuple[int, OutboxError], ...]


def each(box: Outbox, seqs: Sequence[int], act: Callable[[int], object]) -> Several:
    """Decide about each of several events, in one transaction; one that cannot be decided about stops no other.

    Args:
        box: the outbox.
        seqs: of the events; those that were decided about together with an earlier one count as decided.
        act: decides about one.
    """
    refused: list[tuple[int, OutboxError]] = []
    decided = 0
    with translated(box.path), write_transaction(box.connection, box.gate):
        for seq in dict.fromkeys(seqs):
            row = box.parked.find(seq)
            if row is not None and row.resolution is not None:
                decided += 1
                continue
            try:
                act(seq)
            except OutboxError as exc:
                refused.append((seq, exc))
            else:
                decided += 1
    box.ring()
    return Several(decided=decided, refused=tuple(refused))


def set_aside(box: Outbox, seq: int, reason: str) -> None:
    """Park an event that is not delivered yet, so that what does not depend on it goes on.

    Raises:
        ParkedConflict: it is delivered already, as far as the worker noted, or stands on the list.
        EventNotFound: there is no such event.
    """
    event = box.event(seq)
    with translated(box.path), write_transaction(box.connection, box.gate):
        if (found := box.parked.find(seq)) is not None:
            raise ParkedConflict(f"event {seq} is {found.state.value} already: `outbox parked show {seq}`")
        position = box.relay.position
        if position is not None and seq <= position.applied_seq:
            raise ParkedConflict(f"event {seq} is delivered already: append what should stand there instead")
        box.parked.set_aside(event, reason=reason)
    box.ring()


def edit(box: Outbox, seq: int, payload: dict[str, Any], reason: str) -> str:
    """Apply the event with another payload.

    Returns:
        The difference, as a unified diff of the two payloads.

    Raises:
        ContractError: the new payload breaks the contract of the event's type.
        OutboxError: it would move the event to another aggregate, or changes nothing.
    """
    return _edit(box, seq, payload, reason, Resolution.EDIT)


def supersede(box: Outbox, seq: int, reason: str) -> str:
    """Apply the event with the text that its file has now.

    Returns:
        The difference, as a unified diff of the two payloads.

    Raises:
        OutboxError: the event carries no file, or the file is gone or not UTF-8.
    """
    return _edit(box, seq, superseding(box, seq), reason, Resolution.SUPERSEDE)


def superseding(box: Outbox, seq: int) -> dict[str, Any]:
    """Return the payload of the event with the text that its file has now; nothing is decided by that.

    Raises:
        OutboxError: the event carries no file, or the file is gone or not UTF-8.
    """
    event = box.event(seq)
    payload, contract = as_fields(event.payload_json), active().contracts.get(event.type)
    path = None if contract is None or contract.path is None else payload.get(contract.path)
    body = None if contract is None else contract.body
    if not isinstance(path, str) or body is None or body not in payload:
        raise OutboxError(f"event {seq} carries no file: use `outbox parked edit {seq}`")
    place = box.place_of(path)
    try:
        payload[body] = place.read_bytes().decode()
    except FileNotFoundError as exc:
        raise OutboxError(f"{place} is gone: restore it, or use `outbox parked edit {seq}`") from exc
    except UnicodeDecodeError as exc:
        raise OutboxError(f"{place} is not UTF-8: save it as UTF-8, or use `outbox parked edit {seq}`") from exc
    return payload


def preview(box: Outbox, seq: int, payload: dict[str, Any]) -> str:
    """Return the difference that an edit would make; it is checked as the edit itself is, and nothing is decided.

    Raises:
        ContractError: the new payload breaks the contract of the event's type.
        OutboxError: it would move the event to another aggregate, changes nothing, or the event is not parked.
    """
    before, after = _proposed(box, seq, payload)
    return difference(before, after)


def difference(before: str, after: str) -> str:
    """Return the difference of two payloads as a unified diff, field by field; a text of several lines by its lines."""
    old, new = as_fields(before), as_fields(after)
    found = ["--- as appended", "+++ as applied"]
    for name in sorted({*old, *new}):
        if (name in old, old.get(name)) != (name in new, new.get(name)):
            texts = [payload[name] for payload in (old, new) if isinstance(payload.get(name), str)]
            by_line = any("\n" in text for text in texts)
            was, will = (_lines(payload[name], by_line=by_line) if name in payload else [] for payload in (old, new))
            changes = list(difflib.unified_diff(was, will, lineterm=""))[2:]
            found += [f"@@ {name} @@" if line.startswith("@@") else line for line in changes]
    return "\n".join(found)


def _lines(value: Any, *, by_line: bool) -> list[str]:
    if isinstance(value, str) and by_line:
        # Only line feeds end a line here: a carriage return that came or went is a difference, and is shown.
        return value.replace("\r", "\\r").split("\n")
    return json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True).split("\n")


def _edit(box: Outbox, seq: int, payload: dict[str, Any], reason: str, how: Resolution) -> str:
    before, after = _proposed(box, seq, payload)
    _release(box, seq, how, reason, after)
    return difference(before, after)


def _proposed(box: Outbox, seq: int, payload: dict[str, Any]) -> tuple[str, str]:
    """Check an edit; return the payload that stands and the one that would."""
    found = _parked(box, seq)
    event = box.event(seq)
    checked = check(parse(event.type, payload))
    if checked.aggregate_id != event.aggregate_id:
        raise OutboxError(f"event {seq} is about another aggregate then: its natural key must stay as it is")
    before = found.payload_json or event.payload_json
    if checked.payload_json == before:
        raise OutboxError(
            f"the payload of event {seq} is the same as before: `outbox parked retry {seq}` tries it again"
        )
    return before, checked.payload_json


def _release(box: Outbox, seq: int, how: Resolution, reason: str | None, payload_json: str | None) -> None:
    _parked(box, seq)
    with translated(box.path), write_transaction(box.connection, box.gate):
        box.parked.release(seq, how, payload_json=payload_json, reason=reason)
    box.ring()


def _makes(event: Event) -> bool:
    """Whether the event says the whole state of its row."""
    contract = active().contracts.get(event.type)
    return contract is not None and contract.does is Does.MAKES


def _has_row(box: Outbox, event: Event) -> bool:
    """Whether an earlier version of the row took effect, or may have: it was pruned, and nothing parked is."""
    before = event.previous_seq
    while before is not None:
        try:
            earlier = box.event(before)
        except EventNotFound:
            return True
        if _makes(earlier) and not is_discarded(box.connection, before):
            return True
        before = earlier.previous_seq
    return False


def _parked(box: Outbox, seq: int) -> ParkedEvent:
    found = box.parked.find(seq)
    if found is None:
        raise ParkedConflict(f"event {seq} is not parked: `outbox parked list` shows those that are")
    return found
