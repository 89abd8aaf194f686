"""What the rows should be: events applied one by one to plain dictionaries, as docs/events.md tells it.

The relay reduces batches to net changes and writes them in bulk; this does neither, and shares no code with it. It is
the only place that knows what an event does besides the relay itself.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from outbox.catalogue import STAMP, Aggregate, Does, as_key
from simulation.declared import CATALOGUE, TABLES, key_text, moment
from simulation.kernel import Violation
from simulation.witness import Seen

Tables = Mapping[str, Mapping[Any, dict[str, Any]]]


class Missing(Exception):
    """An event speaks of something that does not exist."""


class Reference:
    """The rows of one database as they should be.

    Attributes:
        rows: kind -> natural key -> row; a column that no event set is not there.
        links: every link that should exist, with the event that made it.
        added: what links have added at their other end: table and name.
        inbox: outbox and seq -> row of a recorded event.
    """

    def __init__(self, minds: dict[str, UUID]) -> None:
        self.minds = minds
        self.rows: dict[str, dict[str, dict[str, Any]]] = {kind: {} for kind in TABLES}
        self.links: dict[tuple[Any, ...], UUID] = {}
        self.removed: dict[tuple[Any, ...], UUID] = {}
        self.added: set[tuple[str, str]] = set()
        self.inbox: dict[tuple[UUID, int], dict[str, Any]] = {}

    def copy(self) -> "Reference":
        """A snapshot: rows are never changed in place."""
        made = Reference(self.minds)
        made.rows = {kind: dict(rows) for kind, rows in self.rows.items()}
        made.links, made.removed, made.added = dict(self.links), dict(self.removed), set(self.added)
        made.inbox = dict(self.inbox)
        return made

    def lacks(self, event: Seen, payload: dict[str, Any]) -> bool:
        """Whether the event could not be applied now: it speaks of what does not exist."""
        try:
            self.copy().apply(event, payload, UUID(int=0), {})
        except Missing:
            return True
        return False

    def apply(self, event: Seen, payload: dict[str, Any], outbox_id: UUID, tables: Tables) -> None:
        """Apply one event.

        Args:
            event: as it stands in the log.
            payload: as it was decided.
            outbox_id: whose event it is.
            tables: what the database has; asked for nothing but the number that its sequence gave to a new row.

        Raises:
            Missing: it speaks of what does not exist.
        """
        contract = CATALOGUE.contracts[event.type]
        key = key_text(contract.aggregate, payload)
        match contract.does:
            case Does.MAKES:
                self._upsert(event, payload, key, tables)
            case Does.PATCHES:
                self._patch(event, self._values(event, payload), key)
            case Does.DELETES:
                column = str(contract.aggregate.soft_delete)
                self._patch(event, {column: moment(payload.get(column) or event.occurred_at.isoformat())}, key)
            case Does.RECORDS:
                row = {name: payload[name] for name in ("type", "key", "data")}
                made = {"event_id": event.event_id, "occurred_at": event.occurred_at.astimezone(dt.UTC)}
                self.inbox[outbox_id, event.seq] = row | made
            case does:
                link = contract.link
                assert link is not None
                here = self._id(event.kind, key)
                end = payload[link.name] if link.adds is not None else self._mind(payload[link.name])
                marks = (here, end, *(payload[name] for name in link.keys))
                self._link(event, (link.name, *marks), on=does is Does.LINKS)
                if does is Does.LINKS and link.adds is not None:
                    self.added.add((link.to.relation, payload[link.name]))

    def _upsert(self, event: Seen, payload: dict[str, Any], key: str, tables: Tables) -> None:
        of, table = CATALOGUE.aggregates[event.kind], TABLES[event.kind]
        there = self.rows[event.kind].get(key)
        if there is not None and _is_old(event, there):
            return
        values = self._values(event, payload)
        if of.soft_delete is not None:
            values[of.soft_delete] = None
        if there is None:
            made = {name: table.typed(name, payload[name]) for name in of.key} | {STAMP: None}
            if of.id is not None:
                made[of.id] = tables.get(event.kind, {}).get(key, {}).get(of.id) if of.numbered else event.aggregate_id
            if of.created is not None:
                made[of.created] = event.occurred_at.astimezone(dt.UTC)
            self.rows[event.kind][key] = {**of.defaults, **made}
        self._write(event, key, values)

    def _patch(self, event: Seen, values: dict[str, Any], key: str) -> None:
        there = self.rows[event.kind].get(key)
        if there is None:
            raise Missing(key)
        if not _is_old(event, there):
            self._write(event, key, values)

    def _write(self, event: Seen, key: str, values: dict[str, Any]) -> None:
        row = dict(self.rows[event.kind][key])
        merged = {one.column for one in TABLES[event.kind].fields if one.merged}
        for column, value in values.items():
            row[column] = {**row[column], **value} if column in merged else value
        row[STAMP] = event.event_id
        self.rows[event.kind][key] = row

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

    def _values(self, event: Seen, payload: dict[str, Any]) -> dict[str, Any]:
        fields, table = CATALOGUE.contracts[event.type].by_name, TABLES[event.kind]
        values = {}
        for name, value in payload.items():
            if name not in fields:  # of the natural key
                continue
            other, column = fields[name].refers_to, fields[name].column
            if value is None or other is None:
                values[column] = table.typed(column, value)
            elif isinstance(other, Aggregate):
                values[column] = self._id(other.kind, as_key(value))
            else:
                values[column] = self._mind(value)
        return values

    def _id(self, kind: str, key: str) -> Any:
        if key not in self.rows[kind]:
            raise Missing(key)
        return self.rows[kind][key]["id"]

    def _mind(self, name: str) -> UUID:
        if name not in self.minds:
            raise Missing(name)
        return self.minds[name]


def _is_old(event: Seen, row: dict[str, Any]) -> bool:
    return row[STAMP] is not None and event.event_id <= row[STAMP]


def compare(expected: Reference, tables: Tables) -> None:
    """Compare the rows of a database with what they should be.

    Raises:
        Violation: something is missing, too much, or different.
    """
    wanted: dict[str, dict[Any, dict[str, Any]]] = {**expected.rows, "inbox": dict(expected.inbox)}
    for kind, rows in wanted.items():
        there: Mapping[Any, dict[str, Any]] = tables[kind]
        if rows.keys() != there.keys():
            raise Violation("rows_are_those_of_the_log", f"{kind}: {sorted(rows.keys() ^ there.keys())}")
        for key, row in rows.items():
            found = there[key]
            wrong = [column for column in found if found[column] != row.get(column)]
            if wrong:
                said = {column: (row.get(column), found[column]) for column in wrong}
                raise Violation("rows_are_those_of_the_log", f"{kind} {key}: should be, is: {said}")
    links = {
        (link.name, *key): row[STAMP] for link in CATALOGUE.links.values() for key, row in tables[link.relation].items()
    }
    adding = {link.to.relation for link in CATALOGUE.links.values() if link.adds is not None}
    added = {(table, name) for table in adding for name in tables[table]}
    if links != expected.links or added != expected.added:
        raise Violation("rows_are_those_of_the_log", f"links should be {expected.links}, are {links}")
