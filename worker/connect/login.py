"""Whose fault it is that no session could be had: decided by what the server answered, in whatever language it speaks.

psycopg hands a failed login over as one text without a SQLSTATE. `connection` has libpq write that text verbosely, so
that each answer of a server stands in it as `SEVERITY:  SQLSTATE: words` and, below, the place in the server's source
that it came from. Severity and words are in the server's language; the code and the place are not, and decide.

- A server that answered was reached: that is no outage, unless the code says that it will take sessions again by
  itself (starting, shutting down, full).
- A pooler answers with few codes for everything, always in English: its words are read, in a table of their own.
- Where nobody answered, libpq itself says why, in English: a table for what a person must mend (TLS, a password that is
  missing, a service that is not defined). Whatever is not in it is an outage.

Of several answers (one for each host, or with and without TLS) one that needs a person wins.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
from psycopg import pq

from worker.errors import SettingsFault
from worker.judgement import Judgement, Verdict

WRONG_LOGIN = "the database refuses this user or password"
WRONG_POOLER_LOGIN = "the pooler refuses this user or password"
INCOMPLETE_LOGIN = "SUPABASE_DB_URL holds no password"
LOGIN_REMEDY = (
    'put the password of outbox_worker into SUPABASE_DB_URL (a new one: psql "$SUPABASE_MIGRATE_DB_URL" -c '
    "'\\password outbox_worker'), then restart the worker"
)
_REMEDIES = dict.fromkeys((WRONG_LOGIN, WRONG_POOLER_LOGIN, INCOMPLETE_LOGIN), LOGIN_REMEDY)
LOGIN_REFUSED = "login_refused"  # tried again after minutes: poolers ban who hammers with a wrong password
_OUTAGE, _ENVIRONMENT = Verdict.OUTAGE, Verdict.ENVIRONMENT

_ANSWER = re.compile(r": {2}(?P<sqlstate>[0-9A-Z]{5}): (?P<words>[^\n]*)")
_PLACE = re.compile(r": {2}(?P<routine>\w+), [\w./\\-]+:\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a server or a pooler said instead of letting us in.

    Attributes:
        sqlstate: its code; None if it gave none.
        words: its text, in its language; looked at for poolers only.
        routine: where in PostgreSQL's source it came from; "" where it does not say.
    """

    sqlstate: str | None
    words: str
    routine: str = ""


Row = tuple[Verdict, str, str]  # verdict, kind, words of ours

# SQLSTATE or its class (two characters) of a server that let nobody in; what is not here needs a person.
BY_LOGIN_SQLSTATE: dict[str, Row] = {
    "28P01": (_ENVIRONMENT, LOGIN_REFUSED, WRONG_LOGIN),
    "28": (_ENVIRONMENT, LOGIN_REFUSED, "the server does not admit this user, or not from this address"),
    "3D000": (_ENVIRONMENT, "no_database", "there is no such database"),
    "57P04": (_ENVIRONMENT, "no_database", "the database was dropped"),
    "42501": (_ENVIRONMENT, "connect_right", "this user may not connect to the database: grant connect on it"),
    "55000": (_ENVIRONMENT, "database_closed", "the database takes no connections: alter database … allow_connections"),
    # These pass by themselves.
    "53300": (_OUTAGE, "too_many_connections", "the server has too many connections"),
    "53": (_OUTAGE, "unreachable", "the server is out of resources"),
    "57P01": (_OUTAGE, "stopping", "the server is being shut down"),
    "57P02": (_OUTAGE, "stopping", "the server crashed"),
    "57P03": (_OUTAGE, "starting", "the server is starting up or recovering"),
    "57": (_OUTAGE, "unreachable", "the database cannot be reached"),
    "58": (_OUTAGE, "unreachable", "the server cannot use its files"),
    "08": (_OUTAGE, "unreachable", "the connection failed"),
    "25006": (_OUTAGE, "read_only", "the database is read-only: is its disk full, or is it a standby?"),
    "40": (_OUTAGE, "unreachable", "the database cannot be reached"),
    "55P03": (_OUTAGE, "unreachable", "the database cannot be reached"),
    "55006": (_OUTAGE, "unreachable", "the database cannot be reached"),
}

