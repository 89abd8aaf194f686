"""A disk without room for the worker's own notes: deliveries go on, and what order rests on is waited for."""

import sqlite3
from pathlib import Path
from typing import Any

import psycopg
import pytest

from outbox import Outbox
from tests.support.make_outbox import PROJECT, lesson, project
from tests.support.postgres import Database
from tests.support.relaying import NoWaiting, drain, relay
from tests.support.rows import applied_seq
from worker.run.options import Ending


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


def test_a_parked_event_that_cannot_be_noted_stops_everything_behind_it(
    box: Outbox, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the note the next event of that content would overtake; the relay waits until there is room."""
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute(f"alter table contents add constraint refused check (slug <> '{PROJECT}--aula-1')")
    waker = NoWaiting()
    park = box.parked.park
    monkeypatch.setattr(box.parked, "park", full)

    def make_room(_seconds: float) -> None:
        assert applied_seq(database.dsn) == 4
        if len(waker.slept) == 3:
            monkeypatch.setattr(box.parked, "park", park)

    waker.on_sleep = make_room
    box.append(lesson(1, body="second"))
    assert relay(box, database.worker_dsn, waker=waker).run() is Ending.EMPTY
    assert [(row.seq, row.state.value) for row in box.parked.list()] == [(4, "parked"), (6, "held")]
