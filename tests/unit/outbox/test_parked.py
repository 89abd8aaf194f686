import itertools
import json

import pytest

from outbox import ContractError, Event, Outbox, OutboxError, ParkedConflict, ParkedState, Resolution, audit, resolve
from outbox.parked import TRANSITIONS
from tests.support.lessons import lesson, path_of, publish


@pytest.fixture
def events(box: Outbox) -> list[Event]:
    return list(box.append(lesson("a"), lesson("b"), lesson("a", "two\n"), lesson("c", parent="curso-x--a")).appended)


def state_of(box: Outbox, seq: int) -> ParkedState | None:
    found = box.parked.find(seq)
    return found.state if found else None


def bring_to(box: Outbox, event: Event, state: ParkedState | None) -> None:
    if state is ParkedState.HELD:
        box.parked.hold(event, behind_seq=1)
    elif state is not None:
        box.parked.park(event, verdict="poison", reason="r")
        if state is ParkedState.RELEASING:
            box.parked.release(event.seq, Resolution.RETRY)
    assert state_of(box, event.seq) == state


@pytest.mark.parametrize(("before", "after"), list(itertools.product(ParkedState, ParkedState)))
def test_only_the_drawn_transitions_happen(box: Outbox, before: ParkedState, after: ParkedState) -> None:
    """The table and the code say the same about every pair of states."""
    event = box.append(lesson("a")).appended[0]
    bring_to(box, event, before)
    try:
        if after is ParkedState.PARKED:
            box.parked.park(event, verdict="poison", reason="again")
        elif after is ParkedState.HELD:
            box.parked.hold(event, behind_seq=1)
        elif before is ParkedState.HELD:
            box.parked.release_held(1)
        else:
            box.parked.release(event.seq, Resolution.RETRY)
    except ParkedConflict:
        pass
    expected = after if after in TRANSITIONS[before] else before
    assert state_of(box, event.seq) == expected


def test_states_and_resolutions_are_those_of_the_check_constraints(box: Outbox) -> None:
    """Enum and database say the same."""
    (sql,) = box.connection.execute("select sql from sqlite_master where name = 'parked'").fetchone()
    assert f"state in ({', '.join(repr(state.value) for state in ParkedState)})" in sql
    assert f"resolution in ({', '.join(repr(how.value) for how in Resolution)})" in sql


def test_what_belongs_to_or_refers_to_a_parked_aggregate_is_blocked(box: Outbox, events: list[Event]) -> None:
    """Later events only, new arrivals included; everything else flows."""
    box.parked.park(events[0], verdict="poison", reason="r")
    assert [box.parked.blocking(event) for event in events] == [None, None, 1, 1]
    box.parked.hold(events[3], behind_seq=1)
    later = box.append(lesson("d", parent="curso-x--c")).appended[0]
    assert box.parked.blocking(later) == 1  # held behind a held one is held behind the parked one


def test_resolving_the_parked_one_lets_the_held_ones_follow(box: Outbox, events: list[Event]) -> None:
    """In seq order, once it is through."""
    box.parked.park(events[0], verdict="poison", reason="r", sqlstate="23514", attempts=3)
    box.parked.hold(events[2], behind_seq=1)
    with pytest.raises(ParkedConflict, match="only held behind event 1"):
        box.parked.release(3, Resolution.RETRY)
    box.parked.release(1, Resolution.RETRY)
    with pytest.raises(ParkedConflict, match="already"):
        box.parked.release(1, Resolution.RETRY)
    assert box.parked.release_held(1) == 1
    box.parked.finish(1)
    assert [row.seq for row in box.parked.list(state=ParkedState.RELEASING)] == [3]
    box.parked.finish(3)
    assert box.parked.count() == 0
    with pytest.raises(ParkedConflict, match="not parked"):
        box.parked.finish(3)


def test_an_event_that_fails_again_is_parked_again_and_charged(box: Outbox, events: list[Event]) -> None:
    """Attempts add up; the new reason stands; a second report of the same failure changes nothing."""
    box.parked.park(events[0], verdict="poison", reason="one")
    box.parked.park(events[0], verdict="poison", reason="ignored")
    box.parked.release(1, Resolution.RETRY)
    box.parked.park(events[0], verdict="poison", reason="two")
    found = box.parked.find(1)
    assert found is not None
    assert (found.state, found.reason, found.attempts, found.resolution) == (ParkedState.PARKED, "two", 2, None)


def test_an_edit_keeps_the_original_and_says_who_why_and_what(box: Outbox, events: list[Event]) -> None:
    """The log still says what was said; the audit trail has both payloads."""
    box.parked.park(events[0], verdict="poison", reason="r")
    payload = json.loads(events[0].payload_json) | {"title": "Melhor"}
    assert "Melhor" in resolve.edit(box, 1, payload, "typo")
    found = box.parked.find(1)
    assert found is not None
    assert (found.state, found.resolution) == (ParkedState.RELEASING, Resolution.EDIT)
    assert json.loads(str(found.payload_json))["title"] == "Melhor"
    assert box.event(1) == events[0]
    (record,) = audit.trail(box.connection, seq=1)
    assert (record.action, record.reason, record.before) == ("edit", "typo", events[0].payload_json)
    assert record.who


