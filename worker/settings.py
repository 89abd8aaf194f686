"""The worker's settings: see `outbox.settings` for how a declaration is read."""

from pathlib import Path
from typing import Annotated

from msgspec import Meta

from outbox import OutboxSettings
from outbox.settings import Settings, Variable
from worker.errors import SettingsFault

HOLD_AFTER_ALIKE = 5
# Read by tests and by processes that tests start.
FOR_TESTS = frozenset({"OUTBOX_FAILPOINT", "SUPABASE_CLI"})

_Number = Annotated[int, Meta(ge=1, title="a whole number, at least 1")]
_Port = Annotated[int, Meta(ge=0, le=65535, title="a port (1 to 65535, or 0 for any that is free)")]
_A_YEAR_SECONDS = 366 * 24 * 3600.0


def _no_connection_string(value: str) -> str | None:
    fits = value.startswith(("postgresql://", "postgres://")) or "=" in value
    return None if fits else "is no connection string: it begins with postgresql://"


Insecure = Annotated[
    bool,
    Variable(
        "OUTBOX_INSECURE",
        "`true`: another machine may be asked without TLS, if the connection string or the server is without; "
        "`false`: that is refused. This machine (loopback, a socket) needs none",
    ),
]


class WorkerSettings(Settings, frozen=True, kw_only=True):
    """What a worker process needs to know."""

    refusal = SettingsFault
    read_by = "worker"

    outbox: OutboxSettings
    persist: Annotated[
        bool,
        Variable(
            "CREATOR_OS_DB_PERSIST",
            "`false`: hold everything in the outbox; `true`: deliver. The switch for rollout and rollback",
        ),
    ] = False
    db_url: Annotated[
        str | None,
        Variable(
            "SUPABASE_DB_URL",
            "connection string of the role `outbox_worker`, direct or over a session pooler; a secret, in no "
            "log, error or row",
            example="postgresql://outbox_worker:PASSWORD@db.PROJECT.supabase.co:5432/postgres"
            "?sslmode=verify-full&sslrootcert=prod-ca-2021.crt",
            secret=True,
            fault=_no_connection_string,
        ),
    ] = None
    migrate_db_url: Annotated[
        str | None,
        Variable(
            "SUPABASE_MIGRATE_DB_URL",
            "connection string of the role `postgres`, needed only where `worker migrate` runs; a secret, too",
            read_by="`worker migrate`",
            unset="SUPABASE_DB_URL",
            secret=True,
            fault=_no_connection_string,
        ),
    ] = None
    insecure: Insecure = False
    poll_seconds: Annotated[
        float,
        Meta(ge=0.05, le=_A_YEAR_SECONDS, title="a number of at least 0.05"),
        Variable("OUTBOX_POLL_SECONDS", "the longest an event waits if its wake-up was lost"),
    ] = 5.0
    batch_events: Annotated[
        _Number,
        Variable("OUTBOX_BATCH_EVENTS", "the most events in one transaction; twice as many if the database is far"),
    ] = 500
    batch_bytes: Annotated[
        _Number,
        Variable(
            "OUTBOX_BATCH_BYTES",
            "the most payload in one transaction, twice as much if the database is far; one event may exceed it",
        ),
    ] = 4 * 1024 * 1024
    second_lane: Annotated[
        bool,
        Variable(
            "OUTBOX_SECOND_LANE",
            "`true`: a large batch goes over two connections at once, half over each, committed one after the "
            "other; `false`: over one",
        ),
    ] = True
    statement_timeout_seconds: Annotated[
        float,
        Meta(ge=1, le=_A_YEAR_SECONDS, title="a number of at least 1"),
        Variable("OUTBOX_STATEMENT_TIMEOUT_SECONDS", "limit of one statement"),
    ] = 30.0
    hold_after_alike: Annotated[
        int,
        Meta(ge=0, title="a whole number, at least 0"),
        Variable(
            "OUTBOX_HOLD_AFTER_ALIKE",
            "so many events in a row refused with the same words are the database's fault: hold, park no more; "
            "0: park them all",
        ),
    ] = HOLD_AFTER_ALIKE
    metrics_port: Annotated[
        _Port | None,
        Variable(
            "OUTBOX_METRICS_PORT",
            "port of 127.0.0.1 where Prometheus finds `/metrics`, `/healthz`, `/readyz`; see docs/metrics.md",
            read_by="`worker run`",
        ),
    ] = None
    metrics_file: Annotated[
        Path | None,
        Variable(
            "OUTBOX_METRICS_FILE",
            "file written every 15 s for the textfile collector of node_exporter; its name ends in `.prom`",
            read_by="`worker run`",
        ),
    ] = None
    notify: Annotated[
        tuple[str, ...],
        Variable(
            "OUTBOX_NOTIFY",
            "addresses of people who are told (Apprise URLs, with spaces between; extra `[notify]`): an outage "
            "began or is over, an event was parked, a person is needed; secrets, in no log, error or row",
            read_by="`worker run`",
            secret=True,
        ),
    ] = ()
    pg_dump: Annotated[
        str | None,
        Variable(
            "OUTBOX_PG_DUMP",
            "a pg_dump at least as new as the server, for the backup before a migration",
            read_by="`worker migrate`",
            unset="the best one found",
        ),
    ] = None

    @property
    def local_postgres_dir(self) -> Path:
        """Where `--local` keeps its database: beside the outbox file."""
        return self.outbox.outbox_path.parent / "local-postgres"
