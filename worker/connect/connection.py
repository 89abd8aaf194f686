"""A connection of the worker: one, and a second for half of a large batch (`second_lane`).

No pool: a pool hides an outage behind its own retries and has been seen to stay stuck after one. One plain connection,
opened again after every failure, so that the host name is resolved again as well.

A connection that died silently must be noticed in seconds: TCP keepalives find a dead peer while we wait for it,
`tcp_user_timeout` finds one while data of ours is unacknowledged, `connect_timeout` bounds the opening. The time limits
on statements and locks are set inside each transaction (`SET LOCAL`), because behind a transaction pooler a session
setting would leak into somebody else's session. Prepared statements are off for the same reason.
"""

import ctypes
import selectors
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Self

import psycopg
from psycopg import pq
from psycopg.abc import RV, PQGen, PQGenConn
from psycopg.conninfo import make_conninfo
from psycopg.errors import finish_pgconn
from psycopg.waiting import Wait

from worker.apply.queries import query
from worker.connect.address import is_this_machine, parts_of
from worker.connect.login import LOGIN_REFUSED, judge_login
from worker.errors import SettingsFault
from worker.settings import WorkerSettings

# `select` takes no descriptor above 1023; Windows has nothing else.
_Selector: type[selectors.BaseSelector] = getattr(selectors, "PollSelector", selectors.SelectSelector)

CONNECT_TIMEOUT_SECONDS = 10
KEEPALIVE_IDLE_SECONDS = 15
KEEPALIVE_INTERVAL_SECONDS = 5
KEEPALIVE_COUNT = 3
TCP_USER_TIMEOUT_MS = 20_000

Connection = psycopg.Connection[tuple[object, ...]]
_TRIES = 20
_WAIT_INTERVAL_SECONDS = 0.1  # as psycopg: how soon a signal ends a wait


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long one transaction's statements may run and wait for locks, in milliseconds."""

    statement_timeout_ms: int = 30_000
    lock_timeout_ms: int = 5_000
    idle_in_transaction_ms: int = 30_000


class _Asking(psycopg.Connection[tuple[object, ...]]):
    """A connection whose refusal tells its SQLSTATE (see `login`), and which can say when it waits.

    Attributes:
        on_wait: told, as `begins`, whether a wait for the server begins or is over. An answer that comes at once is no
            wait, and what the process does itself between two answers is none either: it may die of that.
    """

    on_wait: Callable[..., None] | None = None

    def wait(self, gen: PQGen[RV], interval: float = _WAIT_INTERVAL_SECONDS, timeout: float | None = None) -> RV:
        """As psycopg's own."""
        return super().wait(gen if self.on_wait is None else _telling(gen, self.on_wait), interval, timeout)

    @classmethod
    def _connect_gen(cls, conninfo: str = "") -> PQGenConn[Self]:
        """As psycopg's own, with libpq told to be verbose before it hears an answer."""
        pgconn = pq.PGconn.connect_start(conninfo.encode())
        _refuse_replication(pgconn)
        if (encrypted := _encrypted(pgconn, conninfo)) is not None:
            pgconn.finish()
            pgconn = pq.PGconn.connect_start(encrypted.encode())
        _set_verbosity(pgconn, _VERBOSE)
        while pgconn.status != pq.ConnStatus.BAD:
            polled = pgconn.connect_poll()
            if polled == pq.PollingStatus.OK:
                _set_verbosity(pgconn, _AS_EVER)
                pgconn.nonblocking = 1
                return cls(pgconn)
            if polled == pq.PollingStatus.FAILED:
                break
            wait = Wait.R if polled == pq.PollingStatus.READING else Wait.W
            while not (yield pgconn.socket, wait):
                pass
        told = f"connection failed: {pgconn.get_error_message()}"
        error = psycopg.OperationalError(told, pgconn=finish_pgconn(pgconn))
        if judge_login(error, known_address=True).kind == LOGIN_REFUSED:
            raise _NotAgain(error)
        raise error


