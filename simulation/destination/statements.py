"""The named statements of `worker/sql`, restated over `tables`: what each reads, writes and refuses.

A statement is known by its text as the worker sends it; one that is not known is an error, so that nobody forgets to
restate a new one here. The rules of the relay are not here, only what the WHERE clauses and constraints say; the
conformance test holds every one of them against PostgreSQL.
"""

import hashlib
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Protocol
from uuid import UUID

from msgspec.json import decode

from outbox.catalogue import STAMP, Aggregate, Link, Outside
from simulation.declared import CATALOGUE, TABLES, Table, moment, uuid
from simulation.destination.refusals import kept, refusal
from simulation.destination.tables import Row, Transaction

Rows = list[tuple[Any, ...]]
_UNSAID = "\0"


class Handler(Protocol):
    """What a statement does."""

    def __call__(self, tx: Transaction, values: Any, /) -> Rows: ...


OBSTACLES = (
    "rules_for_all",
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


@lru_cache(maxsize=8)
def parsed(text: str) -> list[dict[str, Any]]:
    """Return the rows that a statement carries, as JSON; they are read once for its locks and once for itself."""
    found: list[dict[str, Any]] = decode(text)
    return found


def _is_newer(change: Row, row: Row | None) -> bool:
    return row is None or row[STAMP] is None or row[STAMP] < change[STAMP]


class _OfRows:
    """The statements over the table of one aggregate."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._table: Table = TABLES[kind]
        self._of: Aggregate = self._table.of
        self._merged = {one.column for one in self._table.fields if one.merged}

    def handlers(self) -> Iterator[tuple[str, Handler]]:
        yield "lock", self._find
        yield "find", self._find
        yield "occupied", lambda tx, values: [(one,) for one in values["ids"] if tx.by_id(self._kind, one) is not None]
        yield "number", lambda tx, values: [(key, tx.next_number(self._kind)) for key in values["slugs"]]
        yield "forget", self._forget
        yield "insert", self._insert
        yield "update", self._update
        yield "written", self._written
        yield "taken", self._taken

    def verify(self, tx: Transaction, values: Any) -> Rows:
        found: Rows = []
        for said in decode(values["rows"]):
            key = said["name"] if "name" in said else said[self._of.key[0]]
            row = tx.get(self._kind, key)
            if row is None:
                found.append((key, False, None, []))
            else:
                found.append((key, True, row[STAMP], list(self._differing(tx, row, said))))
        return found

    def _rows(self, values: Any) -> list[Row]:
        return [self._table.read(row) for row in parsed(values["rows"])]

    def _same(self, tx: Transaction, row: Row) -> Row | None:
        """The row that has this one's identity."""
        return tx.get(self._kind, self._table.key_of(row)) if self._of.id is None else tx.by_id(self._kind, row["id"])

    def _identity(self, row: Row) -> Any:
        return None if len(self._of.identity) > 1 else row[self._of.identity[0]]

    def _check(self, tx: Transaction, row: Row) -> None:
        for column in self._table.required:
            if row[column] is None:
                raise refusal("23502")
        for column, other in self._table.references.items():
            if row[column] is not None and tx.by_id(other, row[column]) is None:
                raise refusal("23503", constraint=f"{self._of.relation}_{column}_fkey")

    def _insert(self, tx: Transaction, values: Any) -> Rows:
        fresh = [{column: row.get(column) for column in self._table.columns} for row in self._rows(values)]
        for row in fresh:
            key = self._table.key_of(row)
            if tx.get(self._kind, key) is not None:
                raise refusal("23505", constraint=f"{self._of.relation}_{'_'.join(self._of.key)}_key")
            tx.put(self._kind, key, row)
        for row in fresh:  # references are checked at the end of a statement
            self._check(tx, row)
        return []

    def _update(self, tx: Transaction, values: Any) -> Rows:
        for change in self._rows(values):
            row = self._same(tx, change)
            if row is None or not _is_newer(change, row):
                continue
            merged = {
                column: {**row[column], **value} if column in self._merged and isinstance(row[column], dict) else value
                for column, value in change.items()
            }
            updated = {**row, **merged}
            self._check(tx, updated)
            tx.put(self._kind, self._table.key_of(row), updated)
        return []

    def _find(self, tx: Transaction, values: Any) -> Rows:
        found = [(key, tx.get(self._kind, key)) for key in sorted(values["slugs"])]
        within = self._table.within
        return [
            (key, self._identity(row), row[STAMP], None if within is None else row[within], self._owners(tx, row))
            for key, row in found
            if row is not None
        ]

    def _owners(self, tx: Transaction, row: Row) -> list[UUID]:
        owner = self._of.owner
        if owner is None:
            return []
        if owner.column is not None:
            found = row.get(owner.column)
            return [] if found is None else [found]
        over, column = CATALOGUE.owned_through(self._kind)
        if row[column] is not None:
            above, theirs = tx.by_id(over, row[column]), CATALOGUE.aggregates[over].owner
            found = None if above is None or theirs is None else above[str(theirs.column)]
            return [] if found is None else [found]
        if owner.or_linked is None:
            return []
        name, roles = owner.or_linked
        keys = [key for key, _ in tx.every(CATALOGUE.links[name].relation)]
        return [there for here, there, role in keys if here == row["id"] and role in roles]

    def _forget(self, tx: Transaction, values: Any) -> Rows:
        for key, row in list(tx.every(self._kind)):
            this = self._identity(row)
            if (key if this is None else this) in values["ids"] and row[STAMP] in values["stamps"]:
                tx.put(self._kind, key, {**row, STAMP: None})
        return []

    def _written(self, tx: Transaction, values: Any) -> Rows:
        if "rows" in values:
            said = self._rows(values)
        else:
            pairs = zip(values["ids"], values["stamps"], strict=True)
            said = [{"id": uuid(str(one)), STAMP: uuid(str(stamp))} for one, stamp in pairs]
        for one in said:
            row = self._same(tx, one)
            if row is None or row[STAMP] != one[STAMP]:
                raise kept(self._of.relation, "1")
        return []

    def _taken(self, tx: Transaction, values: Any) -> Rows:
        for said in self._rows(values):
            row = self._same(tx, said)
            for column, value in said.items():
                if column in self._of.identity:
                    continue
                stored = None if row is None else row[column]
                if column in self._merged and isinstance(stored, dict):
                    stored = {key: stored.get(key) for key in value}
                if (stored is None) != (value is None) if column == self._of.soft_delete else stored != value:
                    raise kept(self._of.relation, column)
        return []

    def _differing(self, tx: Transaction, row: Row, said: dict[str, Any]) -> Iterator[str]:
        yield from (name for name, value in said["columns"].items() if row[name] != self._table.typed(name, value))
        for one in self._table.fields:
            stored = row[one.column]
            if one.body and one.field in said["hashes"]:
                text = None if stored is None else hashlib.sha256(stored.encode()).hexdigest()
                if said["hashes"][one.field] != text:
                    yield f"{one.field}_sha256"
            elif one.merged:
                merged = said["merged"].get(one.field, {})
                yield from (f"{one.field}.{key}" for key, value in merged.items() if (stored or {}).get(key) != value)
            elif one.refers_to is not None and said["named"].get(one.field, _UNSAID) not in {
                _UNSAID,
                _name_of(tx, one.refers_to, stored),
            }:
                yield one.field
        for link in CATALOGUE.links.values():
            if link.of is self._of:
                yield from _links_that_differ(tx, link, row, said.get(f"{link.name}s", ()))


def _name_of(tx: Transaction, other: Aggregate | Outside, identity: Any) -> str | None:
    table = other.relation if isinstance(other, Outside) else other.kind
    return next((key for key, row in tx.every(table) if row["id"] == identity), None) if identity is not None else None


def _links_that_differ(tx: Transaction, link: Link, row: Row, said: Any) -> Iterator[str]:
    for one in said:
        end = one[link.name]
        if link.adds is None:
            end = next((there["id"] for name, there in tx.every(link.to.relation) if name == end), None)
        keys = [one[name] for name in link.keys]
        if (tx.get(link.relation, (row["id"], end, *keys)) is not None) != one["linked"]:
            yield f"{link.name} {':'.join([*keys, one[link.name]])}"


def mark_of(link: Link, row: Row) -> str:
    """Return what tells a link from the others of the same row, as the database remembers removed ones."""
    return " ".join(str(row[name]) for name in _ends(link))


def _ends(link: Link) -> tuple[str, ...]:
    return (link.columns[1] if link.adds is None else link.name, *link.keys)


class _OfLinks:
    """The statements over the table of one link."""

    def __init__(self, link: Link) -> None:
        self._of, self._table = link, link.relation

    def handlers(self) -> Iterator[tuple[str, Handler]]:
        # Nobody but the relay writes here, so there is no stamp that it does not believe.
        yield "newer", _nothing
        yield "forget_linked", self._forget
        yield "link", self._link
        yield "unlink", self._unlink
        yield "linked", lambda tx, values: self._look(tx, values, there=True)
        yield "unlinked", lambda tx, values: self._look(tx, values, there=False)

    def _rows(self, values: Any) -> Iterator[tuple[Any, Any, Row]]:
        """The key of each link, what it is remembered by once it is removed, and the row."""
        for said in parsed(values["rows"]):
            row = {**said, STAMP: uuid(said[STAMP])}
            for column in self._of.columns:
                if column in row:
                    row[column] = uuid(row[column])
            if self._of.created is not None and row.get(self._of.created) is not None:
                row[self._of.created] = moment(row[self._of.created])
            here = row[self._of.columns[0]]
            yield (here, *(row[name] for name in _ends(self._of))), (here, self._of.name, mark_of(self._of, row)), row

    def _link(self, tx: Transaction, values: Any) -> Rows:
        for key, removed, row in self._rows(values):
            gone = tx.get("removed_links", removed)
            if gone is not None and gone[STAMP] > row[STAMP]:
                continue
            if tx.by_id(self._of.of.kind, key[0]) is None:
                raise refusal("23503", constraint=f"{self._table}_{self._of.columns[0]}_fkey")
            there = tx.get(self._table, key)
            if there is None:
                stored = [name for name in (self._of.created, STAMP) if name is not None]
                tx.put(self._table, key, {column: row[column] for column in stored})
            elif _is_newer(row, there):
                tx.put(self._table, key, {**there, STAMP: row[STAMP]})
        return []

    def _unlink(self, tx: Transaction, values: Any) -> Rows:
        for key, removed, row in self._rows(values):
            there = tx.get(self._table, key)
            if there is not None and _is_newer(row, there):
                tx.put(self._table, key, None)
            if _is_newer(row, tx.get("removed_links", removed)):
                tx.put("removed_links", removed, {STAMP: row[STAMP]})
        return []

    def _look(self, tx: Transaction, values: Any, *, there: bool) -> Rows:
        for key, removed, row in self._rows(values):
            gone, found = tx.get("removed_links", removed), tx.get(self._table, key)
            newer_removed = gone is not None and gone[STAMP] > row[STAMP]
            if (there and found is None and not newer_removed) or (not there and found and _is_newer(row, found)):
                raise kept(self._table, "1")
        return []

    def _forget(self, tx: Transaction, values: Any) -> Rows:
        for key, row in list(tx.every(self._table)):
            if key[0] in values["ids"] and row[STAMP] in values["stamps"]:
                tx.put(self._table, key, {**row, STAMP: None})
        return []


class _OfOutside:
    """The statements over a table whose rows no event makes, but for those that a link may add."""

    def __init__(self, outside: Outside) -> None:
        self._of, self._table = outside, outside.relation

    def handlers(self) -> Iterator[tuple[str, Handler]]:
        kind = self._of.kind
        yield f"find_{kind}s", self._find
        yield f"add_{kind}s", self._add
        # Of rows that are made one by one, which only a rehearsal does here: all of it is taken back in the end.
        yield f"find_{kind}", self._find_one
        yield f"make_{kind}", self._make_one

    def _find(self, tx: Transaction, values: Any) -> Rows:
        ids = values.get("ids", ())
        return [(key, row["id"]) for key, row in tx.every(self._table) if key in values["slugs"] or row["id"] in ids]

    def _new(self, values: Any) -> Row:
        return {name: values[name] for name in self._of.adds or ()}

    def _add(self, tx: Transaction, values: Any) -> Rows:
        for row in parsed(values["rows"]):
            if tx.get(self._table, row[self._of.key]) is None:
                tx.put(self._table, row[self._of.key], self._new(row))
        return []

    def _find_one(self, tx: Transaction, values: Any) -> Rows:
        name = values[self._of.key]
        return [] if tx.get(self._table, name) is None else [(name,)]

    def _make_one(self, tx: Transaction, values: Any) -> Rows:
        tx.put(self._table, values[self._of.key], self._new(values))
        return [(values[self._of.key],)]


def _recorded(values: Any) -> Iterator[tuple[Any, Row]]:
    for row in parsed(values["rows"]):
        made = {"event_id": uuid(row["event_id"]), "occurred_at": moment(row["occurred_at"])}
        yield (values["outbox_id"], row["seq"]), {name: row[name] for name in ("type", "key", "data")} | made


def _record(tx: Transaction, values: Any) -> Rows:
    for key, row in _recorded(values):
        if tx.get("inbox", key) != row:
            tx.put("inbox", key, row)
    return []


def _is_recorded(tx: Transaction, values: Any) -> Rows:
    for key, row in _recorded(values):
        there = tx.get("inbox", key)
        if there is None or there["event_id"] != row["event_id"]:
            raise kept("inbox", "1")
    return []


def _recorded_otherwise(tx: Transaction, values: Any) -> Rows:
    found: Rows = []
    for key, row in _recorded(values):
        there = tx.get("inbox", key)
        if there is None:
            found.append((key[1], "it is not there"))
        elif there != row:
            found.append((key[1], "; ".join(name for name in row if there[name] != row[name])))
    return found


def _register(tx: Transaction, values: Any) -> Rows:
    if tx.get("sources", values["outbox_id"]) is None:
        tx.put("sources", values["outbox_id"], {"applied_seq": 0, "applied_event_id": None, "applied_at": tx.began})
    return []


def _position(tx: Transaction, values: Any) -> Rows:
    row = tx.get("sources", values["outbox_id"])
    return [] if row is None else [(row["applied_seq"], row["applied_event_id"])]


def _moved(tx: Transaction, values: Any, **more: Any) -> bool:
    row = tx.get("sources", values["outbox_id"])
    if row is None or row["applied_seq"] != values["from_seq"]:
        return False
    if "from_event_id" in values and row["applied_event_id"] != values["from_event_id"]:
        return False
    moved = {"applied_seq": values["to_seq"], "applied_event_id": values["to_event_id"], **more}
    tx.put("sources", values["outbox_id"], {**row, **moved})
    return True


def _advance(tx: Transaction, values: Any) -> Rows:
    if not _moved(tx, values, applied_at=tx.began):
        raise kept("sources", "0")
    return [(None,)]


def _rewind(tx: Transaction, values: Any) -> Rows:
    row = tx.get("sources", values["outbox_id"]) or {}
    seen = [one for one in (row.get("newest_event_id"), row.get("applied_event_id")) if one is not None]
    moved = _moved(tx, values, newest_event_id=max(seen, default=None))
    return [(1,)] if moved else []  # whose count is asked for


def _wrote_again(tx: Transaction, values: Any) -> Rows:
    row = tx.get("sources", values["outbox_id"])
    if row is not None:
        tx.put("sources", values["outbox_id"], {**row, "applied_at": max(tx.began, row["applied_at"] + 1)})
    return []


def _history(tx: Transaction, values: Any) -> Rows:
    row = tx.get("sources", values["outbox_id"])
    return [] if row is None else [(row.get("newest_event_id"), row["applied_at"])]


def _park(tx: Transaction, values: Any) -> Rows:
    for row in decode(values["rows"]):
        key = (values["outbox_id"], row["seq"])
        there = tx.get("parked", key)
        fresh = {
            "event_id": UUID(row["event_id"]), "type": row["type"], "aggregate_id": UUID(row["aggregate_id"]),
            "state": row["state"], "verdict": row["verdict"], "sqlstate": row["sqlstate"], "reason": row["reason"],
            "attempts": row["attempts"],
        }  # fmt: skip
        names = ("event_id", "type", "aggregate_id", "refs", "carried_out")
        kept = {} if there is None else {name: there[name] for name in names}
        tx.put("parked", key, {"refs": None, "carried_out": None, **fresh, **kept})
    return []


def _seqs(values: Any) -> list[int]:
    """As an array is spelt."""
    seqs = values["seqs"]  # an array, or one as the server spells it
    return [int(one) for one in (seqs.strip("{}").split(",") if isinstance(seqs, str) else seqs)]


def _unpark(tx: Transaction, values: Any) -> Rows:
    for seq in _seqs(values):
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
    return [(seq,) for seq in _seqs(values) if tx.get("parked", (values["outbox_id"], seq)) is not None]


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


def _newest_applied(tx: Transaction, _values: Any) -> Rows:
    names = ("applied_event_id", "newest_event_id")
    applied = [row[name] for _, row in tx.every("sources") for name in names if row.get(name) is not None]
    return [(max(applied),)] if applied else []


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
    "relay.history": _history,
    "relay.wrote_again": _wrote_again,
    "relay.park": _park,
    "relay.parked_stand": _nothing,
    "relay.read_only_by": _nothing,
    "relay.forget_beyond": _forget_beyond,
    "relay.unpark": _unpark,
    "relay.still_parked": _still_parked,
    "relay.parked": _parked,
    "relay.held": _held,
    "relay.passed_over": _passed_over,
    "relay.newest_applied": _newest_applied,
    "inbox.record": _record,
    "inbox.recorded": _is_recorded,
    "inbox.differing": _recorded_otherwise,
    "savepoint tag": _nothing,
    "savepoint example": _nothing,
    "savepoint compared": _nothing,
    "release savepoint tag": _nothing,
    "select current_user::text": lambda _tx, _values: [("outbox_worker",)],
    **{f"obstacles.{name}": _nothing for name in OBSTACLES},
    **{
        f"projection.{verb}_{kind}s": handler for kind in TABLES for verb, handler in _OfRows(kind).handlers()
    },
    **{f"verify.{kind}s": _OfRows(kind).verify for kind in TABLES},
    **{
        f"projection.{verb}_{link.name}s": handler
        for link in CATALOGUE.links.values() for verb, handler in _OfLinks(link).handlers()
    },
    **{
        f"projection.{name}": handler
        for one in CATALOGUE.outsides.values() for name, handler in _OfOutside(one).handlers()
    },
}  # fmt: skip
