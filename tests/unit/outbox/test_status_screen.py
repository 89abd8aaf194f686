"""What an operator reads: the six answers for each way in which things can stand."""

import dataclasses
import io
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from rich.console import Console

from outbox import (
    Outbox,
    OutboxCorrupt,
    OutboxTooNew,
    Status,
    StorageFailed,
    StorageFull,
    WorkerLock,
    WorkerState,
    read_status,
)
from outbox.notes import audit
from outbox.operating import Tone, assess, unreadable
from outbox.ops.status_screen import LABELS, lines, screen
from outbox.ops.status_view import answers, view
from outbox.relaying import ALARMING_WAL_BYTES, Cause
from tests.support.lessons import SetClock, lesson
from tests.support.parked import put_held, put_parked

DESTINATION = uuid.UUID(int=1)


@contextmanager
def working(box: Outbox, state: WorkerState, *facts: object, cause: Cause | None = None) -> Iterator[None]:
    """A worker of this outbox, in that state."""
    with WorkerLock(box.path):
        box.relay.set_state(state, *facts, cause=cause)
        yield


def told(box: Outbox, clock: SetClock) -> dict[str, str]:
    return by_label(lines(read_status(box, clock.now())))


def by_label(text: list[str]) -> dict[str, str]:
    """Label -> what stands beside and below it."""
    found: dict[str, str] = {}
    label = ""
    for line in text:
        label = line[:12].strip() or label
        found[label] = f"{found.get(label, '')}{line[12:]}\n"
    return found


def test_a_calm_outbox_needs_nobody(box: Outbox, clock: SetClock) -> None:
    box.append(lesson("a"))
    box.relay.remember_position(DESTINATION, 1, None)
    with working(box, WorkerState.FOLLOWING):
        found = told(box, clock)
    assert list(found) == [*LABELS, "outbox"]
    assert found["generation"].startswith("safe")
    assert found["wrong"] == found["needs you"] == "nothing\n"
    assert found["waiting"] == "nothing: everything is delivered\n"
    assert found["done"] == "up to date\n"


def test_what_is_parked_is_not_called_delivered(box: Outbox, clock: SetClock) -> None:
    """Nothing new waits, and that is not the same as everything having arrived."""
    box.append(*(lesson(f"l-{number}") for number in range(34)))
    box.relay.remember_position(DESTINATION, 34, None)
    for seq in range(1, 34):
        put_parked(box, box.event(seq), reason="refused", sqlstate="23514")
    with working(box, WorkerState.FOLLOWING):
        found = told(box, clock)
    assert found["waiting"] == "nothing new; 33 events of the parked list are not delivered\n"
    assert found["done"] == "but for the parked list\n"


def test_an_outage_is_nobodys_work(box: Outbox, clock: SetClock) -> None:
    """Since when and why; it is tried for ever, and needs nobody."""
    box.append(lesson("a"), lesson("b"))
    box.relay.outage_began("nothing listens there")
    clock.move(minutes=150)
    with working(box, WorkerState.OUTAGE, "nothing listens there"):
        clock.move(seconds=12)
        found = told(box, clock)
    assert found["wrong"] == "OUTAGE for 2 h 30 min (since 12:00:00 UTC): nothing listens there\n"
    assert found["waiting"] == "2 events, the oldest for 2 h 30 min\n"
    assert "last tried 12 s ago" in found["draining"]
    assert found["done"] == "when the database is back\n"
    assert found["needs you"] == "nothing\n"


def test_a_drain_says_when_it_ends(box: Outbox, clock: SetClock) -> None:
    """By the worker's estimate, or by what waits now and the rate where that is later: it knows what came since."""
    box.append(*(lesson(f"{number}") for number in range(30)))
    box.relay.remember_position(DESTINATION, 10, None)
    with working(box, WorkerState.DRAINING, None, 2.0, 8.0):
        found = told(box, clock)
    assert found["draining"] == "yes at 2 events/s, up to 10 of 30\n"
    assert found["done"] == "in 10 s, at 12:00:10 UTC\n"
    assert found["wrong"] == "nothing\n"
    with working(box, WorkerState.DRAINING, None, 2.0, 30.0):
        assert told(box, clock)["done"] == "in 30 s, at 12:00:30 UTC\n"
    with working(box, WorkerState.DRAINING, None, 2.0, None):
        assert told(box, clock)["done"] == "not at this rate: as much arrives as is delivered\n"


