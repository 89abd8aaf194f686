"""What must not grow with the log, asserted as work and as what others may do meanwhile, never as time."""

import datetime as dt
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

import outbox.ops.backup
from outbox import Outbox, OutboxPaths, WorkerLock, read_status
from outbox.log.checkpoint import REUSED_WAL_BYTES
from outbox.log.moment import last_until
from outbox.ops.backup import backup
from outbox.ops.check import run_checks
from outbox.ops.prune import plan_prune, prune
from outbox.relaying import wal_bytes
from tests.support.lessons import SetClock, lesson
from tests.support.work import counted_steps

FEW, MANY = 40, 1_280  # 5 doublings
HERE = uuid.UUID(int=1)
NOW = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)
LOOKS: dict[str, Callable[[Outbox], object]] = {
    "status": lambda box: read_status(box, NOW),
    "plan of a prune": lambda box: plan_prune(box, keep_days=30),
    "the next 20": lambda box: box.read(after=20, limit=20),
    "the newest 20": lambda box: box.tail(limit=20),
    "one event": lambda box: box.event(7),
    "append": lambda box: box.append(lesson("new")),
}


def filled(path: Path, events: int, clock: SetClock) -> Outbox:
    """All events but the last are old enough to go."""
    box = Outbox.open(path, clock=clock)
    box.append(*(lesson(f"{number}") for number in range(events - 1)))
    clock.move(days=100)
    box.append(lesson("last"))
    box.relay.remember_position(HERE, events, box.event(events).event_id)
    box.relay.remember_verified(HERE, events)
    return box


@pytest.mark.parametrize("name", LOOKS)
def test_a_log_32_times_as_long_costs_hardly_more_work(name: str, tmp_path: Path) -> None:
    """Ten million events wait as cheaply as none: rows are looked up by key, and none is counted."""
    steps = []
    for events in (FEW, MANY):
        with filled(tmp_path / f"{events}.db", events, SetClock()) as box, counted_steps(box.connection) as counted:
            LOOKS[name](box)
            steps.append(counted[0])
    assert steps[1] - steps[0] < 200, steps  # a scan costs at least one step a row


def test_a_check_needs_no_gate(box: Outbox) -> None:
    """It takes minutes on a large log, and generators must not wait for it: it reads what one moment left."""
    box.append(*(lesson(f"{number}") for number in range(10)))
    with Outbox.open(box.path) as other, other.gate.held():
        assert [found.name for found in run_checks(box) if not found.ok] == []


def test_a_backup_is_not_begun_anew_when_others_append(
    box: Outbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a copy that takes longer than the time between two appends never ends."""
    monkeypatch.setattr(outbox.ops.backup, "_PAGES_PER_STEP", 16)
    box.append(*(lesson(f"{number}", "x" * 20_000) for number in range(20)))
    copied: list[int] = []
    with Outbox.open(box.path) as writer:

        def others_append(done: int, _pages: int) -> None:
            copied.append(done)
            assert len(copied) < 100, copied
            writer.append(lesson(f"during-{len(copied)}"))

        backup(box, tmp_path / "copy.db", progress=others_append)
    assert copied == sorted(set(copied))
    with Outbox.open(tmp_path / "copy.db") as copy:
        assert copy.last_seq == 20


def test_a_prune_keeps_the_wal_small_beside_an_idle_worker(tmp_path: Path) -> None:
    """A worker checkpoints as it delivers, and an idle one never; what goes may be most of the disk."""
    with filled(tmp_path / "outbox.db", 14_000, SetClock()) as box, WorkerLock(box.path):
        box.checkpoint()
        before = wal_bytes(OutboxPaths(box.path))
        assert prune(box, plan_prune(box, keep_days=30)) == 13_999
        assert before == 0
        assert wal_bytes(OutboxPaths(box.path)) < 1.5 * REUSED_WAL_BYTES


def test_a_moment_is_found_by_the_times_in_the_ids(box: Outbox, clock: SetClock) -> None:
    """To the millisecond; a clock that was set back leaves the order as it is, and gaps are stepped over."""
    began = clock.now()
    assert last_until(box.connection, began) == 0
    for number in range(9):
        box.append(lesson(f"{number}"))
        clock.move(seconds=1 if number != 4 else -3_600)
    seconds = [last_until(box.connection, began + dt.timedelta(seconds=second, milliseconds=-1)) for second in range(7)]
    assert seconds == [0, 1, 2, 3, 4, 9, 9]
    box.connection.execute("delete from events where seq in (1, 3)")
    found = [last_until(box.connection, began + dt.timedelta(seconds=second)) for second in (-1, 0, 1, 2)]
    assert found == [1, 1, 3, 3]  # nothing up to there is younger, and what follows is
