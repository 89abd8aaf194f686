"""The connection string is read once, by libpq; what cannot be used in it is named, and nothing of a password is shown."""

import psycopg
import pytest

from worker import SettingsFault
from worker.connect.address import UNREADABLE, described, parts_of, understood

BASE = "postgresql://u:secret-word@db.example:5432/postgres"


@pytest.mark.parametrize(
    ("option", "name"),
    [
        ("?pgbouncer=true", "pgbouncer"),
        ("?supa=base-pooler.x", "supa"),
        ("?sslmode=require&connection_limit=1", "connection_limit"),
        ("?schema=public", "schema"),
        ("?pool_timeout=0&pgbouncer=true", "pool_timeout"),
        ("?statement_cache_size=0", "statement_cache_size"),
    ],
)
def test_an_option_of_another_client_is_named(option: str, name: str) -> None:
    """And nobody is sent to encode the password."""
    with pytest.raises(SettingsFault) as told:
        parts_of(BASE + option)
    assert told.value.kind == "connection_option"
    assert f"libpq does not know: {name};" in str(told.value)
    assert "password" not in str(told.value)
    assert "secret-word" not in str(told.value)


def test_an_unknown_keyword_is_named_as_well() -> None:
    """The other way to write a connection string."""
    with pytest.raises(SettingsFault, match="libpq does not know: pool_mode; leave pool_mode out"):
        parts_of("host=h user=u password='secret word' pool_mode=transaction")


def test_a_misspelt_option_is_told_with_the_one_that_was_meant() -> None:
    with pytest.raises(SettingsFault, match="libpq does not know: sslmod; write sslmode"):
        parts_of(BASE + "?sslmod=verify-full")


@pytest.mark.parametrize(
    "dsn",
    [
        "postgresql://u:pa@ss@db.example:5432/postgres",
        "postgresql://u:pa/ss@db.example:5432/postgres",
        "postgresql://u:12/pa?ss=word@db.example:5432/postgres",
        "postgresql://u:12/pa?ss@db.example:5432/postgres",
        "postgresql://u:pa%zz@db.example/postgres",
        "postgresql://u:p@db.example:54x2/postgres",
        "host=h password='open",
        "secret-word",
    ],
)
def test_a_string_that_libpq_reads_wrongly_is_not_repeated(dsn: str) -> None:
    """Pieces of a password look like an address or an option."""
    with pytest.raises(SettingsFault) as told:
        parts_of(dsn)
    assert told.value.__cause__ is None
    assert str(told.value) == f"{UNREADABLE} (docs/runbook.md#environment)"


@pytest.mark.parametrize(
    "dsn",
    [
        "postgresql:///x?host=/tmp/my%20sockets",
        "host='/tmp/with space/and,comma' dbname=x",
        "host=@abstract dbname=x",
        "postgresql://u@one.example,two.example:5432,5433/x?target_session_attrs=read-write",
        "service=mine",
        "postgresql://u:p@[fe80::1%25eth0]:5432/x",
        "dbname=postgres",
    ],
)
def test_every_address_that_libpq_takes_is_taken(dsn: str) -> None:
    assert parts_of(dsn)


def test_what_libpq_took_from_elsewhere_is_known_also_where_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Host and port from the environment: they are what an operator has to look at."""
    monkeypatch.setenv("PGHOST", "127.0.0.1")
    monkeypatch.setenv("PGPORT", "1")
    with pytest.raises(psycopg.OperationalError) as failed:
        psycopg.connect("dbname=x user=u password=secret-word")
    parts = understood(failed.value)
    assert described(parts) == "127.0.0.1:1/x"
    assert "secret-word" not in str(parts)
    assert understood(None) == {}