@pytest.mark.parametrize(
    ("error", "cause", "command"),
    [
        ("the database refuses this user or password", Cause(kind="login_refused"), "worker doctor"),
        ("a table is missing", Cause(kind="environment", command="worker migrate up"), "worker migrate up"),
        ("told by a version before these fields: run `worker migrate up`", None, "worker doctor"),
    ],
)
def test_a_blocked_worker_names_the_next_command(
    box: Outbox, clock: SetClock, error: str, cause: Cause | None, command: str
) -> None:
    """The one that the cause has; where it has none, the one that explains it. No sentence is searched for it."""
    box.append(lesson("a"))
    box.relay.outage_began(error)
    with working(box, WorkerState.BLOCKED, error, cause=cause):
        found = told(box, clock)
    assert found["wrong"].startswith("BLOCKED for 0 s")
    assert error in found["wrong"]
    assert f"$ {command}\n" in found["needs you"]
    assert "#environment" in found["needs you"]


def test_a_refusal_names_its_own_entry(box: Outbox, clock: SetClock) -> None:
    """With its remedy and its command, once on the screen."""
    box.append(lesson("a"))
    cause = Cause(kind="cloned_outbox", remedy="keep one", command="outbox export", entry="cloned-outbox")
    with working(box, WorkerState.BLOCKED, "two copies were both used", cause=cause):
        found = told(box, clock)
    assert found["wrong"].endswith("two copies were both used\n")
    assert found["needs you"] == "keep one (docs/runbook.md#cloned-outbox)\n$ outbox export\n"


@pytest.mark.parametrize(
    ("kind", "entry"), [("cloned_outbox", "cloned-outbox"), ("other_database", "other-database"), ("x", None)]
)
def test_a_refusal_is_still_told_when_no_worker_runs(
    box: Outbox, clock: SetClock, kind: str, entry: str | None
) -> None:
    """A drain that was refused has ended; nobody is told to start a worker that would be refused again."""
    box.append(lesson("a"))
    box.relay.outage_began("refused so", blocked=True)
    box.relay.set_state(WorkerState.BLOCKED, "refused so", cause=Cause(kind=kind, remedy="do this", entry=entry))
    box.relay.set_state(WorkerState.STOPPED)
    found = told(box, clock)
    assert found["wrong"] == "no worker runs; the last one was seen 0 s ago, and could not deliver: refused so\n"
    assert found["needs you"].startswith(f"do this (docs/runbook.md#{entry or 'environment'})")
    assert read_status(box, clock.now()).as_dict()["outage"] is None
    box.relay.outage_ended()
    box.relay.set_state(WorkerState.STOPPED)
    assert told(box, clock)["wrong"] == "no worker runs; the last one was seen 0 s ago\n"


def test_an_outage_is_still_told_when_no_worker_runs(box: Outbox, clock: SetClock) -> None:
    """It needs a worker, which goes on trying."""
    box.append(lesson("a"))
    box.relay.outage_began("nothing listens there")
    box.relay.set_state(WorkerState.OUTAGE, "nothing listens there", cause=Cause(kind="outage", entry="outage"))
    box.relay.set_state(WorkerState.STOPPED)
    found = told(box, clock)
    assert "the database was away: nothing listens there" in found["wrong"]
    assert "$ worker run\n" in found["needs you"]


