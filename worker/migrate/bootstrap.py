"""`worker migrate bootstrap --plain`: make on a plain PostgreSQL what the migrations build upon."""

from importlib import resources

import psycopg
from psycopg import errors

from worker.migrate.errors import NotReadyError
from worker.migrate.queries import query


def bootstrap(connection: psycopg.Connection) -> tuple[str, ...]:
    """Make the roles of the API and schema auth if they are missing; what is there is left alone.

    Args:
        connection: in autocommit mode, as a superuser, or as the owner of the database with CREATEROLE.

    Returns:
        What was made; empty if nothing was missing.

    Raises:
        NotReadyError: this is a Supabase server, or the login may not make them. Nothing was changed.
    """
    missing = _missing(connection)
    try:
        with connection.transaction():
            connection.execute(resources.files("worker.sql").joinpath("bootstrap_plain.sql").read_bytes())
    except errors.RaiseException as exc:
        raise NotReadyError(f"{exc.diag.message_primary}; run 'worker migrate up'") from exc
    except errors.InsufficientPrivilege as exc:
        raise NotReadyError(
            f"{connection.info.user} may not make what is missing ({', '.join(missing)}): {exc.diag.message_primary}. "
            "Connect as a superuser, or as the owner of the database with CREATEROLE; nothing was changed"
        ) from exc
    left = _missing(connection)
    return tuple(thing for thing in missing if thing not in left)


def _missing(connection: psycopg.Connection) -> list[str]:
    return [row[0] for row in connection.execute(query("missing_surroundings"))]
