import re
from pathlib import Path

import psycopg
import pytest

from tests.migration.test_up_and_down import FILL
from tests.support.postgres import Database
from worker.migrate.statements import split

FILE = Path(__file__).parents[2] / "migrations" / "monitoring.sql"
QUERIES = [statement for statement in split(FILE.read_text(encoding="utf-8")) if "select" in statement]


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: re.findall(r"-- (\d+)\.", query)[-1])
def test_every_monitoring_query_runs(database: Database, query: str) -> None:
    """With rows in the tables, in a read-only transaction."""
    with psycopg.connect(database.dsn) as connection:
        connection.execute(FILL.encode())
        connection.commit()
        connection.execute("set transaction read only")
        cursor = connection.execute(query.encode())
        assert cursor.description is not None
        cursor.fetchall()


def test_they_are_numbered_without_a_gap() -> None:
    """The guide refers to them by number."""
    numbers = re.findall(r"^-- (\d+)\.", FILE.read_text(encoding="utf-8"), re.MULTILINE)
    assert numbers == [str(n + 1) for n in range(len(QUERIES))]