def _telling(gen: PQGen[RV], told: Callable[..., None]) -> PQGen[RV]:
    """Pass on what is asked of the socket; tell once nothing has come for an interval, and when something does."""
    waits = False
    try:
        asked = next(gen)
        while True:
            ready = yield asked
            if waits == bool(ready):  # it was told otherwise before
                waits = not ready
                told(begins=waits)
            asked = gen.send(ready)
    except StopIteration as ended:
        result: RV = ended.value
        return result
    finally:
        if waits:
            told(begins=False)


@contextmanager
def told_of_waits(connection: Connection, told: Callable[..., None]) -> Iterator[None]:
    """Tell when a wait for the server has begun and when it ends, while the block runs."""
    if not isinstance(connection, _Asking):  # of a test, or of the simulation
        yield
        return
    connection.on_wait = told
    try:
        yield
    finally:
        connection.on_wait = None


class _NotAgain(Exception):
    """A login was refused: the other addresses of the host are not tried, which a pooler might count as well."""

    def __init__(self, error: psycopg.Error) -> None:
        super().__init__()
        self.error = error


class _InTheClear(Exception):
    """Another machine would be asked without TLS, as the connection string says."""

    def __init__(self, host: str) -> None:
        super().__init__()
        self.host = host


def _encrypted(pgconn: pq.abc.PGconn, info: str) -> str | None:
    """Ask another machine with TLS, whatever libpq's default is; None if the connection is right as it is.

    libpq prefers TLS and does without where the server has none, and so would send what an imposter asks for, the
    password in the clear among it.

    Raises:
        _InTheClear: TLS is switched off for another machine, and nobody said that this is meant.
    """
    parts = {option.keyword.decode(): option.val.decode() for option in pgconn.info if option.val}
    if is_this_machine(parts) or parts.get("gssencmode") == "require":
        return None
    mode = parts.get("sslmode", "prefer")
    if mode not in _WITHOUT_TLS or WorkerSettings.value(INSECURE):
        return None
    if mode == "disable":
        raise _InTheClear(parts.get("host") or parts["hostaddr"])
    return make_conninfo(info, sslmode="require")


def _refuse_replication(pgconn: pq.abc.PGconn) -> None:
    """A session for replication takes other commands than statements, and wants a right that nobody needs here.

    Raises:
        SettingsFault: one is asked for.
    """
    asked = next((one.val for one in pgconn.info if one.keyword == b"replication"), None)
    if asked and asked.lower() not in {b"0", b"false", b"off", b"no"}:
        pgconn.finish()
        raise SettingsFault(
            "the connection string (SUPABASE_DB_URL) asks for a session for replication, which takes no statements",
            remedy="leave replication out of it",
            kind="connection_option",
            entry="environment",
        )


INSECURE = "OUTBOX_INSECURE"
_WITHOUT_TLS = frozenset({"disable", "allow", "prefer"})
_AS_EVER, _VERBOSE = 1, 2  # PGVerbosity of libpq


@cache
def _libpq() -> Any:
    """The libpq that psycopg uses; None if it cannot be found, and then words have to do."""
    module = sys.modules[pq.PGconn.__module__]
    try:
        # Looked up by way of the module that is linked with it, which finds the very library that it uses.
        library = ctypes.CDLL(str(module.__file__) if pq.__impl__ != "python" else pq.misc.find_libpq_full_path())
        library.PQsetErrorVerbosity.argtypes = [ctypes.c_void_p, ctypes.c_int]
    except (OSError, AttributeError):
        return None
    return library


def _set_verbosity(pgconn: pq.abc.PGconn, verbosity: int) -> None:
    if (library := _libpq()) is not None:
        library.PQsetErrorVerbosity(pgconn.pgconn_ptr, verbosity)  # type: ignore[attr-defined]  # of each implementation


def longer(limits: Limits) -> Limits:
    """Twice the time for a statement."""
    return replace(limits, statement_timeout_ms=2 * limits.statement_timeout_ms)


def fit_for(limits: Limits, line_seconds: float) -> Limits:
    """Time for a statement that is on its way for so long; the server counts it as the statement's."""
    return replace(limits, statement_timeout_ms=limits.statement_timeout_ms + round(3000 * line_seconds))


