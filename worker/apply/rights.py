"""Which projects an outbox may write: asked of the database (`outbox.may_write`) where hosts are not trusted alike.

A row belongs to the project that it goes through (`Owner.through`): to the one that it stands in, and to the one that
an event puts it into. Both have to be allowed. What belongs to no project may be written by every outbox.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any
from uuid import UUID

from psycopg import sql

from outbox.catalogue import active
from worker.apply.known import Decoded, Known
from worker.apply.queries import query
from worker.connect.connection import Connection
from worker.errors import NotOurs

Check = Callable[[Sequence[Decoded], Known], None]


def ask_rights(connection: Connection, outbox_id: UUID) -> Check:
    """Ask whether an outbox may write everything, inside a pipeline.

    Returns:
        Looks at events, when the pipeline has ended; raises NotOurs for the first that is not allowed.
    """
    asked = connection.execute(query("bus", "refused"), {"outbox_id": outbox_id, "projects": ["*"]})

    def check(decoded: Sequence[Decoded], known: Known) -> None:
        if not asked.fetchall():
            return
        named = [(item, name) for item, names in _projects(connection, decoded, known) for name in names]
        projects = {"outbox_id": outbox_id, "projects": sorted({name for _, name in named})}
        refused = {row[0] for row in connection.execute(query("bus", "refused"), projects).fetchall()}
        for item, name in named:
            if name in refused:
                raise NotOurs(item.event.seq, item.event.event_id, f"this outbox may not write the project {name}")

    return check


def _projects(connection: Connection, decoded: Sequence[Decoded], known: Known) -> Iterator[tuple[Decoded, set[str]]]:
    """Each event with the projects that it writes into, in order."""
    slugs: dict[str, dict[Any, str]] = {}
    put: dict[tuple[str, str], str] = {}  # what an earlier event of the batch put where
    over = {kind: active().owned_through(kind)[0] for kind, one in active().aggregates.items() if _through(one)}
    for item in decoded:
        aggregate = item.contract.aggregate
        kind, names = aggregate.kind, set[str]()
        if kind in over.values():
            names.add(item.key)
        if kind in over:
            row = known.of(kind).get(item.key)
            if row is not None and row.within is not None:
                if over[kind] not in slugs:
                    slugs[over[kind]] = _slugs(connection, over[kind], known, kind)
                names.add(slugs[over[kind]][row.within])
            if given := item.payload.get(_through(aggregate)):
                put[kind, item.key] = str(given)
            if (kind, item.key) in put:
                names.add(put[kind, item.key])
        yield item, names


def _through(aggregate: Any) -> str:
    return aggregate.owner.through or "" if aggregate.owner is not None else ""


def _slugs(connection: Connection, over: str, known: Known, kind: str) -> dict[Any, str]:
    above = active().aggregates[over]
    schema, _, table = above.table.rpartition(".")
    text = sql.SQL("select t.{id}, t.{key}::text from {table} as t where t.{id} = any(%(ids)s)").format(
        id=sql.Identifier(str(above.id)),
        key=sql.Identifier(above.key[0]),
        table=sql.Identifier(schema, table) if schema else sql.Identifier(table),
    )
    ids = {"ids": list({row.within for row in known.of(kind).values() if row.within is not None})}
    return {id_: str(slug) for id_, slug in connection.execute(text, ids).fetchall()}
