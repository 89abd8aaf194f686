"""The local database, ready for the worker: migrated, and with a password for the worker's own role."""

import psycopg
from psycopg import sql

from worker.migrate.apply import apply_all
from worker.standin import LocalPostgres

WORKER_ROLE = "outbox_worker"


def ready_for_worker(server: LocalPostgres, database: str = "postgres") -> str:
    """Migrate a running local server and let the worker's role log in.

    Returns:
        The connection string of the least-privilege role, so that `--local` meets the same refusals as the real
        thing.
    """
    apply_all(server.dsn(database))
    with psycopg.connect(server.dsn(database), autocommit=True) as connection:
        statement = sql.SQL("alter role {} with password {}")
        connection.execute(statement.format(sql.Identifier(WORKER_ROLE), sql.Literal(server.password)))
    return server.dsn(database, WORKER_ROLE)
