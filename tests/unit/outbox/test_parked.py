import datetime as dt
import json
import sqlite3
from uuid import UUID

import pytest

from outbox import (
    ContractError,
    Decisions,
    Event,
    Outbox,
    OutboxError,
    Outcome,
    ParkedConflict,
    ParkedState,
    Passed,
    Resolution,
)
from outbox.notes import audit
from outbox.notes.decisions import OUTCOMES
from outbox.operating import resolve
from outbox.relaying import standing
from tests.support.lessons import lesson, path_of, publish
from tests.support.parked import put_held, put_parked


@pytest.fixture
def events(box: Outbox) -> list[Event]:
    return list(box.append(lesson("a"), lesson("b"), lesson("a", "two\n"), lesson("c", parent="curso-x--a")).appended)


def state_of(box: Outbox, seq: int) -> ParkedState | None:
    found = box.parked.find(seq)
    return found.state if found else None


def bring_to(box: Outbox, event: Event, state: ParkedState) -> None:
    """Put the event down; held, it waits behind event 1."""
    if state is ParkedState.HELD:
        put_parked(box, box.event(1), reason="r")
        put_held(box, event, behind_seq=1)
    else:
        put_parked(box, event, reason="r")
        if state is ParkedState.RELEASING:
            box.parked.release(event.seq, Resolution.RETRY)
    assert state_of(box, event.seq) == state


def decided(box: Outbox, seq: int, how: Resolution | None, outcome: Outcome | None = None) -> None:
    if how is None:
        return
    audit.record(box.connection, box.clock.now(), how.value, seq=seq)
    if outcome is not None:
        box.parked.rewrite(decisions=Decisions(box.connection), outcomes={seq: outcome})


def is_taken(box: Outbox, statement: str, *values: object) -> bool:
    """Whether the file takes a statement; whatever it does is taken back."""
    box.connection.execute("savepoint tried")
    try:
        box.connection.execute(statement, values)
    except sqlite3.IntegrityError:
        return False
    finally:
        box.connection.execute("rollback to tried")
    return True


def puts(box: Outbox, event: Event, state: ParkedState, *, behind: int | None = None, verdict: str = "poison") -> bool:
    """Whether the file takes the event in this state: as a new row, and as a change of the one that is there."""
    changed = is_taken(
        box,
        "update parked set state = ?, behind_seq = ?, verdict = ?, payload = null, resolution = null where seq = ?",
        *(state.value, behind, verdict, event.seq),
    )
    box.connection.execute("savepoint anew")
    box.connection.execute("delete from parked where seq = ?", [event.seq])
    put = is_taken(
        box,
        "insert into parked (seq, event_id, type, aggregate_id, state, behind_seq, verdict, reason, parked_at) "
        "values (?, ?, ?, ?, ?, ?, ?, 'r', '2026-03-01')",
        *(event.seq, str(event.event_id), event.type, str(event.aggregate_id), state.value, behind, verdict),
    )
    box.connection.execute("rollback to anew")
    assert put is changed
    return put


@pytest.mark.parametrize("before", ParkedState)
@pytest.mark.parametrize(
    ("how", "outcome", "releases"),
    [
        (Resolution.RETRY, None, True),
        (Resolution.EDIT, None, True),
        (Resolution.SUPERSEDE, None, True),
        (Resolution.DISCARD, None, True),
        (Resolution.RETRY, Outcome.APPLIED, True),  # a restore brought it back
        (Resolution.DISCARD, Outcome.DISCARDED, True),
        (Resolution.RETRY, Outcome.REFUSED, False),
        (Resolution.PARK, None, False),
        (Resolution.PARK, Outcome.SET_ASIDE, False),
    ],
)
def test_a_row_at_fault_is_parked_or_releasing_as_was_decided(
    box: Outbox, before: ParkedState, how: Resolution, outcome: Outcome | None, *, releases: bool
) -> None:
    """Whatever it was before, and whoever writes: the file refuses what no decision bears out."""
    _, event = box.append(lesson("a"), lesson("b")).appended
    bring_to(box, event, before)
    decided(box, event.seq, how, outcome)
    assert puts(box, event, ParkedState.RELEASING) is releases
    assert puts(box, event, ParkedState.PARKED) is not releases


@pytest.mark.parametrize("before", ParkedState)
def test_a_row_at_fault_that_nobody_decided_about_is_parked(box: Outbox, before: ParkedState) -> None:
    """A decision that came too late is none; what only waited goes on by itself."""
    _, event = box.append(lesson("a"), lesson("b")).appended
    bring_to(box, event, before)
    if before is ParkedState.RELEASING:
        box.parked.rewrite(decisions=Decisions(box.connection), outcomes={event.seq: Outcome.TOO_LATE})
    assert puts(box, event, ParkedState.PARKED)
    assert not puts(box, event, ParkedState.RELEASING)
    assert puts(box, event, ParkedState.RELEASING, verdict="dependency")


