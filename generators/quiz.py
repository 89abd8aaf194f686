from typing import Any

import yaml

from generators.brief import Brief
from generators.curriculum import Curriculum, CurriculumLesson, CurriculumModule
from generators.lesson_writer.kind import generic_name, kind_of
from generators.lesson_writer.phrases import Chooser, bank
from generators.portuguese import infinitive, quotable

PASS_PERCENT = 70
_LETTERS = "ABCD"


def write_quiz(brief: Brief, curriculum: Curriculum, module: CurriculumModule) -> str:
    """The quiz of a module: a scenario question for each lesson, made from what the lesson set out to do.

    The letter of the right answer varies from question to question, the same way on every run.

    Returns:
        YAML text.
    """
    everything = [lesson.lesson_id for lesson in curriculum.lessons]
    questions = [
        _question(curriculum, lesson, everything.index(lesson.lesson_id), number, brief)
        for number, lesson in enumerate(module.lessons, 1)
    ]
    document: dict[str, Any] = {
        "quiz_id": f"quiz-module-{module.number}",
        "module_number": module.number,
        "title": f"Quiz do módulo {module.number}: {module.title or 'sem título'}",
        "passing_score": PASS_PERCENT,
        "questions": questions,
    }
    return str(yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=100))


def _question(
    curriculum: Curriculum, lesson: CurriculumLesson, index: int, number: int, brief: Brief
) -> dict[str, Any]:
    kind = kind_of(lesson.title or "", lesson.description)
    can = next((verb for verb in map(infinitive, lesson.objectives) if verb), "")
    chooser = Chooser(
        seed=f"{curriculum.slug}|quiz",
        index=index,
        fields={"title": quotable(lesson.title or lesson.lesson_id), "can": can},
        generic=generic_name(kind),
        never=brief.voice.never,
    )
    phrases = bank("quiz")
    right = chooser.pick(f"right.{kind}", phrases["right"][kind])
    options = chooser.pick_many("wrong", phrases["wrong"], len(_LETTERS) - 1)
    # The letters come in packs of four: each is right once before any is right again.
    letter = chooser.pick("letter", tuple(_LETTERS))
    options.insert(_LETTERS.index(letter), right)
    return {
        "number": number,
        "lesson_id": lesson.lesson_id,
        "objective": lesson.objectives[0] if lesson.objectives else None,
        "bloom_level": lesson.bloom_level,
        "question": chooser.pick("scenario", phrases["scenario" if can else "scenario_plain"]),
        "options": dict(zip(_LETTERS, options, strict=True)),
        "correct_answer": letter,
        "explanation": chooser.pick("because", phrases["because"]),
    }
