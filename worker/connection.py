"""A connection of the worker: one, and a second for half of a large batch (`second_lane`).

No pool: a pool hides an outage behind its own retries and has been seen to stay stuck after one. One plain connection,
opened anew after every failure, so that the host name is resolved anew as well.

A connection that died silently must be noticed in seconds: TCP keepalives find a dead peer while we wait for it,
`tcp_user_timeout` finds one while data of ours is unacknowledged, `connect_timeout` bounds the opening. The time limits
on statements and locks are set inside each transaction (`SET LOCAL`), because behind a transaction pooler a session
setting would leak into somebody else's session. Prepared statements are off for the same reason.
"""

import select
from dataclasses import dataclass

import psycopg
from psycopg import conninfo

from worker.plausible import is_plausible

CONNECT_TIMEOUT_SECONDS = 10
KEEPALIVE_IDLE_SECONDS = 15
KEEPALIVE_INTERVAL_SECONDS = 5
KEEPALIVE_COUNT = 3
TCP_USER_TIMEOUT_MS = 20_000

Connection = psycopg.Connection[tuple[object, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long one transaction's statements may run and wait for locks, in milliseconds."""

    statement_timeout_ms: int = 30_000
    lock_timeout_ms: int = 5_000
    idle_in_transaction_ms: int = 30_000


def connect(dsn: str, *, application_name: str = "outbox-worker") -> Connection:
    """Open the connection.

    Args:
        dsn: connection string or URL; what it says about timeouts wins over our defaults.
        application_name: shown in pg_stat_activity.

    Returns:
        A connection in autocommit mode: transactions are begun and ended by statements of ours.

    Raises:
        psycopg.Error: it cannot be opened; nearly always without a SQLSTATE.
    """
    defaults: dict[str, str | int] = {
        "connect_timeout": CONNECT_TIMEOUT_SECONDS,
        "keepalives": 1,
        "keepalives_idle": KEEPALIVE_IDLE_SECONDS,
        "keepalives_interval": KEEPALIVE_INTERVAL_SECONDS,
        "keepalives_count": KEEPALIVE_COUNT,
        "tcp_user_timeout": TCP_USER_TIMEOUT_MS,
        "application_name": application_name,
        "client_encoding": "UTF8",
    }
    given = conninfo.conninfo_to_dict(dsn)
    if not is_plausible(given):
        raise psycopg.ProgrammingError("the connection string has no address that could be one")
    extra = {key: value for key, value in defaults.items() if key not in given}
    return psycopg.connect(dsn, autocommit=True, prepare_threshold=None, **extra)  # type: ignore[arg-type]


def hand_over(connection: Connection) -> None:
    """Give the network whatever a pipeline has sent so far, and ask for the answers, without waiting for one.

    psycopg gives it as much as it takes at once; of a batch of megabytes a part would stay here until the answers are
    asked for, and the server would wait for it. And the server would keep its answers until the pipeline ends.

    Raises:
        psycopg.Error: the connection is lost.
    """
    connection.pgconn.send_flush_request()
    socket = select.poll()  # unlike `select`, at home with any descriptor
    socket.register(connection, select.POLLIN | select.POLLOUT)
    while connection.pgconn.flush():
        if any(ready & select.POLLIN for _, ready in socket.poll()):
            connection.pgconn.consume_input()


def has_news(connection: Connection) -> bool:
    """Tell whether an idle connection has something to say: nobody asked anything, so it was closed."""
    socket = select.poll()
    socket.register(connection, select.POLLIN)
    return bool(socket.poll(0))
