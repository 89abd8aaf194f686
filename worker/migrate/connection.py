"""One connection for a migration, with errors that say what to do and never hold the password."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from worker.apply.queries import query as relay_query
from worker.connect.address import described, parts_of, understood
from worker.connect.connection import connect as open_connection
from worker.connect.login import LOGIN_REFUSED, judge_login
from worker.errors import SettingsFault
from worker.judgement import Verdict
from worker.migrate.errors import MigrateError, TargetError, UnreachableError


def connect(dsn: str) -> psycopg.Connection:
    """A connection in autocommit mode, which notices a dead peer within a minute.

    Raises:
        TargetError: the login is refused, or the string is unusable.
        UnreachableError: no answer.
    """
    try:
        connection = open_connection(dsn, application_name="outbox migrate")
        # Of the session, which is our own here: the files hold patterns with backslashes.
        connection.execute(relay_query("relay", "settings"), {"local": False})
    except SettingsFault as exc:
        raise TargetError(exc.what, kind=exc.kind, remedy=exc.remedy, entry=exc.entry) from None
    except (psycopg.Error, OSError) as exc:
        where = described(parts_of(dsn) | understood(exc if isinstance(exc, psycopg.Error) else None))
        judged = judge_login(exc, known_address=False)
        code = f" [{judged.sqlstate}]" if judged.sqlstate else ""
        if judged.verdict is Verdict.ENVIRONMENT:
            told = "refuses the login" if judged.sqlstate or judged.kind == LOGIN_REFUSED else "cannot be used"
            banned = ": the service bans an address after a few wrong passwords" if judged.kind == LOGIN_REFUSED else ""
            raise TargetError(
                f"{where} {told}: {judged.reason}{code}. Check SUPABASE_MIGRATE_DB_URL (or SUPABASE_DB_URL) "
                f"before trying again{banned}",
                kind=judged.kind,
            ) from None  # the cause quotes the server
        raise UnreachableError(
            f"{where} cannot be reached: {judged.reason}{code}. Nothing was changed; try again later", kind=judged.kind
        ) from None
    return connection


@contextmanager
def session(dsn: str) -> Iterator[psycopg.Connection]:
    """A connection for looking around; whatever goes wrong on it is raised as an error of ours.

    Raises:
        TargetError: see `connect`.
        UnreachableError: no answer, or the connection was lost.
        MigrateError: the database refused a query.
    """
    with connect(dsn) as connection:
        where = described(understood(connection))
        try:
            yield connection
        except psycopg.Error as exc:
            if connection.broken:
                raise UnreachableError(
                    f"the connection to {where} was lost while looking at it. Run the same command again"
                ) from exc
            message = exc.diag.message_primary or type(exc).__name__
            raise MigrateError(f"{where} refused a query: {message} [{exc.sqlstate}]") from exc
