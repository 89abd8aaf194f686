"""What is read ahead is what would be read later, or it is dropped."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from outbox import Event, Outbox
from tests.support.make_outbox import lesson, project
from worker import NewerEvent
from worker.carry.ahead import Ahead, AheadOnList

MOST_BYTES = 1 << 20


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Outbox]:
    with Outbox.open(tmp_path / "outbox.db") as box:
        box.append(*project(), *(lesson(number) for number in range(1, 9)))
        yield box


def seqs(events: list[Event]) -> list[int]:
    return [event.seq for event in events]


def statements_of(box: Outbox) -> list[str]:
    """What is asked of the log from now on."""
    asked: list[str] = []
    box.connection.set_trace_callback(asked.append)
    return asked


def test_the_log_is_not_asked_again_for_what_was_read_ahead(box: Outbox) -> None:
    """The batch that follows is at hand, decoded, when the one before it is through."""
    ahead = Ahead(box, MOST_BYTES, 500)
    assert seqs(ahead.read(after=0, limit=3)) == [1, 2, 3]
    ahead.look()
    asked = statements_of(box)
    events = ahead.read(after=3, limit=3)
    assert seqs(events) == [4, 5, 6]
    assert [one.payload["slug"] for one in ahead.decode(events)] == [event.payload["slug"] for event in events]
    assert asked == []


@pytest.mark.parametrize(
    ("after", "limit", "expected"),
    [(0, 3, [1, 2, 3]), (0, 1, [1]), (3, 1, [4]), (3, 6, [4, 5, 6, 7, 8, 9]), (5, 3, [6, 7, 8])],
    ids=["the same again", "half of it", "a smaller batch", "a larger batch", "passed by another"],
)
def test_what_does_not_fit_is_read_again(box: Outbox, after: int, limit: int, expected: list[int]) -> None:
    """A batch that failed, a size that changed, a position that moved: the log decides, not the memory."""
    ahead = Ahead(box, MOST_BYTES, 500)
    ahead.read(after=0, limit=3)
    ahead.look()
    events = ahead.read(after=after, limit=limit)
    assert seqs(events) == expected
    assert [one.event for one in ahead.decode(events)] == events


def test_an_end_that_was_seen_early_is_looked_at_again(box: Outbox) -> None:
    """What is appended after the look is not overlooked."""
    ahead = Ahead(box, MOST_BYTES, 500)
    last = ahead.read(after=0, limit=500)[-1].seq
    ahead.look()
    box.append(lesson(20))
    assert seqs(ahead.read(after=last, limit=500)) == [last + 1]


def test_a_batch_that_was_not_full_takes_in_what_came_meanwhile(box: Outbox) -> None:
    """Or a relay that is always one look behind would carry half-empty batches for ever."""
    ahead = Ahead(box, MOST_BYTES, 500)
    ahead.read(after=0, limit=8)
    ahead.look()
    box.append(lesson(20), lesson(21))
    assert seqs(ahead.read(after=8, limit=8)) == list(range(9, box.last_seq + 1))


def test_a_batch_that_is_full_by_its_bytes_is_kept(box: Outbox) -> None:
    """It is shorter than it might be, and yet nothing more would fit."""
    ahead = Ahead(box, 10, 500)
    assert seqs(ahead.read(after=0, limit=500)) == [1]
    ahead.look()
    asked = statements_of(box)
    assert seqs(ahead.read(after=1, limit=500)) == [2]
    assert asked == []


def test_what_an_operator_edited_is_decoded_anew(box: Outbox) -> None:
    """The edited payload counts, also where the event as it was appended has been decoded already."""
    ahead = Ahead(box, MOST_BYTES, 500)
    ahead.read(after=0, limit=3)
    ahead.look()
    first, *others = ahead.read(after=3, limit=3)
    edited = msgspec.structs.replace(first, payload_json='{"slug":"edited"}')
    assert ahead.decode([edited, *others])[0].payload["slug"] == "edited"


def test_an_event_that_cannot_be_decoded_is_met_where_it_is_needed(box: Outbox) -> None:
    """Looking ahead fails nobody; the batch that holds the event does."""
    box.connection.execute("drop trigger events_are_never_updated")
    box.connection.execute("update events set version = 99 where seq = 5")
    ahead = Ahead(box, MOST_BYTES, 500)
    ahead.read(after=0, limit=3)
    ahead.look()
    events = ahead.read(after=3, limit=3)
    assert seqs(events) == [4, 5, 6]
    with pytest.raises(NewerEvent, match="event 5"):
        ahead.decode(events)


def test_a_batch_ends_before_its_payloads_are_too_large(box: Outbox) -> None:
    """Transcripts of megabytes are read a few at a time; the first one always comes."""
    large = box.append(*(lesson(n, body="x" * 1000) for n in range(30, 34))).appended
    two = len(large[0].payload_json) + len(large[1].payload_json)
    for most, expected in ((two, 2), (two - 1, 1), (10, 1)):
        assert Ahead(box, most, 500).read(after=large[0].seq - 1, limit=500) == [*large[:expected]]


class Listed:
    """What is to be taken up, as the parked list says it."""

    def __init__(self, *seqs: int) -> None:
        self.seqs = list(seqs)
        self.discarded: set[int] = set()
        self.noted = 0

    def note(self) -> None:
        self.noted += 1

    def ready(self, after: int, limit: int) -> list[int]:
        return [seq for seq in self.seqs if seq > after][:limit]

    def obeyed(self, events: list[Event]) -> list[Event]:
        return [event for event in events if event.seq not in self.discarded]


def test_what_was_let_go_is_at_hand_as_well(box: Outbox) -> None:
    """Decoded as it was decided about, when the batch before it is through."""
    listed = Listed(2, 4, 5, 7, 8, 9)
    listed.discarded = {7}
    ahead = AheadOnList(box, MOST_BYTES, 500, listed.ready, listed.obeyed, listed.note)
    assert seqs(ahead.read(limit=3)) == [2, 4, 5]
    ahead.look()
    listed.seqs = [7, 8, 9]
    asked = statements_of(box)
    events = ahead.read(limit=3)
    assert seqs(events) == [7, 8, 9]
    assert [one.event.seq for one in ahead.decode(listed.obeyed(events))] == [8, 9]
    assert asked == []


@pytest.mark.parametrize(
    ("left", "limit", "expected"),
    [([2, 4, 5, 7, 8, 9], 3, [2, 4, 5]), ([7, 8, 9], 1, [7]), ([6, 7, 8, 9], 3, [6, 7, 8]), ([8, 9], 3, [8, 9])],
    ids=["the same again", "a smaller batch", "one that was discarded since", "taken up by another"],
)
def test_a_list_that_changed_is_asked_again(box: Outbox, left: list[int], limit: int, expected: list[int]) -> None:
    listed = Listed(2, 4, 5, 7, 8, 9)
    ahead = AheadOnList(box, MOST_BYTES, 500, listed.ready, listed.obeyed, listed.note)
    ahead.read(limit=3)
    ahead.look()
    listed.seqs = left
    assert seqs(ahead.read(limit=limit)) == expected


def test_a_decision_wins_over_what_was_decoded_ahead(box: Outbox) -> None:
    listed = Listed(2, 4, 5, 7)
    ahead = AheadOnList(box, MOST_BYTES, 500, listed.ready, listed.obeyed, listed.note)
    ahead.read(limit=2)
    ahead.look()
    listed.seqs, listed.discarded = [5, 7], {5}
    assert [one.event.seq for one in ahead.decode(listed.obeyed(ahead.read(limit=2)))] == [7]
