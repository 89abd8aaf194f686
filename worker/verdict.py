"""Whose fault a failure is: one table, read from top to bottom, the first row that fits decides.

A failure is judged by the phase in which it struck and by its SQLSTATE, never by the class of the exception (psycopg
files "statement timeout" under OperationalError and "read-only transaction" under InternalError) and never by wording.
The one exception: a connection that is refused carries no SQLSTATE at all, so for the phase CONNECT a second, short
table of texts tells a wrong password from a dead network.

- OUTAGE: the database is not there. Wait and try for ever; no event is blamed, no attempt counted.
- OVERLOAD: it is there and cannot keep up. Wait, then smaller batches.
- CONTENTION: somebody was in the way. Again at once, a few times; then treated as overload.
- ENVIRONMENT: something must be put right by a human (password, missing table, right). Hold everything, say so, probe
  slowly: poolers ban clients that hammer at them with a wrong password.
- POISON: the event itself, once the evidence says so (see `relay`).
"""

import re
from dataclasses import dataclass
from enum import StrEnum

import psycopg

from worker.errors import EventFault


class Verdict(StrEnum):
    OUTAGE = "outage"
    OVERLOAD = "overload"
    CONTENTION = "contention"
    ENVIRONMENT = "environment"
    POISON = "poison"


