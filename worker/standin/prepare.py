"""Make a plain PostgreSQL look like a Supabase database to a client that connects as `postgres`.

Cluster-wide: the roles, their attributes, memberships and time limits. Per database: owner, schemas, the
claims functions, `auth.users`, and the default grants in one of the two modes that Supabase has. May be run
again.
"""

from importlib import resources

import psycopg
from psycopg import sql


def prepare(dsn: str, *, password: str, default_grants: bool = False) -> None:
    """Prepare the database that `dsn` names.

    Args:
        dsn: connection string of the bootstrap superuser, supabase_admin.
        password: given to every login role of the stand-in.
        default_grants: the historic mode, in which new tables of `public` are open to the API roles.
    """
    with psycopg.connect(dsn, autocommit=True) as connection:
        _run(connection, "standin_roles.sql")
        for role in ("postgres", "authenticator", "supabase_auth_admin", "supabase_storage_admin"):
            statement = sql.SQL("alter role {} with password {}").format(sql.Identifier(role), sql.Literal(password))
            connection.execute(statement)
        if connection.info.server_version >= 160000:  # noqa: PLR2004
            _run(connection, "standin_roles_16.sql")
        _run(connection, "standin_database.sql")
        _run(connection, "standin_grants_historic.sql" if default_grants else "standin_grants_explicit.sql")


def _run(connection: psycopg.Connection, name: str) -> None:
    connection.execute(resources.files("worker.sql").joinpath(name).read_bytes())
