"""What the rows should be: events applied one by one to plain dictionaries, as docs/events.md tells it.

The relay reduces batches to net changes and writes them in bulk; this does neither, and shares no code with it. It is
the only place that knows what an event does besides the relay itself.
"""

import datetime as dt
from typing import Any
from uuid import UUID

from simulation.destination.statements import typed
from simulation.kernel import Violation
from simulation.witness import Seen

_NEW: dict[str, dict[str, Any]] = {
    "audience": {},
    "project": {"status": "planning", "project_metadata": {}},
    "content": {"status": "draft", "ai_generated": False, "metadata": {}},
}
_COLUMN = {
    ("project", "metadata"): "project_metadata", ("project", "target_audience"): "target_audience_id",
    ("project", "creator_mind"): "creator_mind_id", ("project", "persona_mind"): "persona_mind_id",
    ("content", "body"): "content", ("content", "project"): "project_id", ("content", "parent"): "parent_content_id",
    ("content", "score"): "fidelity_score",
}  # fmt: skip
_REFERS = {"target_audience": "audience", "project": "project", "parent": "content"}


class Missing(Exception):
    """An event speaks of something that does not exist."""


class Reference:
    """The rows of one database as they should be.

    Attributes:
        rows: kind -> slug -> row; a column that no event set is not there.
        links: every link that should exist, with the event that made it.
    """

    def __init__(self, minds: dict[str, UUID]) -> None:
        self.minds = minds
        self.rows: dict[str, dict[str, dict[str, Any]]] = {"audience": {}, "project": {}, "content": {}}
        self.links: dict[tuple[Any, ...], UUID] = {}
        self.removed: dict[tuple[Any, ...], UUID] = {}
        self.tags: set[str] = set()

    def copy(self) -> "Reference":
        """A snapshot: rows are never changed in place."""
        made = Reference(self.minds)
        made.rows = {kind: dict(rows) for kind, rows in self.rows.items()}
        made.links, made.removed, made.tags = dict(self.links), dict(self.removed), set(self.tags)
        return made

    def lacks(self, event: Seen, payload: dict[str, Any]) -> bool:
        """Whether the event could not be applied now: it speaks of what does not exist."""
        try:
            self.copy().apply(event, payload)
        except Missing:
            return True
        return False

    def apply(self, event: Seen, payload: dict[str, Any]) -> None:
        """Apply one event.

        Raises:
            Missing: it speaks of what does not exist.
        """
        slug = payload["slug"]
        match event.type.partition(".")[2]:
            case "upserted":
                self._upsert(event, payload, slug)
            case "deleted":
                at = payload.get("deleted_at") or event.occurred_at.isoformat()
                self._patch(event, {"deleted_at": at}, slug)
            case "tagged" | "untagged" as verb:
                self._link(event, ("tag", self._id("content", slug), payload["tag"]), on=verb == "tagged")
                if verb == "tagged":
                    self.tags.add(payload["tag"])
            case "mind_linked" | "mind_unlinked" as verb:
                key = ("mind", self._id("content", slug), self._mind(payload["mind"]), payload["role"])
                self._link(event, key, on=verb == "mind_linked")
            case _:
                self._patch(event, payload, slug)

    def _upsert(self, event: Seen, payload: dict[str, Any], slug: str) -> None:
        there = self.rows[event.kind].get(slug)
        if there is not None and _is_old(event, there):
            return
        values = self._values(event.kind, payload)
        if event.kind == "content":
            values["deleted_at"] = None
        if there is None:
            made = {"id": event.aggregate_id, "slug": slug, "created_at": event.occurred_at.astimezone(dt.UTC)}
            self.rows[event.kind][slug] = {**_NEW[event.kind], **made, "last_event_id": None}
        self._write(event, slug, values)

    def _patch(self, event: Seen, payload: dict[str, Any], slug: str) -> None:
        there = self.rows[event.kind].get(slug)
        if there is None:
            raise Missing(slug)
        if not _is_old(event, there):
            self._write(event, slug, self._values(event.kind, payload))

    def _write(self, event: Seen, slug: str, values: dict[str, Any]) -> None:
        row = dict(self.rows[event.kind][slug])
        for column, value in values.items():
            merged = column in {"metadata", "project_metadata"}
            row[column] = {**row[column], **value} if merged else value
        row["last_event_id"] = event.event_id
        self.rows[event.kind][slug] = row

    def _link(self, event: Seen, key: tuple[Any, ...], *, on: bool) -> None:
        """The newest event about a link decides, in whatever order they come."""
        newest = max((at for at in (self.links.get(key), self.removed.get(key)) if at is not None), default=None)
        if newest is not None and newest >= event.event_id:
            return
        if on:
            self.links[key] = event.event_id
        else:
            self.links.pop(key, None)
            self.removed[key] = event.event_id

    def _values(self, kind: str, payload: dict[str, Any]) -> dict[str, Any]:
        values = {}
        for name, value in payload.items():
            if name == "slug":
                continue
            column = _COLUMN.get((kind, name), name)
            if value is not None and name in _REFERS:
                values[column] = self._id(_REFERS[name], value)
            elif value is not None and name in {"creator_mind", "persona_mind"}:
                values[column] = self._mind(value)
            else:
                values[column] = typed(column, value)
        return values

    def _id(self, kind: str, slug: str) -> Any:
        if slug not in self.rows[kind]:
            raise Missing(slug)
        return self.rows[kind][slug]["id"]

    def _mind(self, name: str) -> UUID:
        if name not in self.minds:
            raise Missing(name)
        return self.minds[name]


def _is_old(event: Seen, row: dict[str, Any]) -> bool:
    return row["last_event_id"] is not None and event.event_id <= row["last_event_id"]


def compare(expected: Reference, tables: dict[str, dict[Any, dict[str, Any]]]) -> None:
    """Compare the rows of a database with what they should be.

    Raises:
        Violation: something is missing, too much, or different.
    """
    for kind, rows in expected.rows.items():
        if rows.keys() != tables[kind].keys():
            raise Violation("rows_are_those_of_the_log", f"{kind}: {sorted(rows.keys() ^ tables[kind].keys())}")
        for slug, row in rows.items():
            found = tables[kind][slug]
            wrong = [column for column in found if found[column] != row.get(column)]
            if wrong:
                said = {column: (row.get(column), found[column]) for column in wrong}
                raise Violation("rows_are_those_of_the_log", f"{kind} {slug}: should be, is: {said}")
    links = {("tag", *key): row["last_event_id"] for key, row in tables["content_tags"].items()}
    links |= {("mind", *key): row["last_event_id"] for key, row in tables["content_minds"].items()}
    if links != expected.links or expected.tags != set(tables["tags"]):
        raise Violation("rows_are_those_of_the_log", f"links should be {expected.links}, are {links}")
