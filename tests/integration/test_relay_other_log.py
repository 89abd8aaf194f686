"""The relay delivers any log that has the methods of `outbox.relaying.Log`, under the same promises as an outbox file."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from outbox import Event, Outbox, ParkedState
from outbox import catalogue as c
from tests.support.fault_proxy import FaultProxy
from tests.support.make_outbox import PROJECT, filled, lesson
from tests.support.memory_log import MemoryLog
from tests.support.postgres import Database, Server
from tests.support.relaying import NoWaiting, drain, relay
from tests.support.rows import all_rows
from worker import Ending


@pytest.fixture
def other_database(server: Server) -> Iterator[Database]:
    clone = server.clone(server.migrated())
    yield clone
    server.drop(clone)


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Outbox]:
    with filled(tmp_path / "outbox.db", 40) as box:
        yield box


def position(database: Database, outbox_id: UUID) -> int:
    with psycopg.connect(database.dsn) as connection:
        row = connection.execute("select applied_seq from outbox.sources where outbox_id = %s", [outbox_id]).fetchone()
    return 0 if row is None else int(row[0])


def rows_but_position(database: Database) -> dict[str, list[str]]:
    return {table: rows for table, rows in all_rows(database.dsn).items() if table != "sources"}


def said(box: Outbox) -> Sequence[Event]:
    return list(box.events())


def test_another_log_leaves_the_same_rows_as_an_outbox_file(
    box: Outbox, database: Database, other_database: Database
) -> None:
    """Batch by batch, with the second lane and what is read ahead; then what comes later."""
    drain(box, other_database.worker_dsn)
    events = said(box)
    log = MemoryLog(events[:50])
    assert drain(log, database.worker_dsn, max_events=7) is Ending.EMPTY
    assert position(database, log.outbox_id) == 50
    log.said = list(events)
    assert drain(log, database.worker_dsn, max_events=7) is Ending.EMPTY
    assert rows_but_position(database) == rows_but_position(other_database)
    assert log.relay.position is not None
    assert log.relay.position.applied_seq == len(events)
    assert log.relay.states[-1] == "following"


def test_an_answer_that_is_lost_at_commit_doubles_nothing(box: Outbox, database: Database) -> None:
    """The position is asked, and what had gone through is not sent again."""
    log = MemoryLog(said(box))
    with FaultProxy(database.worker_dsn) as proxy:
        lost: list[bytes] = []

        def first_commit(answer: bytes) -> bool:
            if b"COMMIT" in answer and not lost:
                lost.append(answer)
                return True
            return False

        proxy.plan.cut_answer = first_commit
        assert relay(log, proxy.dsn, waker=NoWaiting(), max_events=20).run() is Ending.EMPTY
    assert lost
    assert position(database, log.outbox_id) == log.last_seq
    with psycopg.connect(database.dsn) as connection:
        assert connection.execute("select count(*) from contents where slug like '%--aula-%'").fetchone() == (40,)
    assert log.relay.outages[:2] == ["began", "ended"]


def test_what_the_database_refuses_is_parked_and_what_depends_on_it_held(box: Outbox, database: Database) -> None:
    """In Postgres, with the position, and in the view that this log has of it; everything else flows."""
    slug = lesson(7).slug
    box.append(c.ContentTagged(slug=slug, tag="depois"))
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute(f"alter table contents add constraint refused check (slug <> '{slug}')")
    log = MemoryLog(said(box))
    assert drain(log, database.worker_dsn) is Ending.EMPTY
    (first,) = (event.seq for event in log.said if event.type == "content.upserted" and event.payload["slug"] == slug)
    states = {seq: row.state for seq, row in log.parked.rows.items()}
    assert states == {first: ParkedState.PARKED, log.last_seq: ParkedState.HELD}
    with psycopg.connect(database.dsn) as connection:
        found = connection.execute("select seq from outbox.parked where outbox_id = %s order by seq", [log.outbox_id])
        assert [seq for (seq,) in found] == [first, log.last_seq]
        found = connection.execute("select count(*) from contents where slug like %s", [f"{PROJECT}--aula-%"])
        assert found.fetchone() == (39,)


def test_another_log_that_ends_before_the_position_is_refused(box: Outbox, database: Database) -> None:
    """The guard of the right target asks the log, whatever it is kept in."""
    log = MemoryLog(said(box))
    drain(log, database.worker_dsn)
    shorter = MemoryLog(log.said[:10])
    shorter.outbox_id = log.outbox_id
    with pytest.raises(Exception, match="older copy"):
        drain(shorter, database.worker_dsn)
