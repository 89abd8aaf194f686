"""What an earlier version left behind is opened, and goes on."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from outbox import Outbox, ParkedState
from outbox.operating import resolve, run_checks
from tests.support.earlier import HELD, PARKED, SET_ASIDE, WAITING, Earlier
from tests.support.postgres import Database, Server
from tests.support.relaying import drain
from worker import Ending
from worker.connect.connection import connect
from worker.migrate import ready_for_worker
from worker.proof.verify import verify_all

LEFT = sorted((Path(__file__).parents[1] / "data" / "earlier").iterdir())


@pytest.fixture(params=LEFT, ids=lambda folder: folder.name)
def left(request: pytest.FixtureRequest, server: Server, empty_database: Database, tmp_path: Path) -> Iterator[Outbox]:
    """The file is a copy; the database holds what it held then, and was migrated since."""
    Earlier.of(request.param).put_into(empty_database)
    ready_for_worker(server.local, empty_database.name)
    shutil.copy(request.param / "outbox.db", tmp_path / "outbox.db")
    with Outbox.open(tmp_path / "outbox.db") as box:
        yield box


def contents(database: Database) -> list[tuple[object, ...]]:
    with psycopg.connect(database.dsn) as connection:
        return connection.execute(
            "select slug, title, status, metadata ->> 'k', deleted_at is null from contents order by slug"
        ).fetchall()


def test_waiting_decided_and_parked_events_arrive_as_they_would_have(
    left: Outbox, empty_database: Database, tmp_path: Path
) -> None:
    """Decisions take effect, what is parked stays so until it is retried, and everything is proven at the end."""
    assert left.last_seq == WAITING[-1]
    assert [found for found in run_checks(left) if not found.ok] == []
    assert drain(left, empty_database.worker_dsn) is Ending.EMPTY
    assert [(row.seq, row.state) for row in left.parked.list()] == [
        (PARKED, ParkedState.PARKED),
        *((seq, ParkedState.HELD) for seq in HELD),
        (SET_ASIDE, ParkedState.PARKED),
    ]
    assert contents(empty_database) == [
        ("p--a", "one", "draft", None, True),
        ("p--b", "good", "draft", None, True),
        ("p--d", "t", "draft", None, False),
        ("p--e", "bad", "draft", None, True),
        ("p--g", "t", "draft", "1", True),
    ]
    for seq in (PARKED, SET_ASIDE):
        resolve.retry(left, seq)
    assert drain(left, empty_database.worker_dsn) is Ending.EMPTY
    assert left.parked.count() == 0
    assert [row[:3] for row in contents(empty_database) if row[0] in {"p--a", "p--f"}] == [
        ("p--a", "bad", "reviewed"),
        ("p--f", "t", "draft"),
    ]
    with connect(empty_database.worker_dsn) as connection:
        assert verify_all(connection, left, tmp_path).differences == []
