"""`outbox status --check`: one yes or no for a monitor."""

import json
import uuid
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from outbox import Outbox, WorkerLock, WorkerState, read_status
from outbox.cli import cli
from outbox.ops.alarm import Limits, alarms
from outbox.relaying import Cause
from tests.support.lessons import SetClock, lesson
from tests.support.parked import put_parked

DESTINATION = uuid.UUID(int=1)


def found(box: Outbox, clock: SetClock, **limits: float) -> list[str]:
    return alarms(read_status(box, clock.now()), Limits(**limits))


def checked(monkeypatch: pytest.MonkeyPatch, path: Path, *arguments: str) -> Result:
    monkeypatch.setenv("OUTBOX_PATH", str(path))
    return CliRunner().invoke(cli, ["status", "--check", *arguments], standalone_mode=False)


def test_a_calm_outbox_alarms_nobody(box: Outbox, clock: SetClock) -> None:
    """Everything delivered, or fresh events on their way: no reason to get up."""
    box.append(lesson("a"))
    with WorkerLock(box.path):
        box.relay.set_state(WorkerState.FOLLOWING)
        assert found(box, clock) == []


def test_a_backlog_is_nobodys_work_until_it_is_old(box: Outbox, clock: SetClock) -> None:
    """The age of the oldest event decides, not the count."""
    for number in range(50):
        box.append(lesson(f"l{number}"))
    with WorkerLock(box.path):
        box.relay.set_state(WorkerState.DRAINING)
        clock.move(seconds=800)
        assert found(box, clock) == []
        clock.move(seconds=101)
        box.relay.set_state(WorkerState.DRAINING)
        assert found(box, clock) == ["50 events wait, the oldest for 15 min"]
        assert found(box, clock, backlog_seconds=3600) == []


def test_an_outage_is_nobodys_work_until_it_is_long(box: Outbox, clock: SetClock) -> None:
    """A worker that retries needs nobody for a while; the limit is the operator's."""
    with WorkerLock(box.path):
        box.relay.outage_began("no route to host")
        box.relay.set_state(WorkerState.OUTAGE)
        clock.move(seconds=100)
        assert found(box, clock) == []
        assert found(box, clock, outage_seconds=60) == ["the outage has lasted 1 min: no route to host"]


def test_a_blocked_worker_a_dead_one_and_a_pause_need_a_person(box: Outbox, clock: SetClock) -> None:
    """Whatever status shows under "needs you" is an alarm."""
    box.append(lesson("a"))
    assert "worker run" in found(box, clock)[0]
    with WorkerLock(box.path):
        box.relay.set_state(WorkerState.BLOCKED, "permission denied")
        (blocked,) = found(box, clock)
        assert "permission denied: mend this" in blocked
        assert blocked.endswith("(`worker doctor`)")
        cause = Cause(kind="sequences", remedy="select setval('s', 9)", entry="environment")
        box.relay.set_state(WorkerState.BLOCKED, "the sequence is behind", cause=cause)
        assert "the sequence is behind: select setval('s', 9)" in found(box, clock)[0]
        box.relay.set_state(WorkerState.FOLLOWING)
        box.relay.pause()
        assert "outbox resume" in found(box, clock)[0]


def test_parked_events_need_a_person_above_the_number_that_is_allowed(box: Outbox, clock: SetClock) -> None:
    """The limit is the operator's; a single one alarms if nothing was said."""
    (event,) = box.append(lesson("a")).appended
    with WorkerLock(box.path):
        box.relay.remember_position(DESTINATION, event.seq, event.event_id)
        put_parked(box, event, reason="refused")
        box.relay.set_state(WorkerState.FOLLOWING)
        (alarm,) = found(box, clock)
        assert alarm.startswith("1 parked, 0 allowed: ")
        assert alarm.endswith(f"(`outbox parked show {event.seq}`)")
        assert found(box, clock, parked=1) == []


def test_the_command_exits_4_with_one_line(monkeypatch: pytest.MonkeyPatch, box: Outbox) -> None:
    """What Nagios shows and cron mails is one line, and the exit code is the verdict."""
    assert checked(monkeypatch, box.path).return_value == 0
    box.append(lesson("a"))
    ran = checked(monkeypatch, box.path)
    assert ran.return_value == 4
    assert ran.stdout.startswith("needs a person: ")
    assert ran.stdout.count("\n") == 1
    as_json = checked(monkeypatch, box.path, "--json")
    assert as_json.return_value == 4
    document = json.loads(as_json.stdout)
    assert document["check"]["ok"] is False
    assert document["check"]["alarms"]
    assert document["backlog"] == 1


def test_a_file_that_cannot_be_read_needs_a_person(monkeypatch: pytest.MonkeyPatch, box: Outbox) -> None:
    """A monitor must not call a destroyed outbox healthy."""
    box.append(lesson("a"))
    box.close()
    box.path.with_name(box.path.name + "-wal").unlink(missing_ok=True)
    box.path.write_bytes(b"this is no database at all" * 400)
    ran = checked(monkeypatch, box.path)
    assert ran.return_value == 4
    assert ran.stdout.startswith("needs a person: ")
