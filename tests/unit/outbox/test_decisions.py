"""What operators decided about events, obeyed when they are applied once more."""

from outbox import Decisions, Outbox
from tests.support.lessons import lesson


def test_an_edited_event_is_applied_as_edited_a_discarded_one_not_and_others_as_they_are(box: Outbox) -> None:
    """The order of the log stays."""
    first, second, third = box.append(lesson("a"), lesson("b"), lesson("c")).appended
    obeyed = Decisions({first.seq: '{"slug": "edited"}', second.seq: None}).obeyed([first, second, third])
    assert [event.seq for event in obeyed] == [first.seq, third.seq]
    assert obeyed[0].payload_json == '{"slug": "edited"}'
    assert obeyed[0].event_id == first.event_id
    assert obeyed[1] == third


def test_without_decisions_all_is_as_it_was_said(box: Outbox) -> None:
    events = list(box.append(lesson("a"), lesson("b")).appended)
    assert Decisions({}).obeyed(events) == events
