"""Whose fault a failure is: one table, read from top to bottom, the first row that fits decides.

A failure is judged by the phase in which it struck and by its SQLSTATE, never by the class of the exception (psycopg
files "statement timeout" under OperationalError and "read-only transaction" under InternalError) and never by wording.
A connection that is refused carries no SQLSTATE in psycopg, and has tables of its own: `login`.

- OUTAGE: the database is not there. Wait and try for ever; no event is blamed, no attempt counted.
- OVERLOAD: it is there and cannot keep up. Wait, then smaller batches.
- CONTENTION: somebody was in the way. Again at once, a few times; then treated as overload.
- ENVIRONMENT: something must be put right by a human (password, missing table, right). Hold everything, say so, probe
  slowly: poolers ban clients that hammer at them with a wrong password.
- POISON: the event itself, once the evidence says so (see `relay`).
"""

import psycopg

from worker.errors import EventFault
from worker.judgement import Judgement, Phase, Verdict
from worker.login import judge_login

__all__ = ["BY_SQLSTATE", "SECOND_LOOK", "Judgement", "Phase", "Verdict", "judge"]

# SQLSTATE or its class (two characters) -> verdict, words. Exact codes win over classes.
BY_SQLSTATE: dict[str, tuple[Verdict, str]] = {
    # the connection or the server
    "08": (Verdict.OUTAGE, "the connection failed"),
    "40003": (Verdict.OUTAGE, "the outcome of the commit is unknown"),
    "57P01": (Verdict.OUTAGE, "the server is being shut down"),
    "57P02": (Verdict.OUTAGE, "the server crashed"),
    "57P03": (Verdict.OUTAGE, "the server is starting up or recovering"),
    "57P05": (Verdict.OUTAGE, "the session was idle too long"),
    "25P03": (Verdict.OUTAGE, "the transaction was idle too long"),
    "25P04": (Verdict.OUTAGE, "the transaction took too long"),
    "25006": (Verdict.OUTAGE, "the database is read-only: is its disk full, or is it a standby?"),
    "58": (Verdict.OUTAGE, "the server cannot use its files"),
    "XX000": (Verdict.OUTAGE, "internal error of the server or the pooler"),
    # room and speed
    "53": (Verdict.OUTAGE, "the server is out of resources"),
    "53100": (Verdict.OUTAGE, "the database's disk is full"),
    "53400": (Verdict.OUTAGE, "a limit that the server's configuration sets is reached"),
    "53200": (Verdict.OVERLOAD, "the server is out of memory"),
    "53300": (Verdict.OUTAGE, "the server has too many connections"),
    "57014": (Verdict.OVERLOAD, "the statement took too long"),
    # others at work on the same rows
    "40001": (Verdict.CONTENTION, "a concurrent transaction was in the way"),
    "40P01": (Verdict.CONTENTION, "deadlock with a concurrent transaction"),
    "40": (Verdict.CONTENTION, "the transaction was rolled back"),
    "55P03": (Verdict.CONTENTION, "a lock could not be had in time"),
    "55006": (Verdict.CONTENTION, "an object is in use"),
    # things for a human
    "28": (Verdict.ENVIRONMENT, "the database refuses this user or password"),
    "3D000": (Verdict.ENVIRONMENT, "there is no such database"),
    "57P04": (Verdict.ENVIRONMENT, "the database was dropped"),
    "3F000": (Verdict.ENVIRONMENT, "a schema is missing: run `worker migrate up`"),
    "42": (Verdict.ENVIRONMENT, "the schema is not what this worker expects: run `worker migrate check`"),
    "42501": (Verdict.ENVIRONMENT, "the worker's role lacks a right: run `worker migrate check`"),
    "42P01": (Verdict.ENVIRONMENT, "a table is missing: run `worker migrate up`"),
    "42P05": (Verdict.ENVIRONMENT, "prepared statements met a transaction pooler"),
    "26000": (Verdict.ENVIRONMENT, "prepared statements met a transaction pooler"),
    "0A000": (Verdict.ENVIRONMENT, "the server does not support what was asked for"),
    "XX001": (Verdict.ENVIRONMENT, "the database is corrupt"),
    "XX002": (Verdict.ENVIRONMENT, "an index of the database is corrupt"),
    "25": (Verdict.ENVIRONMENT, "the transaction was in a state that should not occur"),
    "F0": (Verdict.ENVIRONMENT, "the server's configuration is broken"),
    # the event
    "22": (Verdict.POISON, "a value that the database does not take"),
    "22P05": (Verdict.POISON, "a character that the database cannot store"),
    "22P02": (Verdict.POISON, "a value that is not of the column's type"),
    "22003": (Verdict.POISON, "a number out of range"),
    "23": (Verdict.POISON, "a constraint of the database is not met"),
    "23502": (Verdict.POISON, "a value that the database requires is missing"),
    "23503": (Verdict.POISON, "it refers to a row that does not exist"),
    "23505": (Verdict.POISON, "another row has the same unique value"),
    "23514": (Verdict.POISON, "a check of the database is not met"),
    "21000": (Verdict.POISON, "more rows than there may be"),
    "54": (Verdict.POISON, "a limit of the database is exceeded"),
    "44000": (Verdict.POISON, "a view does not take this row"),
    "P0": (Verdict.POISON, "a function or trigger of the database refused it"),
    "09": (Verdict.POISON, "a trigger of the database failed"),
    "2F": (Verdict.POISON, "a function of the database failed"),
    "38": (Verdict.POISON, "a function of the database failed"),
    "39": (Verdict.POISON, "a function of the database failed"),
}

