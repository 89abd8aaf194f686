"""Opening an outbox: new, old, newer, damaged, missing."""

import sqlite3
import uuid
from pathlib import Path

import pytest

from outbox import (
    Decisions,
    EventNotFound,
    Outbox,
    OutboxBusy,
    OutboxCorrupt,
    OutboxNotFound,
    OutboxTooNew,
    Outcome,
    StorageFailed,
    StorageFull,
)
from outbox.notes import audit
from outbox.operating import resolve, translated
from outbox.ops.check import run_checks
from outbox.ops.salvage import salvage
from tests.support.lessons import SetClock, lesson
from tests.support.parked import put_parked


def test_a_new_outbox_has_an_identity_that_stays(tmp_path: Path) -> None:
    """Made with the file, never changed."""
    with Outbox.open(tmp_path / "o.db") as box:
        first = box.outbox_id
    with Outbox.open(tmp_path / "o.db") as box:
        assert box.outbox_id == first
    with Outbox.open(tmp_path / "other.db") as box:
        assert box.outbox_id != first
    assert isinstance(first, uuid.UUID)


def test_a_missing_outbox_is_not_made_by_a_reader(tmp_path: Path) -> None:
    """A typing error in OUTBOX_PATH must not look like an empty outbox."""
    with pytest.raises(OutboxNotFound, match="OUTBOX_PATH"):
        Outbox.open(tmp_path / "nowhere" / "o.db", create=False)
    assert not (tmp_path / "nowhere").exists()


