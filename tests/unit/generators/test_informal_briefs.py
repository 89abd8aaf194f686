"""Briefs as people send them, and curricula of any shape, each beside what a careful person reads in it.

Chats, mails, notes, forms, tables and a transcript in three languages, with the traps that such texts hold: fields that
nobody stated, numbers of an anecdote, crossed-out values, prices of other things, quoted answers.
"""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from generators.errors import NotACurriculum
from generators.languages import fold
from generators.reading.brief import Brief, parse_brief, read_brief
from generators.reading.curriculum import read_curriculum
from generators.reading.text import decode_file

DATA = Path(__file__).parents[2] / "data"
INFORMAL: dict[str, dict[str, Any]] = yaml.safe_load((DATA / "informal" / "truth.yaml").read_text("utf-8"))
SHAPES: dict[str, dict[str, Any] | None] = yaml.safe_load((DATA / "shapes" / "truth.yaml").read_text("utf-8"))
SHORT: dict[str, dict[str, Any]] = {
    name: case
    for file in ("sentences.yaml", "conversations.yaml")
    for name, case in yaml.safe_load((DATA / file).read_text("utf-8")).items()
}
LISTS = {"objectives", "tone", "outline"}  # their value is one list, not one of several


def _bare(text: object) -> str:
    return " ".join(re.findall(r"\w+", fold(str(text)))).removeprefix("profa ")


def _fields(brief: Brief) -> dict[str, Any]:
    return {
        "title": brief.title,
        "slug": brief.slug,
        "instructor": brief.instructor,
        "hours": brief.duration_hours,
        "modules": brief.modules,
        "lessons": brief.lessons,
        "level": brief.level,
        "price": brief.price,
        "currency": brief.currency,
        "language": brief.language,
        "persona": brief.voice.persona,
        "tone": brief.voice.tone,
        "objectives": list(brief.objectives) or None,
        "outline": [[module.title, [lesson.title for lesson in module.lessons]] for module in brief.outline] or None,
    }


def _same(field: str, value: Any, wanted: Any) -> bool:
    if value is None or wanted is None:
        return value is wanted
    if field == "tone":
        return all(_bare(word) in _bare(value) for word in wanted)
    if field == "objectives":
        return [_bare(item) for item in value] == [_bare(item) for item in wanted]
    if field == "outline":
        return [[_bare(title), *map(_bare, lessons)] for title, lessons in value] == [
            [_bare(title), *map(_bare, lessons)] for title, lessons in wanted
        ]
    if isinstance(wanted, int | float):
        return isinstance(value, int | float) and abs(value - wanted) < 0.01
    return _bare(value) == _bare(wanted)


@pytest.mark.parametrize("name", INFORMAL)
def test_an_informal_brief_states_what_its_author_says_and_nothing_else(name: str) -> None:
    """Every stated field is read; what is not stated is null, whatever numbers stand around it."""
    wanted = INFORMAL[name]
    for field, value in _fields(read_brief(DATA / "informal" / name)).items():
        stated = wanted.get(field)
        readings = stated if isinstance(stated, list) and field not in LISTS else [stated]
        assert any(_same(field, value, reading) for reading in readings), f"{field}: {value!r}, not {stated!r}"


@pytest.mark.parametrize("name", SHORT)
def test_one_habit_of_writing_is_understood(name: str) -> None:
    """Each form of a field, in the languages it is met in, and next to it nothing that is not stated."""
    brief = parse_brief(decode_file(Path("brief.md"), SHORT[name]["text"].encode()))
    stated = SHORT[name]["stated"]
    for field, value in _fields(brief).items():
        if field in stated or field not in {"language", "outline"}:
            wanted = stated.get(field)
            read = list(value) if isinstance(value, tuple) else value
            assert read == wanted or _same(field, read, wanted), f"{field}: {read!r}, not {wanted!r}"


@pytest.mark.parametrize("name", SHAPES)
def test_a_curriculum_of_any_shape_comes_down_to_modules_and_lessons(name: str) -> None:
    """Levels, axes, tracks, days and lists beside each other are modules and lessons; a recipe is no course."""
    wanted, path = SHAPES[name], DATA / "shapes" / name
    if wanted is None:
        with pytest.raises(NotACurriculum):
            read_curriculum(path)
        return
    read = read_curriculum(path)
    modules = [[module.title, [lesson.title for lesson in module.lessons]] for module in read.modules]
    assert (read.title, read.total_minutes, modules) == (wanted["title"], wanted["total"], wanted["modules"])


def test_no_sample_is_left_unread() -> None:
    """Every file of the samples has its truth, and the other way round."""
    for folder, truth in (("informal", INFORMAL), ("shapes", SHAPES)):
        assert {path.name for path in (DATA / folder).iterdir()} == {*truth, "truth.yaml"}
