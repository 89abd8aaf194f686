"""What the log says should stand in the database: its delivered events, folded from first to last, bodies as hashes."""

import hashlib
from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from outbox import Decisions, Event, Outbox, OutboxError
from worker.apply.fold import COLUMNS
from worker.apply.known import MIND_FIELDS, REFERENCE_FIELDS

_NAMED = frozenset({*REFERENCE_FIELDS, *MIND_FIELDS})


@dataclass(slots=True)
class Expected:
    """One aggregate as the log leaves it.

    Attributes:
        kind: audience, project or content.
        slug: its natural key.
        values: column -> value; only those that some event set, and none that names another row.
        named: field -> slug (or id) of the row that it refers to.
        body_sha256: of the body that some event set; empty where none did, None where it was set to null.
        metadata: top-level keys that some event set.
        tags: tag -> whether it should be there.
        minds: (role, mind) -> whether the link should be there.
        first_seq: its oldest delivered event; 0 before that.
        last_seq: its newest delivered event.
        waiting: how many of its events are not delivered yet.
        parked: how many are parked or held.
        last_event_id: the newest event that writes the row itself (not a link).
    """

    kind: str
    slug: str
    aggregate_id: UUID
    values: dict[str, Any] = field(default_factory=dict)
    named: dict[str, str | None] = field(default_factory=dict)
    body_sha256: str | None = ""
    metadata: dict[str, Any] = field(default_factory=dict)
    tags: dict[str, bool] = field(default_factory=dict)
    minds: dict[tuple[str, str], bool] = field(default_factory=dict)
    first_seq: int = 0
    last_seq: int = 0
    last_event_id: UUID | None = None
    waiting: int = 0
    parked: int = 0

    @property
    def label(self) -> str:
        """How a difference names it."""
        return f"{self.kind} {self.slug}"

    def take(self, event: Event, payload: dict[str, Any]) -> None:
        """Add one event."""
        self.first_seq = self.first_seq or event.seq
        self.last_seq = event.seq
        if event.type in {"content.tagged", "content.untagged"}:
            self.tags[payload["tag"]] = event.type == "content.tagged"
            return
        if event.type in {"content.mind_linked", "content.mind_unlinked"}:
            self.minds[payload["role"], payload["mind"]] = event.type == "content.mind_linked"
            return
        self.last_event_id = event.event_id
        if event.type == "content.upserted":
            self.values["deleted_at"] = None
        if event.type == "content.deleted":
            self.values["deleted_at"] = payload.get("deleted_at") or event.occurred_at.isoformat()
            return
        for name, value in payload.items():
            if name == "metadata":
                self.metadata.update(value)
            elif name == "body":
                self.body_sha256 = None if value is None else sha256_of(value)
            elif name in _NAMED:
                self.named[name] = value
            elif name != "slug":
                self.values[COLUMNS[self.kind].get(name, name)] = value

    def as_row(self) -> dict[str, Any]:
        """What `verify.sql` compares with the row."""
        return {
            "slug": self.slug,
            "columns": self.values,
            "has_body": self.body_sha256 != "",
            "body_sha256": self.body_sha256,
            "merged": self.metadata,
            "named": self.named,
            "tags": self.tags,
            "minds": [{"role": role, "mind": mind, "linked": linked} for (role, mind), linked in self.minds.items()],
        }


def sha256_of(text: str) -> str:
    """Hash of the UTF-8 bytes, as the database computes it."""
    return hashlib.sha256(text.encode()).hexdigest()


def fold_one(event: Event, events: Iterable[Event]) -> Expected:
    """Fold these events of one aggregate, in order, into what they say of it.

    Args:
        event: one of the aggregate; where no event can be read, it stands under its id.
        events: as they are to be applied.
    """
    slug = (_payload(event) or {}).get("slug", str(event.aggregate_id))
    one = Expected(event.aggregate_type, slug, event.aggregate_id)
    for said in events:
        if (payload := _payload(said)) is not None:
            one.slug = str(payload["slug"])
            one.take(said, payload)
    return one


def expected_of(box: Outbox, position_seq: int, parked: Container[int]) -> tuple[dict[tuple[str, str], Expected], int]:
    """Fold what was delivered.

    Args:
        box: the outbox.
        position_seq: up to where it was delivered.
        parked: the seqs of what was passed over, see `position.parked_seqs`.

    Returns:
        (kind, slug) -> what should stand there, and the number of events in the log.
    """
    found: dict[tuple[str, str], Expected] = {}
    decisions = Decisions.read(box.connection)
    count = 0
    for event in box.events():
        count += 1
        for decided in decisions.obeyed([event]):
            payload = _payload(decided)
            # What cannot be read was never applied: it is parked or waits, and shows up under its id.
            slug = str(decided.aggregate_id) if payload is None else str(payload["slug"])
            key = (decided.aggregate_type, slug)
            one = found.setdefault(key, Expected(*key, decided.aggregate_id))
            if event.seq in parked:
                one.parked += 1
            elif event.seq > position_seq:
                one.waiting += 1
            elif payload is not None:
                one.take(decided, payload)
    return found, count


def _payload(event: Event) -> dict[str, Any] | None:
    try:
        payload = event.payload
    except (ValueError, OutboxError):
        return None
    return payload if isinstance(payload, dict) and isinstance(payload.get("slug"), str) else None