def test_a_new_directory_is_durable_before_anything_stands_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power loss after the first commit must not take the directory, and the outbox with it."""
    synced: list[Path] = []
    monkeypatch.setattr("outbox.log.durable.sync_directory", synced.append)
    Outbox.open(tmp_path / "var" / "box" / "o.db").close()
    assert synced == [tmp_path, tmp_path / "var"]


def test_commits_are_durable_and_only_the_worker_checkpoints(tmp_path: Path) -> None:
    """The settings that the promises hang on."""
    with Outbox.open(tmp_path / "o.db") as box:
        for pragma, value in {"journal_mode": "wal", "synchronous": 2, "wal_autocheckpoint": 0}.items():
            assert box.connection.execute(f"pragma {pragma}").fetchone() == (value,)


def test_a_file_of_a_newer_package_is_refused(tmp_path: Path) -> None:
    """Nothing is guessed; the file stays as it is."""
    path = tmp_path / "o.db"
    with Outbox.open(path) as box:
        box.connection.execute("pragma user_version = 99")
    with pytest.raises(OutboxTooNew, match="upgrade this host") as refused:
        Outbox.open(path)
    assert refused.value.exit_code == 3


def test_what_is_no_sqlite_file_is_refused_and_left(tmp_path: Path) -> None:
    """With the way out in the message."""
    path = tmp_path / "o.db"
    path.write_bytes(b"no database " * 1000)
    with pytest.raises(OutboxCorrupt, match="salvage"):
        Outbox.open(path)
    assert path.read_bytes() == b"no database " * 1000


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    """An outbox of 60 events with one page of payloads overwritten."""
    path = tmp_path / "o.db"
    with Outbox.open(path) as box:
        for number in range(60):
            box.append(lesson(f"{number}", f"body {number} " * 400))
    raw = bytearray(path.read_bytes())
    at = raw.find(b"body 30 ") // 4096 * 4096
    raw[at : at + 4096] = b"\xff" * 4096
    path.write_bytes(raw)
    return path


def test_a_damaged_page_is_refused_told_and_salvaged_around(damaged: Path, tmp_path: Path) -> None:
    """Reading stops with an error, the check finds it, and a new file gets everything else, seq and id as they were."""
    before = damaged.read_bytes()
    with Outbox.open(damaged) as box:
        identity = box.outbox_id
        with pytest.raises(OutboxCorrupt, match="damaged"):
            box.read(limit=100)
        assert not next(iter(run_checks(box))).ok
    found = salvage(damaged, tmp_path / "new.db")
    assert damaged.read_bytes() == before
    assert found.events + len(found.lost) == 60
    assert 1 <= len(found.lost) <= 6
    with Outbox.open(tmp_path / "new.db") as box:
        assert box.outbox_id == identity
        saved = box.read(limit=100)
        assert {event.seq for event in saved} == set(range(1, 61)) - set(found.lost)
        assert box.last_seq == 60
        assert box.append(lesson("59", "body 59 " * 400)).unchanged == 1  # what was saved is known
        lost = found.lost[0] - 1
        assert box.append(lesson(f"{lost}", f"body {lost} " * 400)).appended[0].seq == 61  # what was lost is news


def test_salvage_believes_no_payload_without_its_hash(tmp_path: Path) -> None:
    """A flipped byte inside a payload can be read, and is not what was appended."""
    path = tmp_path / "o.db"
    with Outbox.open(path) as box:
        box.append(lesson("a", "first\n"), lesson("b", "second\n"))
    raw = path.read_bytes()
    path.write_bytes(raw.replace(b"second", b"secomd"))
    assert salvage(path, tmp_path / "new.db").lost == (2,)
    with Outbox.open(tmp_path / "new.db") as box:
        assert box.last_seq == 2
        assert box.append(lesson("b", "second\n")).appended[0].seq == 3  # 2 may stand in the database


def test_salvage_keeps_what_was_decided_and_what_became_of_it(tmp_path: Path) -> None:
    """An edited event stays edited and a discarded one discarded, whatever is read again from the new file."""
    path = tmp_path / "o.db"
    with Outbox.open(path) as box:
        for event in box.append(lesson("a"), lesson("b"), lesson("c")).appended:
            put_parked(box, event, reason="r")
        resolve.edit(box, 1, box.event(1).payload | {"title": "Melhor"}, "typo")
        resolve.discard(box, 2, "no use")
        resolve.retry(box, 3)
        box.parked.rewrite(decisions=Decisions(box.connection), outcomes={3: Outcome.REFUSED})
        before = [Decisions(box.connection).of(seq) for seq in (1, 2, 3)]
        trail = audit.trail(box.connection)
    assert salvage(path, tmp_path / "new.db").lost_acts == 0
    with Outbox.open(tmp_path / "new.db") as box:
        assert [Decisions(box.connection).of(seq) for seq in (1, 2, 3)] == before
        assert audit.trail(box.connection) == trail


def test_acts_that_cannot_be_read_are_counted(tmp_path: Path) -> None:
    """A page of the audit trail is damaged: the rest of it comes along, and what is missing is told."""
    path = tmp_path / "o.db"
    with Outbox.open(path) as box:
        box.append(lesson("a"))
        for number in range(60):
            audit.record(box.connection, box.clock.now(), "pause", reason=f"reason {number} " * 400)
    raw = bytearray(path.read_bytes())
    at = raw.find(b"reason 30 ") // 4096 * 4096
    raw[at : at + 4096] = b"\xff" * 4096
    path.write_bytes(raw)
    found = salvage(path, tmp_path / "new.db")
    assert (found.events, found.lost) == (1, ())
    assert 1 <= found.lost_acts <= 6
    with Outbox.open(tmp_path / "new.db") as box:
        assert len(audit.trail(box.connection)) == 60 - found.lost_acts


def test_of_an_empty_log_nothing_is_lost_and_of_one_without_a_readable_event_everything(tmp_path: Path) -> None:
    """The ends of the range: what was never there is not missed, and the first event is not forgotten."""
    path = tmp_path / "o.db"
    with Outbox.open(path) as box:
        assert box.last_seq == 0
    found = salvage(path, tmp_path / "of-nothing.db")
    assert (found.events, found.lost) == (0, ())
    with Outbox.open(path) as box:
        box.append(lesson("a", "first\n"), lesson("b", "second\n"))
    path.write_bytes(path.read_bytes().replace(b"first", b"fitst").replace(b"second", b"secomd"))
    found = salvage(path, tmp_path / "of-damage.db")
    assert (found.events, found.lost) == (0, (1, 2))


def test_a_file_that_names_no_outbox_is_not_salvaged(tmp_path: Path) -> None:
    """Events under another identity would be applied twice: what to do instead is said, and no file is made."""
    path = tmp_path / "outbox.db"
    with Outbox.open(path) as box:
        box.append(lesson("a"))
        box.connection.execute("delete from meta where key = 'outbox_id'")
    with pytest.raises(OutboxCorrupt, match="names no outbox: start a new file and run `generate import`"):
        salvage(path, tmp_path / "new.db")
    assert not (tmp_path / "new.db").exists()


def test_salvage_keeps_events_of_types_that_it_does_not_know(tmp_path: Path) -> None:
    """A newer package wrote them; they are nobody's loss."""
    path = tmp_path / "o.db"
    with Outbox.open(path) as box:
        box.append(lesson("a"))
        box.connection.execute("drop trigger events_are_never_updated")
        box.connection.execute("update events set type = 'content.exploded'")
    found = salvage(path, tmp_path / "new.db")
    assert (found.events, found.lost) == (1, ())


