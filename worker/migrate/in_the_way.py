"""What stands in the way of the relay, as findings of the audit: asked of the catalogue, read from triggers, tried."""

from collections.abc import Iterator

import psycopg

from outbox.catalogue import active
from worker.apply import obstacles
from worker.connect.connection import Connection, connect
from worker.faults.rehearse import rehearse
from worker.migrate.finding import Breach, Finding, Severity
from worker.migrate.own_tables import lacks

WORKER = "outbox_worker"
_PROMISES = {
    "schema_rights": "the worker's role sees the tables that it works with",
    "lost_tables": "every table that the relay works with is there",
    "hidden_rows": "the worker's role sees and writes every row of the tables that it works with",
    "generated_columns": "the database lets the relay write what events set",
    "required_columns": "every column that must have a value gets one from the relay, or has a default",
    "replica_identity": "published tables say by what a changed row is known",
    "rules": "no rule changes what the relay's statements do",
    "sequences": "sequences are ahead of their tables",
}
_OWN = "the tables of the catalogue are there, with their columns, a unique key and the worker's rights"
_TRIED = "what the relay writes goes through; it was tried, and taken back"
_HINTED = "triggers may do what they do as the worker's role"


def in_the_way(connection: psycopg.Connection, worker_dsn: str | None) -> tuple[Finding, ...]:
    """Everything that would hold the relay up, whatever the migrations promise.

    Args:
        connection: of the tables' owner, in autocommit mode.
        worker_dsn: as whom the worker logs in, to try it; None: nothing is tried.
    """
    return tuple(_findings(connection, worker_dsn))


def _findings(connection: psycopg.Connection, worker_dsn: str | None) -> Iterator[Finding]:
    if lacking := tuple(lacks(connection, active(), WORKER)):
        yield Finding(name="own_tables", severity=Severity.ERROR, promise=_OWN, breaches=lacking)
    found = obstacles.find(connection, WORKER)
    for kind, promise in _PROMISES.items():
        breaches = tuple(Breach(what=one.what, closes=one.remedy) for one in found if one.kind == kind)
        if breaches:
            yield Finding(name=f"in_the_way_{kind}", severity=Severity.ERROR, promise=promise, breaches=breaches)
    tried = None if worker_dsn is None else _tried(worker_dsn)
    if tried:
        yield Finding(name="in_the_way", severity=Severity.ERROR, promise=_TRIED, breaches=(Breach(what=tried),))
    hints = tuple(
        Breach(what=one.what, closes=one.remedy) for one in obstacles.in_trigger_functions(connection, WORKER)
    )
    if hints:
        # Read from the text of a function. If the rehearsal went through it is a matter of its conditions.
        severity = Severity.ERROR if tried != "" else Severity.WARNING
        yield Finding(name="in_the_way_triggers", severity=severity, promise=_HINTED, breaches=hints)


def _tried(dsn: str) -> str | None:
    """What the rehearsal was refused with; empty if it went through, None if it could not be made."""
    try:
        with connect(dsn) as connection:
            return _refusal(connection)
    except (psycopg.Error, OSError):
        return None


def _refusal(connection: Connection) -> str | None:
    row = connection.execute(
        "select pg_is_in_recovery() or current_setting('transaction_read_only')::boolean"
    ).fetchone()
    if row is None or row[0]:
        return None
    judgement = rehearse(connection).refused
    # Whoever reads it has run this very command.
    return "" if judgement is None else judgement.reason.replace(": run `worker migrate check`", "")
