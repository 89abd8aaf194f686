"""A curriculum from a brief that states an outline: the same brief always gives the same curriculum.

The outline is the author's. Minutes and numbers that it leaves open are filled in by rule, from the module or the
whole course and from the place in the list, and said so in a warning. Objectives are the author's own or none: what a
lesson is to achieve is not for a program to say.
"""

import re
from dataclasses import dataclass

from msgspec.structs import replace
from slugify import slugify

from generators.errors import GeneratorError
from generators.languages.stems import Stems, stems_of
from generators.lessons.facts import topics_of_title
from generators.lessons.frame import frame_of, language_of
from generators.reading.brief import Brief
from generators.reading.curriculum import Curriculum, CurriculumLesson, CurriculumModule

MAX_SLUG_CHARACTERS = 50
MIN_SLUG_CHARACTERS = 3
DEFAULT_LESSON_MINUTES = 10
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{1,48})[a-z0-9]")


class IncompleteBrief(GeneratorError):
    """A brief from which no course can be made; the message says what to add."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A curriculum and what was assumed to make it."""

    curriculum: Curriculum
    warnings: tuple[str, ...]


def build_curriculum(brief: Brief) -> Built:
    """Build the curriculum that a brief's outline describes.

    Raises:
        IncompleteBrief: no title, no objectives, or no outline with modules and lessons.
    """
    refuse_incomplete(brief)
    language = course_language(brief)
    stems = stems_of(language)
    assumed: list[str] = []
    minutes = _minutes_of_a_lesson(brief, assumed)
    modules = []
    for place, module in enumerate(brief.outline, 1):
        lessons = []
        share = _share(module) or minutes
        for number, lesson in enumerate(module.lessons, 1):
            lessons.append(_lesson(lesson, f"{place}.{number}", share, language=language, stems=stems))
        _note_numbers(module, place, assumed)
        modules.append(
            replace(
                module,
                number=place,
                title=_line(module.title or brief.title),
                minutes=sum(lesson.minutes or 0 for lesson in lessons),
                lessons=tuple(lessons),
            )
        )
    curriculum = Curriculum(
        title=_line(brief.title),
        subtitle=brief.subtitle,
        slug=course_slug(brief),
        course_id=course_slug(brief),
        version="1.0",
        instructor=brief.instructor or brief.voice.persona,
        level=brief.level,
        objectives=brief.objectives,
        prerequisites=brief.prerequisites,
        modules=tuple(modules),
        total_minutes=sum(module.minutes or 0 for module in modules),
        framework=brief.framework,
        style=brief.style,
        language=brief.language or frame_of(language)["code"],
        target_audience=brief.audience.description,
        tags=brief.tags,
    )
    return Built(curriculum=curriculum, warnings=tuple(assumed))


def course_slug(brief: Brief) -> str:
    """The folder and project slug: as stated where it is one, else made from the statement or the title.

    Raises:
        IncompleteBrief: neither holds three letters or digits.
    """
    if brief.slug and _SLUG.fullmatch(brief.slug):
        return brief.slug
    made = slugify(brief.slug or brief.title or "", max_length=MAX_SLUG_CHARACTERS, word_boundary=True, save_order=True)
    if len(made) < MIN_SLUG_CHARACTERS:
        raise IncompleteBrief(
            f"no folder name can be made from the title {brief.title!r}; "
            "state a slug of 3 to 50 letters, digits and hyphens in section 1.1 of the brief"
        )
    return made


def refuse_incomplete(brief: Brief) -> None:
    """Say everything that is missing at once.

    Raises:
        IncompleteBrief: no title, no objectives, or no outline with modules and lessons.
    """
    faults = list(brief.errors)
    if not any(module.lessons for module in brief.outline):
        faults.append(
            "the brief needs an outline: in section 3.3, write a line “MÓDULO 1: Title” for each module and under it "
            "a line “1.1 - Title (10 min)” for each lesson"
        )
    else:
        faults += [
            f"module {place} (“{module.title}”) has no lessons; add lines “{place}.1 - Title (10 min)” under it"
            for place, module in enumerate(brief.outline, 1)
            if not module.lessons
        ]
    if brief.outline and brief.modules and brief.modules > len(brief.outline):
        faults.append(
            f"the brief states {brief.modules} modules and its outline lists {len(brief.outline)}; "
            "list the others, or correct the number"
        )
    faults += [warning.message for warning in brief.warnings if warning.code == "module_left_out"]
    if faults:
        raise IncompleteBrief("; ".join(faults))


def course_language(brief: Brief) -> str:
    """The language that a course is written in: as its brief states, else as its brief is written.

    Raises:
        UnknownLanguage: the stated one is none that lessons can be framed in.
    """
    outline = [title for module in brief.outline for title in (module.title, *(one.title for one in module.lessons))]
    said = (brief.title, brief.subtitle, *brief.objectives, *outline, *(pain.text for pain in brief.pains))
    return language_of(brief.language, "\n".join(text for text in said if text))


def _lesson(lesson: CurriculumLesson, lesson_id: str, minutes: int, *, language: str, stems: Stems) -> CurriculumLesson:
    title = _line(lesson.title)
    objective = next(iter(lesson.objectives), None)
    fallback = slugify(str(frame_of(language)["lesson"]))
    slug = slugify(title, max_length=60, word_boundary=True, save_order=True) or fallback
    return replace(
        lesson,
        lesson_id=lesson_id,
        title=title,
        slug=f"{lesson_id}-{slug}",
        description=objective,
        minutes=lesson.minutes or minutes,
        file_path=f"lessons/{lesson_id}-{slug}.md",
        objectives=(_line(objective),) if objective else (),
        key_concepts=topics_of_title(title, stems),
    )


def _line(text: str | None) -> str:
    return " ".join((text or "").split())


def _share(module: CurriculumModule) -> int | None:
    """Minutes for a lesson that states none, out of what its module states."""
    silent = [lesson for lesson in module.lessons if not lesson.minutes]
    if not silent or not module.minutes:
        return None
    rest = module.minutes - sum(lesson.minutes or 0 for lesson in module.lessons)
    return max(1, round(rest / len(silent))) if rest > 0 else None


def _minutes_of_a_lesson(brief: Brief, assumed: list[str]) -> int:
    lessons = [lesson for module in brief.outline for lesson in module.lessons]
    silent = [m for m in brief.outline if not m.minutes and any(not lesson.minutes for lesson in m.lessons)]
    hours = brief.duration_hours
    if isinstance(hours, tuple):
        hours = sum(hours) / 2
    minutes = max(1, round(hours * 60 / len(lessons))) if hours and lessons else DEFAULT_LESSON_MINUTES
    if silent:
        basis = "the stated duration" if hours else "no stated duration"
        assumed.append(f"lessons without minutes count {minutes} minutes each (from {basis})")
    return minutes


def _note_numbers(module: CurriculumModule, place: int, assumed: list[str]) -> None:
    for number, lesson in enumerate(module.lessons, 1):
        if lesson.lesson_id != f"{place}.{number}":
            assumed.append(
                f"lesson {lesson.lesson_id} (“{_line(lesson.title)}”) becomes {place}.{number}, by its place"
            )
