import os
import uuid

import pytest

from outbox import Outbox, WorkerState
from outbox.notes.outages import open_outage
from outbox.operating import list_outages
from tests.support.lessons import SetClock, lesson

HERE, THERE = uuid.UUID(int=1), uuid.UUID(int=2)


def test_before_the_first_contact_nothing_is_remembered(box: Outbox) -> None:
    """No position, no report, no outage, no pause."""
    assert box.relay.position is None
    assert box.relay.report is None
    assert not box.relay.paused
    assert open_outage(box.connection) is None


def test_the_newest_position_is_remembered(box: Outbox) -> None:
    """It may go back: a database that was restored from a backup is behind."""
    event = box.append(lesson("a"), lesson("b")).appended[1]
    box.relay.remember_position(HERE, 2, event.event_id)
    assert box.relay.position is not None
    assert box.relay.position.applied_event_id == event.event_id
    box.relay.remember_position(HERE, 1, None)
    position = box.relay.position
    assert position is not None
    assert (position.destination_id, position.applied_seq, position.applied_event_id) == (HERE, 1, None)


def test_the_destination_that_was_served_last_counts(box: Outbox, clock: SetClock) -> None:
    """Another database is another position."""
    box.relay.remember_position(HERE, 5, None)
    clock.move(seconds=1)
    box.relay.remember_position(THERE, 0, None)
    position = box.relay.position
    assert position is not None
    assert position.destination_id == THERE


def test_since_moves_only_when_the_state_changes(box: Outbox, clock: SetClock) -> None:
    """A heartbeat is no change of state."""
    box.relay.set_state(WorkerState.DRAINING, None, 10.0, 5.0)
    first = box.relay.report
    clock.move(seconds=5)
    box.relay.set_state("draining", "slow", 8.0, 4.0)
    second = box.relay.report
    assert first is not None
    assert second is not None
    assert (second.since, second.last_error, second.rate_per_second) == (first.since, "slow", 8.0)
    assert second.heartbeat_at > first.heartbeat_at
    box.relay.set_state(WorkerState.STOPPED)
    third = box.relay.report
    assert third is not None
    assert third.since > first.since
    assert third.pid is None


def test_states_are_those_of_the_check_constraint(box: Outbox) -> None:
    """Enum and database say the same."""
    for state in WorkerState:
        box.relay.set_state(state)
    with pytest.raises(ValueError, match="dreaming"):
        box.relay.set_state("dreaming")
    (sql,) = box.connection.execute("select sql from sqlite_master where name = 'worker'").fetchone()
    for state in WorkerState:
        assert f"'{state.value}'" in sql
    assert sql.split("state in (")[1].split(")")[0].count("'") == 2 * len(WorkerState)


def test_a_worker_that_works_is_known_by_its_pid_and_one_that_stopped_has_none(box: Outbox) -> None:
    """A pid that is of nobody any more would be somebody else's."""
    for state in WorkerState:
        box.relay.set_state(state)
        report = box.relay.report
        assert report is not None
        assert report.pid == (None if state is WorkerState.STOPPED else os.getpid())


def test_an_outage_is_one_row_from_its_beginning_to_its_drain(box: Outbox, clock: SetClock) -> None:
    """Repeats count probes, the backlog's peak is kept, and an end without a beginning is nothing."""
    box.relay.outage_ended()
    box.append(lesson("a"))
    box.relay.outage_began("refused")
    box.relay.outage_began("refused")
    box.append(lesson("b"), lesson("c"))
    box.relay.outage_goes_on()
    clock.move(hours=3)
    box.relay.outage_ended()
    box.relay.drained()
    (outage,) = list_outages(box.connection)
    assert (outage.cause, outage.backlog_at_begin, outage.backlog_peak, outage.probes) == ("refused", 1, 3, 2)
    assert outage.began_at < str(outage.ended_at) <= str(outage.drained_at)
    hours = (outage.began_at[:13], str(outage.ended_at)[:13], str(outage.drained_at)[:13])
    assert (outage.id, *hours) == (1, "2026-03-01T12", "2026-03-01T15", "2026-03-01T15")
    assert open_outage(box.connection) is None


def test_the_backlog_of_an_outage_counts_what_was_pruned_as_delivered(box: Outbox) -> None:
    """A log that was pruned to its end has no negative backlog."""
    box.append(lesson("a"), lesson("b"))
    box.relay.remember_position(HERE, 2, None)
    box.connection.execute("delete from events where seq < 2")
    box.relay.outage_began("refused")
    (outage,) = list_outages(box.connection)
    assert outage.backlog_at_begin == 0


def test_a_pause_lasts_until_it_is_taken_back(box: Outbox) -> None:
    """Also over a new start; a second one changes nothing."""
    assert box.relay.pause()
    assert not box.relay.pause()
    with Outbox.open(box.path) as again:
        assert again.relay.paused
        assert again.relay.resume()
        assert not again.relay.resume()
    assert not box.relay.paused