@pytest.mark.parametrize("before", ParkedState)
def test_a_row_is_held_only_behind_an_earlier_one_that_is_not_held_itself(box: Outbox, before: ParkedState) -> None:
    """Parked, or on its way out; not itself, none that comes later, none that is held or is not on the list."""
    box.append(*(lesson(name) for name in "abcdef"))
    event = box.event(5)
    bring_to(box, event, before)
    for seq, state in ((1, ParkedState.PARKED), (2, ParkedState.RELEASING), (6, ParkedState.PARKED)):
        if box.parked.find(seq) is None:
            bring_to(box, box.event(seq), state)
    put_held(box, box.event(3), behind_seq=1)
    taken = [seq for seq in range(1, 7) if puts(box, event, ParkedState.HELD, behind=seq, verdict="dependency")]
    assert taken == [1, 2]


def test_nobody_leaves_the_list_while_another_waits_for_it(box: Outbox, events: list[Event]) -> None:
    """So none is held behind nothing, whoever dies when; both together may leave."""
    put_parked(box, events[0], reason="r")
    put_held(box, events[2], behind_seq=1)
    with pytest.raises(OutboxError, match="an event is held behind this one"):
        box.parked.rewrite(gone=[1])
    assert box.parked.count() == 2
    box.parked.rewrite(gone=[1, 3])
    assert box.parked.count() == 0


def test_a_row_stays_of_its_event(box: Outbox, events: list[Event]) -> None:
    put_parked(box, events[0], reason="r")
    for column in ("seq", "event_id", "type", "aggregate_id", "refs", "parked_at"):
        assert not is_taken(box, f"update parked set {column} = '9'")


def test_a_row_tells_no_decision_that_nobody_made(box: Outbox, events: list[Event]) -> None:
    """Neither what was decided nor the payload that was given."""
    put_parked(box, events[0], reason="r")
    box.parked.release(1, Resolution.EDIT, payload_json='{"slug": "x"}')
    assert is_taken(box, "update parked set attempts = 2")
    for how in Resolution:
        assert is_taken(box, "update parked set resolution = ?", how.value) is (how is Resolution.EDIT)
    assert not is_taken(box, "update parked set payload = '{}'")


def test_decisions_and_what_became_of_them_are_facts(box: Outbox, events: list[Event]) -> None:
    put_parked(box, events[0], reason="r")
    box.parked.release(1, Resolution.RETRY)
    box.parked.rewrite(decisions=Decisions(box.connection), outcomes={1: Outcome.REFUSED})
    for table, column in (("audit", "reason"), ("outcomes", "outcome")):
        assert not is_taken(box, f"update {table} set {column} = 'applied'")
        assert not is_taken(box, f"delete from {table}")


@pytest.mark.parametrize("how", Resolution)
def test_a_decision_has_one_of_its_own_outcomes(box: Outbox, events: list[Event], how: Resolution) -> None:
    """As the table of docs/state_machine.md says."""
    audit.record(box.connection, box.clock.now(), how.value, seq=1)
    insert = "insert into outcomes (decision_id, outcome, noted_at) values (1, ?, '2026-03-01')"
    assert {outcome for outcome in Outcome if is_taken(box, insert, outcome.value)} == OUTCOMES[how]


@pytest.mark.parametrize("state", [ParkedState.PARKED, ParkedState.HELD])
def test_an_operator_brings_only_what_is_parked_to_its_release(box: Outbox, state: ParkedState) -> None:
    """And what is held only by discarding it."""
    _, event = box.append(lesson("a"), lesson("b")).appended
    bring_to(box, event, state)
    for how in (Resolution.RETRY, Resolution.EDIT, Resolution.SUPERSEDE, Resolution.DISCARD):
        if state is ParkedState.HELD:
            with pytest.raises(ParkedConflict):
                box.parked.release(event.seq, how)
    box.parked.discard_with(event.seq, reason="r")
    assert state_of(box, event.seq) is ParkedState.RELEASING


@pytest.mark.parametrize("behind", [2, 3])
def test_held_means_waiting_for_an_earlier_event(box: Outbox, behind: int) -> None:
    """Not for itself, and for none that comes later."""
    event = box.append(lesson("a"), lesson("b"), lesson("c")).appended[1]
    put_parked(box, box.event(3), reason="r")
    with pytest.raises(OutboxError):
        put_held(box, event, behind_seq=behind)


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
        put_parked(box, events[seq - 1], reason="r")
    box.parked.release(1, Resolution.RETRY)
    assert stands(events, {1, 3}, Decisions(box.connection)) == [
        (ParkedState.RELEASING, None),
        (ParkedState.RELEASING, None),
        (ParkedState.PARKED, None),
        (ParkedState.HELD, 3),
    ]


