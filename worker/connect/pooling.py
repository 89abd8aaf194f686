"""Which kind of session a connection gives: asked of the server, for a port says nothing.

A pooler hands out process ids of its own for cancel requests: the id that the session was opened with is not that of
the process that answers. Whether the pooler lends a process for a session or for a transaction is tried: while another
session of ours holds one in a transaction, we keep ours, or find that it was lent away.
"""

from collections.abc import Callable
from enum import StrEnum

import psycopg

_TRIES = 3


class SessionKind(StrEnum):
    """What stands between us and the server; the words are for people."""

    DIRECT = "direct, a session of our own"
    SESSION = "a pooler, a session of our own"
    TRANSACTION = "a pooler in transaction mode"


def session_kind(connection: psycopg.Connection, dial: Callable[[], psycopg.Connection]) -> SessionKind:
    """Say which kind of session this is.

    Args:
        connection: outside a transaction.
        dial: opens another one to the same address; called only if a pooler stands in between.

    Raises:
        psycopg.Error: the connection is lost.
    """
    ours = _process(connection)
    if connection.info.backend_pid == ours:
        return SessionKind.DIRECT
    try:
        with dial() as other:
            for _ in range(_TRIES):
                other.execute("begin")
                theirs = _process(other)
                if theirs == ours or _process(connection) != ours:
                    return SessionKind.TRANSACTION
                other.execute("rollback")
    except psycopg.OperationalError:  # it has no second session for us, and the first is ours
        return SessionKind.SESSION
    return SessionKind.SESSION


def _process(connection: psycopg.Connection) -> int:
    row = connection.execute("select pg_backend_pid()").fetchone()
    return int(str(row[0])) if row else 0
