"""Rows that are not as the log says are written again, as the log says, and the position stays."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from outbox import Outbox
from outbox import catalogue as c
from tests.support.make_outbox import PROJECT, lesson, project
from tests.support.postgres import Database
from tests.support.relaying import drain
from tests.support.rows import all_rows
from worker import Repaired
from worker.apply.position import greet
from worker.connect.connection import connect
from worker.proof.repair import repair_all
from worker.proof.verify import verify_all


@pytest.fixture
def box(tmp_path: Path, database: Database) -> Iterator[Outbox]:
    with Outbox.open(tmp_path / "outbox.db") as box:
        box.append(c.AudienceUpserted(slug="todos", name="Todos"), *project(), lesson(1), lesson(2))
        drain(box, database.worker_dsn)
        yield box


def repaired(box: Outbox, database: Database, tmp_path: Path) -> list[Repaired]:
    with connect(database.worker_dsn) as connection:
        position = greet(connection, box)
        done = repair_all(connection, box, verify_all(connection, box, tmp_path), position)
        assert greet(connection, box) == position
        return done


@pytest.mark.parametrize(
    ("damage", "what"),
    [
        ("update audience_profiles set name = 'by hand'", "audience todos"),
        ("update content_projects set name = 'by hand'", f"project {PROJECT}"),
        ("update contents set title = 'by hand' where slug like '%aula-2'", f"content {PROJECT}--aula-2"),
        ("delete from contents where slug like '%aula-1'", f"content {PROJECT}--aula-1"),
    ],
    ids=["audience", "project", "content", "content gone"],
)
def test_a_row_that_was_changed_or_removed_by_hand_is_as_before(
    damage: str, what: str, box: Outbox, database: Database, tmp_path: Path
) -> None:
    """Although the row says that it has the newest event already; the others are not touched."""
    before = all_rows(database.dsn)
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute(damage.encode())
    assert all_rows(database.dsn) != before
    assert repaired(box, database, tmp_path) == [Repaired(what=what, reason=None)]
    assert all_rows(database.dsn) == before
    assert repaired(box, database, tmp_path) == []


def test_a_row_that_the_database_does_not_take_is_told_with_the_reason(
    box: Outbox, database: Database, tmp_path: Path
) -> None:
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute("delete from contents where slug like '%aula-1'")
        connection.execute("alter table contents add constraint no check (slug not like '%aula-1')")
    (one,) = repaired(box, database, tmp_path)
    assert one == Repaired(
        what=f"content {PROJECT}--aula-1", reason="a check of the database is not met (constraint no)"
    )
