"""What a database refuses with: psycopg's own errors, with the SQLSTATE and the name of the constraint."""

from psycopg import Error, OperationalError, errors
from psycopg.pq import DiagnosticField


def refusal(sqlstate: str, *, constraint: str = "", table: str = "", message: str = "") -> Exception:
    """Return the error that psycopg raises for this SQLSTATE; codes that PostgreSQL does not know included."""
    try:
        kind = errors.lookup(sqlstate)
    except KeyError:
        kind = type("Unknown", (Error,), {"sqlstate": sqlstate})
    fields = {
        DiagnosticField.SQLSTATE: sqlstate, DiagnosticField.CONSTRAINT_NAME: constraint,
        DiagnosticField.TABLE_NAME: table, DiagnosticField.MESSAGE_PRIMARY: message,
    }  # fmt: skip
    info = {int(field): text.encode() for field, text in fields.items() if text}
    return kind(f"refused with {sqlstate}", info=info)  # type: ignore[arg-type]  # as an error that was pickled


def kept(table: str, what: str) -> Exception:
    """Return the error of a check of ours that found a row as it was; see `worker.apply.kept`."""
    return refusal("22P02", message=f'invalid input syntax for type integer: "outbox.kept {table} {what}"')


def lost(words: str = "server closed the connection unexpectedly") -> OperationalError:
    """Return the error of a connection that is gone; it carries no SQLSTATE."""
    return OperationalError(words)