def test_an_edit_must_keep_the_contract_and_the_aggregate(box: Outbox, events: list[Event]) -> None:
    """A refused edit leaves the event parked and no trace in the audit trail."""
    box.parked.park(events[0], verdict="poison", reason="r")
    payload = json.loads(events[0].payload_json)
    with pytest.raises(ContractError):
        resolve.edit(box, 1, payload | {"title": ""}, "w")
    with pytest.raises(OutboxError, match="another aggregate"):
        resolve.edit(box, 1, payload | {"slug": "other"}, "w")
    with pytest.raises(OutboxError, match="same as before"):
        resolve.edit(box, 1, payload, "w")
    assert state_of(box, 1) is ParkedState.PARKED
    assert audit.trail(box.connection) == []


def test_supersede_takes_the_file_as_it_is_now(box: Outbox, root: object) -> None:
    """The text on the disk replaces the one that was appended."""
    publish(box, "a", "bad\n")
    box.parked.park(box.event(1), verdict="poison", reason="r")
    box.place_of(path_of("a")).write_text("good\n")
    resolve.supersede(box, 1, "repaired")
    found = box.parked.find(1)
    assert found is not None
    assert json.loads(str(found.payload_json))["body"] == "good\n"
    assert found.resolution is Resolution.SUPERSEDE


def test_discard_and_retry_leave_a_trail(box: Outbox, events: list[Event]) -> None:
    """Every decision has its record."""
    for event, act in ((events[0], resolve.discard), (events[1], resolve.retry)):
        box.parked.park(event, verdict="poison", reason="r")
        act(box, event.seq, "because")
    assert [(record.seq, record.action) for record in audit.trail(box.connection)] == [(1, "discard"), (2, "retry")]
    with pytest.raises(ParkedConflict):
        resolve.retry(box, 4, "not parked")


def test_the_list_names_the_events_and_what_was_said_of_them(box: Outbox, events: list[Event]) -> None:
    """Every row carries its event's own ids, and the verdict as it was given; as plain data too."""
    box.parked.park(events[0], verdict="poison", reason="no room", sqlstate="23514", attempts=3)
    box.parked.hold(events[3], behind_seq=1)
    for event, row in zip((events[0], events[3]), box.parked.list(), strict=True):
        assert (row.seq, row.event_id, row.type) == (event.seq, event.event_id, event.type)
        assert (row.aggregate_id, row.refs) == (event.aggregate_id, event.refs)
        plain = row.as_dict()
        assert json.loads(json.dumps(plain)) == plain
        assert (plain["event_id"], plain["aggregate_id"]) == (str(event.event_id), str(event.aggregate_id))
        assert plain["refs"] == [str(ref) for ref in event.refs]
        assert (plain["resolution"], plain["edited"], "payload_json" in plain) == (None, False, False)
    first, second = (row.as_dict() for row in box.parked.list())
    assert (first["state"], first["reason"], first["sqlstate"], first["attempts"]) == ("parked", "no room", "23514", 3)
    assert (second["state"], second["behind_seq"], second["sqlstate"]) == ("held", 1, None)


def test_what_waits_behind_an_event_is_counted_up_to_a_limit(box: Outbox, events: list[Event]) -> None:
    """Nobody pays for counting a hundred thousand rows to read "more than ten"."""
    box.parked.park(events[0], verdict="poison", reason="r")
    for event in events[1:]:
        box.parked.hold(event, behind_seq=1)
    assert [box.parked.count_behind(1, limit=limit) for limit in (0, 2, 3, 9)] == [0, 2, 3, 3]
    assert box.parked.count_behind(2, limit=9) == 0
    assert [row.seq for row in box.parked.held_behind(1, limit=2)] == [2, 3]


def test_a_decision_is_heard_by_the_worker_at_once(
    box: Outbox, events: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It rings like an event does: nobody waits for the next poll."""
    box.parked.park(events[0], verdict="poison", reason="r")
    rung: list[bool] = []
    monkeypatch.setattr(box, "ring", lambda: rung.append(True))
    resolve.retry(box, 1, reason="it was the disk")
    assert rung == [True]


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        ({"a": 1, "b": 2}, {"a": 1, "b": 3}, ["@@ b @@", "-2", "+3"]),
        ({"a": None}, {}, ["@@ a @@", "-null"]),
        ({}, {"a": None}, ["@@ a @@", "+null"]),
        ({"a": "one"}, {"a": "two"}, ["@@ a @@", '-"one"', '+"two"']),
        ({"a": "x\ny"}, {"a": "x\nz"}, ["@@ a @@", " x", "-y", "+z"]),
        ({"a": "x\r\ny"}, {"a": "x\ny"}, ["@@ a @@", "-x\\r", "+x", " y"]),
        ({"a": 1}, {"a": 1}, []),
    ],
)
def test_a_difference_names_the_fields_that_changed_and_no_other(
    before: dict[str, object], after: dict[str, object], shown: list[str]
) -> None:
    """Null is not the same as left out, and a carriage return is a difference."""
    lines = resolve.difference(json.dumps(before), json.dumps(after)).split("\n")
    assert lines == ["--- as appended", "+++ as applied", *shown]
