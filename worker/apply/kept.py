"""What the database did not take, although no statement failed.

A trigger that returns NULL or OLD, a rule, a policy: each lets a statement end without an error and without an effect.
The last statements of a batch look at what the others left (`projection.sql`), and raise by casting three words of
ours to a number; that costs no round trip, and the transaction cannot commit. Here the words are read again.

A tag is the one row that may stand under another name than was said: a trigger folds its case, or its column ignores
it. Which row that is only the unique key of the database knows, so it is asked, tag by tag, where the name alone finds
none.
"""

import re
from uuid import uuid4

import psycopg
from psycopg import errors

from worker.apply.fold import Changes
from worker.apply.queries import query
from worker.connect.connection import Connection
from worker.errors import KeptAsItWas

_WORDS = re.compile(r"outbox\.kept (\w+) (\w+)")


def kept_as_it_was(error: errors.InvalidTextRepresentation) -> KeptAsItWas | None:
    """Return what a check of ours found; None where the error is another one."""
    found = _WORDS.search(error.diag.message_primary or "")
    if found is None:
        return None
    table, what = found.groups()
    return KeptAsItWas(table, None if what.isdigit() else what)


def name_tags_as_stored(connection: Connection, changes: Changes) -> None:
    """Give every tag of the changes the name under which the database keeps it, making those that are new.

    Args:
        connection: in the batch's transaction, outside a pipeline.
        changes: what is to be written.

    Raises:
        KeptAsItWas: the database neither keeps a tag nor says which one is in its place.
    """
    types = {row["name"]: row["tag_type"] for row in changes.tags}
    stored: dict[str, str] = {}
    for row in (*changes.tagged, *changes.untagged):
        said = row["tag"]
        if said not in stored:
            stored[said] = _stored(connection, said, types.get(said), keep=said in types) or said
        row["tag"] = stored[said]
    changes.tags.clear()


def _stored(connection: Connection, name: str, tag_type: str | None, *, keep: bool) -> str | None:
    """The name that the database gives this tag; where it is `keep`, the tag is there afterwards."""
    if (found := _find(connection, name)) is not None:
        return found
    connection.execute("savepoint tag")
    try:
        made = _make(connection, name, tag_type)
    except errors.UniqueViolation:
        made = None
    if made is not None and keep:
        connection.execute("release savepoint tag")
        return made
    connection.execute("rollback to savepoint tag")
    if made is None:  # taken under another name, or not taken at all
        made = _kept_like(connection, name, tag_type)
    if made is None and keep:
        raise KeptAsItWas("tags", None)
    return made


def _kept_like(connection: Connection, name: str, tag_type: str | None) -> str | None:
    """The tag whose place a new one would take: what the database makes of a longer name tells what it makes of this.

    The error does not tell it: where row level security is on, PostgreSQL leaves the key out.
    """
    ending = uuid4().hex[:12]
    connection.execute("savepoint tag")
    try:
        made = _make(connection, name + ending, tag_type)
    except psycopg.Error:
        if connection.closed:
            raise
        made = None
    connection.execute("rollback to savepoint tag")
    if made is None or not made.endswith(ending):
        return None
    like = made.removesuffix(ending)
    return _find(connection, like) or _find(connection, like.strip())


def _make(connection: Connection, name: str, tag_type: str | None) -> str | None:
    row = connection.execute(query("projection", "make_tag"), {"name": name, "tag_type": tag_type}).fetchone()
    return None if row is None else str(row[0])


def _find(connection: Connection, name: str) -> str | None:
    row = connection.execute(query("projection", "find_tag"), {"name": name}).fetchone()
    return None if row is None else str(row[0])