class Phase(StrEnum):
    CONNECT = "connect"
    POSITION = "position"
    APPLY = "apply"
    COMMIT = "commit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A verdict and its grounds.

    Attributes:
        verdict: whose fault it is.
        sqlstate: five characters, or None where the failure carries none.
        reason: our own words for it: no payload, no connection string.
    """

    verdict: Verdict
    sqlstate: str | None
    reason: str


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

# Another host may have made or removed the row between our two trips: nobody is charged before a second look.
SECOND_LOOK = frozenset({"23503", "23505"})

# Before a session exists no event was sent: whatever the code, it is nobody's poison.
BY_CONNECT_SQLSTATE: dict[str, tuple[Verdict, str]] = {
    "08P01": (Verdict.OUTAGE, "the pooler refused the session"),
    "53300": (Verdict.OUTAGE, "the server has too many connections"),
}

# Texts, for connections that were refused without a SQLSTATE. Lower case; the first that occurs decides.
BY_CONNECT_TEXT: tuple[tuple[str, Verdict, str], ...] = (
    (r"\(ecircuitbreaker\)", Verdict.OUTAGE, "the pooler keeps us out for a while after failed logins"),
    (r"password authentication failed", Verdict.ENVIRONMENT, "the database refuses this user or password"),
    (r"sasl authentication failed", Verdict.ENVIRONMENT, "the pooler refuses this user or password"),
    (r"no password supplied", Verdict.ENVIRONMENT, "SUPABASE_DB_URL holds no password"),
    (r"role \".*\" does not exist", Verdict.ENVIRONMENT, "there is no such user in the database"),
    (r"database \".*\" does not exist", Verdict.ENVIRONMENT, "there is no such database"),
    (r"not permitted to log in", Verdict.ENVIRONMENT, "this user may not log in"),
    (r"no pg_hba.conf entry", Verdict.ENVIRONMENT, "the server does not admit this user from this address"),
    (r"certificate verify failed", Verdict.ENVIRONMENT, "the server's certificate is not trusted: check sslrootcert"),
    (r"root certificate file", Verdict.ENVIRONMENT, "the file of sslrootcert cannot be used"),
    (r"does not match host name", Verdict.ENVIRONMENT, "the server's certificate is for another host"),
    (r"ssl connection is required", Verdict.ENVIRONMENT, "the server wants TLS: add sslmode=require"),
    (r"server does not support ssl", Verdict.ENVIRONMENT, "the server has no TLS, which sslmode asks for"),
    (r"channel binding required", Verdict.ENVIRONMENT, "a pooler has no channel binding: use channel_binding=prefer"),
    (r"invalid (connection option|sslmode value)", Verdict.ENVIRONMENT, "SUPABASE_DB_URL has an unknown option"),
    (r"\(eaddrnotallowed\)", Verdict.ENVIRONMENT, "the pooler does not admit this address"),
    (r"\(enoidentifier\)", Verdict.ENVIRONMENT, "the user must be written as USER.PROJECT for the pooler"),
    (r"\(einvaliduserinfo\)", Verdict.ENVIRONMENT, "the pooler does not understand the user name"),
    (r"\(esslrequired\)", Verdict.ENVIRONMENT, "the pooler wants TLS: add sslmode=require"),
    (r"\(ebanned\)", Verdict.ENVIRONMENT, "the pooler has banned this address"),
)
UNREADABLE_ADDRESS = "SUPABASE_DB_URL cannot be read as a connection string"
# A project that is paused, or never was: only whether this address has ever worked tells the two apart.
UNKNOWN_TENANT = re.compile(r"\(enotfound\)|tenant or user not found|tenant/user .* not found")


def judge(error: BaseException, phase: Phase, *, known_address: bool = True) -> Judgement:
    """Say whose fault a failure is.

    Args:
        error: what was raised.
        phase: what the relay was doing.
        known_address: whether this connection string has ever worked.

    Returns:
        The verdict with its grounds. The reason never quotes the server, whose messages can hold values of rows.
    """
    sqlstate = getattr(error, "sqlstate", None)
    if phase is Phase.CONNECT:
        return _judge_connect(error, sqlstate, known_address=known_address)
    if isinstance(error, EventFault):
        return Judgement(verdict=Verdict.POISON, sqlstate=None, reason=error.reason)
    if isinstance(error, UnicodeEncodeError):  # a lone surrogate; not a psycopg error
        return Judgement(verdict=Verdict.POISON, sqlstate=None, reason="text that is not valid Unicode")
    if sqlstate is not None:
        verdict, words = BY_SQLSTATE.get(sqlstate) or BY_SQLSTATE.get(
            sqlstate[:2], (Verdict.ENVIRONMENT, "unknown error")
        )
        return Judgement(verdict=verdict, sqlstate=sqlstate, reason=words + _where(error))
    if isinstance(error, psycopg.DataError | psycopg.ProgrammingError):  # raised before anything was sent
        return Judgement(verdict=Verdict.POISON, sqlstate=None, reason="a value that cannot be sent to the database")
    if isinstance(error, psycopg.Error | OSError):
        return Judgement(verdict=Verdict.OUTAGE, sqlstate=None, reason="the connection was lost")
    raise error


def _judge_connect(error: BaseException, sqlstate: str | None, *, known_address: bool) -> Judgement:
    if sqlstate is not None:
        row = BY_CONNECT_SQLSTATE.get(sqlstate) or BY_SQLSTATE.get(sqlstate) or BY_SQLSTATE.get(sqlstate[:2])
        if row is not None and row[0] is not Verdict.POISON:
            return Judgement(verdict=row[0], sqlstate=sqlstate, reason=row[1])
        return Judgement(verdict=Verdict.OUTAGE, sqlstate=sqlstate, reason="the database cannot be reached")
    text = str(error).lower()
    for pattern, verdict, words in BY_CONNECT_TEXT:
        if re.search(pattern, text):
            return Judgement(verdict=verdict, sqlstate=None, reason=words)
    if isinstance(error, psycopg.ProgrammingError):  # of libpq's parser, whose message quotes the string
        return Judgement(verdict=Verdict.ENVIRONMENT, sqlstate=None, reason=UNREADABLE_ADDRESS)
    if UNKNOWN_TENANT.search(text):
        verdict = Verdict.OUTAGE if known_address else Verdict.ENVIRONMENT
        return Judgement(verdict=verdict, sqlstate=None, reason="the pooler does not know this project: paused?")
    return Judgement(verdict=Verdict.OUTAGE, sqlstate=None, reason=_unreachable_words(text))


def _unreachable_words(text: str) -> str:
    for part, words in (
        ("connection refused", "nothing listens at the database's address"),
        ("could not translate host name", "the database's host name does not resolve"),
        ("failed to resolve host", "the database's host name does not resolve"),
        ("timeout", "the database does not answer in time"),
        ("timed out", "the database does not answer in time"),
        ("starting up", "the server is starting up or recovering"),
        ("not yet accepting", "the server is starting up or recovering"),
        ("recovery mode", "the server is starting up or recovering"),
        ("shutting down", "the server is being shut down"),
        ("too many c", "the server has too many connections"),
        ("max clients", "the pooler has too many connections"),
        ("no more connections allowed", "the pooler has too many connections"),
        ("read-only", "the database is read-only: is its disk full, or is it a standby?"),
        ("network is unreachable", "there is no network"),
        ("closed the connection", "the connection was lost"),
    ):
        if part in text:
            return words
    return "the database cannot be reached"


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
