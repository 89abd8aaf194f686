"""Briefs, curricula and folders in forms that the readers were not written for; the truth was written first."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from generators.errors import GeneratorError
from generators.reading.brief import read_brief
from generators.reading.course import find_courses, read_course
from generators.reading.curriculum import read_curriculum

DATA = Path(__file__).parents[2] / "data" / "unforeseen"
TRUTH: dict[str, dict[str, Any]] = yaml.safe_load((DATA / "expected.yaml").read_text("utf-8"))
FIELDS = ("title", "slug", "instructor", "duration_hours", "modules", "lessons", "level", "price", "currency")


@pytest.mark.parametrize("name", TRUTH["briefs"])
def test_a_brief_of_an_unforeseen_form_is_read(name: str) -> None:
    """What it states is read, and what it does not state stays open."""
    stated = dict(TRUTH["briefs"][name])
    brief = read_brief(DATA / "briefs" / f"{name}.md")
    hours = brief.duration_hours
    read: dict[str, Any] = {field: getattr(brief, field) for field in FIELDS}
    read |= {"duration_hours": list(hours) if isinstance(hours, tuple) else hours, "objectives": list(brief.objectives)}
    read["outline"] = [[module.title, len(module.lessons), module.minutes] for module in brief.outline]
    assert [read[field] for field in stated.pop("unstated")] == [None] * len(TRUTH["briefs"][name]["unstated"])
    assert {field: read[field] for field in stated} == stated


@pytest.mark.parametrize("name", TRUTH["curricula"])
def test_a_curriculum_of_an_unforeseen_shape_is_read(name: str) -> None:
    """Modules with their lessons and minutes; a file that is no curriculum is refused."""
    path = DATA / "curricula" / f"{name}.yaml"
    if TRUTH["curricula"][name] is None:
        with pytest.raises(GeneratorError):
            read_curriculum(path)
        return
    found = read_curriculum(path)
    modules = [[module.title, module.lesson_count, module.minutes] for module in found.modules]
    assert {"title": found.title, "modules": modules} == TRUTH["curricula"][name]


@pytest.mark.parametrize("name", TRUTH["folders"])
def test_a_course_folder_of_an_unforeseen_layout_is_read(name: str) -> None:
    """Its lessons in their order, with modules and titles; a folder of other texts is no course."""
    if TRUTH["folders"][name] is None:
        with pytest.raises(GeneratorError):
            find_courses(DATA / "folders" / name)
        return
    (place,) = find_courses(DATA / "folders" / name)
    course = read_course(place)
    lessons = [
        [module.title if module.key is not None else None, lesson.title, lesson.relative.as_posix()]
        for module in course.modules
        for lesson in module.lessons
    ]
    assert {"title": course.title, "lessons": lessons} == TRUTH["folders"][name]
