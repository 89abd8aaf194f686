"""What a batch speaks of, and what the database says about it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from outbox import Event

# field of the payload -> the kind of aggregate that it names
REFERENCE_FIELDS = {"target_audience": "audience", "project": "project", "parent": "content"}
MIND_FIELDS = ("mind", "creator_mind", "persona_mind")


@dataclass(frozen=True, slots=True)
class Row:
    """A row that exists, or will once this batch is applied.

    Attributes:
        id: chosen by whoever made the row: the server, long ago, or us, offline.
        last_event_id: the event that wrote it last; older events leave it alone.
    """

    id: UUID
    last_event_id: UUID | None


@dataclass(slots=True)
class Names:
    """Natural keys: `changed` are those of rows that the events change or link, `referred` those they only point at."""

    changed: set[str] = field(default_factory=set)
    referred: set[str] = field(default_factory=set)

    @property
    def only_referred(self) -> list[str]:
        return sorted(self.referred - self.changed)


@dataclass(slots=True)
class Wanted:
    """All natural keys of a batch."""

    audience: Names = field(default_factory=Names)
    project: Names = field(default_factory=Names)
    content: Names = field(default_factory=Names)
    minds: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Known:
    """What exists, by natural key; minds by slug and by id."""

    audience: dict[str, Row] = field(default_factory=dict)
    project: dict[str, Row] = field(default_factory=dict)
    content: dict[str, Row] = field(default_factory=dict)
    minds: dict[str, UUID] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Decoded:
    """An event with its payload as data."""

    event: Event
    payload: dict[str, Any]


def wanted_by(decoded: Iterable[Decoded]) -> Wanted:
    """Collect every natural key that the events speak of."""
    wanted = Wanted()
    for item in decoded:
        # Links, too: of two hosts that change one content at once, the second must see the first.
        getattr(wanted, item.event.aggregate_type).changed.add(item.payload["slug"])
        for kind, slug in references_of(item):
            getattr(wanted, kind).referred.add(slug)
        wanted.minds.update(name for field in MIND_FIELDS if (name := item.payload.get(field)))
    return wanted


def references_of(item: Decoded) -> Iterable[tuple[str, str]]:
    """Kind and natural key of the rows that an event points at."""
    return [(kind, slug) for field, kind in REFERENCE_FIELDS.items() if (slug := item.payload.get(field)) is not None]


def as_uuid(name: str) -> UUID | None:
    """Return the id that `name` spells, None where it is a slug."""
    try:
        return UUID(name)
    except ValueError:
        return None