# The same code for a server that is full, which passes, and for a limit that somebody set for this user or database.
LIMITS = {
    "InitializeSessionUserId": (
        _ENVIRONMENT,
        "role_limit",
        "this user has no connection left: alter role … connection limit",
    ),
    "CheckMyDatabase": (
        _ENVIRONMENT,
        "database_limit",
        "this database has no connection left: alter database … connection limit",
    ),
}

# A pooler's words, where its code says nothing: PgBouncer has 08P01 for all, Supavisor XX000. Lower case.
SAYS_NOTHING = frozenset({None, "08P01", "XX000"})
BY_POOLER_WORDS: tuple[tuple[str, Row], ...] = (
    (r"\(ecircuitbreaker\)", (_OUTAGE, "pooler_shut", "the pooler keeps us out for a while after failed logins")),
    (r"\(eaddrnotallowed\)", (_ENVIRONMENT, LOGIN_REFUSED, "the pooler does not admit this address")),
    (r"\(enoidentifier\)", (_ENVIRONMENT, LOGIN_REFUSED, "the user must be written as USER.PROJECT for the pooler")),
    (r"\(einvaliduserinfo\)", (_ENVIRONMENT, LOGIN_REFUSED, "the pooler does not understand the user name")),
    (
        r"\(esslrequired\)|ssl (connection is )?required",
        (_ENVIRONMENT, "tls", "the server wants TLS: add sslmode=require"),
    ),
    (r"\(ebanned\)", (_ENVIRONMENT, LOGIN_REFUSED, "the pooler has banned this address")),
    (r"password authentication failed", (_ENVIRONMENT, LOGIN_REFUSED, WRONG_LOGIN)),
    (
        r"authentication failed|auth failed|no such user|login failed",
        (_ENVIRONMENT, LOGIN_REFUSED, WRONG_POOLER_LOGIN),
    ),
    (r"no such database|database .* does not exist", (_ENVIRONMENT, "no_database", "there is no such database")),
    (
        r"bouncer config error|unsupported startup parameter",
        (_ENVIRONMENT, "pooler", "the pooler's configuration refuses the session"),
    ),
    (
        r"max clients|no more connections|\(emax|\(epool",
        (_OUTAGE, "too_many_connections", "the pooler has too many connections"),
    ),
    (
        r"\(e\w+\)|query_wait_timeout|timeout|shut|pause|cannot connect|server conn|cached error|admin",
        (_OUTAGE, "pooler", "the pooler refused the session"),
    ),
)
# A project that is paused, or never was: only whether this address has ever worked tells the two apart.
UNKNOWN_TENANT = re.compile(r"\(enotfound\)|tenant or user not found|tenant/user .* not found")
TENANT_WORDS = "the pooler does not know this project: paused?"
NO_PASSWORD: Row = (_ENVIRONMENT, LOGIN_REFUSED, INCOMPLETE_LOGIN)
REFUSED: Row = (_ENVIRONMENT, "session_refused", "the server refuses the session")
# A setting that was asked for as the session began: unknown, of a value that is none, or not for this user.
OPTION_CODES = frozenset({"22023", "42601", "42704", "42501", "42602", "55P02", "0A000"})
_NOT_OF_OPTIONS = frozenset({"", "CheckMyDatabase", "InitPostgres", "InitializeSessionUserId"})
OPTION: Row = (
    _ENVIRONMENT,
    "session_option",
    "the server refuses a setting that `options` of the connection string or PGOPTIONS asks for",
)
# Every language puts the name of the setting into quotes of some kind.
_SETTING = re.compile(
    r"[\"'«»„“”‚‘‹›「『]\s?([a-z_][a-z0-9_]*(?:\.[a-z_][a-z0-9_]*)?)\s?[\"'«»„“”‘’‹›」』]", re.IGNORECASE
)

VALUE: Row = (
    _ENVIRONMENT,
    "connection_string",
    "an option of the connection string has a value that libpq does not take",
)
_OF_OPTION = re.compile(
    r'connection option "(?P<integer>\w+)"|invalid (?!integer)(?P<one_of>\w+) (?:value|number)'
    r"|bad value for (?P<number>\w+)"
)

