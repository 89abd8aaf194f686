"""A disk without room for the worker's own notes: deliveries go on, and what order rests on is waited for."""

import sqlite3
from pathlib import Path
from typing import Any

import psycopg
import pytest

from outbox import Outbox
from tests.support.make_outbox import PROJECT, lesson, project
from tests.support.postgres import Database
from tests.support.relaying import drain
from tests.support.rows import applied_seq
from worker import Ending


@pytest.fixture
def box(tmp_path: Path) -> Outbox:
    box = Outbox.open(tmp_path / "outbox.db")
    box.append(*project(), lesson(1), lesson(2))
    return box


def full(*_: Any, **__: Any) -> None:
    raise sqlite3.OperationalError("database or disk is full")


def test_notes_for_humans_may_fail(box: Outbox, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("set_state", "remember_position", "outage_ended", "drained"):
        monkeypatch.setattr(box.relay, name, full)
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    assert applied_seq(database.dsn) == box.last_seq


def test_a_parked_event_that_cannot_be_noted_is_parked_all_the_same(
    box: Outbox, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The truth is in Postgres: what follows it is held there, and the list is written when there is room."""
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute(f"alter table contents add constraint refused check (slug <> '{PROJECT}--aula-1')")
    box.append(lesson(1, body="second"))
    with monkeypatch.context() as patched:
        patched.setattr(box.parked, "rewrite", full)
        assert drain(box, database.worker_dsn) is Ending.EMPTY
    assert box.parked.list() == []
    with psycopg.connect(database.dsn) as connection:
        found = connection.execute("select seq, state from outbox.parked order by seq").fetchall()
    assert found == [(4, "parked"), (6, "held")]
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    assert [(row.seq, row.state.value) for row in box.parked.list()] == [(4, "parked"), (6, "held")]
