"""The right target: a file or a database that is not the one of last time is refused, with the way out."""

import shutil
from pathlib import Path

import psycopg
import pytest

from outbox import Outbox, read_status
from outbox.operating import assess
from outbox.ops.prune import plan_prune, prune
from tests.support.make_outbox import lesson, project
from tests.support.postgres import Database, Server
from tests.support.relaying import drain
from tests.support.rows import all_rows
from worker import Ending, SchemaFault, TargetRefused, WorkerError, WorkerSettings
from worker import replay as replay_from
from worker.proof.verify import verify_all


@pytest.fixture
def box(tmp_path: Path) -> Outbox:
    box = Outbox.open(tmp_path / "outbox.db")
    box.append(*project(), lesson(1))
    return box


def copied(box: Outbox, to: Path) -> Path:
    box.checkpoint()
    to.parent.mkdir()
    shutil.copy(box.path, to)
    return to


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
    assert prune(box, plan_prune(box, keep_days=0)) > 3
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
    assert prune(box, plan_prune(box, keep_days=0)) > 0
    other = server.clone(server.migrated())
    env = {"OUTBOX_PATH": str(box.path), "SUPABASE_DB_URL": other.worker_dsn, "CREATOR_OS_DB_PERSIST": "true"}
    before = box.relay.position
    with pytest.raises(WorkerError, match="were pruned"):
        replay_from(WorkerSettings.from_env(env), from_seq=1, since=None, anew=True)
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
    assert prune(box, plan_prune(box, keep_days=0)) > 0
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


@pytest.mark.parametrize(("here", "there"), [(1, 2), (2, 2), (3, 1)], ids=["shorter", "as long", "longer"])
def test_a_copy_that_was_used_on_its_own_is_told_as_such_and_its_events_can_be_saved(
    here: int, there: int, box: Outbox, database: Database, tmp_path: Path
) -> None:
    """Whichever has more events; `outbox status` says so when no worker runs, with the command that saves them."""
    drain(box, database.worker_dsn)
    common = box.last_seq
    with Outbox.open(copied(box, tmp_path / "clone" / "outbox.db")) as clone:
        box.append(*(lesson(20 + number) for number in range(there)))
        drain(box, database.worker_dsn)
        clone.append(*(lesson(40 + number) for number in range(here)))
        with pytest.raises(TargetRefused, match="two copies of one outbox were both used") as refused:
            drain(clone, database.worker_dsn)
        assert refused.value.kind == "cloned_outbox"
        clone.relay.set_state("stopped")
        found = assess(read_status(clone, clone.clock.now()))
    assert "two copies" in found.trouble[0].text
    assert "away" not in found.trouble[0].text
    assert (found.needs[0].entry, found.needs[0].command) == (
        "cloned-outbox",
        f"outbox export --files --after {common} --output own-events.jsonl",
    )


@pytest.mark.parametrize("own", ["a lesson of its own", "a version of a lesson that both have"])
def test_a_copy_whose_own_events_are_all_older_is_told_as_such(
    own: str, box: Outbox, database: Database, tmp_path: Path
) -> None:
    """The other went on for longer, so no id here is newer than the position: the rows show what they never had."""
    drain(box, database.worker_dsn)
    common = box.last_seq
    with Outbox.open(copied(box, tmp_path / "clone" / "outbox.db")) as clone:
        clone.append(lesson(40) if own == "a lesson of its own" else lesson(1, body="Outra"))
        box.append(*(lesson(20 + number) for number in range(3)))
        drain(box, database.worker_dsn)
        with pytest.raises(TargetRefused, match="never reached the database") as refused:
            drain(clone, database.worker_dsn)
    assert refused.value.kind == "cloned_outbox"
    assert refused.value.command == f"outbox export --files --after {common} --output own-events.jsonl"


def test_an_older_copy_of_which_one_event_is_parked_is_an_older_copy(
    box: Outbox, database: Database, tmp_path: Path
) -> None:
    """That it took no effect is known, and no sign of another file."""
    drain(box, database.worker_dsn)
    box.append(lesson(20), lesson(21))
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute("alter table contents add constraint small check (sequence_order <> 20)")
    with Outbox.open(copied(box, tmp_path / "old" / "outbox.db")) as old:
        box.append(lesson(22))
        drain(box, database.worker_dsn)
        assert box.parked.count() == 1
        with pytest.raises(TargetRefused, match="this file is an older copy"):
            drain(old, database.worker_dsn)


def test_an_older_copy_is_not_taken_for_a_clone(box: Outbox, database: Database, tmp_path: Path) -> None:
    """It has nothing of its own."""
    drain(box, database.worker_dsn)
    with Outbox.open(copied(box, tmp_path / "old" / "outbox.db")) as old:
        box.append(lesson(20))
        drain(box, database.worker_dsn)
        with pytest.raises(TargetRefused, match="this file is an older copy") as refused:
            drain(old, database.worker_dsn)
    assert refused.value.entry == "restored-outbox"


def test_a_schema_that_vanished_after_deliveries_is_a_restore_under_way(box: Outbox, database: Database) -> None:
    """Nobody is told to migrate a database that is being restored; the first contact with an empty one is."""
    drain(box, database.worker_dsn)
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute("drop schema outbox cascade")
    box.append(lesson(20))
    with pytest.raises(SchemaFault, match="is it being restored") as refused:
        drain(box, database.worker_dsn)
    assert "migrate up" not in str(refused.value)
    assert refused.value.entry == "restored-database"


def test_what_waits_is_told_as_it_is_when_deliveries_stop(box: Outbox, database: Database) -> None:
    """Many alike refusals, within the second in which the position was noted last: nothing of it is told twice."""
    box.append(*(lesson(number) for number in range(20, 60)))
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute(
            "create function nope() returns trigger language plpgsql as $$begin raise exception 'no'; end$$;"
            "create trigger nope before insert on contents for each row"
            " when (new.sequence_order >= 30) execute function nope()"
        )
    with pytest.raises(WorkerError, match="refused alike"):
        drain(box, database.worker_dsn, max_events=3)
    status = read_status(box, box.clock.now())
    with psycopg.connect(database.dsn) as connection:
        (applied,) = connection.execute("select applied_seq from outbox.sources").fetchone() or (0,)
    assert applied > 0
    assert (status.applied_seq, status.backlog) == (applied, box.last_seq - applied)
