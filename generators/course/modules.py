import re
from collections import defaultdict

from generators.brief import Brief
from generators.brief.placeholder import stated
from generators.course.lesson_file import LessonFile
from generators.course.lesson_number import module_in_folder
from generators.course.model import CourseModule, Material
from generators.curriculum import Curriculum

_BONUS_LAST = 10_000
_MODULE_WORDS = re.compile(
    r"^(?:(?:m[oó]dulo|module|mod|m|unidade|unit|semana|week|\d{1,3})\b[\s.:]*){1,3}", re.IGNORECASE
)


def group_modules(
    lessons: list[LessonFile], curriculum: Curriculum | None, brief: Brief | None, overviews: dict[int, Material]
) -> tuple[CourseModule, ...]:
    """Group lessons by module, in order; titles from the plans, or else from what lies in the folder."""
    groups: dict[int | None, list[LessonFile]] = defaultdict(list)
    for lesson in lessons:
        groups[None if lesson.number.bonus else lesson.number.module].append(lesson)
    planned = {module.number: module for module in curriculum.modules} if curriculum else {}
    outlined = {module.number: module for module in brief.outline} if brief else {}
    modules = []
    for number in sorted(groups, key=lambda n: _BONUS_LAST if n is None else n):
        ordered = sorted(groups[number], key=_order)
        plan = planned.get(number) if number is not None else None
        sketch = outlined.get(number) if number is not None else None
        overview = overviews.get(number) if number is not None else None
        told = next((lesson.module_title for lesson in ordered if lesson.module_title), None)
        title = (plan.title if plan else None) or (sketch.title if sketch else None)
        title = title or (_overview_title(overview) if overview else None) or told
        title = title or _folder_title(ordered, number) or f"Módulo {number}"
        modules.append(
            CourseModule(
                number=number,
                title=title[:500],
                description=(plan.description if plan else None) or (sketch.description if sketch else None),
                minutes=(plan.minutes if plan else None) or (sketch.minutes if sketch else None),
                overview=overview,
                lessons=tuple(ordered),
            )
        )
    return tuple(modules)


def _folder_title(lessons: list[LessonFile], number: int | None) -> str | None:
    """What the module's folder says beside its number: `Módulo 1 - Fundamentos`, `01-fundamentos`."""
    for part in lessons[0].relative.parent.parts:
        if number is not None and module_in_folder(part) == number:
            words = _MODULE_WORDS.sub("", re.sub(r"[-_]+", " ", part)).strip()
            return words[:1].upper() + words[1:] if any(char.isalpha() for char in words) else None
    return None


def _overview_title(overview: Material) -> str | None:
    _, _, title = overview.title.partition(":")
    return stated(title) or stated(overview.title)


def _order(lesson: LessonFile) -> tuple[bool, int, str]:
    number = lesson.number.lesson
    return lesson.number.bonus, _BONUS_LAST if number is None else number, lesson.relative.as_posix()