# The command that a person types next, where one is asked for.
COMMANDS = {
    "3F000": "worker migrate up",
    "42P01": "worker migrate up",
    "42": "worker migrate check",
}

# Another host may have made or removed the row between our two trips: nobody is charged before a second look.
SECOND_LOOK = frozenset({"23503", "23505"})


def judge(error: BaseException, phase: Phase, *, known_address: bool = True) -> Judgement:
    """Say whose fault a failure is.

    Args:
        error: what was raised.
        phase: what the relay was doing.
        known_address: whether this connection string has ever worked.

    Returns:
        The verdict with its grounds. The reason never quotes the server, whose messages can hold values of rows.
    """
    if phase is Phase.CONNECT:
        return judge_login(error, known_address=known_address)
    sqlstate = getattr(error, "sqlstate", None)
    if isinstance(error, EventFault):
        return Judgement(verdict=Verdict.POISON, sqlstate=None, reason=error.reason)
    if isinstance(error, UnicodeEncodeError):  # a lone surrogate; not a psycopg error
        return Judgement(verdict=Verdict.POISON, sqlstate=None, reason="text that is not valid Unicode")
    if sqlstate is not None:
        verdict, words = BY_SQLSTATE.get(sqlstate) or BY_SQLSTATE.get(
            sqlstate[:2], (Verdict.ENVIRONMENT, "unknown error")
        )
        command = COMMANDS.get(sqlstate) or COMMANDS.get(sqlstate[:2])
        return Judgement(verdict=verdict, sqlstate=sqlstate, reason=words + _where(error), command=command)
    if isinstance(error, psycopg.DataError | psycopg.ProgrammingError):  # raised before anything was sent
        return Judgement(verdict=Verdict.POISON, sqlstate=None, reason="a value that cannot be sent to the database")
    if isinstance(error, psycopg.Error | OSError):
        return Judgement(verdict=Verdict.OUTAGE, sqlstate=None, reason="the connection was lost")
    raise error


def _where(error: BaseException) -> str:
    """Name the constraint, column or table: names of the schema, never a value."""
    diag = getattr(error, "diag", None)
    for kind, name in (
        ("constraint", getattr(diag, "constraint_name", None)),
        ("column", getattr(diag, "column_name", None)),
        ("table", getattr(diag, "table_name", None)),
    ):
        if name:
            return f" ({kind} {name})"
    return ""
