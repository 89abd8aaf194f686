"""Pieces of a password are not taken for an address."""

import pytest
from psycopg.conninfo import conninfo_to_dict

from worker.connect.address import is_plausible


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:p@db.abc.supabase.co:5432/postgres",
        "postgresql://u.ref:p%40%3A@aws-0-eu-west-1.pooler.supabase.com:6543/postgres?sslmode=require",
        "postgresql://u:p@[2001:db8::1]:5432/postgres",
        "postgresql://u@one.example,two.example:5432,5433/x",
        "host=/var/run/postgresql dbname=postgres user=u",
        "host=127.0.0.1",
        "postgresql:///x",
    ],
)
def test_an_address_is_plausible(url: str) -> None:
    assert is_plausible(conninfo_to_dict(url))


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:pa@ss@db.example:5432/postgres",
        "postgresql://u:pa:ss/word@db.example:5432/postgres",
        "postgresql://u:pa/ss@db.example:5432/postgres",
        "postgresql://u:p@db.example:54x2/postgres",
    ],
)
def test_pieces_of_a_password_are_not(url: str) -> None:
    assert not is_plausible(conninfo_to_dict(url))
