"""Where a course's generation stands survives what can happen to a state file."""

from pathlib import Path

import pytest

from generators.making.checkpoint import Checkpoint, Stage


def test_progress_is_there_again_after_a_restart(tmp_path: Path) -> None:
    """Stage, published files and failures."""
    first = Checkpoint(tmp_path)
    first.progress.published["lessons/1.1-a.md"] = "ab"
    first.progress.failed["1.2"] = "why"
    first.reached(Stage.LESSONS_IN_PROGRESS)
    assert Checkpoint(tmp_path).progress == first.progress


def test_a_stage_is_never_taken_back(tmp_path: Path) -> None:
    """Running an early step again does not undo a later one."""
    checkpoint = Checkpoint(tmp_path)
    checkpoint.reached(Stage.COMPLETE)
    checkpoint.reached(Stage.ORGANISED)
    assert Checkpoint(tmp_path).progress.stage is Stage.COMPLETE


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"stage": "nonsense"}', "\x00", "null"])
def test_a_broken_state_file_is_as_good_as_none(tmp_path: Path, text: str) -> None:
    """It costs doing again what is done, which changes nothing."""
    (tmp_path / ".state").mkdir()
    (tmp_path / ".state" / "progress.json").write_text(text)
    assert Checkpoint(tmp_path).progress.stage is Stage.ORGANISED
