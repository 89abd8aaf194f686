"""What the log says should stand in the database: its delivered events, folded from first to last, bodies as hashes."""

import hashlib
from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from outbox import Event, OutboxError
from outbox.catalogue import Contract, Does, active, as_key
from outbox.relaying import Log
from worker.apply.inbox import row_of
from worker.apply.tables import FURTHER
from worker.proof.kept import Kept


@dataclass(frozen=True, slots=True)
class ExpectedLink:
    """One link as the log leaves it: whether it is there, its further columns, and since which event."""

    linked: bool
    further: dict[str, Any]
    seq: int = field(compare=False)


@dataclass(slots=True)
class Expected:
    """One aggregate as the log leaves it.

    Attributes:
        kind: of the aggregate.
        key: its natural key; its id if no event of it can be read.
        key_values: column -> value of that key; empty if no event can be read.
        values: column -> value; only those that some event set, and none that names another row.
        named: field -> natural key (or id) of the row that it refers to.
        hashes: field -> hash of the body that some event set, None if it was set to null.
        merged: field -> top-level keys that some event set.
        links: name of the link -> (what tells it apart, other end) -> whether it should be there, and how.
        removed: whether it was removed for good.
        removed_seq: the newest event that did so, whether or not a later one made it anew.
        first_seq: its oldest delivered event; 0 before that.
        last_seq: its newest delivered event.
        recorded: rows of the inbox, if it is one and they are kept here; see `worker.proof.verify`.
        waiting: how many of its events are not delivered yet.
        parked: how many are parked or held.
        last_event_id: the newest event that writes the row itself (not a link).
    """

    kind: str
    key: str
    aggregate_id: UUID
    key_values: dict[str, Any] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    named: dict[str, str | None] = field(default_factory=dict)
    hashes: dict[str, str | None] = field(default_factory=dict)
    merged: dict[str, dict[str, Any]] = field(default_factory=dict)
    links: dict[str, dict[tuple[str, ...], ExpectedLink]] = field(default_factory=dict)
    removed: bool = False
    removed_seq: int = 0
    first_seq: int = 0
    last_seq: int = 0
    last_event_id: UUID | None = None
    recorded: list[dict[str, Any]] | None = None
    waiting: int = 0
    parked: int = 0

    @property
    def label(self) -> str:
        """How a difference names it."""
        return f"{self.kind} {self.key}"

    @property
    def said(self) -> tuple[object, ...]:
        """All that the events say of it."""
        row = (self.values, self.named, self.hashes, self.merged, self.links, self.removed)
        return *row, self.recorded, bool(self.last_seq)

    def take(self, event: Event, contract: Contract, payload: dict[str, Any]) -> None:
        """Add one event."""
        self.first_seq = self.first_seq or event.seq
        self.last_seq = event.seq
        if contract.does is Does.RECORDS:
            if self.recorded is not None:
                self.recorded.append(row_of(event, payload))
        elif contract.link is not None:
            key = (*(str(payload[name]) for name in contract.link.keys), as_key(payload[contract.link.name]))
            linked = contract.does is Does.LINKS
            further = {one.column: payload.get(one.field) for one in active().further_of(contract.link)}
            link = ExpectedLink(linked, further if linked else {}, event.seq)
            self.links.setdefault(contract.link.name, {})[key] = link
        elif contract.does is Does.REMOVES:
            for said in (self.values, self.named, self.hashes, self.merged, self.links):
                said.clear()
            self.removed, self.removed_seq, self.last_event_id = True, event.seq, event.event_id
        else:
            self._set(event, contract, payload)

    def _set(self, event: Event, contract: Contract, payload: dict[str, Any]) -> None:
        self.last_event_id, self.removed = event.event_id, False
        deleted_at = contract.aggregate.soft_delete
        if deleted_at is not None and contract.does in {Does.MAKES, Does.DELETES}:
            self.values[deleted_at] = None if contract.does is Does.MAKES else event.occurred_at.isoformat()
        for name, value in payload.items():
            if (one := contract.by_name.get(name)) is None:
                continue
            if one.merged and isinstance(value, dict):
                self.merged.setdefault(name, {}).update(value)
            elif one.body:
                self.hashes[name] = None if value is None else sha256_of(value)
            elif one.refers_to is not None:
                self.named[name] = None if value is None else as_key(value)
            elif one.column != deleted_at or value is not None:
                self.values[one.column] = value

    def as_row(self) -> dict[str, Any]:
        """What the database compares with the row (`tables.verify`)."""
        links = {
            f"{name}s": [
                {
                    **dict(zip((*active().links[name].keys, name), key, strict=True)),
                    "linked": link.linked,
                    **({FURTHER: link.further} if link.further else {}),
                }
                for key, link in found.items()
            ]
            for name, found in self.links.items()
        }
        said = {"columns": self.values, "hashes": self.hashes, "merged": self.merged, "named": self.named}
        if active().key_is_text(self.kind):
            return {**self.key_values, **said, **links}
        return {"key": self.key_values, "name": self.key, **said, **links}


def sha256_of(text: str) -> str:
    """Hash of the UTF-8 bytes, as the database computes it."""
    return hashlib.sha256(text.encode()).hexdigest()


def fold_one(event: Event, events: Iterable[Event]) -> Expected:
    """Fold these events of one aggregate, in order, into what they say of it.

    Args:
        event: one of the aggregate; if no event can be read, it stands under its id.
        events: as they are to be applied.
    """
    one = _named_by(event, _payload(event))
    one.recorded = []
    for said in events:
        if (found := _payload(said)) is not None:
            if not one.key_values:
                one = _named_by(said, found)
                one.recorded = []
            one.take(said, *found)
    return one


def expected_of(box: Log, position_seq: int, parked: Container[int], *, into: Kept[Expected], after: int = 0) -> int:
    """Fold what was delivered; returns how many events were read.

    Args:
        box: the outbox.
        position_seq: up to where it was delivered.
        parked: the seqs of what was passed over, see `position.parked_seqs`.
        into: gets what should stand there.
        after: only what later events say.
    """
    decisions = box.decisions()
    count = 0
    for event in box.events(after=after):
        count += 1
        for decided in decisions.obeyed([event]):
            found = _payload(decided)
            # What cannot be read was never applied: it is parked or waits, and shows up under its id.
            one = into.at(_named_by(decided, found))
            if event.seq in parked:
                one.parked += 1
            elif event.seq > position_seq:
                one.waiting += 1
            elif found is not None:
                one.take(decided, *found)
    return count


def forget_links_to_removed(one: Expected, kept: Kept[Expected]) -> None:
    """What was linked before its other end was removed for good went with it."""
    for name, links in one.links.items():
        kind = active().links[name].to.kind
        if not active().removes(kind):
            continue
        for key, link in links.items():
            other = kept.find(kind, key[-1])
            if other is not None and link.seq < other.removed_seq:
                links[key] = ExpectedLink(linked=False, further={}, seq=link.seq)


def _named_by(event: Event, found: tuple[Contract, dict[str, Any]] | None) -> Expected:
    if found is None:
        return Expected(event.aggregate_type, str(event.aggregate_id), event.aggregate_id)
    contract, payload = found
    key_values = {name: payload[name] for name in contract.aggregate.key}
    return Expected(event.aggregate_type, contract.key_in(payload), event.aggregate_id, key_values)


def _payload(event: Event) -> tuple[Contract, dict[str, Any]] | None:
    try:
        payload = event.payload
        contract = active().contracts[event.type]
        contract.key_in(payload)
    except (ValueError, KeyError, TypeError, OutboxError):
        return None
    return contract, payload
