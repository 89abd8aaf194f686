"""One test per row of the verdict's tables."""

from types import SimpleNamespace

import psycopg
import pytest

from worker import verdict as v
from worker.verdict import Phase, Verdict, judge

TEXTS = {
    "the pooler keeps us out for a while after failed logins": "FATAL: (ECIRCUITBREAKER) too many authentication failures",
    "SUPABASE_DB_URL holds no password": "fe_sendauth: no password supplied",
    "there is no such user in the database": 'FATAL:  role "who" does not exist',
    "there is no such database": 'FATAL:  database "what" does not exist',
    "this user may not log in": 'FATAL:  role "anon" is not permitted to log in',
    "the server does not admit this user from this address": 'FATAL:  no pg_hba.conf entry for host "10.0.0.1"',
    "the server's certificate is not trusted: check sslrootcert": "SSL error: certificate verify failed",
    "the file of sslrootcert cannot be used": 'root certificate file "/x" does not exist',
    "the server's certificate is for another host": 'server certificate for "a" does not match host name "b"',
    "the server wants TLS: add sslmode=require": "FATAL: SSL connection is required",
    "the server has no TLS, which sslmode asks for": "server does not support SSL, but SSL was required",
    "a pooler has no channel binding: use channel_binding=prefer": "channel binding required but not supported",
    "SUPABASE_DB_URL has an unknown option": 'invalid connection option "x"',
    "the pooler does not admit this address": "FATAL: (EADDRNOTALLOWED) address not in tenant allow_list",
    "the user must be written as USER.PROJECT for the pooler": "FATAL: (ENOIDENTIFIER) no tenant identifier",
    "the pooler does not understand the user name": "FATAL: (EINVALIDUSERINFO) bad user",
    "the pooler wants TLS: add sslmode=require": "FATAL: (ESSLREQUIRED) SSL required",
    "the pooler refuses this user or password": "FATAL:  SASL authentication failed",
    "the pooler has banned this address": "FATAL: (EBANNED) banned",
    "the database refuses this user or password": 'FATAL:  password authentication failed for user "x"',
}


def failure(sqlstate: str | None, text: str = "any wording") -> psycopg.Error:
    error = psycopg.OperationalError(text)
    error.sqlstate = sqlstate  # type: ignore[misc]
    return error


@pytest.mark.parametrize("code", sorted(v.BY_SQLSTATE))
def test_a_sqlstate_has_its_verdict_whatever_the_wording_and_the_class(code: str) -> None:
    verdict, words = v.BY_SQLSTATE[code]
    full = code if len(code) == 5 else f"{code}Z99"
    judged = judge(failure(full), Phase.APPLY)
    assert (judged.verdict, judged.reason, judged.sqlstate) == (verdict, words, full)


@pytest.mark.parametrize("code", sorted(v.BY_SQLSTATE))
def test_nothing_is_poison_before_an_event_was_sent(code: str) -> None:
    full = code if len(code) == 5 else f"{code}Z99"
    assert judge(failure(full), Phase.CONNECT).verdict is not Verdict.POISON


@pytest.mark.parametrize(("pattern", "verdict", "words"), v.BY_CONNECT_TEXT)
def test_a_refused_connection_is_told_by_its_text(pattern: str, verdict: Verdict, words: str) -> None:
    judged = judge(failure(None, TEXTS[words]), Phase.CONNECT)
    assert (judged.verdict, judged.reason) == (verdict, words), pattern


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("connection failed: Connection refused", "nothing listens at the database's address"),
        ('could not translate host name "x" to address', "the database's host name does not resolve"),
        ("[Errno -2] failed to resolve host 'db.x': unknown", "the database's host name does not resolve"),
        ("could not receive data from server: Connection timed out", "the database does not answer in time"),
        ("FATAL:  the database system is shutting down", "the server is being shut down"),
        ("connection failed: Network is unreachable", "there is no network"),
        ("connection timeout expired", "the database does not answer in time"),
        ("FATAL:  the database system is starting up", "the server is starting up or recovering"),
        ("FATAL:  the database system is not yet accepting connections", "the server is starting up or recovering"),
        ("FATAL:  the database system is in recovery mode", "the server is starting up or recovering"),
        ("FATAL:  sorry, too many clients already", "the server has too many connections"),
        ("server closed the connection unexpectedly", "the connection was lost"),
        ("FATAL: (EMAXCONNSESSION) max clients reached", "the pooler has too many connections"),
        ("FATAL: no more connections allowed (max_client_conn)", "the pooler has too many connections"),
        ("session is read-only", "the database is read-only: is its disk full, or is it a standby?"),
        ("FATAL: something new", "the database cannot be reached"),
    ],
)
def test_everything_else_at_connecting_is_an_outage(text: str, words: str) -> None:
    judged = judge(failure(None, text), Phase.CONNECT)
    assert (judged.verdict, judged.reason) == (Verdict.OUTAGE, words)


@pytest.mark.parametrize(("known", "verdict"), [(True, Verdict.OUTAGE), (False, Verdict.ENVIRONMENT)])
def test_an_unknown_tenant_is_an_outage_only_where_the_address_has_worked(*, known: bool, verdict: Verdict) -> None:
    error = failure(None, "FATAL: (ENOTFOUND) tenant/user postgres.x not found")
    assert judge(error, Phase.CONNECT, known_address=known).verdict is verdict


def test_a_sqlstate_at_connecting_that_no_table_has_is_an_outage_and_is_told() -> None:
    """The code is all that an operator has to look it up by."""
    judgement = judge(failure("ZZ123"), Phase.CONNECT)
    assert (judgement.verdict, judgement.sqlstate) == (Verdict.OUTAGE, "ZZ123")


