"""Cards to learn the terms with: tab-separated, as every program for spaced repetition takes them."""

from generators.lessons.facts import CourseFacts

PATH = "resources/cards.tsv"


def write_cards(course: CourseFacts) -> str | None:
    """Term, definition, lesson and place of each defined term, a line each; None if the sources define none."""
    lines = [
        "\t".join(_field(text) for text in (found.term, found.text, facts.lesson.lesson_id, found.passage.citation))
        for facts in course.lessons
        for found in facts.terms
    ]
    return "\n".join(lines) + "\n" if lines else None


def _field(text: str) -> str:
    return " ".join(text.split())