def test_a_foreign_lock_is_told_as_what_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A SQLite shell does not know the gate; nobody reads the words 'database is locked'."""
    monkeypatch.setattr("outbox.log.database._FOREIGN_LOCK_PATIENCE_SECONDS", 0.05)
    with Outbox.open(tmp_path / "o.db") as box:
        shell = sqlite3.connect(tmp_path / "o.db", isolation_level=None)
        shell.execute("begin immediate")
        with pytest.raises(OutboxBusy, match="SQLite shell"):
            box.append(lesson("a"))
        shell.execute("rollback")
        shell.close()
        assert box.append(lesson("a")).appended[0].seq == 1


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (sqlite3.SQLITE_FULL, StorageFull),
        (sqlite3.SQLITE_IOERR_SHMSIZE, StorageFull),
        (sqlite3.SQLITE_IOERR_WRITE, StorageFailed),
        (sqlite3.SQLITE_READONLY, StorageFailed),
        (sqlite3.SQLITE_CANTOPEN, StorageFailed),
        (sqlite3.SQLITE_CORRUPT, OutboxCorrupt),
        (sqlite3.SQLITE_NOTADB, OutboxCorrupt),
        (sqlite3.SQLITE_BUSY, OutboxBusy),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, OutboxBusy),
        (sqlite3.SQLITE_LOCKED, OutboxBusy),
    ],
)
def test_refusals_of_sqlite_are_told_apart_by_code(code: int, error: type[Exception]) -> None:
    """Never by wording: the message here says nothing."""
    refusal = sqlite3.OperationalError("?")
    refusal.sqlite_errorcode = code
    with pytest.raises(error), translated(Path("o.db")):
        raise refusal


@pytest.mark.parametrize(
    ("number", "error"), [(28, StorageFull), (122, StorageFull), (27, StorageFull), (13, StorageFailed)]
)
def test_refusals_of_the_system_are_told_apart_by_number(number: int, error: type[Exception]) -> None:
    """No space, quota and size limit are full; a permission is not."""
    with pytest.raises(error, match="a file"), translated(Path("o.db")):
        raise OSError(number, "?", "a file")


def test_our_own_errors_pass_as_they_are() -> None:
    """Nothing is wrapped twice."""
    with pytest.raises(EventNotFound), translated(Path("o.db")):
        raise EventNotFound("x")


def test_a_clock_without_a_zone_is_refused(tmp_path: Path) -> None:
    """A naive time is no time."""
    naive = SetClock()
    with Outbox.open(tmp_path / "o.db", clock=naive) as box:
        naive.time = naive.time.replace(tzinfo=None)
        with pytest.raises(ValueError, match="no time zone"):
            box.append(lesson("a"))
        assert box.last_seq == 0


def test_closing_twice_is_closing_once(tmp_path: Path) -> None:
    """`with` and `close()` may meet."""
    with Outbox.open(tmp_path / "o.db") as box:
        box.close()