def test_a_lost_connection_has_no_sqlstate_and_is_an_outage() -> None:
    assert judge(failure(None, "server closed the connection"), Phase.COMMIT).verdict is Verdict.OUTAGE
    assert judge(BrokenPipeError(), Phase.APPLY).verdict is Verdict.OUTAGE


def test_what_cannot_be_sent_is_poison() -> None:
    """NUL bytes and lone surrogates fail in the client, without a SQLSTATE."""
    assert judge(psycopg.DataError("NUL"), Phase.APPLY).verdict is Verdict.POISON
    with pytest.raises(UnicodeEncodeError) as caught:
        "\ud800".encode()
    assert judge(caught.value, Phase.APPLY).verdict is Verdict.POISON


def test_a_connection_string_that_cannot_be_read_is_a_persons_work() -> None:
    judged = judge(psycopg.ProgrammingError('missing "=" after "secret"'), Phase.CONNECT)
    assert (judged.verdict, judged.reason) == (Verdict.ENVIRONMENT, v.UNREADABLE_ADDRESS)


def test_a_bug_of_ours_is_nobodys_verdict() -> None:
    with pytest.raises(ZeroDivisionError):
        judge(ZeroDivisionError(), Phase.APPLY)


def test_an_unknown_code_holds_rather_than_parks() -> None:
    assert judge(failure("ZZ001"), Phase.APPLY).verdict is Verdict.ENVIRONMENT


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("53999", "the server is out of resources"),
        ("58030", "the server cannot use its files"),
        ("08999", "the connection failed"),
    ],
)
def test_a_login_that_fails_with_an_unknown_code_is_told_by_its_class(code: str, reason: str) -> None:
    """The first two characters say what kind of thing went wrong, at the login as well."""
    judged = judge(failure(code), Phase.CONNECT)
    assert (judged.verdict, judged.sqlstate, judged.reason) == (Verdict.OUTAGE, code, reason)


def test_a_login_is_no_place_for_poison() -> None:
    """A code that would blame an event says nothing about one before any was sent; it is kept for whoever reads the log."""
    judged = judge(failure("23505"), Phase.CONNECT)
    assert (judged.verdict, judged.sqlstate, judged.reason) == (
        Verdict.OUTAGE,
        "23505",
        "the database cannot be reached",
    )


NO_POISON = {code for code, (verdict, _) in v.BY_SQLSTATE.items() if verdict is not Verdict.POISON}


@pytest.mark.parametrize("code", sorted(NO_POISON - v.BY_CONNECT_SQLSTATE.keys()))
def test_a_login_that_fails_with_a_known_code_is_told_as_anywhere_else(code: str) -> None:
    """A database that is not there is for a human to mend, also where it is the login that finds it out."""
    full = code if len(code) == 5 else f"{code}Z99"
    judged = judge(failure(full), Phase.CONNECT)
    assert (judged.verdict, judged.reason, judged.sqlstate) == (*v.BY_SQLSTATE[code], full)


@pytest.mark.parametrize("code", sorted(v.BY_CONNECT_SQLSTATE))
def test_a_code_can_mean_something_else_at_the_login(code: str) -> None:
    judged = judge(failure(code), Phase.CONNECT)
    assert (judged.verdict, judged.reason, judged.sqlstate) == (*v.BY_CONNECT_SQLSTATE[code], code)


class Diagnosed(psycopg.DatabaseError):
    """As the server names what was in the way."""

    sqlstate = "23514"
    diag = SimpleNamespace()  # type: ignore[assignment]


@pytest.mark.parametrize(
    ("named", "where"),
    [
        ({"constraint_name": "k", "column_name": "c", "table_name": "t"}, " (constraint k)"),
        ({"constraint_name": None, "column_name": "c", "table_name": "t"}, " (column c)"),
        ({"table_name": "t"}, " (table t)"),
        ({"column_name": "c"}, " (column c)"),
        ({}, ""),
    ],
)
def test_the_nearest_name_of_the_schema_is_told(named: dict[str, str | None], where: str) -> None:
    """The constraint before the column before the table, so that an operator knows where to look."""
    error = Diagnosed("any wording")
    error.diag = SimpleNamespace(**named)  # type: ignore[assignment]
    assert judge(error, Phase.APPLY).reason == "a check of the database is not met" + where


class Coded(Exception):
    sqlstate = "23514"


def test_a_code_without_details_is_judged_all_the_same() -> None:
    judged = judge(Coded(), Phase.COMMIT)
    assert (judged.verdict, judged.reason) == (Verdict.POISON, "a check of the database is not met")


def test_what_never_reached_the_server_is_told_in_words_of_ours() -> None:
    """They are all that an operator reads on the parked list."""
    with pytest.raises(UnicodeEncodeError) as caught:
        "\ud800".encode()
    told = [
        judge(error, Phase.APPLY)
        for error in (caught.value, psycopg.DataError("NUL"), psycopg.OperationalError("gone"), failure("ZZ001"))
    ]
    assert [(one.verdict, one.sqlstate, one.reason) for one in told] == [
        (Verdict.POISON, None, "text that is not valid Unicode"),
        (Verdict.POISON, None, "a value that cannot be sent to the database"),
        (Verdict.OUTAGE, None, "the connection was lost"),
        (Verdict.ENVIRONMENT, "ZZ001", "unknown error"),
    ]


def test_an_unknown_tenant_is_told_as_such() -> None:
    for text in ("(ENOTFOUND) x", "Tenant or user not found", "tenant/user postgres.x not found"):
        judged = judge(failure(None, text), Phase.CONNECT, known_address=False)
        assert (judged.verdict, judged.reason) == (
            Verdict.ENVIRONMENT,
            "the pooler does not know this project: paused?",
        )
    assert judge(failure(None, "Tenant or user not found"), Phase.CONNECT).verdict is Verdict.OUTAGE
