"""The named statements of `worker/sql`, restated over `tables`: what each reads, writes and refuses.

A statement is known by its text as the worker sends it; one that is not known is an error, so that nobody forgets to
restate a new one here. The rules of the relay are not here, only what the WHERE clauses and constraints say; the
conformance test holds every one of them against PostgreSQL.
"""

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Iterator
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID

from simulation.destination.refusals import kept, refusal
from simulation.destination.tables import Row, Transaction

Rows = list[tuple[Any, ...]]
Handler = Callable[[Transaction, Any], Rows]
KINDS = ("audience", "project", "content")
OBSTACLES = (
    "schema_rights",
    "table_rights",
    "lost_tables",
    "hidden_rows",
    "generated_columns",
    "required_columns",
    "replica_identity",
    "rules",
    "sequences",
    "unchosen_key",
    "triggers_of",
    "triggers_that_keep",
)
_UUIDS = frozenset({
    "id", "target_audience_id", "creator_mind_id", "persona_mind_id", "project_id", "parent_content_id",
    "generation_execution_id", "last_event_id", "content_id", "mind_id",
})  # fmt: skip
_MOMENTS = frozenset({"created_at", "deleted_at", "published_at"})
# As the catalogue of content names them: only these are ever written.
COLUMNS = {
    "audience": (
        "id", "slug", "name", "description", "demographics", "psychographics", "technical_level",
        "learning_preferences", "created_at", "last_event_id",
    ),
    "project": (
        "id", "slug", "name", "description", "project_type", "status", "target_audience_id", "default_frameworks",
        "project_metadata", "creator_mind_id", "persona_mind_id", "created_at", "last_event_id",
    ),
    "content": (
        "id", "slug", "title", "content_type", "project_id", "parent_content_id", "sequence_order", "content",
        "ai_generated", "status", "fidelity_score", "metadata", "file_path", "published_at", "published_url",
        "generation_execution_id", "deleted_at", "created_at", "last_event_id",
    ),
}  # fmt: skip
_REQUIRED = {
    "audience": ("slug", "name"),
    "project": ("slug", "name", "project_type", "status", "project_metadata"),
    "content": ("slug", "title", "content_type", "ai_generated", "status", "metadata"),
}
_REFERENCES = {
    "audience": {},
    "project": {"target_audience_id": "audience"},
    "content": {"project_id": "project", "parent_content_id": "content"},
}
_MERGED = frozenset({"metadata", "project_metadata"})
_TABLE_NAMES = {"audience": "audience_profiles", "project": "content_projects", "content": "contents"}


_uuid = lru_cache(maxsize=512)(UUID)
_TYPED = _UUIDS | _MOMENTS | {"fidelity_score"}


def typed(column: str, value: Any) -> Any:
    """Return a JSON value as its column holds it."""
    if value is None:
        return None
    if column in _UUIDS:
        return _uuid(str(value))
    if column in _MOMENTS:
        return dt.datetime.fromisoformat(value).astimezone(dt.UTC)
    if column == "fidelity_score":
        return Decimal(str(value)).quantize(Decimal("0.01"), ROUND_HALF_UP)
    return value


def rows_of(values: Any) -> list[Row]:
    """Return the rows that a bulk statement carries."""
    return [
        {name: typed(name, value) if name in _TYPED else value for name, value in row.items()}
        for row in parsed(values["rows"])
    ]


@lru_cache(maxsize=8)
def parsed(text: str) -> list[dict[str, Any]]:
    """Return the rows that a statement carries, as JSON; they are read once for its locks and once for itself."""
    found: list[dict[str, Any]] = json.loads(text)
    return found


def _check(tx: Transaction, kind: str, row: Row) -> None:
    for column in _REQUIRED[kind]:
        if row[column] is None:
            raise refusal("23502")
    for column, other in _REFERENCES[kind].items():
        if row[column] is not None and tx.by_id(other, row[column]) is None:
            raise refusal("23503", constraint=f"{_TABLE_NAMES[kind]}_{column}_fkey")


