"""The log of the load test is one that the API could have written."""

from pathlib import Path

from benchmarks.load.fill import fill
from benchmarks.load.mix import COURSE_EVENTS, DISTINCT, event
from outbox import Outbox
from outbox.ops.check import run_checks

COLUMNS = "seq, type, version, aggregate_type, aggregate_id, previous_seq, refs, payload_sha256, payload"


def test_the_rows_are_those_of_the_api(tmp_path: Path) -> None:
    """Byte for byte, events and heads, but for the ids and times of the moment; also where texts come again."""
    first, end = (DISTINCT - 1) * COURSE_EVENTS, (DISTINCT + 11) * COURSE_EVENTS
    with Outbox.open(tmp_path / "fast.db") as fast, Outbox.open(tmp_path / "api.db") as api:
        fill(fast, first, end - COURSE_EVENTS)
        fill(fast, end - COURSE_EVENTS, end)  # goes on where the log stands
        for number in range(first, end):
            assert api.append(event(number)).unchanged == 0
        for query in (f"select {COLUMNS} from events order by seq", "select * from heads order by aggregate_id, slot"):
            assert fast.connection.execute(query).fetchall() == api.connection.execute(query).fetchall()
        assert [found.name for found in run_checks(fast) if not found.ok] == []
        assert fast.append(event(end - 1)).unchanged == 1


def test_the_mix_holds_what_it_says() -> None:
    """2 courses and modules, 60 lessons and 38 patches in a hundred events."""
    kinds = [type(event(number)).__name__ for number in range(COURSE_EVENTS)]
    assert kinds.count("ContentUpserted") + kinds.count("ProjectUpserted") == COURSE_EVENTS * 62 / 100
    assert len(set(kinds)) == 6
