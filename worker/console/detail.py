"""One parked event: why, what waits for it, what it says, and what was decided so far."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from typing import Any

from outbox import Event, Outbox, ParkedEvent, ParkedState
from outbox.catalogue import active
from outbox.operating import AuditRecord, as_fields, difference, named, trail

HELD_SHOWN = 12
HELD_COUNTED = 10_000
# A form is no editor for a book.
EDITABLE_CHARACTERS = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One act on the event, with the difference that it made."""

    act: AuditRecord
    diff: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """The page of one event.

    Attributes:
        row: its place on the parked list; None where it left it.
        payload: as it would be applied now; empty where nobody can read it.
        key: the natural key of what it is about; empty where nobody can read it.
        key_fields: those that name it.
        waits: it is still to be delivered, as far as the worker noted.
        held: the first that wait for it; `held_count` counts up to HELD_COUNTED.
    """

    event: Event
    row: ParkedEvent | None
    payload: dict[str, Any]
    held: tuple[ParkedEvent, ...]
    held_count: int
    decisions: tuple[Decision, ...]
    now: dt.datetime
    key: str
    key_fields: tuple[str, ...]
    waits: bool = False

    @property
    def open(self) -> bool:
        """True if a person may decide."""
        return self.row is not None and self.row.state is ParkedState.PARKED

    @property
    def editable(self) -> bool:
        """True if the payload fits a form."""
        return self.open and bool(self.payload) and len(json.dumps(self.payload)) <= EDITABLE_CHARACTERS

    @property
    def has_file(self) -> bool:
        """True if the text of a file may take the payload's place."""
        return isinstance(self.payload.get("file_path"), str) and "body" in self.payload


def read_detail(box: Outbox, seq: int) -> Detail:
    """Read it.

    Raises:
        EventNotFound: there is no such event.
    """
    event = box.event(seq)
    position = box.relay.position
    row = box.parked.find(seq)
    contract = active().contracts.get(event.type)
    return Detail(
        event=event,
        row=row,
        payload=as_fields((row.payload_json if row else None) or event.payload_json),
        held=box.parked.held_behind(seq, limit=HELD_SHOWN),
        held_count=box.parked.count_behind(seq, limit=HELD_COUNTED),
        decisions=tuple(
            Decision(act=act, diff=difference(act.before, act.after) if act.before and act.after else None)
            for act in reversed(trail(box.connection, seq=seq))
        ),
        now=box.clock.now(),
        key=named(event.type, event.payload_json),
        key_fields=contract.aggregate.key if contract is not None else ("slug",),
        waits=row is None and seq > (position.applied_seq if position is not None else 0),
    )
