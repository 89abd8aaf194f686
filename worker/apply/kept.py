"""What the database did not take, although no statement failed.

A trigger that returns NULL or OLD, a rule, a policy: each lets a statement end without an error and without an effect.
The last statements of a batch look at what the others left (`tables`), and raise by casting three words of
ours to a number; that costs no round trip, and the transaction cannot commit. Here the words are read again.

A tag is the one row that may stand under another name than was said: a trigger folds its case, or its column ignores
it. Which row that is only the unique key of the database knows, so it is asked, tag by tag, where the name alone finds
none.
"""

import re
from uuid import uuid4

import psycopg
from psycopg import errors

from outbox.catalogue import Outside, active
from worker.apply.fold import Changes, Values
from worker.apply.queries import query
from worker.connect.connection import Connection
from worker.errors import KeptAsItWas

_WORDS = re.compile(r"outbox\.kept (\w+) (\w+)")


def kept_as_it_was(error: errors.InvalidTextRepresentation) -> KeptAsItWas | None:
    """Return what a check of ours found; None if the error is another one."""
    found = _WORDS.search(error.diag.message_primary or "")
    if found is None:
        return None
    table, what = found.groups()
    return KeptAsItWas(table, None if what.isdigit() else what)


def name_as_stored(connection: Connection, changes: Changes) -> None:
    """Give what links name the name under which the database keeps it, adding what is new.

    Args:
        connection: in the batch's transaction, outside a pipeline.
        changes: what is to be written.

    Raises:
        KeptAsItWas: the database neither keeps a row nor says which one is in its place.
        UniqueViolation: another key than the name is taken.
    """
    for link in active().links.values():
        if not isinstance(link.to, Outside) or link.to.adds is None:
            continue
        for change in [stage.linked(link.name) for stage in changes.stages()]:
            new = {row[link.to.key]: row for row in change.added}
            stored: dict[str, str] = {}
            for row in (*change.made, *change.removed):
                said = row[link.name]
                if said not in stored:
                    values = {**dict.fromkeys(link.to.adds), **new.get(said, {}), link.to.key: said}
                    stored[said] = _stored(connection, link.to, values, keep=said in new) or said
                row[link.name] = stored[said]
            change.added.clear()


def _stored(connection: Connection, outside: Outside, values: Values, *, keep: bool) -> str | None:
    """The name that the database gives this row; if it is `keep`, the row is there afterwards."""
    if (found := _find(connection, outside, values[outside.key])) is not None:
        return found
    connection.execute("savepoint tag")
    taken: errors.UniqueViolation | None = None
    try:
        made = _make(connection, outside, values)
    except errors.UniqueViolation as error:
        made, taken = None, error
    if made is not None and keep:
        connection.execute("release savepoint tag")
        return made
    connection.execute("rollback to savepoint tag")
    if made is None:  # taken under another name, or not taken at all
        made = _kept_like(connection, outside, values)
    if made is None and keep:
        raise taken or KeptAsItWas(outside.relation, None)
    return made


def _kept_like(connection: Connection, outside: Outside, values: Values) -> str | None:
    """The row whose place a new one would take: what the database makes of a longer name tells what it makes of this.

    The error does not tell it: if row level security is on, PostgreSQL leaves the key out.
    """
    ending = uuid4().hex[:12]
    connection.execute("savepoint tag")
    try:
        made = _make(connection, outside, {**values, outside.key: values[outside.key] + ending})
    except psycopg.Error:
        if connection.closed:
            raise
        made = None
    connection.execute("rollback to savepoint tag")
    if made is None or not made.endswith(ending):
        return None
    like = made.removesuffix(ending)
    return _find(connection, outside, like) or _find(connection, outside, like.strip())


def _make(connection: Connection, outside: Outside, values: Values) -> str | None:
    row = connection.execute(query("projection", f"make_{outside.kind}"), values).fetchone()
    return None if row is None else str(row[0])


def _find(connection: Connection, outside: Outside, name: str) -> str | None:
    row = connection.execute(query("projection", f"find_{outside.kind}"), {"name": name}).fetchone()
    return None if row is None else str(row[0])
