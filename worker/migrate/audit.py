"""Does the database keep what the migrations promise? Read-only, at any time, on any database.

Each promise is one query of `migrate_audit.sql` that returns what breaks it, one line per breach; its first comment
says how grave a breach is and what was promised.
"""

from dataclasses import dataclass
from enum import StrEnum

import psycopg
from psycopg import errors

from worker.migrate.queries import names, query


class Severity(StrEnum):
    """ERROR breaks a promise; WARNING is somebody else's to decide; NOTE is good to know."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A promise that is broken, and by what."""

    name: str
    severity: Severity
    promise: str
    breaches: tuple[str, ...]


def audit(connection: psycopg.Connection) -> tuple[Finding, ...]:
    """Every broken promise; an empty tuple is what one wants to see."""
    found = []
    for name in names("audit_"):
        severity, promise = _promise(name)
        try:
            breaches = tuple(str(row[0]) for row in connection.execute(query(name)))
        except (errors.UndefinedTable, errors.UndefinedColumn, errors.InvalidSchemaName) as exc:
            breaches = (f"cannot be looked at: {exc.diag.message_primary}",)
            severity = Severity.ERROR
        if breaches:
            found.append(Finding(name=name, severity=severity, promise=promise, breaches=breaches))
    return tuple(found)


def _promise(name: str) -> tuple[Severity, str]:
    comment = query(name).split("\n", 1)[0]
    severity, _, promise = comment.removeprefix("-- ").partition(": ")
    return Severity(severity), promise