def test_what_is_discarded_waits_for_nobody(box: Outbox, events: list[Event]) -> None:
    """It takes no effect, so its place in the order means nothing."""
    put_parked(box, events[0], reason="r")
    box.parked.discard_with(3, reason="with another")
    assert stands(events, {1}, Decisions(box.connection))[2] == (ParkedState.RELEASING, None)


def test_only_what_is_parked_is_decided_about(box: Outbox, events: list[Event]) -> None:
    put_parked(box, events[0], reason="r", sqlstate="23514", attempts=3)
    put_held(box, events[2], behind_seq=1)
    with pytest.raises(ParkedConflict, match="only held behind event 1"):
        box.parked.release(3, Resolution.RETRY)
    box.parked.release(1, Resolution.RETRY)
    with pytest.raises(ParkedConflict, match="already"):
        box.parked.release(1, Resolution.RETRY)
    with pytest.raises(ParkedConflict, match="not parked"):
        box.parked.release(4, Resolution.RETRY)


def test_a_list_that_cannot_be_is_seen_and_made_anew(box: Outbox, events: list[Event]) -> None:
    """Held behind what is not parked, or behind a held one, or still to come as far as the worker noted."""
    put_parked(box, events[0], reason="r")
    for event in (events[2], events[3]):
        put_held(box, event, behind_seq=1)
    assert box.parked.impossible() == ()
    triggers = box.connection.execute("select name, sql from sqlite_master where type = 'trigger'").fetchall()
    for name, _ in triggers:  # as a version before this one left it
        box.connection.execute(f"drop trigger {name}")
    box.connection.execute("update parked set behind_seq = 3 where seq = 4")
    box.connection.execute("update parked set behind_seq = 2 where seq = 3")
    for _, statement in triggers:
        box.connection.execute(statement)
    assert box.parked.impossible() == (3, 4)
    assert box.parked.mend(4) == (3, 4)
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
    put_parked(box, events[0], reason="r")
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


def test_a_decision_reads_none_about_another_event(box: Outbox, events: list[Event]) -> None:
    """With all of them read for each, 2,000 edits in one command kept every generator out for half a minute."""
    asked: list[str] = []
    for event in events[:2]:
        put_parked(box, event, reason="r")
    box.connection.set_trace_callback(asked.append)
    resolve.each(box, (1, 2), lambda seq: resolve.edit(box, seq, {**box.event(seq).payload, "title": "X"}, "why"))
    with pytest.raises(ParkedConflict):  # it is decided about
        resolve.discard(box, 2, "no use")
    box.connection.set_trace_callback(None)
    assert not [one for one in asked if "where a.id >" in one]
    box.parked.rewrite([], decisions=Decisions(box.connection), outcomes={1: Outcome.REFUSED})
    put_parked(box, events[0], reason="again")
    resolve.edit(box, 1, {**events[0].payload, "title": "Y"}, "why")
    before = box.connection.execute("select before from audit where seq = 1 order by id desc limit 1").fetchone()
    assert json.loads(before[0])["title"] == "X"


def test_an_edit_must_keep_the_contract_and_the_aggregate(box: Outbox, events: list[Event]) -> None:
    """A refused edit leaves the event parked and no trace in the audit trail."""
    put_parked(box, events[0], reason="r")
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
    put_parked(box, box.event(1), reason="r")
    box.place_of(path_of("a")).write_text("good\n")
    resolve.supersede(box, 1, "repaired")
    found = box.parked.find(1)
    assert found is not None
    assert json.loads(str(found.payload_json))["body"] == "good\n"
    assert found.resolution is Resolution.SUPERSEDE


def test_discard_and_retry_leave_a_trail(box: Outbox, events: list[Event]) -> None:
    """Every decision has its record."""
    for event, act in ((events[0], resolve.discard), (events[1], resolve.retry)):
        put_parked(box, event, reason="r")
        act(box, event.seq, "because")
    assert [(record.seq, record.action) for record in audit.trail(box.connection)] == [(1, "discard"), (2, "retry")]
    with pytest.raises(ParkedConflict):
        resolve.retry(box, 4, "not parked")


def test_the_list_names_the_events_and_what_was_said_of_them(box: Outbox, events: list[Event]) -> None:
    """Every row carries its event's own ids, and the verdict as it was given; as plain data too."""
    put_parked(box, events[0], reason="no room", sqlstate="23514", attempts=3)
    put_held(box, events[3], behind_seq=1)
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
    put_parked(box, events[0], reason="r")
    for event in events[1:]:
        put_held(box, event, behind_seq=1)
    assert [box.parked.count_behind(1, limit=limit) for limit in (0, 2, 3, 9)] == [0, 2, 3, 3]
    assert box.parked.count_behind(2, limit=9) == 0
    assert [row.seq for row in box.parked.held_behind(1, limit=2)] == [2, 3]


def test_a_decision_is_heard_by_the_worker_at_once(
    box: Outbox, events: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It rings like an event does: nobody waits for the next poll."""
    put_parked(box, events[0], reason="r")
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