# What libpq calls some options, where it does not name them.
_CALLED = {
    "network address": "hostaddr",
    "name or service not known": "",
    "scram client key": "scram_client_key",
    "scram server key": "scram_server_key",
    "ssl protocol version range": "ssl_min_protocol_version ssl_max_protocol_version",
    "port numbers": "port",
}

# What libpq itself says, for want of an answer. Lower case; the first that occurs decides.
BY_CLIENT_WORDS: tuple[tuple[str, Row], ...] = (
    (r"no password supplied", NO_PASSWORD),
    (r"certificate verify failed", (_ENVIRONMENT, "tls", "the server's certificate is not trusted: check sslrootcert")),
    (
        r"root certificate file|could not load system root",
        (_ENVIRONMENT, "tls", "the file of sslrootcert cannot be used"),
    ),
    (r"does not match host name", (_ENVIRONMENT, "tls", "the server's certificate is for another host")),
    (r"certificate file|private key file", (_ENVIRONMENT, "tls", "the file of sslcert or sslkey cannot be used")),
    (
        r"server does not support ssl|ssl support is not compiled in",
        (
            _ENVIRONMENT,
            "tls",
            "the server has no TLS, which sslmode or another machine asks for (OUTBOX_INSECURE)",
        ),
    ),
    (
        r"authentication method requirement",
        (
            _ENVIRONMENT,
            "connection_string",
            "require_auth of the connection string forbids the login that the server asks for: leave it out",
        ),
    ),
    (
        r"did not request an ssl certificate",
        (
            _ENVIRONMENT,
            "connection_string",
            "sslcertmode=require wants to send a certificate, and the server asks for none: leave it out",
        ),
    ),
    (
        r"session is not read-only|is not in hot standby mode",
        (
            _ENVIRONMENT,
            "connection_string",
            "target_session_attrs asks for a server that takes no writes: write target_session_attrs=read-write",
        ),
    ),
    (
        r"channel binding (is )?required",
        (_ENVIRONMENT, "tls", "a pooler has no channel binding: use channel_binding=prefer"),
    ),
    (
        r"gssapi encryption required",
        (
            _ENVIRONMENT,
            "connection_string",
            "gssencmode asks for an encryption that is not to be had: leave it out, and set sslmode",
        ),
    ),
    (
        r"definition of service|service file",
        (_ENVIRONMENT, "connection_string", "the service that the connection string names is not defined"),
    ),
    (r"invalid \w+ value|invalid port|invalid integer|bad value for|could not match", VALUE),
    (
        r"authentication method|requires? (a )?password|server requested",
        (_ENVIRONMENT, LOGIN_REFUSED, "the server asks for a login that the connection string does not give"),
    ),
)


def rows() -> Iterator[Row]:
    """Yield everything that can be said about a login, for the runbook."""
    yield from (*BY_LOGIN_SQLSTATE.values(), *LIMITS.values(), NO_PASSWORD, REFUSED, OPTION)
    yield from (row for _, row in (*BY_POOLER_WORDS, *BY_CLIENT_WORDS))
    yield (_ENVIRONMENT, "unknown_project", TENANT_WORDS)


def answers(error: BaseException) -> list[Answer]:
    """Return what was answered to a connection that failed, each host's answer once."""
    if sqlstate := getattr(error, "sqlstate", None):
        return [Answer(sqlstate=sqlstate, words=str(error))]
    return list(dict.fromkeys(_in_text(str(error))))


def _in_text(text: str) -> Iterator[Answer]:
    found = list(_ANSWER.finditer(text))
    for number, answer in enumerate(found):
        end = found[number + 1].start() if number + 1 < len(found) else len(text)
        place = _PLACE.search(text, answer.end(), end)
        yield Answer(
            sqlstate=answer["sqlstate"], words=answer["words"], routine=place["routine"] if place is not None else ""
        )
    if not found:  # of a libpq that could not be told to be verbose: two blanks stand behind a severity alone
        yield from (
            Answer(sqlstate=None, words=words)
            for words in re.findall(r"(?:^|failed: |bad: )[^:\n]+(?:: {2}|: (?=\())([^\n]+)", text)
        )


