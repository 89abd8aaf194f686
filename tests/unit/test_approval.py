"""The gate between the cheap step and the expensive one."""

import json
from datetime import UTC, datetime
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from generators.approval import Approval
from generators.brief import Brief, OutlineLesson, OutlineModule
from generators.curriculum_builder import build_curriculum
from generators.curriculum_yaml import dump_curriculum
from generators.writers import OfflineWriter

NOW = datetime(2026, 3, 9, 12, 30, tzinfo=UTC)
GOOD = dump_curriculum(
    build_curriculum(
        Brief(
            title="Curso de teste",
            objectives=("Medir o efeito",),
            outline=(
                OutlineModule(
                    number=1,
                    title="Um",
                    lessons=tuple(OutlineLesson(number=f"1.{n}", title=f"Tema {n}", minutes=30) for n in (1, 2)),
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
