"""Quizzes and the final project, from what the lessons set out to do."""

import re
from collections import Counter
from pathlib import Path

import pytest
import yaml
from generators.assessments import write_assessments

from generators.brief import Brief, read_brief
from generators.curriculum_builder import build_curriculum

BRIEF = Path(__file__).parent.parent / "data" / "briefs" / "fotografia-com-celular.md"


@pytest.fixture(scope="module")
def brief() -> Brief:
    return read_brief(BRIEF)


@pytest.fixture(scope="module")
def made(brief: Brief) -> dict[str, str]:
    return dict(write_assessments(brief, build_curriculum(brief).curriculum))


def _questions(made: dict[str, str]) -> list[dict[str, object]]:
    quizzes = [yaml.safe_load(text) for name, text in made.items() if name.endswith(".yaml")]
    return [question for quiz in quizzes for question in quiz["questions"]]


def test_each_module_has_a_quiz_and_each_lesson_a_question(made: dict[str, str]) -> None:
    """And the course has one final project."""
    assert len(made) == 9
    assert len(_questions(made)) == 40


def test_a_question_has_four_different_options_and_says_why(made: dict[str, str]) -> None:
    """A to D, one of them right."""
    for question in _questions(made):
        options: dict[str, str] = question["options"]  # type: ignore[assignment]
        assert list(options) == ["A", "B", "C", "D"]
        assert len(set(options.values())) == 4
        assert question["correct_answer"] in options
        assert question["explanation"]


def test_the_right_letter_varies(made: dict[str, str]) -> None:
    """No letter is right more than a third of the time."""
    letters = Counter(question["correct_answer"] for question in _questions(made))
    assert len(letters) == 4
    assert max(letters.values()) <= 40 / 3


def test_the_same_course_gives_the_same_assessments(brief: Brief, made: dict[str, str]) -> None:
    """Byte for byte."""
    assert dict(write_assessments(brief, build_curriculum(brief).curriculum)) == made


def test_the_rubric_adds_up_to_a_hundred(made: dict[str, str]) -> None:
    """Whatever the number of objectives."""
    points = re.findall(r"^\| [^|]+ \| (\d+) \|", made["assessments/final-project.md"], re.MULTILINE)
    assert sum(map(int, points)) == 100


def test_the_project_speaks_of_the_course(brief: Brief, made: dict[str, str]) -> None:
    """Its pains, its modules and its promise are in it."""
    text = made["assessments/final-project.md"]
    assert brief.pains[0].text in text
    assert brief.after[0] in text
    assert all(module.title in text for module in brief.outline)


def test_a_course_without_usable_objectives_has_a_rubric_still() -> None:
    """The fixed criteria fill the hundred."""
    bare = Brief(title="Curso de teste", objectives=("Confiança",), outline=read_brief(BRIEF).outline[:1])
    text = dict(write_assessments(bare, build_curriculum(bare).curriculum))["assessments/final-project.md"]
    assert sum(map(int, re.findall(r"^\| [^|]+ \| (\d+) \|", text, re.MULTILINE))) == 100