def judge_login(error: BaseException, *, known_address: bool) -> Judgement:
    """Say whose fault it is that no session could be had.

    Args:
        error: what connecting raised.
        known_address: whether this connection string has ever worked.
    """
    if isinstance(error, SettingsFault):  # of our own reading of the connection string
        return Judgement(
            verdict=_ENVIRONMENT,
            sqlstate=None,
            reason=error.what,
            kind=error.kind,
            remedy=error.remedy,
            entry=error.entry,
        )
    found = [_judge_answer(answer, known_address=known_address) for answer in answers(error)]
    if found:
        return next((one for one in found if one.verdict is _ENVIRONMENT), found[-1])
    if getattr(getattr(error, "pgconn", None), "needs_password", False):
        return _judgement(NO_PASSWORD, None)
    return _judgement(_by_libpq(error, str(error).lower()), None)


def _by_libpq(error: BaseException, text: str) -> Row:
    for pattern, row in BY_CLIENT_WORDS:
        if re.search(pattern, text):
            return _with_its_option(text) if row is VALUE else row
    if getattr(error, "pgconn", None) is not None and "connection to server" not in text:  # nobody was asked yet
        return _with_its_option(text)
    if isinstance(error, psycopg.ProgrammingError):  # libpq's parser, of something that we did not foresee
        return (_ENVIRONMENT, "connection_string", "libpq cannot use SUPABASE_DB_URL")
    return (_OUTAGE, "unreachable", _unreachable_words(text))


def _with_its_option(text: str) -> Row:
    verdict, kind, told = VALUE
    if (name := _OF_OPTION.search(text)) is not None:
        return (verdict, kind, f"{told}: {name[name.lastgroup or 0]}")
    for words, option in _CALLED.items():
        text = text.replace(words, option)
    known = {option.keyword.decode() for option in pq.Conninfo.get_defaults()}
    names = [word for word in dict.fromkeys(re.findall(r"\w+", text)) if word in known]
    return (verdict, kind, f"{told}: {', '.join(names)}") if names else VALUE


def _judge_answer(answer: Answer, *, known_address: bool) -> Judgement:
    sqlstate, words = answer.sqlstate, answer.words.lower()
    if UNKNOWN_TENANT.search(words):
        verdict = _OUTAGE if known_address else _ENVIRONMENT
        return _judgement((verdict, "unknown_project", TENANT_WORDS), sqlstate)
    if sqlstate in SAYS_NOTHING and not answer.routine:
        for pattern, row in BY_POOLER_WORDS:
            if re.search(pattern, words):
                return _judgement(row, sqlstate)
    if sqlstate is None:
        return _judgement(_passing(words) or REFUSED, None)
    if (placed := _by_place(answer)) is not None:
        return _judgement(placed, sqlstate)
    if sqlstate in SAYS_NOTHING:  # what let us in before will do so again
        verdict = _OUTAGE if known_address else _ENVIRONMENT
        return _judgement((verdict, "session_refused", REFUSED[2]), sqlstate)
    return _judgement(BY_LOGIN_SQLSTATE.get(sqlstate) or BY_LOGIN_SQLSTATE.get(sqlstate[:2]) or REFUSED, sqlstate)


def _by_place(answer: Answer) -> Row | None:
    """What a code means that several places of the server answer with."""
    if answer.sqlstate == "53300":
        return LIMITS.get(answer.routine)
    if answer.sqlstate not in OPTION_CODES or answer.routine in _NOT_OF_OPTIONS:
        return None
    # The name of a setting is no secret, and stands in quotes before anything else.
    verdict, kind, text = OPTION
    name = _SETTING.search(answer.words)
    return (verdict, kind, f"{text}: {name[1]}") if name is not None else OPTION


def _passing(words: str) -> Row | None:
    """What a server without a code says of a state that passes; its words, for want of anything else."""
    text = _unreachable_words(words)
    return None if text == UNREACHABLE else (_OUTAGE, "unreachable", text)


def _judgement(row: Row, sqlstate: str | None) -> Judgement:
    verdict, kind, words = row
    remedy = _REMEDIES.get(words)
    return Judgement(verdict=verdict, sqlstate=sqlstate, reason=words, kind=kind, remedy=remedy, entry=verdict.value)


UNREACHABLE = "the database cannot be reached"


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
        ("hot standby", "none of the servers takes writes: a standby, or a failover under way"),
        ("network is unreachable", "there is no network"),
        ("closed the connection", "the connection was lost"),
    ):
        if part in text:
            return words
    return UNREACHABLE
