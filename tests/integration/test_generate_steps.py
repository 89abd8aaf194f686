"""The steps of `generate course` one by one: what each says, and what keeps the next from being taken."""

import hashlib
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner, Result

from generators.cli import cli
from generators.errors import GeneratorError

BRIEF = """# Course Brief: Pão em Casa

**Slug:** pao-em-casa

## Objetivos de aprendizagem

- Fazer o fermento
- Assar o pão

## Estrutura do curso

### Módulo 1: Massa

- 1.1 Farinha
- 1.2 Água e sal

### Módulo 2: Forno

- 2.1 Calor
"""


@pytest.fixture(autouse=True)
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("OUTBOX_PATH", "CONTENT_ROOT", "CREATOR_MIND_ID", "PERSONA_MIND_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pao.md").write_text(BRIEF)
    return tmp_path


@pytest.fixture
def course(workplace: Path) -> Path:
    return workplace / "outputs" / "courses" / "pao-em-casa"


def _generate(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


def _refused(*arguments: object) -> str:
    """The one line that a refusal says."""
    result = _generate(*arguments)
    assert isinstance(result.exception, GeneratorError), result.output
    return str(result.exception)


def _edit(course: Path, old: str, new: str) -> None:
    draft = course / ".state" / "curriculum.draft.yaml"
    text = draft.read_text()
    assert old in text
    draft.write_text(text.replace(old, new))


def test_a_brief_is_checked_before_anything_is_made(workplace: Path) -> None:
    """What it lacks and what is assumed instead goes to stderr, the answer to stdout; nothing is written."""
    result = _generate("brief", "pao.md")
    assert (result.exit_code, result.stdout) == (0, "pao.md: complete, 2 modules and 3 lessons\n")
    assert "warning: pao.md: no duration is stated" in result.stderr
    assert "minutes each" in result.stderr
    assert not (workplace / "outputs").exists()


def test_what_is_assumed_is_told_with_the_draft(course: Path) -> None:
    """The author learns of the assumption while it can still be changed."""
    result = _generate("curriculum", "pao.md")
    assert result.exit_code == 0
    assert "minutes each" in result.stderr
    assert (course / ".state" / "curriculum.draft.yaml").exists()


def test_approving_unasked_tells_what_is_unusual(course: Path) -> None:
    """--approve is a decision made beforehand, not a way of being left in the dark."""
    _generate("curriculum", "pao.md")
    _edit(course, "lesson_title: Farinha", "lesson_title: ''")
    result = _generate("approve", "pao.md", "--approve")
    assert result.exit_code == 0
    assert "warning: lesson 1.1 has no title" in result.stderr
    assert "**1.1** sem título" in (course / "course-outline.md").read_text()


def test_a_draft_with_errors_is_not_approved_unasked(course: Path) -> None:
    """Each error is in the message, and nothing is published."""
    _generate("curriculum", "pao.md")
    _edit(course, "lesson_id: '2.1'", "lesson_id: '1.1'")
    said = _refused("approve", "pao.md", "--approve")
    assert said.startswith("the curriculum has errors: lesson 1.1 stands in module 2; number it 2.1 or move it")
    assert not (course / "curriculum.yaml").exists()


def test_an_approval_under_laxer_checks_publishes_nothing(course: Path) -> None:
    """A draft that an older version let pass is checked again when it is published."""
    _generate("curriculum", "pao.md")
    _generate("approve", "pao.md", "--approve")
    _edit(course, "lesson_id: '2.1'", "lesson_id: '1.1'")
    state = course / ".state" / "progress.json"
    progress = json.loads(state.read_text())
    draft = (course / ".state" / "curriculum.draft.yaml").read_bytes()
    state.write_text(json.dumps({**progress, "approved_sha256": hashlib.sha256(draft).hexdigest()}))
    before = (course / "curriculum.yaml").read_bytes()
    assert _refused("course", "pao.md", "--resume").startswith("the curriculum cannot be approved: lesson 1.1 stands")
    assert (course / "curriculum.yaml").read_bytes() == before


def test_a_quiz_too_large_for_an_event_is_named(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which file, and why; the lessons are there already."""
    assert _generate("approve", "pao.md", "--approve").exit_code == 0
    assert _generate("lessons", "pao.md").exit_code == 0
    monkeypatch.setenv("OUTBOX_PAYLOAD_LIMIT_BYTES", "400")
    said = _refused("assessments", "pao.md")
    assert said.startswith("assessments/")
    assert " cannot be published: " in said
    assert len(list((course / "lessons").iterdir())) == 3


def test_a_folder_without_lessons_cannot_be_scored(workplace: Path) -> None:
    """Said with what to give instead."""
    (workplace / "vazia").mkdir()
    assert _refused("score", "vazia") == "vazia: holds no lessons to score; give a course folder with lessons/*.md"


def test_one_lesson_can_be_scored_by_itself(course: Path) -> None:
    """A file is scored as a folder of one."""
    _generate("course", "pao.md", "--approve")
    result = _generate("score", course / "lessons" / "2.1-calor.md")
    assert result.exit_code == 4
    assert result.stdout.startswith("FAIL  2.1-calor.md ")
    assert result.stdout.splitlines()[-1] == "0 of 1 lessons pass; the course fails"


UNLABELLED = BRIEF.replace(
    "# Course Brief: Pão em Casa\n\n**Slug:** pao-em-casa\n", "isto aqui:   Pão em Casa, e pronto\n"
)


class _Quoting:
    """A model that quotes, and makes one thing up."""

    def prompt(self, *_texts: object, **_how: object) -> SimpleNamespace:
        said = json.dumps({"title": "Pão em Casa", "instructor": "Ana Inventada"})
        return SimpleNamespace(text=lambda: said)


def test_a_course_is_made_from_a_brief_with_what_a_model_quotes_in_it(
    course: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--reader llm:MODEL` fills the title that no label states, in every step; an import of the course says nothing new."""
    Path("pao.md").write_text(UNLABELLED)
    assert "needs a title" in _refused("brief", "pao.md")
    monkeypatch.setitem(sys.modules, "llm", SimpleNamespace(get_model=lambda _: _Quoting()))
    read = ("--reader", "llm:quoting")
    assert _generate("brief", "pao.md", *read).exit_code == 0
    made = _generate("course", "pao.md", "--approve", *read)
    assert made.exit_code == 0, made.output
    assert "title: quoted by the model" in made.stderr
    curriculum = (course / "curriculum.yaml").read_text()
    assert "title: Pão em Casa" in curriculum
    assert "Inventada" not in curriculum
    for step in ("curriculum", "approve", "lessons", "assessments"):
        approved = ("--approve",) if step == "approve" else ()
        assert _generate(step, "pao.md", *approved, *read).exit_code == 0
    again = json.loads(_generate("import", course, "--json").stdout)
    assert [found["appended"] for found in again["courses"]] == [0]
