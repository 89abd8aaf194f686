"""What a course is checked with: a quiz for each module and a final project, from the same facts as the lessons.

A question asks for a term by its definition, or for a definition by its term. The wrong answers are other true things
of the course, those nearest to the right one first: they can be told apart only by who knows the subject. Where the
sources define too few terms there are fewer questions, and none is made up.
"""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

import yaml

from generators.lessons.facts import CourseFacts
from generators.lessons.frame import frame_of
from generators.reading.curriculum import CurriculumModule
from generators.sources.definitions import Definition

PASS_PERCENT = 70
OPTIONS = 4
MOST_QUESTIONS = 12
MOST_CRITERIA = 6
_LETTERS = "ABCD"


def write_assessments(course: CourseFacts) -> Iterator[tuple[str, str]]:
    """Every assessment as (path relative to the course folder, text), in the order of the modules."""
    for module in course.curriculum.modules:
        yield quiz_path(module), write_quiz(course, module)
    yield "assessments/final-project.md", write_final_project(course)


def quiz_path(module: CurriculumModule) -> str:
    return f"assessments/quiz-module-{module.number}.yaml"


def write_quiz(course: CourseFacts, module: CurriculumModule) -> str:
    """The quiz of a module, as YAML; the same facts give the same questions, options and letters."""
    everything = [found for facts in course.lessons for found in facts.terms]
    asked = [
        (facts.lesson.lesson_id, found)
        for facts in course.lessons
        if facts.module.number == module.number
        for found in facts.terms
    ][:MOST_QUESTIONS]
    enough = len(everything) >= OPTIONS
    questions = [
        _question(course, lesson_id, found, number, everything)
        for number, (lesson_id, found) in enumerate(asked if enough else (), 1)
    ]
    return quiz_yaml(quiz_document(course, module, questions))


def quiz_document(course: CourseFacts, module: CurriculumModule, questions: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """A quiz with its head; without questions it is a draft that says what is missing."""
    frame = frame_of(course.language)
    document: dict[str, Any] = {
        "quiz_id": f"quiz-module-{module.number}",
        "module_number": module.number,
        "title": frame["quiz"]["title"].format(module.number, module.title or frame["untitled"]),
        "language": course.language,
        "passing_score": PASS_PERCENT,
        "questions": list(questions),
    }
    if not questions:
        document["status"] = "draft"
        document["missing"] = f"{frame['gap']}: {frame['missing']['questions']}"
    return document


def quiz_yaml(document: dict[str, Any]) -> str:
    return str(yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=100))


def _question(
    course: CourseFacts, lesson_id: str, right: Definition, number: int, everything: Sequence[Definition]
) -> dict[str, Any]:
    say = frame_of(course.language)["quiz"]
    others = _nearest(course, right, everything)
    by_term = number % 2 == 1
    return quiz_question(
        course,
        number=number,
        lesson_id=lesson_id,
        question=say["which_meaning"].format(right.term) if by_term else say["which_term"].format(right.meaning),
        right=right.meaning if by_term else right.term,
        wrong=[found.meaning if by_term else found.term for found in others],
        because=say["because"].format(right.text, right.passage.citation),
    )


def quiz_question(
    course: CourseFacts, *, number: int, lesson_id: str, question: str, right: str, wrong: Sequence[str], because: str
) -> dict[str, Any]:
    """A question as a quiz has it; the same answer always stands in the same place."""
    options = list(wrong)
    place = _steady(f"{course.curriculum.slug}|{question}|{right}") % OPTIONS
    options.insert(place, right)
    return {
        "number": number,
        "lesson_id": lesson_id,
        "question": question,
        "options": dict(zip(_LETTERS, options, strict=True)),
        "correct_answer": _LETTERS[place],
        "explanation": because,
    }


def _nearest(course: CourseFacts, right: Definition, everything: Sequence[Definition]) -> list[Definition]:
    """Other definitions of the course: those that share most words with the right one, ties by place."""
    about = course.stems.set_of(f"{right.term} {right.text}")
    others = [found for found in everything if found is not right and found.meaning != right.meaning]
    shared = [len(about & course.stems.set_of(f"{found.term} {found.text}")) for found in others]
    ranked = sorted(range(len(others)), key=lambda at: (-shared[at], at))
    return [others[at] for at in ranked[: OPTIONS - 1]]


def write_final_project(course: CourseFacts) -> str:
    """The final project in Markdown: what the author wants reached, a stage for each module, a rubric of 100 points.

    What the project is about only the author can say: that is a gap.
    """
    frame, curriculum = frame_of(course.language), course.curriculum
    say = frame["project"]
    stages = []
    for place, module in enumerate(curriculum.modules, 1):
        aims = module.objectives or tuple(
            objective
            for facts in course.lessons
            if facts.module.number == module.number
            for objective in facts.lesson.objectives
        )
        stages.append(f"{place}. **{module.title or frame['untitled']}**" + "".join(f"\n   - {aim}" for aim in aims))
    lines = [
        f"# 🏆 {say['title']}",
        f"## 🎯 {say['challenge']}",
        f"{frame['gap']}: {say['own']}",
        *("\n".join(f"- {line}" for line in course.brief.after) for _ in course.brief.after[:1]),
        f"## 🗺️ {say['stages']}",
        "\n".join(stages),
        *_rubric(course),
    ]
    return "\n\n".join(lines) + "\n"


def _rubric(course: CourseFacts) -> list[str]:
    say = frame_of(course.language)["project"]
    criteria = course.curriculum.objectives[:MOST_CRITERIA]
    if not criteria:
        return []
    rows = [f"| {say['criterion']} | {say['points']} |", "| --- | --- |"]
    for place, text in enumerate(criteria):
        points = 100 // len(criteria) + (1 if place < 100 % len(criteria) else 0)
        rows.append(f"| {text.replace('|', '/')} | {points} |")
    return [f"## 📏 {say['rubric']}", "\n".join(rows)]


def _steady(text: str) -> int:
    """A number that depends on nothing but the text."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4])