def _insert(kind: str) -> Handler:
    def run(tx: Transaction, values: Any) -> Rows:
        fresh = [{column: row.get(column) for column in COLUMNS[kind]} for row in rows_of(values)]
        for row in fresh:
            if tx.get(kind, row["slug"]) is not None:
                raise refusal("23505", constraint=f"{_TABLE_NAMES[kind]}_slug_key")
            tx.put(kind, row["slug"], row)
        for row in fresh:  # references are checked at the end of a statement
            _check(tx, kind, row)
        return []

    return run


def _update(kind: str) -> Handler:
    def run(tx: Transaction, values: Any) -> Rows:
        for change in rows_of(values):
            row = tx.by_id(kind, change["id"])
            if row is None or not _is_newer(change, row):
                continue
            merged = {
                column: {**row[column], **value} if column in _MERGED and isinstance(row[column], dict) else value
                for column, value in change.items()
            }
            updated = {**row, **merged}
            _check(tx, kind, updated)
            tx.put(kind, row["slug"], updated)
        return []

    return run


def _is_newer(change: Row, row: Row | None) -> bool:
    return row is None or row["last_event_id"] is None or row["last_event_id"] < change["last_event_id"]


def _find(kind: str) -> Handler:
    def run(tx: Transaction, values: Any) -> Rows:
        found = [(slug, tx.get(kind, slug)) for slug in sorted(values["slugs"])]
        return [
            (slug, row["id"], row["last_event_id"], row.get("project_id"), _owners(tx, kind, row))
            for slug, row in found
            if row is not None
        ]

    return run


def _owners(tx: Transaction, kind: str, row: Row) -> list[UUID]:
    if kind == "content":
        project = tx.by_id("project", row["project_id"]) if row["project_id"] is not None else None
        creator = None if project is None else project["creator_mind_id"]
    else:
        creator = row.get("creator_mind_id")
    return [] if creator is None else [creator]


def _occupied(kind: str) -> Handler:
    def run(tx: Transaction, values: Any) -> Rows:
        return [(one,) for one in values["ids"] if tx.by_id(kind, one) is not None]

    return run


def _newest_applied(tx: Transaction, _values: Any) -> Rows:
    names = ("applied_event_id", "newest_event_id")
    applied = [row[name] for _, row in tx.every("sources") for name in names if row.get(name) is not None]
    return [(max(applied),)] if applied else []


def _find_minds(tx: Transaction, values: Any) -> Rows:
    return [
        (slug, row["id"]) for slug, row in tx.every("minds") if slug in values["slugs"] or row["id"] in values["ids"]
    ]


def _link(tx: Transaction, table: str, key: Any, removed: Any, row: Row) -> None:
    gone = tx.get("removed_links", removed)
    if gone is not None and gone["last_event_id"] > row["last_event_id"]:
        return
    if tx.by_id("content", row["content_id"]) is None:
        raise refusal("23503", constraint=f"{table}_content_id_fkey")
    there = tx.get(table, key)
    if there is None:
        stored = ("created_at", "last_event_id")
        tx.put(table, key, {column: row[column] for column in stored})
    elif _is_newer(row, there):
        tx.put(table, key, {**there, "last_event_id": row["last_event_id"]})


def _unlink(tx: Transaction, table: str, key: Any, removed: Any, row: Row) -> None:
    there = tx.get(table, key)
    if there is not None and _is_newer(row, there):
        tx.put(table, key, None)
    if _is_newer(row, tx.get("removed_links", removed)):
        tx.put("removed_links", removed, {"last_event_id": row["last_event_id"]})


def _minds(change: Callable[..., None]) -> Handler:
    def run(tx: Transaction, values: Any) -> Rows:
        for row in rows_of(values):
            linked = f"{row['mind_id']} {row['role']}"
            key = (row["content_id"], row["mind_id"], row["role"])
            change(tx, "content_minds", key, (row["content_id"], "mind", linked), row)
        return []

    return run


def _tags(change: Callable[..., None]) -> Handler:
    def run(tx: Transaction, values: Any) -> Rows:
        for row in rows_of(values):
            key = (row["content_id"], row["tag"])
            change(tx, "content_tags", key, (row["content_id"], "tag", row["tag"]), row)
        return []

    return run