def connect(dsn: str, *, application_name: str = "outbox-worker") -> Connection:
    """Open the connection.

    Args:
        dsn: connection string or URL; what it says about timeouts wins over our defaults, what it says about the
            encoding does not. The settings of each transaction are made in it (`transaction.begin`).
        application_name: shown in pg_stat_activity.

    Returns:
        A connection in autocommit mode: transactions are begun and ended by statements of ours.

    Raises:
        psycopg.Error: it cannot be opened; nearly always without a SQLSTATE. `login.judge_login` says why.
        SettingsFault: the connection string cannot be used.
    """
    defaults: dict[str, str | int] = {
        "connect_timeout": CONNECT_TIMEOUT_SECONDS,
        "keepalives": 1,
        "keepalives_idle": KEEPALIVE_IDLE_SECONDS,
        "keepalives_interval": KEEPALIVE_INTERVAL_SECONDS,
        "keepalives_count": KEEPALIVE_COUNT,
        "tcp_user_timeout": TCP_USER_TIMEOUT_MS,
        "application_name": application_name,
    }
    given = parts_of(dsn)
    extra: dict[str, Any] = {key: value for key, value in defaults.items() if key not in given}
    # Texts arrive as they were written, whatever the string or PGCLIENTENCODING asks for.
    extra |= {"autocommit": True, "prepare_threshold": None, "client_encoding": "UTF8"}
    try:
        connection = _Asking.connect(dsn, **extra)
    except _NotAgain as refused:
        raise refused.error from None
    except _InTheClear as found:
        raise SettingsFault(
            f"{found.host} is another machine, and sslmode=disable sends everything to it in the clear",
            remedy=f"write sslmode=verify-full (or leave sslmode out); {INSECURE}=true if that network is yours alone",
            kind="not_encrypted",
            entry="environment",
        ) from None
    try:
        _fit(connection)
    except BaseException:
        connection.close()
        raise
    return connection


_ENDED_BY = {
    "57P05": "idle_session_timeout",
    "25P03": "idle_in_transaction_session_timeout",
    "25P04": "transaction_timeout",
}


def _fit(connection: Connection) -> None:
    """Take back what the connection string or the role asks for and no command works with."""
    for left in reversed(range(_TRIES)):
        try:
            connection.execute(query("relay", "session"))
        except psycopg.errors.QueryCanceled:  # by the very limit that it lifts
            if not left:
                raise
            with suppress(psycopg.errors.QueryCanceled):
                connection.execute(query("relay", "patient"))
        except psycopg.Error as error:
            if (setting := _ENDED_BY.get(error.sqlstate or "")) is None:
                raise
            raise SettingsFault(
                f"{setting} ends every session before it can be used",
                remedy=f"take it out of `options` of the connection string and PGOPTIONS, or reset it: alter role … "
                f"reset {setting}",
                kind="session_option",
                entry="environment",
            ) from None
        else:
            return


def hand_over(connection: Connection) -> None:
    """Give the network whatever a pipeline has sent so far, and ask for the answers, without waiting for one.

    psycopg gives it as much as it takes at once; of a batch of megabytes a part would stay here until the answers are
    asked for, and the server would wait for it. And the server would keep its answers until the pipeline ends.

    Raises:
        psycopg.Error: the connection is lost.
    """
    connection.pgconn.send_flush_request()
    with _heard(connection, selectors.EVENT_READ | selectors.EVENT_WRITE) as line:
        while connection.pgconn.flush():
            if any(ready & selectors.EVENT_READ for _, ready in line.select()):
                connection.pgconn.consume_input()


def has_news(connection: Connection) -> bool:
    """Tell whether an idle connection has something to say: nobody asked anything, so it was closed."""
    with _heard(connection, selectors.EVENT_READ) as line:
        return bool(line.select(0))


@contextmanager
def _heard(connection: Connection, what: int) -> Iterator[selectors.BaseSelector]:
    with _Selector() as line:
        line.register(connection, what)
        yield line
