"""*Power loss* while a course is made: what is there agrees, and `--resume` makes the same course of it.

OUTBOX_POWER_LOSSES sets the number of states, as in test_power_loss.py; one in fifty of them is resumed here.
"""

import os
from pathlib import Path

import pytest

from outbox import Outbox
from tests.faults.outbox.conftest import Start
from tests.support.lessons import PROJECT_ROOT
from tests.support.power_loss import trace
from tests.support.power_loss.crashes import crashes, lay_out
from tests.support.power_loss.oracle import assert_mended

RESUMED = max(1, int(os.environ.get("OUTBOX_POWER_LOSSES", "150")) // 50)
SEED = int(os.environ.get("OUTBOX_POWER_LOSS_SEED", "1"))
BRIEF = PROJECT_ROOT / "tests" / "data" / "briefs" / "fotografia-com-celular.md"


def make(start: Start, directory: Path, *options: str, **more: str) -> None:
    places = {"OUTBOX_PATH": str(directory / "box" / "outbox.db"), "CONTENT_ROOT": str(directory / "content")}
    process = start("-m", "generators", "course", BRIEF, "--approve", *options, **places, **more)
    _, err = process.communicate()
    assert process.returncode == 0, err


def course(directory: Path) -> tuple[dict[str, bytes], dict[str, str]]:
    """The files of a course, and the newest state that the log holds of each content; they agree."""
    root = directory / "content"
    with Outbox.open(directory / "box" / "outbox.db", content_root=root) as box:
        assert_mended(box)
        upserts = [event for event in box.read(limit=10_000) if event.type == "content.upserted"]
    newest = {event.payload["slug"]: event for event in upserts}
    for event in newest.values():
        if event.payload.get("file_path"):
            assert (root / event.payload["file_path"]).read_bytes() == event.payload["body"].encode()
    files = [path for path in root.rglob("*") if path.is_file() and not {".state", ".outbox-staging"} & {*path.parts}]
    return {str(path.relative_to(root)): path.read_bytes() for path in files}, {
        slug: event.payload_json for slug, event in newest.items()
    }


@pytest.fixture
def record(start: Start, disk_trace: Path, fast_disk: Path) -> tuple[Path, Path]:
    """Of a course that was made without any misfortune."""
    root, file = fast_disk / "disk", fast_disk / "record"
    root.mkdir()
    make(start, root, **trace.environment(disk_trace, root, file))
    return file, root


def test_a_course_that_a_power_loss_cut_short_is_resumed_to_the_same_course(
    record: tuple[Path, Path], start: Start, fast_disk: Path
) -> None:
    """Nothing needs a person: not the log, not the files, not the draft and the notes of the run itself."""
    expected = course(record[1])
    resumed = 0
    for crash in crashes(*record, RESUMED, SEED):
        after = fast_disk / "after"
        lay_out(crash, after)
        course(after)
        try:
            make(start, after, "--resume")
            assert course(after) == expected
        except AssertionError as exc:
            raise AssertionError(f"{exc}; {crash.name}, seed {SEED}") from exc
        resumed += 1
    assert resumed == RESUMED