def _add_tags(tx: Transaction, values: Any) -> Rows:
    for row in rows_of(values):
        if tx.get("tags", row["name"]) is None:
            tx.put("tags", row["name"], {"tag_type": row["tag_type"]})
    return []


def _find_tag(tx: Transaction, values: Any) -> Rows:
    return [] if tx.get("tags", values["name"]) is None else [(values["name"],)]


def _make_tag(tx: Transaction, values: Any) -> Rows:
    tx.put("tags", values["name"], {"tag_type": values["tag_type"]})
    return [(values["name"],)]


def _written(kind: str) -> Handler:
    def run(tx: Transaction, values: Any) -> Rows:
        for identity, stamp in zip(values["ids"], values["stamps"], strict=True):
            row = tx.by_id(kind, UUID(str(identity)))
            if row is None or row["last_event_id"] != UUID(str(stamp)):
                raise kept(_TABLE_NAMES[kind], "1")
        return []

    return run


def _taken(kind: str) -> Handler:
    def run(tx: Transaction, values: Any) -> Rows:
        for said in rows_of(values):
            row = tx.by_id(kind, said.pop("id"))
            for column, value in said.items():
                stored = None if row is None else row[column]
                if column in _MERGED and isinstance(stored, dict):
                    stored = {key: stored.get(key) for key in value}
                if (stored is None) != (value is None) if column == "deleted_at" else stored != value:
                    raise kept(_TABLE_NAMES[kind], column)
        return []

    return run


def _links(table: str, key_of: Callable[[Row], tuple[Any, Any]], *, there: bool) -> Handler:
    def run(tx: Transaction, values: Any) -> Rows:
        for row in rows_of(values):
            key, removed = key_of(row)
            gone, found = tx.get("removed_links", removed), tx.get(table, key)
            newer_removed = gone is not None and gone["last_event_id"] > row["last_event_id"]
            if (there and found is None and not newer_removed) or (not there and found and _is_newer(row, found)):
                raise kept(table, "1")
        return []

    return run


def _mind_keys(row: Row) -> tuple[Any, Any]:
    linked = f"{row['mind_id']} {row['role']}"
    return (row["content_id"], row["mind_id"], row["role"]), (row["content_id"], "mind", linked)


def _tag_keys(row: Row) -> tuple[Any, Any]:
    return (row["content_id"], row["tag"]), (row["content_id"], "tag", row["tag"])


def _register(tx: Transaction, values: Any) -> Rows:
    if tx.get("sources", values["outbox_id"]) is None:
        tx.put("sources", values["outbox_id"], {"applied_seq": 0, "applied_event_id": None})
    return []


def _position(tx: Transaction, values: Any) -> Rows:
    row = tx.get("sources", values["outbox_id"])
    return [] if row is None else [(row["applied_seq"], row["applied_event_id"])]


def _advance(tx: Transaction, values: Any) -> Rows:
    row = tx.get("sources", values["outbox_id"])
    if row is not None and row["applied_seq"] == values["from_seq"]:
        moved = {"applied_seq": values["to_seq"], "applied_event_id": values["to_event_id"]}
        tx.put("sources", values["outbox_id"], {**row, **moved})
    return []


def _rewind(tx: Transaction, values: Any) -> Rows:
    before = tx.get("sources", values["outbox_id"])
    _advance(tx, values)
    row = tx.get("sources", values["outbox_id"])
    if before is not None and row is not None and row is not before:
        seen = [one for one in (before.get("newest_event_id"), before["applied_event_id"]) if one is not None]
        tx.put("sources", values["outbox_id"], {**row, "newest_event_id": max(seen, default=None)})
    return [(1,)] if row is not None and row["applied_seq"] == values["to_seq"] else []  # whose count is asked for


def _replayed_to(tx: Transaction, values: Any) -> Rows:
    row = tx.get("sources", values["outbox_id"])
    return [] if row is None else [(row.get("newest_event_id"),)]


