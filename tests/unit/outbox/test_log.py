import datetime as dt
import sqlite3
from pathlib import Path

import pytest

from outbox import ContractError, EventNotFound, Outbox, StorageFailed, ids
from outbox import catalogue as c
from outbox.ops.check import run_checks
from tests.support.lessons import SetClock, lesson

SLUG = "curso-x--a"


def types(box: Outbox) -> list[str]:
    return [event.type.partition(".")[2] for event in box.read()]


def test_seqs_start_at_one_and_have_no_gaps(box: Outbox) -> None:
    """Also after a unit that was given up."""
    box.append(lesson("a"))
    with pytest.raises(ContractError):
        box.append(lesson("b"), c.ContentDeleted(slug="NO"))
    box.append(lesson("b"), lesson("c"))
    assert [event.seq for event in box.read()] == [1, 2, 3]
    assert box.last_seq == 3


def test_what_is_returned_is_what_is_read(box: Outbox) -> None:
    """An appended event equals the one in the log, field by field."""
    appended = box.append(lesson("a", project="curso-x", parent="curso-x--m")).appended
    assert tuple(box.read()) == appended
    assert box.event(1) == appended[0]
    assert appended[0].refs == (ids.project_id("curso-x"), ids.content_id("curso-x--m"))


def test_an_unchanged_state_is_no_news(box: Outbox) -> None:
    """Appending it again appends nothing and is counted."""
    box.append(lesson("a"))
    again = box.append(lesson("a"), lesson("a", "new\n"), lesson("a", "new\n"))
    assert (len(again.appended), again.unchanged) == (1, 2)


def test_a_state_said_again_after_another_is_news(box: Outbox) -> None:
    """A, B, A: the third says something."""
    box.append(lesson("a"), lesson("a", "b\n"), lesson("a"))
    assert box.last_seq == 3


def test_deleted_then_upserted_again_is_news(box: Outbox) -> None:
    """The upsert revives the row, though its text is as before."""
    box.append(lesson("a"), c.ContentDeleted(slug=SLUG), lesson("a"))
    assert types(box) == ["upserted", "deleted", "upserted"]


def test_deleted_is_deleted_whenever_it_was(box: Outbox) -> None:
    """A second deletion says nothing, whatever its time."""
    box.append(c.ContentDeleted(slug=SLUG))
    assert box.append(c.ContentDeleted(slug=SLUG, deleted_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))).unchanged == 1


def test_a_patch_is_news_again_once_the_whole_state_was_said_after_it(box: Outbox) -> None:
    """The upsert may have set another score, so the same score is no repetition."""
    score = c.ContentFidelityScored(slug=SLUG, score=0.9)
    box.append(lesson("a"), score)
    assert box.append(score).unchanged == 1
    assert box.append(lesson("a", "new\n"), score).unchanged == 0


def test_an_unchanged_upsert_after_a_patch_is_still_no_news(box: Outbox) -> None:
    """A re-run of a generator does not undo what was decided since."""
    box.append(lesson("a"), c.ContentStatusChanged(slug=SLUG, status="published"))
    assert box.append(lesson("a")).unchanged == 1


def test_slots_are_told_apart(box: Outbox) -> None:
    """Each tag, each mind and role, each patch has a last word of its own."""
    steps = [
        c.ContentTagged(slug=SLUG, tag="x"),
        c.ContentTagged(slug=SLUG, tag="y"),
        c.ContentMindLinked(slug=SLUG, mind="ana", role="author"),
        c.ContentMindLinked(slug=SLUG, mind="ana", role="creator"),
        c.ContentMetadataMerged(slug=SLUG, metadata={"a": 1}),
    ]
    assert box.append(*steps).unchanged == 0
    assert box.append(*steps).unchanged == 5
    assert box.append(c.ContentUntagged(slug=SLUG, tag="x"), c.ContentTagged(slug=SLUG, tag="x")).unchanged == 0


def test_clock_jumps_leave_event_ids_increasing(box: Outbox, clock: SetClock) -> None:
    """A day back, a day forward, also over a new start: comparing ids compares places."""
    for days in (0, -1, -1, 2, -3, 1):
        clock.move(days=days)
        box.append(lesson(f"d{days}-{clock.now():%d}", str(clock.now())), lesson("same", f"{days} {clock.now()}"))
    found = box.read()
    assert len(found) == 12
    assert [event.event_id for event in found] == sorted({event.event_id for event in found})


def test_occurred_at_is_utc_whatever_zone_the_clock_has(tmp_path: Path) -> None:
    """Times in the log compare as text."""
    zone = dt.timezone(dt.timedelta(hours=-3))
    with Outbox.open(tmp_path / "o.db", clock=SetClock(dt.datetime(2026, 3, 1, 9, tzinfo=zone))) as box:
        box.append(lesson("a"))
        (text,) = box.connection.execute("select occurred_at from events").fetchone()
        assert text == "2026-03-01T12:00:00.000000+00:00"


