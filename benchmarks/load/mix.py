"""What a log holds, sampled: of 250 events 5 courses and modules, 150 lessons, 95 patches of these lessons.

Event `number` is the same in every run. Nothing is said twice, so each one is news. Bodies have the spread of real ones
(many short, few long) at a fraction of their length: with 8 KB each, ten million events would be a file of 60 GB. After
`DISTINCT` courses the texts come again, under other slugs.
"""

import random

from outbox.catalogue import (
    ContentMetadataMerged,
    ContentMindLinked,
    ContentStatusChanged,
    ContentTagged,
    ContentUpserted,
    Payload,
    ProjectUpserted,
)

COURSE_EVENTS, MODULES, LESSONS = 250, 4, 150
DISTINCT = 64
MIND = "ana"
SHORT_BODY_CHARS = 220  # on average
REAL_BODY_CHARS = 7_500
_LONGEST = 6  # times the average

_choice = random.Random(20)
_stems = ["".join(_choice.choice("bcdfglmnprstv") + _choice.choice("aeiou") for _ in range(3)) for _ in range(400)]
_words = [stem + ending for ending in ("r", "ção", "s", "ndo", "mento") for stem in _stems]
_TEXT = " ".join(_words[int(len(_words) * _choice.random() ** 3)] for _ in range(40_000))


def event(number: int, *, prefix: str = "curso", body_chars: int = SHORT_BODY_CHARS) -> Payload:
    """Return event `number` of the log that `prefix` names."""
    course, place = divmod(number, COURSE_EVENTS)
    slug = f"{prefix}-{course}"
    if place == 0:
        return ProjectUpserted(slug=slug, name="Curso", metadata={"language": "pt-BR"})
    if place <= MODULES:
        return ContentUpserted(
            slug=f"{slug}--modulo-{place}",
            title=f"Módulo {place}",
            content_type="course_module",
            project=slug,
            sequence_order=place,
        )
    lesson = place - MODULES - 1
    if lesson < LESSONS:
        return _lesson(slug, lesson, number % (DISTINCT * COURSE_EVENTS), body_chars)
    return _patch(slug, lesson - LESSONS)


def _lesson(slug: str, lesson: int, text: int, body_chars: int) -> ContentUpserted:
    sample = random.Random(text)
    size = min(int(sample.expovariate(1 / body_chars)) + 40, body_chars * _LONGEST)
    start = sample.randrange(len(_TEXT) - size)
    module = lesson % MODULES + 1
    return ContentUpserted(
        slug=f"{slug}--aula-{lesson}",
        title=f"Aula {lesson}",
        content_type="course_lesson",
        project=slug,
        parent=f"{slug}--modulo-{module}",
        sequence_order=lesson,
        body=f"# Aula {lesson}\n\n{_TEXT[start : start + size]}",
        status="draft",
        ai_generated=True,
        file_path=f"courses/{slug}/lessons/{lesson}.md",
        metadata={"duration_minutes": 5 + lesson % 20},
    )


def _patch(slug: str, lesson: int) -> Payload:
    one = f"{slug}--aula-{lesson}"
    kind = lesson % 4
    if kind == 0:
        return ContentStatusChanged(slug=one, status="reviewed")
    if kind == 1:
        return ContentMetadataMerged(slug=one, metadata={"reviewer": f"r{lesson % 9}"})
    if kind == 2:
        return ContentTagged(slug=one, tag=f"tema-{lesson % 30}")
    return ContentMindLinked(slug=one, mind=MIND, role="author")