def _park(tx: Transaction, values: Any) -> Rows:
    for row in json.loads(values["rows"]):
        key = (values["outbox_id"], row["seq"])
        there = tx.get("parked", key)
        fresh = {
            "event_id": UUID(row["event_id"]), "type": row["type"], "aggregate_id": UUID(row["aggregate_id"]),
            "state": row["state"], "verdict": row["verdict"], "sqlstate": row["sqlstate"], "reason": row["reason"],
            "attempts": row["attempts"],
        }  # fmt: skip
        kept = {} if there is None else {name: there[name] for name in ("event_id", "type", "aggregate_id")}
        tx.put("parked", key, {**fresh, **kept})
    return []


def _unpark(tx: Transaction, values: Any) -> Rows:
    for seq in values["seqs"]:
        if tx.get("parked", (values["outbox_id"], seq)) is not None:
            tx.put("parked", (values["outbox_id"], seq), None)
    return []


def _forget_beyond(tx: Transaction, values: Any) -> Rows:
    row = tx.get("sources", values["outbox_id"])
    for outbox, seq in [key for key, _ in tx.every("parked")]:
        if row is not None and outbox == values["outbox_id"] and seq > row["applied_seq"]:
            tx.put("parked", (outbox, seq), None)
    return []


def _still_parked(tx: Transaction, values: Any) -> Rows:
    return [(seq,) for seq in values["seqs"] if tx.get("parked", (values["outbox_id"], seq)) is not None]


def _parked(tx: Transaction, values: Any) -> Rows:
    columns = ("verdict", "sqlstate", "reason", "attempts")
    mine = [(seq, row) for seq, row in _on_the_list(tx, values) if row["state"] == "parked"]
    return [(seq, *(row[column] for column in columns)) for seq, row in mine]


def _held(tx: Transaction, values: Any) -> Rows:
    return [(",".join(str(seq) for seq, row in _on_the_list(tx, values) if row["state"] != "parked") or None,)]


def _passed_over(tx: Transaction, values: Any) -> Rows:
    return [(seq,) for seq, _ in _on_the_list(tx, values)]


def _on_the_list(tx: Transaction, values: Any) -> list[tuple[int, Any]]:
    mine = [(seq, row) for (outbox, seq), row in tx.every("parked") if outbox == values["outbox_id"]]
    return sorted(mine, key=lambda one: one[0])


def _forget(table: str, column: str) -> Handler:
    def run(tx: Transaction, values: Any) -> Rows:
        for key, row in list(tx.every(table)):
            if row[column] in values["ids"] and row["last_event_id"] in values["stamps"]:
                tx.put(table, key, {**row, "last_event_id": None})
        return []

    return run


def _verify(kind: str) -> Handler:
    def run(tx: Transaction, values: Any) -> Rows:
        found: Rows = []
        for said in json.loads(values["rows"]):
            row = tx.get(kind, said["slug"])
            if row is None:
                found.append((said["slug"], False, None, []))
            else:
                found.append((said["slug"], True, row["last_event_id"], list(_differing(tx, kind, row, said))))
        return found

    return run


def _differing(tx: Transaction, kind: str, row: Row, said: dict[str, Any]) -> Iterator[str]:
    yield from (name for name, value in said["columns"].items() if row[name] != typed(name, value))
    text = row.get("content")
    if "body" in said["hashes"] and said["hashes"]["body"] != (
        None if text is None else hashlib.sha256(text.encode()).hexdigest()
    ):
        yield "body_sha256"
    stored = row.get("project_metadata" if kind == "project" else "metadata") or {}
    merged = said["merged"].get("metadata", {})
    yield from (f"metadata.{key}" for key, value in merged.items() if stored.get(key) != value)
    slugs = {
        "target_audience": ("audience", "target_audience_id"), "project": ("project", "project_id"),
        "parent": ("content", "parent_content_id"), "creator_mind": ("minds", "creator_mind_id"),
        "persona_mind": ("minds", "persona_mind_id"),
    }  # fmt: skip
    for field, name in said["named"].items():
        table, column = slugs[field]
        if _slug_of(tx, table, row[column]) != name:
            yield field
    for link in said.get("tags", ()):
        if (tx.get("content_tags", (row["id"], link["tag"])) is not None) != link["linked"]:
            yield f"tag {link['tag']}"
    minds = {slug: one["id"] for slug, one in tx.every("minds")}
    for link in said.get("minds", ()):
        if (tx.get("content_minds", (row["id"], minds.get(link["mind"]), link["role"])) is not None) != link["linked"]:
            yield f"mind {link['role']}:{link['mind']}"


