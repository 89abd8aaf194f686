"""The identity of a database, for a copy that is to have one of its own."""

from uuid import UUID, uuid4

import psycopg

from worker.migrate.errors import MigrateError
from worker.migrate.queries import query


def identity_of(connection: psycopg.Connection) -> tuple[str, UUID]:
    """Return the name of the database and its identity.

    Raises:
        MigrateError: it has none: the migrations were not applied there.
    """
    row = connection.execute(query("has_identity")).fetchone()
    if row is None or not row[1]:
        raise MigrateError(
            f"database {row[0] if row else '?'} has no schema outbox, and no identity: `worker migrate up`"
        )
    found = connection.execute(query("identity")).fetchone()
    if found is None:
        raise MigrateError("outbox.destination is empty: `worker migrate up` fills it")
    return str(row[0]), UUID(str(found[0]))


def change_identity(connection: psycopg.Connection, before: UUID, after: UUID | None = None) -> UUID:
    """Give the database another identity.

    Args:
        connection: as the owner of schema outbox.
        before: the one that it has; nothing happens if it is another by now.
        after: the one that it gets; None: a new one.

    Raises:
        MigrateError: somebody else changed it meanwhile.
    """
    after = after or uuid4()
    with connection.transaction():
        changed = connection.execute(query("change_identity"), {"before": before, "after": after}).rowcount
    if changed != 1:
        raise MigrateError("the identity was changed by somebody else meanwhile: nothing was changed, look again")
    return after
