import random

import psycopg
import pytest

from tests.support.postgres import Database

SEARCH = """
select slug from contents
where to_tsvector('pg_catalog.portuguese', coalesce(left(title, 1000), '') || ' ' || coalesce(left(content, 20000), ''))
    @@ websearch_to_tsquery('pg_catalog.portuguese', %s)
"""


def transcript() -> str:
    """5 MB in which hardly a word occurs twice: what a tsvector holds worst."""
    numbers = random.Random(5)
    words = []
    size = 0
    while size < 5 * 1024 * 1024:
        words.append(f"palavra{numbers.getrandbits(80):x}ção")
        size += len(words[-1].encode()) + 1
    return " ".join(words)


def insert(connection: psycopg.Connection, slug: str, body: str, title: str = "Aula") -> None:
    connection.execute(
        "insert into contents (slug, title, content_type, content) values (%s, %s, 'raw_source', %s)",
        (slug, title, body),
    )


def test_a_transcript_of_5_mb_is_taken_and_found_by_its_opening(database: Database) -> None:
    """The same text is too much for an unbounded index, which refuses the row."""
    body = "Transcrição da mentoria sobre precificação. " + transcript()
    with psycopg.connect(database.worker_dsn) as connection:
        insert(connection, "mentoria", body)
        assert connection.execute(SEARCH, ("precificações",)).fetchall() == [("mentoria",)]
    with (
        psycopg.connect(database.dsn) as connection,
        pytest.raises(psycopg.errors.ProgramLimitExceeded, match="too long for tsvector"),
    ):
        connection.execute("create index on contents using gin (to_tsvector('portuguese', content))")


@pytest.mark.parametrize("letter", ["a", "\U0001f600", "ção ", "x y "])
def test_no_text_is_too_much_for_the_index(database: Database, letter: str) -> None:
    """Whatever the letters, in the body and in the title."""
    with psycopg.connect(database.worker_dsn) as connection:
        insert(connection, "longo", letter * 1_000_000, letter * 100_000)


def test_words_are_found_in_portuguese(database: Database) -> None:
    """Stems and stop words are those of the content's language."""
    with psycopg.connect(database.worker_dsn) as connection:
        insert(connection, "aula", "Os alunos estudaram as métricas de conversão.")
        assert connection.execute(SEARCH, ("estudar métrica",)).fetchall() == [("aula",)]
        assert connection.execute(SEARCH, ("marketing",)).fetchall() == []


def test_the_search_uses_the_index(database: Database) -> None:
    """The expression of the guide is the expression of the index."""
    with psycopg.connect(database.dsn) as connection:
        connection.execute("set enable_seqscan = off")
        plan = connection.execute(f"explain {SEARCH}", ("aula",)).fetchall()
    assert "contents_text_idx" in str(plan)
