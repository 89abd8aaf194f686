"""Writes the lessons of examples/lessons again, from the briefs and sources beside it."""

from pathlib import Path

from generators.lessons import CourseFacts, write_kit
from generators.making.builder import build_curriculum, course_language
from generators.reading.brief import read_brief
from generators.sources import read_sources

EXAMPLES = Path(__file__).parent
CHOSEN = {
    "first-tests-in-python": ("1.1", "2.1", "2.2"),
    "legumbres-desde-cero": ("2.1",),
    "financas-para-freelancers": ("1.1", "2.3"),
}


def lessons() -> dict[str, str]:
    """File name -> text of every lesson shown."""
    found = {}
    for name, numbers in CHOSEN.items():
        brief = read_brief(EXAMPLES / "briefs" / f"{name}.md")
        sources = read_sources(None, [EXAMPLES / "sources" / name])
        curriculum = build_curriculum(brief).curriculum
        course = CourseFacts(brief=brief, curriculum=curriculum, language=course_language(brief), sources=sources)
        for facts in course.lessons:
            if facts.lesson.lesson_id in numbers:
                found[Path(facts.lesson.file_path or "").name] = write_kit(course, facts).text
    return found


if __name__ == "__main__":
    for path, text in lessons().items():
        (EXAMPLES / "lessons" / path).write_text(text, "utf-8")