def test_reading_goes_by_position(box: Outbox) -> None:
    """After a seq, up to a limit, of a type, of an aggregate."""
    box.append(lesson("a"), lesson("b"), c.ContentDeleted(slug=SLUG), lesson("a"), lesson("c"))
    a = ids.content_id(SLUG)

    def seqs(**how: object) -> list[int]:
        return [event.seq for event in box.read(**how)]

    assert seqs(after=2) == [3, 4, 5]
    assert seqs(after=1, limit=2) == [2, 3]
    assert seqs(event_type="content.deleted") == [3]
    assert seqs(aggregate_id=a) == [1, 3, 4]
    assert seqs(aggregate_id=a, after=1, limit=1) == [3]
    assert seqs(aggregate_id=a, event_type="content.upserted") == [1, 4]
    assert seqs(after=5) == []
    assert [event.seq for event in box.tail(limit=2)] == [4, 5]
    assert [event.previous_seq for event in box.read()] == [None, None, 1, 3, None]


def test_an_event_that_is_not_there_is_an_error_with_the_way_out(box: Outbox) -> None:
    """Not None, not a traceback."""
    with pytest.raises(EventNotFound, match="outbox events"):
        box.event(7)


def test_events_are_never_updated(box: Outbox) -> None:
    """The file itself refuses."""
    box.append(lesson("a"))
    with pytest.raises(sqlite3.IntegrityError, match="never updated"):
        box.connection.execute("update events set payload = '{}'")


def test_an_event_id_is_one_row(box: Outbox) -> None:
    """A second one that somebody wrote by hand is found by the check, and the next append goes on above it."""
    box.append(lesson("a"), lesson("b"))
    box.connection.execute(
        "insert into events (event_id, type, version, aggregate_type, aggregate_id, payload_sha256, occurred_at,"
        " payload) select event_id, type, version, aggregate_type, aggregate_id, payload_sha256, occurred_at,"
        " payload from events where seq = 2"
    )
    failed = [(found.name, found.detail) for found in run_checks(box) if not found.ok]
    assert failed == [("event ids increase with seq", "not so for 3")]
    assert box.append(lesson("c")).appended[0].event_id > box.event(2).event_id


def test_a_seq_is_never_used_twice(box: Outbox) -> None:
    """The file itself refuses to give up its newest event, whose seq would be the next one's."""
    box.append(lesson("a"), lesson("b"))
    with pytest.raises(sqlite3.IntegrityError, match="newest event stays"):
        box.connection.execute("delete from events where seq = 2")
    box.connection.execute("delete from events where seq < 2")
    assert box.last_seq == 2
    assert box.append(lesson("c")).appended[0].seq == 3


def test_a_log_that_lost_its_end_goes_on_behind_it(box: Outbox) -> None:
    """After a salvage, seqs that are known to be used up stay so, in an empty log too."""
    box.connection.execute("insert into meta values ('used_seq', '7')")
    assert box.last_seq == 7
    assert [event.seq for event in box.append(lesson("a"), lesson("b")).appended] == [8, 9]
    assert box.last_seq == 9


def test_two_who_append_in_turns_never_use_a_seq_twice(box: Outbox) -> None:
    """What one remembers of its last append is not believed once the other has written."""
    with Outbox.open(box.path) as other:
        for turn in range(6):
            (other if turn % 3 else box).append(lesson(f"{turn}"))
        events = other.read()
    assert [event.seq for event in events] == [1, 2, 3, 4, 5, 6]
    assert sorted(event.event_id for event in events) == [event.event_id for event in events]


def test_what_was_rolled_back_is_not_remembered(box: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its seq is used by the next append, and its event is not the one before that."""
    box.append(lesson("a"))

    def fail(name: str) -> None:
        if name == "unit.before_commit":
            raise StorageFailed("the disk is gone")

    monkeypatch.setattr("outbox.files.publish.reach", fail)
    with pytest.raises(StorageFailed):
        box.append(lesson("b"), lesson("c"))
    monkeypatch.undo()
    assert [event.seq for event in box.append(lesson("d")).appended] == [2]
    assert [event.seq for event in box.read()] == [1, 2]


def test_what_the_same_connection_writes_in_another_way_is_seen(box: Outbox) -> None:
    """A salvage notes that seqs are used up; so might any statement of ours."""
    box.append(lesson("a"))
    box.connection.execute("insert into meta values ('used_seq', '9')")
    assert [event.seq for event in box.append(lesson("b")).appended] == [10]


def test_the_newest_event_is_asked_for_once(box: Outbox) -> None:
    """As long as nobody else writes, an append knows where the log ends."""
    box.append(lesson("a"))
    asked: list[str] = []
    box.connection.set_trace_callback(asked.append)
    box.append(lesson("b"))
    box.append(lesson("c"))
    box.connection.set_trace_callback(None)
    assert not [one for one in asked if "order by seq desc" in one]
    assert [event.previous_seq for event in box.append(lesson("c", "new\n"), lesson("c", "newer\n")).appended] == [3, 4]


def test_what_a_unit_says_first_counts_for_what_it_says_next(box: Outbox) -> None:
    """Deleted twice is deleted once, and what is said again after it is news."""
    said = (lesson("a"), c.ContentDeleted(slug=SLUG), c.ContentDeleted(slug=SLUG), lesson("a"), lesson("a"))
    again = box.append(*said)
    assert (types(box), again.unchanged) == (["upserted", "deleted", "upserted"], 2)
    assert [event.previous_seq for event in again.appended] == [None, 1, 2]
