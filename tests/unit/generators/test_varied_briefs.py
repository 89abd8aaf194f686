"""Briefs and curricula of many habits, each beside what a careful person reads in it."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from generators.reading.brief import read_brief
from generators.reading.curriculum import read_curriculum

DATA = Path(__file__).parents[2] / "data"
BRIEFS: dict[str, dict[str, Any]] = yaml.safe_load((DATA / "varied" / "esperado.yaml").read_text())
CURRICULA: dict[str, dict[str, Any]] = yaml.safe_load((DATA / "varied_curricula" / "esperado.yaml").read_text())


@pytest.mark.parametrize("name", BRIEFS)
def test_a_brief_of_any_habit_is_read_as_a_careful_person_would(name: str) -> None:
    """Other words, orders, tables, lists, HTML and numerals come down to the same fields; an empty form to none."""
    brief = read_brief(DATA / "varied" / name)
    expected = BRIEFS[name]
    hours = brief.duration_hours
    read = {
        "title": brief.title,
        "slug": brief.slug,
        "instructor": brief.instructor,
        "duration_hours": list(hours) if isinstance(hours, tuple) else hours,
        "modules": brief.modules,
        "lessons": brief.lessons,
        "objectives": [objective.rstrip(";.") for objective in brief.objectives],
        "level": brief.level,
        "price": brief.price,
        "tone": brief.voice.tone,
        "phrases": list(brief.voice.phrases),
        "pains": len(brief.pains),
        "outline": [
            [module.title, module.minutes, [[lesson.title, lesson.minutes] for lesson in module.lessons]]
            for module in brief.outline
        ],
    }
    assert {field: read[field] for field in expected} == expected


@pytest.mark.parametrize("name", CURRICULA)
def test_a_curriculum_of_any_habit_is_read_as_a_careful_person_would(name: str) -> None:
    """Weeks, chapters, camelCase, Roman numerals, mappings and typed lists are modules and lessons."""
    curriculum = read_curriculum(DATA / "varied_curricula" / name)
    expected = CURRICULA[name]
    assert (curriculum.title, curriculum.total_minutes) == (expected["title"], expected["total"])
    assert [
        [module.title, module.minutes, [[lesson.lesson_id, lesson.title, lesson.minutes] for lesson in module.lessons]]
        for module in curriculum.modules
    ] == expected["modules"]


def test_no_sample_is_left_unread() -> None:
    """Every file of the samples has its expectation, and the other way round."""
    for folder, expected in (("varied", BRIEFS), ("varied_curricula", CURRICULA)):
        assert {path.name for path in (DATA / folder).iterdir()} == {*expected, "esperado.yaml"}
