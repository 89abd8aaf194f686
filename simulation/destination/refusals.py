"""What a database refuses with: psycopg's own errors, with the SQLSTATE and the name of the constraint."""

from psycopg import OperationalError, errors
from psycopg.pq import DiagnosticField


def refusal(sqlstate: str, *, constraint: str = "") -> Exception:
    """Return the error that psycopg raises for this SQLSTATE."""
    kind = errors.lookup(sqlstate)
    info = {int(DiagnosticField.SQLSTATE): sqlstate.encode()}
    if constraint:
        info[int(DiagnosticField.CONSTRAINT_NAME)] = constraint.encode()
    return kind(f"refused with {sqlstate}", info=info)  # type: ignore[arg-type]  # as an error that was pickled


def lost(words: str = "server closed the connection unexpectedly") -> OperationalError:
    """Return the error of a connection that is gone; it carries no SQLSTATE."""
    return OperationalError(words)
