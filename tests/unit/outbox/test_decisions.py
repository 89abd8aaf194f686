"""What operators decided about events, obeyed when they are applied once more."""

import pytest

from outbox import Decisions, Event, Outbox, Outcome, Resolution
from tests.support.lessons import lesson
from tests.support.parked import put_parked


@pytest.fixture
def events(box: Outbox) -> list[Event]:
    return list(box.append(lesson("a"), lesson("b"), lesson("c")).appended)


def decide(box: Outbox, event: Event, how: Resolution, payload_json: str | None = None) -> None:
    put_parked(box, event, reason="r")
    box.parked.release(event.seq, how, payload_json=payload_json, reason="because")


def noted(box: Outbox, outcomes: dict[int, Outcome]) -> Decisions:
    decisions = Decisions(box.connection)
    box.parked.rewrite(decisions=decisions, outcomes=outcomes)
    decisions.settled(outcomes)
    return decisions


def test_an_edited_event_is_applied_as_edited_a_discarded_one_not_and_others_as_they_are(
    box: Outbox, events: list[Event]
) -> None:
    """The order of the log stays."""
    first, second, third = events
    decide(box, first, Resolution.EDIT, '{"slug": "edited"}')
    decide(box, second, Resolution.DISCARD)
    obeyed = Decisions(box.connection).obeyed(events)
    assert [event.seq for event in obeyed] == [first.seq, third.seq]
    assert obeyed[0].payload_json == '{"slug": "edited"}'
    assert obeyed[0].event_id == first.event_id
    assert obeyed[1] == third


def test_without_decisions_all_is_as_it_was_said(box: Outbox, events: list[Event]) -> None:
    assert Decisions(box.connection).obeyed(events) == events


def test_a_retry_keeps_an_earlier_edit(box: Outbox, events: list[Event]) -> None:
    """It says to try again, not to forget what was decided."""
    decide(box, events[0], Resolution.EDIT, '{"slug": "edited"}')
    noted(box, {1: Outcome.REFUSED})
    decide(box, events[0], Resolution.RETRY)
    assert Decisions(box.connection).obeyed(events)[0].payload_json == '{"slug": "edited"}'


@pytest.mark.parametrize(
    ("how", "outcome", "releases"),
    [
        (Resolution.RETRY, None, True),
        (Resolution.RETRY, Outcome.APPLIED, True),
        (Resolution.RETRY, Outcome.REFUSED, False),
        (Resolution.DISCARD, Outcome.DISCARDED, True),
    ],
)
def test_a_decision_stays_open_until_its_event_is_refused_again(
    box: Outbox, events: list[Event], how: Resolution, outcome: Outcome | None, *, releases: bool
) -> None:
    """Parked although it was carried out: a restore brought the event back, and the decision holds for it."""
    decide(box, events[0], how)
    decisions = noted(box, {1: outcome} if outcome else {})
    found = Decisions(box.connection).of(1)
    assert found is not None
    assert found.releases is releases
    assert decisions.of(1) == found
    assert decisions.unsettled() == ([1] if outcome is None else [])


def test_a_discard_that_came_too_late_no_longer_counts(box: Outbox, events: list[Event]) -> None:
    """The event had taken effect: it is part of what should stand there."""
    decide(box, events[0], Resolution.DISCARD)
    assert [event.seq for event in Decisions(box.connection).obeyed(events)] == [2, 3]
    assert noted(box, {1: Outcome.TOO_LATE}).obeyed(events) == events
    assert Decisions(box.connection).obeyed(events) == events


def test_what_became_of_a_decision_is_never_changed(box: Outbox, events: list[Event]) -> None:
    decide(box, events[0], Resolution.RETRY)
    noted(box, {1: Outcome.APPLIED})
    with pytest.raises(Exception, match="never updated"):
        box.connection.execute("update outcomes set outcome = 'refused'")
    noted(box, {1: Outcome.REFUSED})
    assert [row for (row,) in box.connection.execute("select outcome from outcomes order by id")] == [
        "applied",
        "refused",
    ]


def test_decisions_made_since_are_taken_in(box: Outbox, events: list[Event]) -> None:
    decisions = Decisions(box.connection)
    assert decisions.take_in() == set()
    decide(box, events[1], Resolution.DISCARD)
    assert decisions.take_in() == {2}
    assert decisions.take_in() == set()
    assert [event.seq for event in decisions.obeyed(events)] == [1, 3]
