"""What is wrong with a curriculum: errors forbid approval, warnings are for the author to weigh."""

import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from generators.reading.curriculum import Curriculum, CurriculumLesson, CurriculumModule
from generators.reading.curriculum.own_file import BrokenCurriculum, load_curriculum

LEAST_TOTAL_MINUTES, MOST_TOTAL_MINUTES = 60, 3000
LEAST_LESSON_MINUTES, MOST_LESSON_MINUTES = 5, 120
_NUMBER = re.compile(r"([1-9]\d?)\.([1-9]\d?)")
_SAFE_FILE = re.compile(r"lessons/[^/\x00-\x1f]{1,120}\.md")


@dataclass(slots=True)
class Findings:
    """Errors and warnings, in the order of the file."""

    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def check(data: bytes) -> Findings:
    """Check the bytes of a curriculum.yaml."""
    found = Findings()
    try:
        curriculum = load_curriculum(data)
    except BrokenCurriculum as exc:
        found.errors.append(str(exc))
        return found
    if not curriculum.title:
        found.errors.append("the course has no title")
    if not curriculum.modules:
        found.errors.append("there are no modules; list at least one under “modules:”")
        return found
    for module in curriculum.modules:
        _check_module(module, found)
    lessons = list(curriculum.lessons)
    _check_duplicates(curriculum, lessons, found)
    total = sum(lesson.minutes or 0 for lesson in lessons)
    if lessons and not LEAST_TOTAL_MINUTES <= total <= MOST_TOTAL_MINUTES:
        found.warnings.append(
            f"the course takes {total} minutes; usual are {LEAST_TOTAL_MINUTES} to {MOST_TOTAL_MINUTES}"
        )
    return found


def _check_module(module: CurriculumModule, found: Findings) -> None:
    if not module.title:
        found.warnings.append(f"module {module.number} has no title")
    if not module.lessons:
        found.errors.append(f"module {module.number} has no lessons; list at least one or take the module out")
    for lesson in module.lessons:
        _check_lesson(lesson, module.number, found)


def _check_lesson(lesson: CurriculumLesson, module: int, found: Findings) -> None:
    name = lesson.lesson_id
    match = _NUMBER.fullmatch(name)
    if match is None:
        found.errors.append(f"lesson “{name or lesson.title}” is not numbered i.j, like 1.2")
    elif int(match[1]) != module:
        found.errors.append(f"lesson {name} stands in module {module}; number it {module}.{match[2]} or move it")
    if not lesson.title:
        found.warnings.append(f"lesson {name} has no title")
    path = lesson.file_path or ""
    if not _SAFE_FILE.fullmatch(path) or ".." in PurePosixPath(path).parts:
        found.errors.append(f"lesson {name} needs a file_path like lessons/{name or '1.1'}-title.md, not “{path}”")
    if lesson.minutes is None:
        found.warnings.append(f"lesson {name} states no minutes")
    elif not LEAST_LESSON_MINUTES <= lesson.minutes <= MOST_LESSON_MINUTES:
        found.warnings.append(
            f"lesson {name} takes {lesson.minutes} minutes; usual are {LEAST_LESSON_MINUTES} to {MOST_LESSON_MINUTES}"
        )


def _check_duplicates(curriculum: Curriculum, lessons: list[CurriculumLesson], found: Findings) -> None:
    counted: dict[str, Counter[int | str | None]] = {
        "module number": Counter(module.number for module in curriculum.modules),
        "lesson number": Counter(lesson.lesson_id for lesson in lessons),
        "lesson file": Counter(lesson.file_path for lesson in lessons),
    }
    for what, counts in counted.items():
        found.errors += [f"the {what} {value} occurs {n} times" for value, n in counts.items() if n > 1 and value]
