import datetime as dt
import itertools
import json
import sqlite3
from uuid import UUID

import pytest

from outbox import ContractError, Decisions, Event, Outbox, OutboxError, ParkedConflict, ParkedState, Passed, Resolution
from outbox.notes import audit, resolve
from outbox.notes.parked import TRANSITIONS, standing
from tests.support.lessons import lesson, path_of, publish


@pytest.fixture
def events(box: Outbox) -> list[Event]:
    return list(box.append(lesson("a"), lesson("b"), lesson("a", "two\n"), lesson("c", parent="curso-x--a")).appended)


def state_of(box: Outbox, seq: int) -> ParkedState | None:
    found = box.parked.find(seq)
    return found.state if found else None


def bring_to(box: Outbox, event: Event, state: ParkedState) -> None:
    if state is ParkedState.HELD:
        box.parked.hold(event, behind_seq=1)
    else:
        box.parked.park(event, verdict="poison", reason="r")
        if state is ParkedState.RELEASING:
            box.parked.release(event.seq, Resolution.RETRY)
    assert state_of(box, event.seq) == state


@pytest.mark.parametrize(("before", "after"), list(itertools.product(ParkedState, ParkedState)))
def test_only_a_decision_changes_a_row_and_only_as_it_is_drawn(
    box: Outbox, before: ParkedState, after: ParkedState
) -> None:
    """The database refuses every other update: whoever writes rows puts them down anew, as Postgres has them."""
    _, event = box.append(lesson("a"), lesson("b")).appended
    bring_to(box, event, before)
    behind = 1 if after is ParkedState.HELD else None
    try:
        box.connection.execute(
            "update parked set state = ?, behind_seq = ?, resolution = 'discard' where seq = ?",
            [after.value, behind, event.seq],
        )
    except sqlite3.IntegrityError:
        assert after not in TRANSITIONS[before]
    else:
        assert after in TRANSITIONS[before]


@pytest.mark.parametrize("state", [ParkedState.PARKED, ParkedState.HELD])
def test_nothing_is_released_without_a_decision(box: Outbox, state: ParkedState) -> None:
    _, event = box.append(lesson("a"), lesson("b")).appended
    bring_to(box, event, state)
    with pytest.raises(sqlite3.IntegrityError, match="by a decision alone"):
        box.connection.execute("update parked set state = 'releasing', behind_seq = null")


@pytest.mark.parametrize("behind", [2, 3])
def test_held_means_waiting_for_an_earlier_event(box: Outbox, behind: int) -> None:
    """Not for itself, and for none that comes later."""
    event = box.append(lesson("a"), lesson("b"), lesson("c")).appended[1]
    with pytest.raises(OutboxError, match="behind_seq < seq"):
        box.parked.hold(event, behind_seq=behind)


def test_states_and_resolutions_are_those_of_the_check_constraints(box: Outbox) -> None:
    """Enum and database say the same."""
    (sql,) = box.connection.execute("select sql from sqlite_master where name = 'parked'").fetchone()
    assert f"state in ({', '.join(repr(state.value) for state in ParkedState)})" in sql
    assert f"resolution in ({', '.join(repr(how.value) for how in Resolution)})" in sql


def stands(
    events: list[Event], blamed: set[int], decisions: Decisions | None = None
) -> list[tuple[ParkedState, int | None]]:
    blocked: dict[UUID, int] = {}
    return [
        standing(row, (decisions or Decisions()).of(row.seq), blocked)
        for row in (passed(event, blamed=event.seq in blamed) for event in events)
    ]


def passed(event: Event, *, blamed: bool) -> Passed:
    return Passed(
        seq=event.seq,
        event_id=event.event_id,
        type=event.type,
        aggregate_id=event.aggregate_id,
        refs=event.refs,
        blamed=blamed,
        verdict="poison" if blamed else "dependency",
        sqlstate=None,
        reason="r",
        attempts=1,
        parked_at=dt.datetime(2026, 3, 1, tzinfo=dt.UTC),
    )


def test_what_belongs_or_refers_to_a_parked_aggregate_is_held_behind_it(events: list[Event]) -> None:
    """Later events only; what waits for a held one waits for the parked one; everything else goes on."""
    assert stands(events, {1}) == [
        (ParkedState.PARKED, None),
        (ParkedState.RELEASING, None),
        (ParkedState.HELD, 1),
        (ParkedState.HELD, 1),
    ]


def test_the_first_row_of_a_list_waits_for_nobody(events: list[Event]) -> None:
    """Whatever was held and whatever it was held behind: without a parked one before it, it goes on."""
    assert stands(events, set()) == [(ParkedState.RELEASING, None)] * 4
    assert stands(events[2:], set()) == [(ParkedState.RELEASING, None)] * 2


def test_a_decision_lets_go_of_what_waited_for_it(box: Outbox, events: list[Event]) -> None:
    """Of all of it but what waits for another one as well."""
    for seq in (1, 3):
        box.parked.park(events[seq - 1], verdict="poison", reason="r")
    box.parked.release(1, Resolution.RETRY)
    assert stands(events, {1, 3}, Decisions(box.connection)) == [
        (ParkedState.RELEASING, None),
        (ParkedState.RELEASING, None),
        (ParkedState.PARKED, None),
        (ParkedState.HELD, 3),
    ]


def test_what_is_discarded_waits_for_nobody(box: Outbox, events: list[Event]) -> None:
    """It takes no effect, so its place in the order means nothing."""
    box.parked.park(events[0], verdict="poison", reason="r")
    box.parked.discard_with(3, reason="with another")
    assert stands(events, {1}, Decisions(box.connection))[2] == (ParkedState.RELEASING, None)


def test_only_what_is_parked_is_decided_about(box: Outbox, events: list[Event]) -> None:
    box.parked.park(events[0], verdict="poison", reason="r", sqlstate="23514", attempts=3)
    box.parked.hold(events[2], behind_seq=1)
    with pytest.raises(ParkedConflict, match="only held behind event 1"):
        box.parked.release(3, Resolution.RETRY)
    box.parked.release(1, Resolution.RETRY)
    with pytest.raises(ParkedConflict, match="already"):
        box.parked.release(1, Resolution.RETRY)
    with pytest.raises(ParkedConflict, match="not parked"):
        box.parked.release(4, Resolution.RETRY)


def test_a_list_that_cannot_be_is_seen_and_made_anew(box: Outbox, events: list[Event]) -> None:
    """Held behind what is not parked, or behind a held one, or still to come as far as the worker noted."""
    box.parked.hold(events[2], behind_seq=1)
    assert box.parked.impossible() == (3,)
    box.parked.park(events[0], verdict="poison", reason="r")
    assert box.parked.impossible() == ()
    box.parked.hold(events[3], behind_seq=3)
    assert box.parked.impossible() == (4,)
    assert box.parked.mend(4) == (4,)
    assert [(row.seq, row.state, row.behind_seq) for row in box.parked.list()] == [
        (1, ParkedState.PARKED, None),
        (3, ParkedState.HELD, 1),
        (4, ParkedState.HELD, 1),
    ]
    box.relay.remember_position(UUID(int=1), 3, events[2].event_id)
    assert box.parked.impossible() == (4,)
    assert box.parked.mend(3) == (4,)
    assert box.parked.count() == 2


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
