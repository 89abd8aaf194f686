"""An outbox file of the version before is opened and goes on: what was parked, decided and released stays so."""

import sqlite3
from importlib.resources import files
from pathlib import Path

import pytest

from outbox import Decisions, Event, Outbox, ParkedState, Resolution
from tests.support.lessons import lesson

DECISIONS = (files("migrations") / "outbox" / "0005_decisions.sql").name.removesuffix(".sql")
COLUMNS = "seq, event_id, type, aggregate_id, refs, state, behind_seq, verdict, reason, attempts, payload, resolution"


@pytest.fixture
def before(tmp_path: Path) -> Path:
    """A file as the version before left it."""
    path = tmp_path / "outbox.db"
    with Outbox.open(path) as box:
        events = box.append(*(lesson(name) for name in "abcdefg")).appended
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("drop table parked")
    connection.execute("drop table outcomes")
    connection.execute("drop index audit_of_event")
    second = (files("migrations") / "outbox" / "0002_relay.sql").read_text()
    begin, end = second.index("create table parked ("), second.index("-- Started and not yet finished")
    connection.executescript(second[begin:end])
    connection.execute("delete from _sqlite_migrations where name = ?", [DECISIONS])
    connection.execute("pragma user_version = 4")

    def row(event: Event, state: str, behind: int | None, how: str | None = None, payload: str | None = None) -> None:
        values = (event.seq, str(event.event_id), event.type, str(event.aggregate_id), "[]", state, behind)
        connection.execute(
            f"insert into parked ({COLUMNS}, parked_at) values (?, ?, ?, ?, ?, ?, ?, 'poison', 'r', 2, ?, ?, ?)",
            [*values, payload, how, "2026-01-01T00:00:00+00:00"],
        )

    def act(seq: int, action: str, after: str | None = None) -> None:
        connection.execute(
            "insert into audit (at, who, action, seq, after) values ('2026-01-02T00:00:00+00:00', 'ana', ?, ?, ?)",
            [action, seq, after],
        )

    row(events[0], "parked", None)
    act(1, "retry")  # and refused again
    row(events[1], "releasing", None, "edit", '{"slug": "b"}')
    act(2, "retry")
    act(2, "edit", '{"slug": "b"}')
    row(events[2], "held", 3)  # behind itself, as a replay left it
    row(events[3], "held", 1)
    act(5, "discard")  # carried out long ago
    row(events[5], "releasing", None, "retry")  # the blame was withdrawn: nobody wrote that down
    connection.close()
    return path


def test_what_was_decided_and_not_carried_out_is_still_open(before: Path) -> None:
    """And what was carried out, or refused again, is not."""
    with Outbox.open(before) as box:
        decisions = Decisions(box.connection)
        assert decisions.unsettled() == [2, 6]
        assert [seq for seq in range(1, 8) if (one := decisions.of(seq)) and one.releases] == [2, 5, 6]
        assert decisions.of(2).payload_json == '{"slug": "b"}'  # type: ignore[union-attr]
        assert decisions.of(5).discarded  # type: ignore[union-attr]


def test_a_list_that_could_not_be_is_one_that_can(before: Path) -> None:
    """Held behind itself: nothing waits for itself any more."""
    with Outbox.open(before) as box:
        assert [(row.seq, row.state, row.behind_seq) for row in box.parked.list()] == [
            (1, ParkedState.PARKED, None),
            (2, ParkedState.RELEASING, None),
            (3, ParkedState.RELEASING, None),
            (4, ParkedState.HELD, 1),
            (6, ParkedState.RELEASING, None),
        ]
        assert box.parked.find(2).resolution is Resolution.EDIT  # type: ignore[union-attr]
