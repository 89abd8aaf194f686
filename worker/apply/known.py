"""What a batch speaks of, and what the database says about it."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from outbox import Event

# field of the payload -> the kind of aggregate that it names
REFERENCE_FIELDS = {"target_audience": "audience", "project": "project", "parent": "content"}
LINKS = frozenset({"content.tagged", "content.untagged", "content.mind_linked", "content.mind_unlinked"})
MIND_FIELDS = ("mind", "creator_mind", "persona_mind")


@dataclass(frozen=True, slots=True)
class Row:
    """A row that exists, or will once this batch is applied.

    Attributes:
        id: chosen by whoever made the row: the server, long ago, or us, offline.
        last_event_id: the event that wrote it last; older events leave it alone. None where it names one that no outbox
            made.
        project_id: of a content.
        owners: minds to whom it belongs; of a content those of its project, or else its makers.
        is_ours: an outbox made it, or took it over.
    """

    id: UUID
    last_event_id: UUID | None
    project_id: UUID | None = None
    owners: frozenset[UUID] = frozenset()
    is_ours: bool = True

    @property
    def is_foreign(self) -> bool:
        """Somebody made it who is no outbox, and it is theirs."""
        return not self.is_ours and bool(self.owners)


@dataclass(slots=True)
class Names:
    """Natural keys: `changed` are those of rows that the events change or link, `referred` those they only point at.

    `made` are the ids that the rows get if they are new.
    """

    changed: set[str] = field(default_factory=set)
    referred: set[str] = field(default_factory=set)
    made: set[UUID] = field(default_factory=set)

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
    linked: set[str] = field(default_factory=set)
    oldest_link: UUID | None = None


@dataclass(slots=True)
class Known:
    """What exists, by natural key; minds by slug and by id.

    `taken` are ids that rows have already. `unmade` are stamps that name an event which no outbox made, by table: ids
    of the rows and the stamps.
    """

    audience: dict[str, Row] = field(default_factory=dict)
    project: dict[str, Row] = field(default_factory=dict)
    content: dict[str, Row] = field(default_factory=dict)
    minds: dict[str, UUID] = field(default_factory=dict)
    taken: set[UUID] = field(default_factory=set)
    unmade: dict[str, tuple[list[UUID], list[UUID]]] = field(default_factory=dict)

    def write_again(self, kind: str, slug: str, newest: UUID) -> None:
        """Let a row forget which event wrote it, unless one newer than this did."""
        rows: dict[str, Row] = getattr(self, kind)
        row = rows.get(slug)
        if row is not None and row.last_event_id is not None and row.last_event_id <= newest:
            self.note_unmade(f"{kind}s", row.id, row.last_event_id)
            rows[slug] = replace(row, last_event_id=None)

    def note_unmade(self, table: str, row_id: UUID, stamp: UUID) -> None:
        """A stamp is to be removed before its row is written."""
        ids, stamps = self.unmade.setdefault(table, ([], []))
        ids.append(row_id)
        stamps.append(stamp)


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
        names: Names = getattr(wanted, item.event.aggregate_type)
        names.changed.add(item.payload["slug"])
        if item.event.type.endswith(".upserted"):
            names.made.add(item.event.aggregate_id)
        elif item.event.type in LINKS:
            wanted.linked.add(item.payload["slug"])
            wanted.oldest_link = min(item.event.event_id, wanted.oldest_link or item.event.event_id)
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
