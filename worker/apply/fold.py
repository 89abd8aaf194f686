"""Folds the events of a batch, in order, into the net change of every row they speak of.

Postgres then gets one statement per table, not one per event, and a row that five events changed is written once. The
result is that of applying the events one by one: an event older than what the row carries is left out *before* folding
(two hosts may write the same content), a patch before its row exists is a fault of that event, and a reference counts
as resolved if the database knows it or an *earlier* event of the batch makes it; never a later one, or the outcome
would depend on where a batch happens to end.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from outbox import Event, NewerVersion, UnknownEventType
from worker.apply.known import REFERENCE_FIELDS, Decoded, Known, Row, as_uuid
from worker.errors import DependencyFault, ForeignRow, NewerEvent, UndecodableEvent

Values = dict[str, Any]

# What a new row gets where the event leaves it open; an existing row keeps its own.
_DEFAULTS: dict[str, Values] = {
    "audience": {},
    "project": {"status": "planning", "project_metadata": {}},
    "content": {"status": "draft", "ai_generated": False, "metadata": {}},
}
TABLES = {"audience": "audience_profiles", "project": "content_projects", "content": "contents"}
_MERGED = frozenset({"metadata", "project_metadata"})
# field of the payload -> column, where the names differ
COLUMNS: dict[str, dict[str, str]] = {
    "audience": {},
    "project": {
        "metadata": "project_metadata",
        "target_audience": "target_audience_id",
        "creator_mind": "creator_mind_id",
        "persona_mind": "persona_mind_id",
    },
    "content": {"body": "content", "project": "project_id", "parent": "parent_content_id", "score": "fidelity_score"},
}
_MINDS = frozenset({"creator_mind", "persona_mind"})
# Where it stands to whom a row belongs.
_OWNED_BY = {
    "audience": "creator_mind_id",
    "project": "creator_mind_id",
    "content": "project_id (and the links of its makers)",
}


@dataclass(slots=True)
class TableChange:
    """New rows and changed rows of one table; the values are ready for JSON."""

    inserts: list[Values] = field(default_factory=list)
    updates: list[Values] = field(default_factory=list)


@dataclass(slots=True)
class Changes:
    """The net effect of a batch."""

    audience: TableChange = field(default_factory=TableChange)
    project: TableChange = field(default_factory=TableChange)
    content: TableChange = field(default_factory=TableChange)
    minds_linked: list[Values] = field(default_factory=list)
    minds_unlinked: list[Values] = field(default_factory=list)
    tags: list[Values] = field(default_factory=list)
    tagged: list[Values] = field(default_factory=list)
    untagged: list[Values] = field(default_factory=list)
    unmade: dict[str, tuple[list[UUID], list[UUID]]] = field(default_factory=dict)


@dataclass(slots=True)
class _Link:
    """What a batch does to one link: remove it, make it, or first the one and then the other.

    A removal that is followed by a new link still counts: the new one has its own created_at.
    """

    removed: Values | None = None
    made: Values | None = None

    def make(self, values: Values) -> None:
        first = self.made or values
        self.made = {**values, "created_at": first["created_at"]}

    def remove(self, values: Values) -> None:
        self.removed, self.made = values, None


@dataclass(slots=True)
class _Draft:
    row: Row
    is_new: bool
    values: Values


def decode(events: Iterable[Event]) -> list[Decoded]:
    """Read the payloads, in today's version of their contracts.

    Raises:
        NewerEvent: a type or version that this worker does not know.
        UndecodableEvent: not JSON, or no slug in it.
    """
    return [Decoded(event, _payload(event)) for event in events]


def fold(batch: Iterable[Decoded], known: Known) -> Changes:
    """Fold decoded events into row changes.

    Args:
        batch: in the order of the log.
        known: what the database says about every natural key of the batch; rows that the batch makes are added to it.

    Raises:
        DependencyFault: an event refers to, or patches, what does not exist.
        ForeignRow: an event would write, or deliver into, what somebody else made and owns.
        UndecodableEvent: a field that the contract requires is missing.
    """
    return _Fold(known).run(batch)


def _payload(event: Event) -> Values:
    try:
        payload = event.payload
    except (UnknownEventType, NewerVersion) as exc:
        raise NewerEvent(event.seq, event.type, event.version) from exc
    except ValueError as exc:
        raise UndecodableEvent(event.seq, event.event_id, "the payload is not JSON") from exc
    if not isinstance(payload, dict) or not isinstance(payload.get("slug"), str):
        raise UndecodableEvent(event.seq, event.event_id, "the payload names no slug")
    return payload


class _Fold:
    def __init__(self, known: Known) -> None:
        self._known = known
        self._drafts: dict[tuple[str, str], _Draft] = {}
        self._minds: dict[tuple[UUID, UUID, str], _Link] = {}
        self._tags: dict[tuple[UUID, str], _Link] = {}
        self._tag_types: dict[str, str | None] = {}
        self._changes = Changes()

    def run(self, batch: Iterable[Decoded]) -> Changes:
        for item in batch:
            try:
                self._take(item.event, item.payload)
            except (KeyError, TypeError, AttributeError) as exc:
                raise UndecodableEvent(item.event.seq, item.event.event_id, "the payload breaks its contract") from exc
        return self._result()

    def _take(self, event: Event, payload: Values) -> None:
        match event.type:
            case "audience.upserted" | "project.upserted":
                self._upsert(event, payload)
            case "content.upserted":
                self._upsert(event, {**payload, "deleted_at": None})
            case "content.deleted":
                self._patch(
                    event,
                    {"slug": payload["slug"], "deleted_at": payload.get("deleted_at") or event.occurred_at.isoformat()},
                )
            case "project.status_changed" | "content.status_changed" | "content.metadata_merged":
                self._patch(event, payload)
            case "content.fidelity_scored":
                self._patch(event, payload)
            case "content.mind_linked" | "content.mind_unlinked":
                self._mind(event, payload, linked=event.type == "content.mind_linked")
            case "content.tagged" | "content.untagged":
                self._tag(event, payload, tagged=event.type == "content.tagged")
            case _:
                raise NewerEvent(event.seq, event.type, event.version)

    def _upsert(self, event: Event, payload: Values) -> None:
        kind, slug = event.aggregate_type, payload["slug"]
        rows: dict[str, Row] = getattr(self._known, kind)
        row = rows.get(slug)
        if row is not None and _is_stale(event, row):
            return
        values = self._values(event, payload)
        if row is not None and row.is_foreign and not self._is_same_owner(kind, row, values):
            raise _foreign(event, kind, slug)
        if row is None:
            # An id that a row of another name has is no reason to keep this one out: rows are known by their names.
            taken = event.aggregate_id in self._known.taken
            row = Row(event.event_id if taken else event.aggregate_id, None)
            defaults = {**_DEFAULTS[kind], "id": str(row.id), "slug": slug, "created_at": event.occurred_at.isoformat()}
            self._drafts[kind, slug] = _Draft(row, is_new=True, values=defaults)
        rows[slug] = _taken_over(kind, row, values)
        self._merge(event, slug, row, values)

    def _is_same_owner(self, kind: str, row: Row, values: Values) -> bool:
        """Whether what an event says of a row that no outbox made leaves it with those whose it is."""
        if kind == "project":
            return row.owners == {_uuid(values.get("creator_mind_id"))}
        if kind == "content":
            project = next(
                (one for one in self._known.project.values() if str(one.id) == values.get("project_id")), None
            )
            return project is not None and (row.project_id == project.id or row.owners == project.owners)
        return False

    def _patch(self, event: Event, payload: Values) -> None:
        slug = payload["slug"]
        row: Row | None = getattr(self._known, event.aggregate_type).get(slug)
        if row is None:
            words = f"it changes {event.aggregate_type} {slug}, which does not exist"
            raise DependencyFault(event.seq, event.event_id, words, table=TABLES[event.aggregate_type])
        if _is_stale(event, row):
            return
        if row.is_foreign:
            raise _foreign(event, event.aggregate_type, slug)
        self._merge(event, slug, row, self._values(event, payload))

    def _merge(self, event: Event, slug: str, row: Row, values: Values) -> None:
        draft = self._drafts.setdefault(
            (event.aggregate_type, slug), _Draft(row, is_new=False, values={"id": str(row.id)})
        )
        for column, value in values.items():
            merged = column in _MERGED and isinstance(draft.values.get(column), dict)
            draft.values[column] = {**draft.values[column], **value} if merged else value
        draft.values["last_event_id"] = str(event.event_id)

    def _values(self, event: Event, payload: Values) -> Values:
        names = COLUMNS[event.aggregate_type]
        values = {
            names.get(name, name): self._value(event, name, value) for name, value in payload.items() if name != "slug"
        }
        for name in payload.keys() & REFERENCE_FIELDS.keys():
            if payload[name] is not None:
                self._require_own(event, REFERENCE_FIELDS[name], payload[name], values)
        return values

    def _require_own(self, event: Event, kind: str, slug: str, values: Values) -> None:
        """What an event delivers into, or aims at, must not be somebody else's.

        Raises:
            ForeignRow: it is.
        """
        row: Row = getattr(self._known, kind)[slug]
        if not row.is_foreign:
            return
        if kind == "audience" and row.owners == {_uuid(values.get("creator_mind_id"))}:
            return
        if kind == "content" and row.project_id is not None and str(row.project_id) == values.get("project_id"):
            return
        raise _foreign(event, kind, slug)

    def _value(self, event: Event, name: str, value: Any) -> Any:
        if value is None:
            return None
        if name in REFERENCE_FIELDS:
            kind = REFERENCE_FIELDS[name]
            row: Row | None = getattr(self._known, kind).get(value)
            if row is None:
                words = f"it refers to {kind} {value}, which does not exist"
                raise DependencyFault(event.seq, event.event_id, words, table=TABLES[kind])
            return str(row.id)
        if name in _MINDS:
            return str(self._mind_id(event, value))
        return value

    def _mind_id(self, event: Event, name: str) -> UUID:
        found = self._known.minds.get(str(as_uuid(name) or name))
        if found is None:
            words = f"it refers to mind {name}, which does not exist"
            raise DependencyFault(event.seq, event.event_id, words, table="minds")
        return found

    def _content_id(self, event: Event, slug: str) -> UUID:
        row = self._known.content.get(slug)
        if row is None:
            words = f"it changes content {slug}, which does not exist"
            raise DependencyFault(event.seq, event.event_id, words, table=TABLES["content"])
        if row.is_foreign:
            raise _foreign(event, "content", slug)
        return row.id

    def _mind(self, event: Event, payload: Values, *, linked: bool) -> None:
        content, mind = self._content_id(event, payload["slug"]), self._mind_id(event, payload["mind"])
        key = (content, mind, payload["role"])
        values = {"content_id": str(content), "mind_id": str(mind), "role": payload["role"], **_stamp(event)}
        link = self._minds.setdefault(key, _Link())
        (link.make if linked else link.remove)(values)

    def _tag(self, event: Event, payload: Values, *, tagged: bool) -> None:
        content = self._content_id(event, payload["slug"])
        tag = payload["tag"]
        values = {"content_id": str(content), "tag": tag, **_stamp(event)}
        link = self._tags.setdefault((content, tag), _Link())
        (link.make if tagged else link.remove)(values)
        if tagged:
            self._tag_types.setdefault(tag, payload.get("tag_type"))

    def _result(self) -> Changes:
        for (kind, _), draft in self._drafts.items():
            table: TableChange = getattr(self._changes, kind)
            (table.inserts if draft.is_new else table.updates).append(draft.values)
        minds, tags = self._minds.values(), self._tags.values()
        self._changes.minds_unlinked = [link.removed for link in minds if link.removed is not None]
        self._changes.minds_linked = [link.made for link in minds if link.made is not None]
        self._changes.untagged = [link.removed for link in tags if link.removed is not None]
        self._changes.tagged = [link.made for link in tags if link.made is not None]
        self._changes.unmade = self._known.unmade
        self._changes.tags = [{"name": name, "tag_type": tag_type} for name, tag_type in self._tag_types.items()]
        return self._changes


def _is_stale(event: Event, row: Row) -> bool:
    return row.last_event_id is not None and event.event_id <= row.last_event_id


def _taken_over(kind: str, row: Row, values: Values) -> Row:
    """The row as the rest of the batch is to see it: ours, and with the owner or project that the event names."""
    if kind == "project" and "creator_mind_id" in values:
        owner = _uuid(values["creator_mind_id"])
        return replace(row, is_ours=True, owners=frozenset() if owner is None else frozenset({owner}))
    if kind == "content" and "project_id" in values:
        return replace(row, is_ours=True, project_id=_uuid(values["project_id"]))
    return replace(row, is_ours=True)


def _foreign(event: Event, kind: str, slug: str) -> ForeignRow:
    return ForeignRow(event.seq, event.event_id, f"{kind} {slug}", _OWNED_BY[kind])


def _uuid(value: Any) -> UUID | None:
    return None if value is None else UUID(str(value))


def _stamp(event: Event) -> Values:
    return {"created_at": event.occurred_at.isoformat(), "last_event_id": str(event.event_id)}
