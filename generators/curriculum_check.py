"""What is wrong with a curriculum: errors forbid approval, warnings are for the author to weigh."""

import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from generators.curriculum_yaml import BrokenCurriculum, load_document, whole

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
        document = load_document(data)
    except BrokenCurriculum as exc:
        found.errors.append(str(exc))
        return found
    if not document.get("title"):
        found.errors.append("the course has no title")
    modules = document.get("modules")
    if not isinstance(modules, list) or not modules:
        found.errors.append("there are no modules; list at least one under “modules:”")
        return found
    lessons: list[dict[str, Any]] = []
    for place, module in enumerate(modules, 1):
        lessons += _check_module(module, place, found)
    _check_duplicates(modules, lessons, found)
    total = sum(whole(lesson.get("duration_minutes")) or 0 for lesson in lessons)
    if lessons and not LEAST_TOTAL_MINUTES <= total <= MOST_TOTAL_MINUTES:
        found.warnings.append(
            f"the course takes {total} minutes; usual are {LEAST_TOTAL_MINUTES} to {MOST_TOTAL_MINUTES}"
        )
    return found


def _check_module(module: Any, place: int, found: Findings) -> list[dict[str, Any]]:
    if not isinstance(module, dict):
        found.errors.append(f"module {place} is not a mapping")
        return []
    number = whole(module.get("module_number"))
    if number is None:
        found.errors.append(f"module {place} has no whole number under “module_number:”")
    if not module.get("module_title"):
        found.warnings.append(f"module {number or place} has no title")
    lessons = module.get("lessons")
    if not isinstance(lessons, list) or not lessons:
        found.errors.append(f"module {number or place} has no lessons; list at least one or take the module out")
        return []
    good = [lesson for lesson in lessons if isinstance(lesson, dict)]
    if len(good) < len(lessons):
        found.errors.append(f"module {number or place} lists something that is no lesson")
    for lesson in good:
        _check_lesson(lesson, number, found)
    return good


def _check_lesson(lesson: dict[str, Any], module: int | None, found: Findings) -> None:
    name = str(lesson.get("lesson_id") or "")
    match = _NUMBER.fullmatch(name)
    if match is None:
        found.errors.append(f"lesson “{name or lesson.get('lesson_title')}” is not numbered i.j, like 1.2")
    elif module is not None and int(match[1]) != module:
        found.errors.append(f"lesson {name} stands in module {module}; number it {module}.{match[2]} or move it")
    if not lesson.get("lesson_title"):
        found.warnings.append(f"lesson {name} has no title")
    path = str(lesson.get("file_path") or "")
    if not _SAFE_FILE.fullmatch(path) or ".." in PurePosixPath(path).parts:
        found.errors.append(f"lesson {name} needs a file_path like lessons/{name or '1.1'}-title.md, not “{path}”")
    minutes = whole(lesson.get("duration_minutes"))
    if minutes is None:
        found.warnings.append(f"lesson {name} states no minutes")
    elif not LEAST_LESSON_MINUTES <= minutes <= MOST_LESSON_MINUTES:
        found.warnings.append(
            f"lesson {name} takes {minutes} minutes; usual are {LEAST_LESSON_MINUTES} to {MOST_LESSON_MINUTES}"
        )


def _check_duplicates(modules: list[Any], lessons: list[dict[str, Any]], found: Findings) -> None:
    counted = {
        "module number": Counter(whole(m.get("module_number")) for m in modules if isinstance(m, dict)),
        "lesson number": Counter(lesson.get("lesson_id") for lesson in lessons),
        "lesson file": Counter(lesson.get("file_path") for lesson in lessons),
    }
    for what, counts in counted.items():
        found.errors += [f"the {what} {value} occurs {n} times" for value, n in counts.items() if n > 1 and value]
