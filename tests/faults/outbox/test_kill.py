"""*Crash*: a generator killed anywhere leaves, after recovery, one event per file and no phantom.

OUTBOX_KILL_RUNS sets the number of runs: a third at each step in turn, the others at random moments.
"""

import os
import random
import signal
import time
from pathlib import Path

import pytest

from outbox import Outbox
from tests.faults.outbox.conftest import Start, assert_whole
from tests.support.lessons import PROJECT_ROOT, path_of

RUNS = int(os.environ.get("OUTBOX_KILL_RUNS", "60"))
PUBLISHER = PROJECT_ROOT / "tests" / "support" / "publisher.py"
STEPS = (
    "staging.nascent", "file.created", "file.written", "unit.staged", "unit.appended", "unit.before_commit",
    "unit.committed", "unit.renamed", "unit.synced",
)  # fmt: skip
RECOVERY_STEPS = ("recovery.renamed", "recovery.swept", "file.written")


@pytest.mark.parametrize("run", range(RUNS // 3))
def test_a_generator_stopped_at_any_step_leaves_no_half_unit(run: int, tmp_path: Path, start: Start) -> None:
    """Whichever step a generator dies in, files and events agree after recovery, and nothing confirmed is lost."""
    step = STEPS[run % len(STEPS)]
    times = 1 if step == "staging.nascent" else 1 + run // len(STEPS) % 7
    path, root = tmp_path / "box" / "outbox.db", tmp_path / "content"
    process = start(
        PUBLISHER, path, root, "a", 12, *(["pictures"] if run % 2 else []), OUTBOX_FAILPOINT=f"{step}:{times}"
    )
    out, err = process.communicate()
    assert process.returncode == -signal.SIGKILL, err
    confirmed = out.split()
    carried = assert_whole(path, root)
    assert {path_of(name) for name in confirmed} <= set(carried)


def test_generators_killed_at_random_moments_leave_no_half_unit(tmp_path: Path, start: Start) -> None:
    """One outbox lives through every kill: each successor mends what its predecessor left, and goes on."""
    seed = int(os.environ.get("OUTBOX_KILL_SEED", "20260301"))
    chance = random.Random(seed)
    path, root = tmp_path / "box" / "outbox.db", tmp_path / "content"
    confirmed: set[str] = set()
    killed = 0
    for run in range(RUNS - RUNS // 3):
        process = start(PUBLISHER, path, root, f"r{run}", 500, *(["pictures"] if run % 2 else []))
        if run % 8:
            process.stdout.readline()  # it is publishing now; else it dies somewhere in its start
            confirmed.add(f"r{run}-0")
            _spin(chance.uniform(0, 0.03))
        else:
            _spin(chance.uniform(0, 0.25))
        process.send_signal(signal.SIGKILL)
        out, _ = process.communicate()
        killed += process.returncode == -signal.SIGKILL
        confirmed |= set(out.split()) - {""}
        if run % 10 == 9:
            carried = assert_whole(path, root)
            assert {path_of(name) for name in confirmed} <= set(carried), f"seed {seed}"
    carried = assert_whole(path, root)
    assert {path_of(name) for name in confirmed} <= set(carried), f"seed {seed}"
    assert killed == RUNS - RUNS // 3


@pytest.mark.parametrize("step", RECOVERY_STEPS)
def test_a_recovery_that_is_killed_itself_is_finished_by_the_next(step: str, tmp_path: Path, start: Start) -> None:
    """Recovery may die at any of its own steps."""
    path, root = tmp_path / "box" / "outbox.db", tmp_path / "content"
    first = start(PUBLISHER, path, root, "a", 12, OUTBOX_FAILPOINT="unit.committed:4")
    first.communicate()
    if step == "file.written":  # a power loss took the staged file: it is written anew, and that is cut short
        for staged in (root / ".outbox-staging").glob("*/*.tmp"):
            staged.unlink()
    second = start(PUBLISHER, path, root, "b", 12, OUTBOX_FAILPOINT=step)
    second.communicate()
    assert second.returncode == -signal.SIGKILL
    carried = assert_whole(path, root)
    assert path_of("a-3") in carried


def test_an_outbox_whose_making_was_killed_is_made_by_the_next(tmp_path: Path, start: Start) -> None:
    """A first start may die before the schema stands."""
    path, root = tmp_path / "outbox.db", tmp_path / "content"
    process = start(PUBLISHER, path, root, "a", 3, OUTBOX_FAILPOINT="schema.migrated")
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    with Outbox.open(path, content_root=root) as box:
        assert box.last_seq == 0


def _spin(seconds: float) -> None:
    """A random moment of this machine's time; no condition can be waited for, the moment is the point."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        pass