def test_a_pause_says_who_and_why(box: Outbox, clock: SetClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """And how it ends."""
    monkeypatch.setenv("SUDO_USER", "ana")
    box.append(lesson("a"))
    box.relay.pause()
    audit.record(box.connection, clock.now(), "pause", reason="maintenance")
    clock.move(minutes=6)
    with working(box, WorkerState.HOLDING, "paused"):
        found = told(box, clock)
    assert found["wrong"] == "paused by ana for 6 min (since 12:00:00 UTC): maintenance\n"
    assert "$ outbox resume\n" in found["needs you"]
    assert found["draining"] == "no: it was told to wait\n"


def test_switched_off_is_told_as_such(box: Outbox, clock: SetClock) -> None:
    box.append(lesson("a"))
    with working(box, WorkerState.HOLDING, "CREATOR_OS_DB_PERSIST is not true"):
        found = told(box, clock)
    assert "delivery is switched off" in found["wrong"]
    assert "CREATOR_OS_DB_PERSIST=true" in found["needs you"]
    assert found["done"] == "not before a person acts\n"


def test_no_worker_is_wrong_only_where_something_waits(box: Outbox, clock: SetClock) -> None:
    """A host that has delivered everything is well."""
    assert told(box, clock)["wrong"] == "nothing\n"
    box.append(lesson("a"))
    assert told(box, clock)["wrong"] == "no worker has run here yet\n"
    box.relay.set_state(WorkerState.STOPPED)
    clock.move(hours=3)
    found = told(box, clock)
    assert found["wrong"] == "no worker runs; the last one was seen 3 h 0 min ago\n"
    assert "$ worker run\n" in found["needs you"]


def test_parked_events_name_the_command_that_shows_why(box: Outbox, clock: SetClock) -> None:
    """One is shown, many are listed; those that wait behind are counted apart."""
    box.append(lesson("a"), lesson("b"), lesson("a", "# 2"))
    box.relay.remember_position(DESTINATION, 3, None)
    put_parked(box, box.event(1), reason="r")
    put_held(box, box.event(3), behind_seq=1)
    with working(box, WorkerState.FOLLOWING):
        found = told(box, clock)
        assert found["wrong"].startswith("1 event parked for 0 s")
        assert "and 1 waits behind; everything else flows" in found["wrong"]
        assert "$ outbox parked show 1\n" in found["needs you"]
        put_parked(box, box.event(2), reason="r")
        assert "$ outbox parked list\n" in told(box, clock)["needs you"]
    box.relay.set_state(WorkerState.BLOCKED, "the database refuses this user or password")
    assert "flows" not in told(box, clock)["wrong"]
    box.relay.set_state(WorkerState.STOPPED)
    assert "flows" not in told(box, clock)["wrong"]


def test_a_worker_that_says_nothing_for_long_is_told(box: Outbox, clock: SetClock) -> None:
    """It holds the lock, and nothing moves."""
    box.append(lesson("a"))
    with working(box, WorkerState.DRAINING):
        clock.move(minutes=20)
        assert "has said nothing for 20 min" in told(box, clock)["wrong"]


@pytest.mark.parametrize(
    ("change", "generation", "wrong", "entry"),
    [
        ({"free_bytes": 0}, "NOT SAFE: the disk is full", "0 B free", "disk-full"),
        ({"free_bytes": 10_000_000}, "safe, but only 9.5 MiB are free", "9.5 MiB free", "disk-full"),
        ({"writable": False}, "NOT SAFE: this user may not write", "not writable", "storage-fails"),
        ({"wal_bytes": 2 * ALARMING_WAL_BYTES}, "safe: ", "the WAL is 256.0 MiB", "wal-grows"),
    ],
)
def test_what_threatens_generation_is_told_first(
    box: Outbox, clock: SetClock, change: dict[str, object], generation: str, wrong: str, entry: str
) -> None:
    status = dataclasses.replace(read_status(box, clock.now()), **change)
    found = by_label(lines(status))
    assert found["generation"].startswith(generation)
    assert wrong in found["wrong"]
    assert f"#{entry}" in found["needs you"]
    assert assess(status).as_dict()["generation_safe"] is generation.startswith("safe")


@pytest.mark.parametrize("kind", [OutboxCorrupt, OutboxTooNew, StorageFull, StorageFailed])
def test_a_file_that_cannot_be_used_is_not_safe(kind: type[Exception]) -> None:
    """And says what to do about it, in the first sentence of its error."""
    found = unreadable(kind("it is damaged. And more"))
    assert found.generation.tone is Tone.BAD
    assert [one.text for one in found.trouble] == ["it is damaged"]
    assert next(iter(screen(found))).startswith("generation  NOT SAFE")
    assert found.needs


@pytest.mark.parametrize("width", [40, 60, 80, 140])
def test_a_terminal_of_any_width_shows_it_whole(box: Outbox, clock: SetClock, width: int) -> None:
    """No line is longer than the terminal, no command is folded, and marks tell what the colours tell."""
    box.append(lesson("a"), lesson("b"))
    box.relay.outage_began("the database refuses this user or password")
    put_parked(box, box.event(1), reason="r")
    with working(box, WorkerState.BLOCKED, "the database refuses this user or password"):
        status = read_status(box, clock.now())
    text = drawn(status, width)
    assert max(map(len, text.splitlines())) <= width
    for words in ("$ worker doctor", "$ outbox parked show 1", "✗ wrong", "→ needs you"):
        assert words in text


def test_a_drain_has_a_bar(box: Outbox, clock: SetClock) -> None:
    box.append(lesson("a"), lesson("b"))
    box.relay.remember_position(DESTINATION, 1, None)
    with working(box, WorkerState.DRAINING, None, 2.0, 1.0):
        assert "━" in drawn(read_status(box, clock.now()), 80)


def test_an_unreadable_file_is_drawn_as_well() -> None:
    stream = io.StringIO()
    Console(file=stream, width=80).print(answers(unreadable(OutboxCorrupt("x is damaged"))))
    assert "✗ generation" in stream.getvalue()


def drawn(status: Status, width: int) -> str:
    stream = io.StringIO()
    Console(file=stream, width=width, highlight=False).print(view(status))
    return stream.getvalue()
