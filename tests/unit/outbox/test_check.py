"""What `outbox check` finds is named, so that somebody can look at it."""

import resource
import uuid
from pathlib import Path

import pytest

from outbox import Outbox
from outbox.ops.check import run_checks
from tests.support.lessons import lesson
from tests.support.parked import put_held, put_parked


def findings(box: Outbox) -> dict[str, str]:
    """What did not hold, with the words for it."""
    return {found.name: found.detail for found in run_checks(box) if not found.ok}


@pytest.fixture
def filled(box: Outbox) -> Outbox:
    box.append(*(lesson(f"{number}") for number in range(12)))
    return box


def by_hand(box: Outbox, *statements: str) -> None:
    """Damage the file as a person with a SQLite shell does."""
    triggers = box.connection.execute("select name from sqlite_master where type = 'trigger'").fetchall()
    for (trigger,) in triggers:
        box.connection.execute(f"drop trigger {trigger}")
    for statement in statements:
        box.connection.execute(statement)


def test_an_outbox_that_is_well_has_nothing_to_tell(filled: Outbox) -> None:
    """Every check holds, and none has anything to add."""
    assert findings(filled) == {}
    assert {found.detail for found in run_checks(filled)} == {""}


def test_an_empty_log_is_well_too(box: Outbox) -> None:
    """The same checks, by the same names."""
    assert {found.name for found in run_checks(box)} >= {"seqs are contiguous"}
    assert all(found.ok for found in run_checks(box))


def test_a_long_check_tells_how_far_it_is(filled: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """In events, each so many."""
    monkeypatch.setattr("outbox.ops.check._PROGRESS_EVERY", 2)
    told: list[int] = []
    list(run_checks(filled, progress=told.append))
    assert told == list(range(2, filled.last_seq + 1, 2))


def test_events_that_are_missing_in_the_middle_are_counted(filled: Outbox) -> None:
    by_hand(filled, "delete from events where seq in (3, 4, 7)")
    assert findings(filled)["seqs are contiguous"] == "3 missing between 1 and 12"


def test_what_was_altered_or_is_out_of_order_is_listed_by_its_seq(filled: Outbox) -> None:
    """The first few; how many more there are does not matter to whoever has to mend it."""
    older = uuid.UUID(int=7 << 76 | 2 << 62)
    by_hand(
        filled,
        "update events set payload = replace(payload, 'Aula', 'Bula') where seq in (2, 5)",
        f"update events set event_id = '{older}' where seq = 6",
    )
    assert findings(filled) == {
        "payloads have the hash that they were appended with": "not so for 2, 5",
        "event ids increase with seq": "not so for 6",
    }
    filled.connection.execute("update events set payload_sha256 = ?", ["0" * 64])
    detail = findings(filled)["payloads have the hash that they were appended with"]
    assert detail == "not so for 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, …"


def test_lists_that_do_not_fit_the_log_are_named(filled: Outbox) -> None:
    """A parked event that is no more, one that waits for nobody, a head that names another, a database that is ahead."""
    put_parked(filled, filled.event(3), reason="r")
    put_held(filled, filled.event(5), behind_seq=3)
    filled.relay.remember_position(uuid.UUID(int=1), 99, None)
    by_hand(
        filled,
        "update parked set behind_seq = 4 where seq = 5",
        f"update parked set event_id = '{uuid.UUID(int=0)}' where seq = 3",
        "update heads set payload_sha256 = 'x' where seq = 8",
    )
    event = filled.event(8)
    assert findings(filled) == {
        "heads name the newest event of their slot": f"not so for {event.aggregate_id} state",
        "parked events stand in the log": "not so for 3",
        "held events wait for one that is parked": "not so for 5; `outbox recover` makes the list anew",
        "no destination is ahead of the log": f"not so for {uuid.UUID(int=1)}",
    }


def test_a_damaged_page_is_told_in_the_words_of_sqlite(filled: Outbox, tmp_path: Path) -> None:
    """What the file no longer holds together is no exception of ours, and each problem has a place in the text."""
    filled.connection.execute("pragma wal_checkpoint(truncate)")
    (page,) = filled.connection.execute("select rootpage from sqlite_schema where name = 'heads'").fetchone()
    (size,) = filled.connection.execute("pragma page_size").fetchone()
    damaged = tmp_path / "damaged.db"
    data = bytearray(filled.path.read_bytes())
    data[(page - 1) * size : page * size] = b"\xff" * size
    damaged.write_bytes(data)
    with Outbox.open(damaged) as box:
        found = {one.name: one.detail for one in run_checks(box) if not one.ok}
    assert "malformed" in found["SQLite integrity"]
    assert found["the log can be read from end to end"]


MANY_HEADS = (
    "with recursive n as (select 100 as i union all select i + 1 from n where i < 40000)"
    " insert into heads select 'a' || i, 'state', i, 't', hex(zeroblob(32)) from n"
)


def test_heads_that_are_too_many_for_memory_are_sorted_without_room_on_the_disk_too(filled: Outbox) -> None:
    """A check is what somebody runs on a full disk: the temporary file that SQLite sorts in is refused."""
    by_hand(filled, MANY_HEADS)
    found = findings(filled)
    assert found["heads name the newest event of their slot"].startswith("not so for a100 state, a101 state, ")
    filled.connection.execute("pragma cache_size = 10")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        assert findings(filled) == found
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_check_reads_each_page_of_events_once(filled: Outbox) -> None:
    """Heads are looked up beside the events and not by key: no statement but the one that hashes reads events by seq."""
    asked: list[str] = []
    filled.connection.set_trace_callback(asked.append)
    assert findings(filled) == {}
    filled.connection.set_trace_callback(None)
    assert [one for one in asked if "heads" in one] == [
        "select seq, payload_sha256 from heads where seq >= (select coalesce(min(seq), 0) from events) order by seq"
    ]
