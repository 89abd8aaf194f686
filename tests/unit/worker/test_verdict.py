"""One test per row of the verdict's tables."""

from types import SimpleNamespace

import psycopg
import pytest

from worker.faults import verdict as v
from worker.faults.verdict import Phase, Verdict, judge


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


def test_a_lost_connection_has_no_sqlstate_and_is_an_outage() -> None:
    assert judge(failure(None, "server closed the connection"), Phase.COMMIT).verdict is Verdict.OUTAGE
    assert judge(BrokenPipeError(), Phase.APPLY).verdict is Verdict.OUTAGE


def test_what_cannot_be_sent_is_poison() -> None:
    """NUL bytes and lone surrogates fail in the client, without a SQLSTATE."""
    assert judge(psycopg.DataError("NUL"), Phase.APPLY).verdict is Verdict.POISON
    with pytest.raises(UnicodeEncodeError) as caught:
        "\ud800".encode()
    assert judge(caught.value, Phase.APPLY).verdict is Verdict.POISON


def test_a_bug_of_ours_is_nobodys_verdict() -> None:
    with pytest.raises(ZeroDivisionError):
        judge(ZeroDivisionError(), Phase.APPLY)


def test_an_unknown_code_is_one_rows_until_many_are_refused_alike() -> None:
    """PostgreSQL has no such code, so the owner's code raised it; a log that stood still for it would stand for ever."""
    assert judge(failure("ZZ001"), Phase.APPLY).verdict is Verdict.POISON


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
        (Verdict.POISON, "ZZ001", "the database refused it with a code of its own"),
    ]
