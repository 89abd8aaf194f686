"""Pruning, and copies of the file."""

import sqlite3
import uuid
from pathlib import Path

import pytest

from outbox import Outbox, OutboxCorrupt, OutboxError
from outbox.operating import trail
from outbox.ops.backup import backup
from outbox.ops.check import run_checks
from outbox.ops.prune import plan_prune, prune
from tests.support.lessons import SetClock, lesson, publish
from tests.support.parked import put_parked

HERE, THERE = uuid.UUID(int=1), uuid.UUID(int=2)


def proven(box: Outbox, seq: int, destination: uuid.UUID = HERE) -> None:
    box.relay.remember_position(destination, seq, box.event(seq).event_id)
    box.relay.remember_verified(destination, seq)


def failed(box: Outbox) -> list[str]:
    return [found.name for found in run_checks(box) if not found.ok]


@pytest.fixture
def old(box: Outbox, clock: SetClock) -> Outbox:
    """Ten events, a hundred days ago."""
    for number in range(10):
        box.append(lesson(f"{number}"))
    clock.move(days=100)
    return box


def test_nothing_goes_without_proof(old: Outbox) -> None:
    """A remembered position is none: a restored database is behind it."""
    old.relay.remember_position(HERE, 10, old.event(10).event_id)
    found = plan_prune(old, keep_days=1)
    assert (found.events, prune(old, found)) == (0, 0)
    assert "worker verify" in found.because


def test_what_is_proven_and_old_goes_but_for_the_event_at_the_position(old: Outbox) -> None:
    """The guard compares its id; seqs stay contiguous, counts stay right."""
    proven(old, 7)
    assert prune(old, plan_prune(old, keep_days=1)) == 6
    assert [event.seq for event in old.read()] == [7, 8, 9, 10]
    assert old.last_seq == 10
    assert failed(old) == []


def test_a_plan_deletes_nothing(old: Outbox) -> None:
    """`--dry-run` says what would go."""
    proven(old, 7)
    assert plan_prune(old, keep_days=1).events == 6
    assert len(old.read()) == 10


def test_an_event_that_recovery_may_need_stays(tmp_path: Path, clock: SetClock) -> None:
    """Until it is noted that a file was published, its event may be the only place that holds it."""
    with Outbox.open(tmp_path / "outbox.db", content_root=tmp_path / "content", clock=clock) as box:
        box.append(lesson("a"))
        publish(box, "b")
        box.append(lesson("c"))
        box.connection.execute("update files set temp = 'as if its publisher had died'")
        clock.move(days=100)
        proven(box, 3)
        found = plan_prune(box, keep_days=1)
        assert (found.below_seq, prune(box, found)) == (2, 1)
        assert "outbox recover" in found.because


def test_young_and_parked_events_stay(old: Outbox) -> None:
    """And all that comes after them."""
    proven(old, 10)
    assert plan_prune(old, keep_days=101).events == 0
    put_parked(old, old.event(4), reason="r")
    found = plan_prune(old, keep_days=1)
    assert prune(old, found) == 3
    assert "parked" in found.because


def test_every_destination_must_have_it(old: Outbox) -> None:
    """The one that is furthest behind decides."""
    proven(old, 9)
    proven(old, 3, THERE)
    assert prune(old, plan_prune(old, keep_days=1)) == 2


def test_a_plan_that_is_out_of_date_deletes_no_more_than_is_proven(old: Outbox) -> None:
    """Proof is asked for again in the transaction that deletes; the event at the proven position stays."""
    proven(old, 9)
    found = plan_prune(old, keep_days=1)
    old.relay.remember_verified(HERE, 3)
    assert prune(old, found) == 2
    assert old.relay.pruned_below == 3


def test_what_was_parked_since_the_plan_is_not_deleted(old: Outbox) -> None:
    """A worker may have met a database that went back to when the event was parked."""
    proven(old, 9)
    found = plan_prune(old, keep_days=1)
    put_parked(old, old.event(4), reason="refused", attempts=2)
    assert prune(old, found) == 3


def test_a_position_that_went_back_takes_its_proof_along(old: Outbox) -> None:
    """The database was restored: what it had once it may lack now."""
    proven(old, 9)
    old.relay.remember_position(HERE, 4, old.event(4).event_id)
    assert plan_prune(old, keep_days=1).below_seq == 4


def test_an_unchanged_state_is_still_no_news_after_its_event_was_pruned(old: Outbox) -> None:
    """What was said last outlives the event that said it."""
    proven(old, 10)
    prune(old, plan_prune(old, keep_days=1))
    assert old.append(*(lesson(f"{number}") for number in range(10))).unchanged == 10
    assert old.append(lesson("0", "new\n")).appended[0].previous_seq == 1


