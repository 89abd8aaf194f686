"""What events say about a course and its lessons beside title and text; what is not stated is not there."""

from typing import Any

from generators.reading.brief import Brief
from generators.reading.course import Course, LessonFile
from generators.reading.curriculum import CurriculumLesson
from generators.reading.placeholder import scalar

_MAX_TAGS = 50
_MAX_TAG = 100


def known(**values: Any) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value not in (None, "", (), [], {})}


def objectives_of(course: Course) -> tuple[str, ...]:
    stated = course.brief.objectives if course.brief else ()
    return stated or (course.curriculum.objectives if course.curriculum else ())


def description_of(course: Course) -> str | None:
    subtitle = course.brief.subtitle if course.brief else None
    if subtitle or course.curriculum is None:
        return subtitle
    return course.curriculum.description or course.curriculum.subtitle


def tags_of(course: Course) -> list[str]:
    tags = (course.brief.tags if course.brief else ()) or (course.curriculum.tags if course.curriculum else ())
    unique: dict[str, str] = {}
    for tag in tags:
        unique.setdefault(tag.casefold(), tag)
    return [tag for tag in unique.values() if len(tag) <= _MAX_TAG][:_MAX_TAGS]


def project_metadata(course: Course) -> dict[str, Any]:
    brief, curriculum = course.brief or Brief(), course.curriculum
    voice = brief.voice
    duration = brief.duration_hours
    price = brief.price
    if price is None and curriculum is not None:
        price = curriculum.price
    return {
        **known(
            subtitle=brief.subtitle or (curriculum.subtitle if curriculum else None),
            instructor=brief.instructor or (curriculum.instructor if curriculum else None),
            level=brief.level or (curriculum.level if curriculum else None),
            duration_hours=list(duration) if isinstance(duration, tuple) else duration,
            total_minutes=curriculum.total_minutes if curriculum else None,
            category=brief.category,
            style=brief.style or (curriculum.style if curriculum else None),
            language=brief.language or (curriculum.language if curriculum else None),
            objectives=list(objectives_of(course)),
            prerequisites=list(brief.prerequisites or (curriculum.prerequisites if curriculum else ())),
            voice=known(mode=voice.mode, persona=voice.persona, persona_slug=voice.persona_slug, tone=voice.tone),
            missing_lessons=[lesson.lesson_id for lesson in course.missing],
        ),
        **({"price_brl": price} if price is not None else {}),
        "source": {"folder": course.folder.name},
    }


def lesson_metadata(lesson: LessonFile, listed: CurriculumLesson | None) -> dict[str, Any]:
    head = lesson.head
    objectives = head.get("learning_objectives")
    stated = [text for item in objectives if (text := scalar(item))] if isinstance(objectives, list) else []
    return known(
        lesson_id=lesson.number.label,
        module_number=lesson.number.module,
        lesson_number=lesson.number.lesson,
        duration_minutes=lesson.minutes or (listed.minutes if listed else None),
        lesson_type=scalar(head.get("lesson_type")) or (listed.lesson_type if listed else None),
        difficulty=scalar(head.get("difficulty")),
        description=listed.description if listed else None,
        learning_objectives=stated or list(listed.objectives if listed else ()),
        bloom_level=listed.bloom_level if listed else None,
        key_concepts=list(listed.key_concepts) if listed else None,
        curriculum_lesson_id=listed.lesson_id if listed else None,
        curriculum_title=listed.title if listed and listed.title != lesson.title else None,
    )
