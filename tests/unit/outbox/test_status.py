import datetime as dt
import uuid

from outbox import Outbox, WorkerLock, WorkerState, read_status
from outbox.operating import age
from outbox.ops.wording import size
from tests.support.lessons import SetClock, lesson

KEYS = {
    "outbox_id", "last_seq", "applied_seq", "backlog", "parked", "oldest_pending_seconds", "bytes", "worker", "outage",
}  # fmt: skip


def test_the_keys_of_the_contract_are_there(box: Outbox, clock: SetClock) -> None:
    """Others read them."""
    found = read_status(box, clock.now()).as_dict()
    assert set(found) >= KEYS
    assert set(found["worker"]) >= {"state", "pid", "since", "last_error", "rate_per_second", "eta_seconds"}
    assert found["outage"] is None
    assert found["worker"]["state"] == "stopped"


def test_the_backlog_is_what_lies_behind_the_position(box: Outbox, clock: SetClock) -> None:
    """Its age is that of its oldest event."""
    box.append(lesson("a"), lesson("b"))
    clock.move(minutes=10)
    box.append(lesson("c"))
    box.relay.remember_position(uuid.UUID(int=1), 2, None)
    clock.move(minutes=5)
    found = read_status(box, clock.now())
    assert (found.last_seq, found.applied_seq, found.backlog, found.oldest_pending_seconds) == (3, 2, 1, 300.0)


def test_nothing_pending_has_no_age(box: Outbox, clock: SetClock) -> None:
    """None, not zero; and a clock that went back makes no negative age."""
    assert read_status(box, clock.now()).oldest_pending_seconds is None
    box.append(lesson("a"))
    assert read_status(box, clock.now() - dt.timedelta(days=1)).oldest_pending_seconds == 0.0


def test_without_its_lock_a_worker_is_stopped_whatever_it_said_last(box: Outbox, clock: SetClock) -> None:
    """A killed worker cannot take its words back."""
    box.relay.set_state(WorkerState.DRAINING, "slow", 100.0, 5.0)
    assert read_status(box, clock.now()).worker.state == "stopped"
    with WorkerLock(box.path):
        worker = read_status(box, clock.now()).worker
        assert (worker.state, worker.last_error, worker.rate_per_second, worker.eta_seconds) == (
            "draining",
            "slow",
            100.0,
            5.0,
        )


def test_an_outage_is_shown_while_it_lasts(box: Outbox, clock: SetClock) -> None:
    """Since when, and why."""
    box.relay.outage_began("connection refused")
    assert read_status(box, clock.now()).as_dict()["outage"] == {
        "since": "2026-03-01T12:00:00.000000+00:00",
        "cause": "connection refused",
    }
    box.relay.outage_ended()
    assert read_status(box, clock.now()).as_dict()["outage"] is None


def test_sizes_and_ages_are_said_as_people_say_them() -> None:
    """One unit, or two where they matter."""
    assert [size(0), size(1023), size(1536), size(3 * 1024**3)] == ["0 B", "1,023 B", "1.5 KiB", "3.0 GiB"]
    assert [age(None), age(5), age(61), age(3 * 3600 + 1200), age(90_000)] == [
        "-",
        "5 s",
        "1 min",
        "3 h 20 min",
        "1 d 1 h",
    ]
