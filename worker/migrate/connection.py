"""One connection for a migration, with errors that say what to do and never hold the password."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from worker.migrate.errors import MigrateError, TargetError, UnreachableError
from worker.plausible import is_plausible

_SECONDS_TO_CONNECT = 10

# A refused login carries no SQLSTATE in psycopg: its text is all there is.
_REFUSED = re.compile(
    r"password authentication failed|no password supplied|role \".*\" does not exist|database \".*\" does not exist"
    r"|not permitted to log in|no pg_hba\.conf entry|certificate verify failed|root certificate file"
    r"|does not match host name|SSL connection is required|ssl(mode)? .* not compiled in"
    r"|\((EADDRNOTALLOWED|ENOIDENTIFIER|EINVALIDUSERINFO|ESSLREQUIRED|EBANNED)\)",
    re.IGNORECASE,
)


def parameters(dsn: str) -> dict[str, Any]:
    """The parts of a connection string.

    Raises:
        TargetError: it is not one. The message does not repeat it: it may hold a password.
    """
    try:
        parts = conninfo_to_dict(dsn)
    except psycopg.ProgrammingError:
        parts = {"host": "?"}  # its message quotes the string
    if not is_plausible(parts):
        raise TargetError(
            "SUPABASE_DB_URL is not a connection string: expected postgresql://USER:PASSWORD@HOST:PORT/postgres, "
            "with special characters of the password percent-encoded"
        )
    return parts


def connect(dsn: str) -> psycopg.Connection:
    """A connection in autocommit mode, which notices a dead peer within a minute.

    Raises:
        TargetError: the login is refused, or the string is unusable.
        UnreachableError: no answer.
    """
    where = describe(dsn)
    try:
        return psycopg.connect(
            dsn, autocommit=True, prepare_threshold=None, application_name="outbox migrate",
            connect_timeout=_SECONDS_TO_CONNECT, keepalives=1, keepalives_idle=20, keepalives_interval=10,
            keepalives_count=3, tcp_user_timeout=60_000,
        )  # fmt: skip
    except psycopg.OperationalError as exc:
        reason = _without_secret(str(exc).strip(), dsn)
        if _REFUSED.search(reason):
            raise TargetError(
                f"{where} refuses the login: {reason}. Check SUPABASE_DB_URL before trying again: "
                "the service bans an address after a few wrong passwords"
            ) from exc
        raise UnreachableError(f"{where} cannot be reached: {reason}. Nothing was changed; try again later") from exc


@contextmanager
def session(dsn: str) -> Iterator[psycopg.Connection]:
    """A connection for looking around; whatever goes wrong on it is told as an error of ours.

    Raises:
        TargetError: see `connect`.
        UnreachableError: no answer, or the connection was lost.
        MigrateError: the database refused a query.
    """
    with connect(dsn) as connection:
        try:
            yield connection
        except psycopg.Error as exc:
            if connection.broken:
                raise UnreachableError(
                    f"the connection to {describe(dsn)} was lost while looking at it. Run the same command again"
                ) from exc
            told = exc.diag.message_primary or type(exc).__name__
            raise MigrateError(f"{describe(dsn)} refused a query: {told} [{exc.sqlstate}]") from exc


def describe(dsn: str) -> str:
    """Which database this is, without user or password."""
    parts = parameters(dsn)
    return f"{parts.get('host', 'local socket')}:{parts.get('port', 5432)}/{parts.get('dbname', 'postgres')}"


def _without_secret(text: str, dsn: str) -> str:
    secret = parameters(dsn).get("password")
    return text.replace(str(secret), "***") if secret else text
