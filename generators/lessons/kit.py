"""The offline lesson: a kit made of what is known, with a visible gap for each thing that is not.

It is no lesson yet where there are gaps, and says so (`status: draft`, `gaps: 3`). What stands in it was said by the
author or is quoted with its place, so nothing has to be taken back. The same facts give the same bytes.
"""

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import yaml
from jinja2 import Environment, StrictUndefined

from generators.lessons.facts import DEFAULT_MINUTES, CourseFacts, LessonFacts
from generators.lessons.frame import frame_of
from generators.sources import Passage

WRITER = "offline"
MMOS_FIDELITY = 0.90
MANUAL_FIDELITY = 0.85


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """A lesson as it is going to be published.

    Attributes:
        text: Markdown with frontmatter, ending in a newline.
        head: what the frontmatter says.
    """

    text: str
    head: dict[str, Any]


def write_kit(course: CourseFacts, facts: LessonFacts) -> Lesson:
    """One lesson as a kit."""
    body = lesson_body(course, facts)
    head = lesson_head(course, facts, writer=WRITER, gaps=len(facts.gaps))
    return Lesson(text=f"{frontmatter(head)}\n\n{body}", head=head)


def lesson_body(course: CourseFacts, facts: LessonFacts) -> str:
    """The Markdown below the frontmatter."""
    say = frame_of(course.language)
    title = facts.lesson.title or say["untitled"]
    kinds = {kind for kind, _ in facts.gaps}
    brief = course.brief
    text: str = _template().render(
        facts=facts,
        say=say,
        title=title,
        minutes=facts.lesson.minutes or DEFAULT_MINUTES,
        start=(*course.curriculum.prerequisites, *brief.before),
        end=brief.after,
        quoted=quoted,
        has_gap=kinds.__contains__,
        gap=lambda kind, about: f"{say['gap']}: {say['missing'][kind].format(about)}",
    )
    return text.rstrip("\n") + "\n"


def quoted(passage: Passage) -> str:
    """A passage as it is shown: as a quotation with its place; code and tables as they are."""
    place = f"— *{passage.citation}*"
    if passage.kind in {"code", "table"}:
        return f"{passage.text}\n\n{place}"
    lines = [f"> {line}".rstrip() for line in passage.text.splitlines()]
    return "\n".join([*lines, ">", f"> {place}"])


def frontmatter(head: dict[str, Any]) -> str:
    """The YAML head of a lesson, with its fences."""
    return "---\n" + yaml.safe_dump(head, allow_unicode=True, sort_keys=False, width=110) + "---"


def lesson_head(course: CourseFacts, facts: LessonFacts, *, writer: str, gaps: int) -> dict[str, Any]:
    """What the frontmatter of a lesson says; only what is so."""
    lesson, module, say = facts.lesson, facts.module, frame_of(course.language)
    stated = {
        "lesson_type": lesson.lesson_type,
        "difficulty": course.curriculum.level or course.brief.level,
        "prerequisites": [facts.previous.lesson_id] if facts.previous else [],
        "learning_objectives": list(facts.objectives),
        "sources": list(
            dict.fromkeys(cited.source for cited in [*facts.passages, *(term.passage for term in facts.terms)])
        ),
    }
    return {
        "lesson_id": lesson.lesson_id,
        "title": lesson.title or f"{say['lesson']} {lesson.lesson_id}",
        "module": module.title or f"{say['module']} {module.number}",
        "duration_minutes": lesson.minutes or DEFAULT_MINUTES,
        **{name: value for name, value in stated.items() if value},
        "language": course.language,
        **({"status": "draft"} if gaps else {}),  # that a person has reviewed it is not ours to say
        "gaps": gaps,
        "written_by": writer,
        "voice_fidelity_target": MMOS_FIDELITY if course.brief.voice.mode == "mmos" else MANUAL_FIDELITY,
    }


@cache
def _template() -> Any:
    source = (resources.files("generators.lessons") / "frames" / "lesson.md.j2").read_text("utf-8")
    # Markdown, not HTML: nothing is escaped, and what a source says is quoted as it stands.
    environment = Environment(undefined=StrictUndefined, autoescape=False, keep_trailing_newline=True)  # noqa: S701
    return environment.from_string(source)