def test_event_ids_go_on_increasing_after_a_prune_with_the_clock_set_back(old: Outbox, clock: SetClock) -> None:
    """The last event always stays, and with it the last id."""
    last = old.event(10)
    proven(old, 10)
    prune(old, plan_prune(old, keep_days=0))
    clock.move(days=-200)
    assert old.append(lesson("new")).appended[0].event_id > last.event_id


def test_a_backup_is_whole_and_one_file(box: Outbox, tmp_path: Path) -> None:
    """It opens by itself, with the same identity and the same log, for its owner alone."""
    publish(box, "a")
    target = tmp_path / "copy.db"
    steps: list[tuple[int, int]] = []
    assert backup(box, target, progress=lambda done, pages: steps.append((done, pages))) == target.stat().st_size
    assert steps[-1][0] == steps[-1][1] > 0
    assert target.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["box", "content", "copy.db"]
    assert target.read_bytes()[18:20] == bytes([1, 2]), "marked as a backup, and in WAL mode for whoever opens it"
    with Outbox.open(target) as copy:
        assert (copy.outbox_id, copy.read()) == (box.outbox_id, box.read())


def test_a_prune_is_on_record_with_how_far_it_went_and_why(old: Outbox) -> None:
    """Whoever misses an event later finds out who took it."""
    proven(old, 10)
    assert prune(old, found := plan_prune(old, keep_days=30)) > 0
    (act,) = trail(old.connection)
    assert (act.action, act.seq, act.reason) == ("prune", old.relay.pruned_below, found.because)
    assert found.because


def test_a_backup_is_taken_while_writers_go_on(box: Outbox, tmp_path: Path) -> None:
    """The copy is the log as it was at some moment, without a gap."""
    for number in range(50):
        box.append(lesson(f"{number}", "x" * 20_000))
    with Outbox.open(box.path) as writer:
        backup(
            box, tmp_path / "copy.db", progress=lambda done, _pages: writer.append(lesson(f"during-{done}")) and None
        )
    with Outbox.open(tmp_path / "copy.db") as copy:
        seqs = [event.seq for event in copy.read()]
        assert seqs == list(range(1, len(seqs) + 1))
        assert len(seqs) >= 50
        assert failed(copy) == []


def test_a_backup_never_overwrites(box: Outbox, tmp_path: Path) -> None:
    """And a refused or failed one leaves nothing behind."""
    (tmp_path / "copy.db").write_text("precious")
    with pytest.raises(OutboxError, match="never overwrites"):
        backup(box, tmp_path / "copy.db")
    assert (tmp_path / "copy.db").read_text() == "precious"


def test_the_check_names_what_does_not_hold(box: Outbox) -> None:
    """A hash, a gap, an order, a position: each has its own line."""
    box.append(lesson("a"), lesson("b"), lesson("c"))
    assert failed(box) == []
    box.connection.execute("drop trigger events_are_never_updated")
    box.connection.execute("update events set payload = replace(payload, 'Aula', 'Bula') where seq = 1")
    box.connection.execute("delete from events where seq = 2")
    box.connection.execute("update events set event_id = '00000000-0000-7000-8000-000000000000' where seq = 3")
    box.relay.remember_position(HERE, 99, None)
    assert failed(box) == [
        "seqs are contiguous",
        "event ids increase with seq",
        "payloads have the hash that they were appended with",
        "heads name the newest event of their slot",
        "no destination is ahead of the log",
    ]


def test_a_backup_of_a_damaged_outbox_is_refused(tmp_path: Path) -> None:
    """A copy that fails its check is no backup."""
    path = tmp_path / "o.db"
    with Outbox.open(path) as box:
        for number in range(40):
            box.append(lesson(f"{number}", f"body {number} " * 400))
    raw = bytearray(path.read_bytes())
    at = raw.find(b"body 30 ") // 4096 * 4096
    raw[at : at + 4096] = b"\xff" * 4096
    path.write_bytes(raw)
    with Outbox.open(path) as box, pytest.raises(OutboxCorrupt):
        backup(box, tmp_path / "copy.db")
    assert [found.name for found in tmp_path.iterdir() if "copy" in found.name] == []


def test_the_schema_is_what_its_migrations_say(box: Outbox) -> None:
    """Everything is STRICT, so no value changes its type in silence."""
    tables = box.connection.execute(
        "select name, sql from sqlite_master where type = 'table' and name not like 'sqlite_%' and name not like '\\_%' escape '\\'"
    ).fetchall()
    assert {name for name, _ in tables} > {"events", "heads", "files", "meta", "destinations", "parked", "audit"}
    for name, sql in tables:
        assert "strict" in sql.lower(), name
    with pytest.raises(sqlite3.IntegrityError):
        box.connection.execute("insert into audit (at, who, action) values (json('{}'), x'00', 'a')")
