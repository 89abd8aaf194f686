"""The gate between the cheap step and the expensive one."""

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from generators.lessons import OfflineWriter
from generators.making.approval import Approval
from generators.making.builder import build_curriculum
from generators.making.check import Findings
from generators.reading.brief import Brief
from generators.reading.curriculum import CurriculumLesson, CurriculumModule
from generators.reading.curriculum.own_file import dump_curriculum

NOW = datetime(2026, 3, 9, 12, 30, tzinfo=UTC)
GOOD = dump_curriculum(
    build_curriculum(
        Brief(
            title="Curso de teste",
            objectives=("Medir o efeito",),
            outline=(
                CurriculumModule(
                    number=1,
                    title="Um",
                    lessons=tuple(CurriculumLesson(lesson_id=f"1.{n}", title=f"Tema {n}", minutes=30) for n in (1, 2)),
                ),
            ),
        )
    ).curriculum
)


class Desk:
    """A checkpoint with an author at it who types, and an editor that replaces text."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.draft = folder / "draft.yaml"
        self.draft.write_bytes(GOOD)
        self.edits = [("Tema 1", "Tema novo")]
        self.answer: bool | None = None

    def type(self, text: str) -> Result:
        approval = Approval(
            self.draft, self.folder / ".state", OfflineWriter(), lambda: GOOD, now=lambda: NOW, edit=self._edit
        )

        @click.command()
        def ask() -> None:
            self.answer = approval.ask()

        return CliRunner().invoke(ask, input=text)

    def _edit(self, path: Path) -> None:
        old, new = self.edits.pop(0)
        path.write_text(path.read_text().replace(old, new))

    @property
    def trail(self) -> list[str]:
        lines = (self.folder / ".state" / "approvals.jsonl").read_text().splitlines()
        return [json.loads(line)["decision"] for line in lines]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_typed_yes_approves(desk: Desk) -> None:
    """And is written down."""
    desk.type("yes\n")
    assert (desk.answer, desk.trail) == (True, ["approved"])


@pytest.mark.parametrize("typed", ["", "cancel\n", "n\n", "maybe\nno\n", "YES\nc\n"])
def test_anything_but_yes_approves_nothing(desk: Desk, typed: str) -> None:
    """End of input is cancel; so is a no; a word that is neither is asked again."""
    desk.type(typed)
    assert (desk.answer, desk.trail) == (False, ["cancelled"])


def test_an_edit_is_shown_again_before_it_is_approved(desk: Desk) -> None:
    """The author approves what was read, not what was meant."""
    result = desk.type("edit\nyes\n")
    assert "Tema novo" in result.stderr
    assert (desk.answer, desk.trail) == (True, ["edited", "approved"])


@pytest.fixture
def saved_meanwhile(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """What another window saves while the question stands."""
    genuine = Approval._prompt
    edited = GOOD.replace(b"Tema 1", b"Tema novo")

    def saving(self: Approval, findings: Findings) -> str:
        desk.draft.write_bytes(edited)
        return genuine(self, findings)

    monkeypatch.setattr(Approval, "_prompt", saving)
    return edited


def test_an_edit_in_another_window_is_shown_before_it_is_approved(desk: Desk, saved_meanwhile: bytes) -> None:
    """A “yes” to what is no longer there approves nothing."""
    result = desk.type("yes\nyes\n")
    assert "the draft was changed since it was shown; here it is again" in result.stderr
    assert "Tema novo" in result.stderr
    assert (desk.answer, desk.trail) == (True, ["approved"])
    (line,) = (desk.folder / ".state" / "approvals.jsonl").read_text().splitlines()
    assert json.loads(line)["curriculum_sha256"] == hashlib.sha256(saved_meanwhile).hexdigest()


def test_starting_over_keeps_an_edit_of_another_window(desk: Desk, saved_meanwhile: bytes) -> None:
    """The backup is what the draft was at that moment, not what was shown before."""
    desk.type("regenerate\ncancel\n")
    (backup,) = (desk.folder / ".state" / "backups").iterdir()
    assert backup.read_bytes() == saved_meanwhile


def test_a_broken_edit_cannot_be_approved(desk: Desk) -> None:
    """“yes” is no option while there are errors."""
    desk.edits = [("modules:", "modules: [")]
    result = desk.type("edit\nyes\ncancel\n")
    assert "error: curriculum.yaml is not valid YAML" in result.stderr
    assert (desk.answer, desk.trail) == (False, ["edited", "cancelled"])


def test_starting_over_keeps_what_was_there(desk: Desk) -> None:
    """The edited plan is backed up under the time of the decision."""
    desk.type("edit\nregenerate\nyes\n")
    (backup,) = (desk.folder / ".state" / "backups").iterdir()
    assert backup.name == "curriculum-20260309T123000000000Z.yaml"
    assert "Tema novo" in backup.read_text()
    assert desk.draft.read_bytes() == GOOD
    assert desk.trail == ["edited", "regenerated", "approved"]


def test_a_draft_with_errors_is_not_approved_unseen(desk: Desk) -> None:
    """--approve is no way around the checks."""
    desk.draft.write_text("title: x\nmodules: []\n")
    approval = Approval(desk.draft, desk.folder / ".state", OfflineWriter(), lambda: GOOD, now=lambda: NOW)
    assert approval.approve_unasked().errors
    assert approval.last() == {}


def test_warnings_are_shown_with_the_plan(desk: Desk) -> None:
    """What is unusual is said beside what is to be approved; it may be approved all the same."""
    desk.draft.write_bytes(GOOD.replace(b"duration_minutes: 30", b"duration_minutes: 130"))
    result = desk.type("yes\n")
    assert "warning: lesson 1.1 takes 130 minutes; usual are 5 to 120" in result.stderr
    assert (desk.answer, desk.trail) == (True, ["approved"])


def test_an_approval_by_nobody_that_the_system_knows_is_written_down(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a container without user names the time and the hash are what counts."""

    def nobody() -> str:
        raise KeyError("getpwuid(): uid not found: 12345")

    monkeypatch.setattr("generators.making.approval.getpass.getuser", nobody)
    desk.type("yes\n")
    (line,) = (desk.folder / ".state" / "approvals.jsonl").read_text().splitlines()
    assert json.loads(line)["by"] == "unknown"
