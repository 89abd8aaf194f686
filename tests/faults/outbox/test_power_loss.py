"""*Power loss*: only what was synced is surely there after it, and no unit that had returned is lost.

Real processes publish while everything that they do to their files is recorded. From one record, the power is lost at
every moment and in many ways (`tests/support/power_loss/disk.py` says what may survive); each state is opened as a
machine that comes up again would open it. OUTBOX_POWER_LOSSES says how many states of each course of events are looked
at, OUTBOX_POWER_LOSS_SEED by which chance.
"""

import os
import random
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from outbox import OutboxError
from tests.faults.outbox.conftest import Start
from tests.support.lessons import PROJECT_ROOT
from tests.support.power_loss import trace
from tests.support.power_loss.crashes import Crash, crashes, lay_out, the_same_inode
from tests.support.power_loss.disk import EVERYTHING, Disk
from tests.support.power_loss.mutants import MUTANTS, Mutant
from tests.support.power_loss.oracle import assert_nothing_lost
from tests.support.power_loss.survivors import survivors

POWER_LOSSES = int(os.environ.get("OUTBOX_POWER_LOSSES", "150"))
SEED = int(os.environ.get("OUTBOX_POWER_LOSS_SEED", "1"))
PUBLISHER = PROJECT_ROOT / "tests" / "support" / "power_loss" / "publisher.py"
STEPS = (
    "directory.made",
    "file.created",
    "file.written",
    "unit.staged",
    "unit.before_commit",
    "unit.committed",
    "unit.renamed",
    "unit.synced",
)
# Of one process after the other, as publisher.py knows them; one that ends in !step dies there.
COURSES = {
    "alone": ["alone"],
    "again": ["again"],
    "killed": [
        "next!directory.made:2",
        *(f"next!{step}:{2 + number % 3}" for number, step in enumerate(STEPS)),
        "next",
    ],
    "together": ["together"],
    "read early": ["read early"],
    # Each dies after the commit of a text, which the fsync of its file may outlast.
    "outlasted": [*(f"next!unit.committed:{number}" for number in (1, 1, 5, 1)), "next"],
}
MOST_FOR_A_MUTANT = 4_000


class LostError(AssertionError):
    """What must survive a power loss did not, or the outbox could not even be opened."""


Record = tuple[Path, Path]  # the record and the directory that it is of
Recording = Callable[..., Record]


@pytest.fixture
def recording(start: Start, disk_trace: Path, fast_disk: Path) -> Recording:
    """Run courses of events, one process after the other, and return the record of all of them."""

    def record(*courses: str, **more: str) -> Record:
        root, file = fast_disk / "disk", fast_disk / "record"
        root.mkdir()
        for course in courses:
            scenario, _, failpoint = course.partition("!")
            environment = {**trace.environment(disk_trace, root, file), **more, "OUTBOX_FAILPOINT": failpoint}
            process = start(PUBLISHER, root, scenario, **environment)
            _, err = process.communicate()
            assert process.returncode == (-signal.SIGKILL if failpoint else 0), err
        return file, root

    return record


def survive(record: Record, fast_disk: Path, wanted: int = POWER_LOSSES) -> int:
    """Look at so many power losses; returns how many different ones there were."""
    looked_at = 0
    for crash in crashes(*record, wanted, SEED):
        assert_survived(crash, fast_disk)
        looked_at += 1
    return looked_at


def assert_survived(crash: Crash, fast_disk: Path) -> None:
    place = fast_disk / "after"
    lay_out(crash, place)
    try:
        with the_same_inode(place):
            assert_nothing_lost(place, crash.told)
    except (AssertionError, OutboxError) as exc:
        raise LostError(f"{exc}; {crash.name}, seed {SEED}") from exc


def test_the_record_holds_everything_that_was_done(recording: Recording) -> None:
    """Replayed to its end, it is the directory as it stands, byte for byte."""
    file, root = recording("alone", "next!unit.renamed", "next")
    disk = Disk()
    for step in trace.steps(file, root):
        disk.take(step)
    there = {
        str(path.relative_to(root)): path.read_bytes() if path.is_file() else None for path in sorted(root.rglob("*"))
    }
    replayed = survivors(disk, random.Random(SEED), EVERYTHING)
    assert {path: data for path, data in replayed.items() if not path.endswith("-shm")} == there


def test_a_power_loss_at_any_moment_loses_no_unit_that_returned(recording: Recording, fast_disk: Path) -> None:
    """Checkpoints, closing, pruning and a backup included: every unit whole, files and events, or not at all."""
    assert survive(recording(*COURSES["alone"]), fast_disk) > 100


def test_a_power_loss_while_a_removed_file_is_published_again_loses_nothing(
    recording: Recording, fast_disk: Path
) -> None:
    """The event that carried it is pruned: only what lies in staging can restore it."""
    assert survive(recording(*COURSES["again"]), fast_disk) > 100


@pytest.mark.parametrize("course", COURSES)
def test_a_power_loss_loses_nothing_however_late_a_staged_file_is_synced(
    course: str, recording: Recording, fast_disk: Path
) -> None:
    """The thread that does it may be held up until the unit waits for it."""
    assert survive(recording(*COURSES[course], POWER_LOSS_LATE="1"), fast_disk) > 100


def test_a_power_loss_after_a_kill_or_while_that_is_mended_loses_nothing(recording: Recording, fast_disk: Path) -> None:
    """A process dies at each step in turn and the next recovers: at every moment of that the power may go, too."""
    assert survive(recording(*COURSES["killed"]), fast_disk) > 100


def test_a_power_loss_while_two_publish_the_same_files_loses_nothing(recording: Recording, fast_disk: Path) -> None:
    """What one sees of the other's files need not be on the disk yet."""
    assert survive(recording(*COURSES["together"]), fast_disk) > 100


def test_a_power_loss_loses_no_file_that_was_read_before_its_name_was_on_the_disk(
    recording: Recording, fast_disk: Path
) -> None:
    """Whoever reads it notes it as in its place: nobody would put it there again."""
    assert survive(recording(*COURSES["read early"]), fast_disk) > 100


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_a_power_loss_shows_what_is_not_synced(mutant: Mutant, recording: Recording, fast_disk: Path) -> None:
    """The emulation can fail: with each of these faults built into the code, something is seen to be lost."""
    record = recording(*COURSES[MUTANTS[mutant]], POWER_LOSS_MUTANT=mutant.__name__)
    with pytest.raises(LostError):
        survive(record, fast_disk, MOST_FOR_A_MUTANT)
