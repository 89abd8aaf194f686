"""Joining the lessons that exist to those that a curriculum lists: by title first, then by number."""

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from generators.languages import fold
from generators.reading.course.page import LessonFile
from generators.reading.curriculum import Curriculum, CurriculumLesson

_MIN_SHARED = 0.34


def title_words(title: str | None) -> frozenset[str]:
    """The words of a title that carry meaning."""
    return frozenset(word for word in re.findall(r"[a-z0-9]+", fold(title or "")) if len(word) > 2)  # noqa: PLR2004


def similar(one: str | None, other: str | None) -> bool:
    """Whether two titles plainly mean the same lesson, reworded at most."""
    first, second = title_words(one), title_words(other)
    if not first or not second:
        return fold(one or "") == fold(other or "")
    return len(first & second) / min(len(first), len(second)) >= _MIN_SHARED


def join(lessons: Sequence[LessonFile], curriculum: Curriculum | None) -> dict[PurePosixPath, CurriculumLesson]:
    """The curriculum's lesson for each file that has one; each listed lesson is given once.

    A file that only shares the number with a listed lesson, under quite another title, is not that lesson:
    plans change.
    """
    if curriculum is None:
        return {}
    free = list(curriculum.lessons)
    joined: dict[PurePosixPath, CurriculumLesson] = {}

    def take(file: LessonFile, match: CurriculumLesson | None) -> None:
        if match is not None and file.relative not in joined:
            joined[file.relative] = match
            free.remove(match)

    titled: dict[str, list[CurriculumLesson]] = {}
    for lesson in free:
        titled.setdefault(_key(lesson.title), []).append(lesson)
    for file in lessons:
        own = _key(file.title)
        same = [lesson for lesson in titled.get(own, ()) if own and lesson in free]
        numbered = [lesson for lesson in same if lesson.lesson_id == file.number.label]
        take(file, next(iter(numbered or same), None))
    for file in [file for file in lessons if file.relative not in joined]:
        take(file, next((lesson for lesson in free if _same_path(lesson, file)), None))
    for file in [file for file in lessons if file.relative not in joined]:
        numbered = [lesson for lesson in free if lesson.lesson_id == file.number.label]
        take(file, next((lesson for lesson in numbered if similar(lesson.title, file.title)), None))
    return joined


def _key(title: str | None) -> str:
    return " ".join(re.findall(r"[a-z0-9]+", fold(title or "")))


def _same_path(lesson: CurriculumLesson, file: LessonFile) -> bool:
    return lesson.file_path is not None and file.relative.as_posix().endswith(lesson.file_path.lstrip("./"))