def _slug_of(tx: Transaction, kind: str, identity: UUID | None) -> str | None:
    row = tx.by_id(kind, identity) if identity is not None else None
    return None if row is None else str(row["slug"])


def _nothing(_tx: Transaction, _values: Any) -> Rows:
    return []


def _limits(tx: Transaction, values: Any) -> Rows:
    tx.lock_timeout_seconds = int(values["lock_timeout"]) / 1000
    tx.statement_timeout_seconds = int(values["statement_timeout"]) / 1000
    return []


def _settings(tx: Transaction, _values: Any) -> Rows:
    tx.has_our_settings = True
    return []


HANDLERS: dict[str, Handler] = {
    "relay.settings": _settings,
    "set constraints all immediate": _nothing,
    "relay.limits": _limits,
    "relay.whole_transaction_limit": _nothing,
    "relay.holders": _nothing,
    "relay.any_mind": _nothing,
    "relay.register": _register,
    "relay.somebody_elses": _nothing,
    "relay.may_see_server": _nothing,
    "relay.position": _position,
    "relay.lock_position": _position,
    "relay.advance": _advance,
    "relay.rewind": _rewind,
    "relay.replayed_to": _replayed_to,
    "relay.park": _park,
    "relay.forget_beyond": _forget_beyond,
    "relay.unpark": _unpark,
    "relay.still_parked": _still_parked,
    "relay.parked": _parked,
    "relay.held": _held,
    "relay.passed_over": _passed_over,
    "projection.find_minds": _find_minds,
    "relay.newest_applied": _newest_applied,
    # Nobody but the relay writes here, so there is no stamp that it does not believe.
    "projection.newer_minds": _nothing,
    "projection.newer_tags": _nothing,
    **{f"projection.occupied_{kind}s": _occupied(kind) for kind in KINDS},
    "projection.link_minds": _minds(_link),
    "projection.unlink_minds": _minds(_unlink),
    "projection.add_tags": _add_tags,
    "projection.find_tag": _find_tag,
    "projection.make_tag": _make_tag,
    # Of tags that are made one by one, which only a rehearsal does here: all of it is taken back in the end.
    "savepoint tag": _nothing,
    "release savepoint tag": _nothing,
    "projection.link_tags": _tags(_link),
    "projection.unlink_tags": _tags(_unlink),
    "projection.linked_minds": _links("content_minds", _mind_keys, there=True),
    "projection.unlinked_minds": _links("content_minds", _mind_keys, there=False),
    "projection.linked_tags": _links("content_tags", _tag_keys, there=True),
    "projection.unlinked_tags": _links("content_tags", _tag_keys, there=False),
    **{f"projection.forget_{kind}s": _forget(kind, "id") for kind in KINDS},
    "projection.forget_linked_minds": _forget("content_minds", "content_id"),
    "projection.forget_linked_tags": _forget("content_tags", "content_id"),
    **{f"projection.written_{kind}s": _written(kind) for kind in KINDS},
    **{f"projection.taken_{kind}s": _taken(kind) for kind in ("project", "content")},
    "select current_user::text": lambda _tx, _values: [("outbox_worker",)],
    **{f"obstacles.{name}": _nothing for name in OBSTACLES},
    **{f"projection.lock_{kind}s": _find(kind) for kind in KINDS},
    **{f"projection.find_{kind}s": _find(kind) for kind in KINDS},
    **{f"projection.insert_{kind}s": _insert(kind) for kind in KINDS},
    **{f"projection.update_{kind}s": _update(kind) for kind in KINDS},
    **{f"verify.{kind}s": _verify(kind) for kind in KINDS},
}  # fmt: skip
