"""The right target: a file or a database that is not the one of last time is refused, with the way out."""

import shutil
from pathlib import Path

import psycopg
import pytest

from outbox import Outbox
from outbox.prune import plan, prune
from tests.support.make_outbox import lesson, project
from tests.support.postgres import Database, Server
from tests.support.relaying import drain
from tests.support.rows import all_rows
from worker.errors import SchemaFault, TargetRefused, WorkerError
from worker.options import Ending
from worker.replay import replay_from
from worker.settings import WorkerSettings
from worker.verify import verify_all


@pytest.fixture
def box(tmp_path: Path) -> Outbox:
    box = Outbox.open(tmp_path / "outbox.db")
    box.append(*project(), lesson(1))
    return box


def test_another_database_than_last_time_is_refused(box: Outbox, database: Database, server: Server) -> None:
    drain(box, database.worker_dsn)
    other = server.clone(server.migrated())
    with pytest.raises(TargetRefused, match="worker replay --all"):
        drain(box, other.worker_dsn)
    assert all_rows(other.dsn)["contents"] == []
    server.drop(other)


def test_an_older_copy_of_the_file_is_refused(box: Outbox, database: Database, tmp_path: Path) -> None:
    box.checkpoint()
    copy = tmp_path / "copy" / "outbox.db"
    copy.parent.mkdir()
    shutil.copy(box.path, copy)
    box.append(lesson(2))
    drain(box, database.worker_dsn)
    with pytest.raises(TargetRefused, match="older copy"):
        drain(Outbox.open(copy), database.worker_dsn)


def test_two_copies_that_were_both_used_are_refused(box: Outbox, database: Database, tmp_path: Path) -> None:
    box.checkpoint()
    copy = tmp_path / "copy" / "outbox.db"
    copy.parent.mkdir()
    shutil.copy(box.path, copy)
    box.append(lesson(2))
    drain(box, database.worker_dsn)
    clone = Outbox.open(copy)
    clone.append(lesson(3), lesson(4))
    before = all_rows(database.dsn)
    with pytest.raises(TargetRefused, match="two copies"):
        drain(clone, database.worker_dsn)
    assert all_rows(database.dsn) == before


def test_a_database_restored_from_a_backup_gets_what_it_lost(box: Outbox, database: Database) -> None:
    """Its position went back with it, so the events since are applied again."""
    drain(box, database.worker_dsn)
    before = all_rows(database.dsn)
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute("delete from contents where content_type = 'course_lesson'")
        connection.execute("update outbox.sources set applied_seq = 3, applied_event_id = %s", [box.event(3).event_id])
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    assert all_rows(database.dsn) == before


def test_a_database_without_our_schema_is_refused(box: Outbox, empty_database: Database) -> None:
    with pytest.raises(SchemaFault, match="worker migrate up"):
        drain(box, empty_database.dsn)
    assert box.parked.count() == 0


def test_a_database_that_has_lost_its_identity_is_refused(box: Outbox, database: Database) -> None:
    """Without it nobody could tell it from another; nothing is delivered on the chance."""
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute("delete from outbox.destination")
    with pytest.raises(SchemaFault, match=r"outbox\.destination is empty; run `worker migrate up`"):
        drain(box, database.worker_dsn)


@pytest.mark.parametrize(("version", "remedy"), [(99, "newer worker"), (0, "worker migrate up")])
def test_a_schema_of_another_version_is_refused(version: int, remedy: str, box: Outbox, database: Database) -> None:
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute("update outbox.destination set schema_version = %s", [version])
    with pytest.raises(SchemaFault, match=remedy):
        drain(box, database.worker_dsn)


def test_a_database_set_back_behind_what_was_pruned_is_refused(box: Outbox, database: Database, tmp_path: Path) -> None:
    """What lies between can no longer be replayed: going on would skip it without a word. One event is enough."""
    box.append(*(lesson(number) for number in range(2, 8)))
    ids = {event.seq: event.event_id for event in box.read()}
    drain(box, database.worker_dsn)
    with psycopg.connect(database.worker_dsn, autocommit=True) as connection:
        assert verify_all(connection, box, tmp_path).proven
    assert prune(box, plan(box, keep_days=0)) > 3
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    kept = box.relay.pruned_below

    def set_back(seq: int) -> None:
        with psycopg.connect(database.dsn, autocommit=True) as connection:
            connection.execute("update outbox.sources set applied_seq = %s, applied_event_id = %s", [seq, ids[seq]])

    for seq in (2, kept - 2):
        set_back(seq)
        with pytest.raises(TargetRefused, match="pruned here"):
            drain(box, database.worker_dsn)
    set_back(kept - 1)
    assert drain(box, database.worker_dsn) is Ending.EMPTY


def test_a_new_database_is_no_target_for_a_pruned_outbox(
    box: Outbox, database: Database, server: Server, tmp_path: Path
) -> None:
    """`worker replay --all` says so before it changes anything."""
    drain(box, database.worker_dsn)
    with psycopg.connect(database.worker_dsn, autocommit=True) as connection:
        assert verify_all(connection, box, tmp_path).proven
    assert prune(box, plan(box, keep_days=0)) > 0
    other = server.clone(server.migrated())
    env = {"OUTBOX_PATH": str(box.path), "SUPABASE_DB_URL": other.worker_dsn, "CREATOR_OS_DB_PERSIST": "true"}
    before = box.relay.position
    with pytest.raises(WorkerError, match="were pruned"):
        replay_from(WorkerSettings.from_env(env), from_seq=1, since=None, anew=True, quiet=True)
    assert box.relay.position == before
    server.drop(other)


def test_an_event_parked_in_a_restored_database_and_pruned_here_is_refused(
    box: Outbox, database: Database, tmp_path: Path
) -> None:
    """It was resolved and pruned since; what waits behind it there could only be applied out of order."""
    box.append(lesson(2), lesson(3))
    drain(box, database.worker_dsn)
    with psycopg.connect(database.worker_dsn, autocommit=True) as connection:
        assert verify_all(connection, box, tmp_path).proven
    assert prune(box, plan(box, keep_days=0)) > 0
    event = box.event(box.last_seq)
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute(
            "insert into outbox.parked (outbox_id, seq, event_id, type, aggregate_id, state, verdict, reason, attempts)"
            " values (%s, 1, %s, 'project.upserted', %s, 'parked', 'poison', 'refused', 2)",
            [box.outbox_id, event.event_id, event.aggregate_id],
        )
    with pytest.raises(TargetRefused, match="event 1 is parked there"):
        drain(box, database.worker_dsn)
    assert box.parked.count() == 0
