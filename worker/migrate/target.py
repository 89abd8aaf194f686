"""Which database to migrate: an administrator's connection string, so that the worker's own need not be one."""

from worker.migrate.errors import TargetError
from worker.settings import WorkerSettings

ADMIN_URL = "SUPABASE_MIGRATE_DB_URL"


def administrator_dsn(worker_url: str | None) -> str:
    """SUPABASE_MIGRATE_DB_URL from the environment or the settings file; if there is none, the worker's own.

    Raises:
        TargetError: neither is set.
    """
    url: str | None = WorkerSettings.value(ADMIN_URL) or worker_url
    if not url:
        raise TargetError(
            f"no database is named: set {ADMIN_URL} (or SUPABASE_DB_URL) to the connection string of the role "
            "postgres, or add --local"
        )
    return url
