"""Lessons and quizzes written by a language model, gated by the judge.

A model is asked with what is known about the lesson and with the passages that speak of it, in the language of the
course. What it returns is judged like every lesson, beside those written before, and must be its own and whole: a text
that repeats the request, or that breaks off, is refused. A refused text gets its reasons and another try, three in all;
it is kept with its reasons below `.state/model/`.

Quizzes are asked for with a JSON schema, of a model that takes one. A question counts only if the lessons of its module
back the right answer; where too few are left, the quiz is made of the sources' terms as it is offline.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

import click

from generators.languages import fold
from generators.languages.stems import stems_of
from generators.lessons.assessments import MOST_QUESTIONS, OPTIONS, quiz_document, quiz_question, quiz_yaml
from generators.lessons.facts import DEFAULT_MINUTES, WORDS_PER_MINUTE, CourseFacts, LessonFacts
from generators.lessons.frame import frame_of
from generators.lessons.kit import frontmatter, lesson_head
from generators.lessons.model import MILLION, TOKENS_PER_WORD, Model, ModelFailed, ModelSettings, Question
from generators.lessons.writer import Estimate
from generators.reading.curriculum import CurriculumModule
from generators.scorers import LessonText, lesson_text, score_lesson
from generators.sources.spoken import foreign_share
from generators.whole_file import write_whole

ATTEMPTS = 3
MOST_PARROTED = 0.25
LEAST_QUESTIONS = 3
MOST_QUIZ_WORDS = 900
_PROMPT_TOKENS = 3500
_SECONDS_PER_LESSON = 30.0
_LEAST_BACKED = 0.5
_LAST_PROSE_WORDS = 6

_SYSTEM = """\
You write one lesson of a course in Markdown, in {language}. Answer with the Markdown of the lesson alone, without a
fence around it. Begin with the heading “# {heading}”. Keep these section headings, in this order: {sections}.
Say only what the sources say or what is common knowledge of the subject; when you use a source, name it in the form
— *citation*. Give examples with numbers. Claim no experience, no result and no quotation of the instructor.
Never: {never}.
"""
_QUIZ_SYSTEM = """\
You write the quiz of one module of a course, in {language}, as JSON. Ask only what the lessons below answer. Each
question has one right answer and three wrong ones that are true of something else in the course; no “all of the above”.
"""
_QUIZ_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "questions": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "lesson_id": {"type": "string"},
                    "question": {"type": "string"},
                    "right": {"type": "string"},
                    "wrong": {"type": "array", "items": {"type": "string"}, "minItems": 3, "maxItems": 3},
                    "explanation": {"type": "string"},
                },
                "required": ["lesson_id", "question", "right", "wrong", "explanation"],
                "additionalProperties": False,
            },
        }
    },
    "required": ["questions"],
    "additionalProperties": False,
}


class ModelWriter:
    """Writes with a model that `llm` knows; see `Model` for what it raises.

    Each lesson is paid for, so each is published at once.
    """

    lessons_per_unit = 1

    def __init__(self, model: str, settings: ModelSettings | None = None) -> None:
        self.settings = settings or ModelSettings()
        self.model = Model(model, self.settings)
        self.name = self.model.name
        self._written: list[LessonText] = []

    @property
    def asked(self) -> dict[str, Any]:
        return self.settings.as_dict()

    def used(self) -> dict[str, Any]:
        return self.model.as_dict()

    def watched_by(self, tell: Callable[[str, int], None]) -> None:
        self.model.tell = tell

    def estimate(self, lessons: int, minutes: int) -> Estimate:
        tokens_in = lessons * _PROMPT_TOKENS
        tokens_out = round(minutes * WORDS_PER_MINUTE * TOKENS_PER_WORD)
        price = self.settings.price
        cost = (tokens_in * price[0] + tokens_out * price[1]) / MILLION if price else None
        said = f"about {tokens_in + tokens_out:,} tokens"
        said += f", ${cost:,.2f}" if cost is not None else " at your provider's prices"
        note = f"{said}, up to {ATTEMPTS} times that if texts are refused"
        return Estimate(seconds=lessons * _SECONDS_PER_LESSON, tokens=tokens_in + tokens_out, note=note)

    def write(self, course: CourseFacts, facts: LessonFacts) -> str:
        """One lesson that the judge lets pass.

        Raises:
            ModelFailed: the model could not be reached, or no attempt passed.
            ModelRefused, BudgetSpent: the run cannot go on.
        """
        system, wish, more = self.model.filled(_SYSTEM, _wish(course, facts), _instructions(course, facts))
        fragments = (*more, *(f"{passage.text}\n\n— *{passage.citation}*" for passage in facts.passages))
        head = frontmatter(lesson_head(course, facts, writer=self.name, gaps=0))
        name = facts.lesson.lesson_id
        minutes = facts.lesson.minutes or DEFAULT_MINUTES

        def taken(text: str) -> tuple[str, tuple[str, ...]]:
            markdown = f"{head}\n\n{_unfenced(text)}\n"
            return markdown, self._refused(course, facts, markdown, given=f"{system}\n{wish}")

        asked = Question(
            about=f"lesson {name}", prompt=wish, system=system, fragments=fragments, words=minutes * WORDS_PER_MINUTE
        )
        markdown: str = self._attempts(name, asked, taken)
        self._written.append(lesson_text(name, markdown, course.language))
        return markdown

    def quiz(self, course: CourseFacts, module: CurriculumModule, lessons: Mapping[str, str]) -> str | None:
        """The quiz of a module, out of its lessons; None where the offline one is the better one.

        Args:
            course: what is known.
            module: of the course.
            lessons: its lessons, as they were published: id -> Markdown.

        Raises:
            ModelRefused, BudgetSpent: the run cannot go on.
        """
        if not self.model.takes_schemas or not lessons:
            return None
        name = f"quiz-module-{module.number}"
        wanted = min(MOST_QUESTIONS, 2 * len(lessons))
        asked = Question(
            about=f"quiz of module {module.number}",
            prompt=f"Module: {module.title}\nLessons: {', '.join(lessons)}\nQuestions: {wanted}",
            system=_QUIZ_SYSTEM.format(language=frame_of(course.language)["code"]),
            fragments=tuple(lessons.values()),
            words=MOST_QUIZ_WORDS,
            schema=_QUIZ_SCHEMA,
        )
        try:
            questions: list[dict[str, Any]] = self._attempts(name, asked, lambda text: _checked(course, lessons, text))
        except ModelFailed as exc:
            click.echo(f"the quiz of module {module.number} is made of the sources' terms: {exc}", err=True)
            return None
        return quiz_yaml({**quiz_document(course, module, questions[:MOST_QUESTIONS]), "written_by": self.name})

    def _attempts(self, name: str, question: Question, taken: Callable[[str], tuple[Any, tuple[str, ...]]]) -> Any:
        """Ask until an answer is taken, three times at most; what was refused is kept with its reasons."""
        reasons: tuple[str, ...] = ()
        for attempt in range(1, ATTEMPTS + 1):
            told = f"\n\nA former text was refused: {'; '.join(reasons)}." if reasons else ""
            about = question.about if attempt == 1 else f"{question.about}, attempt {attempt}"
            asked = replace(question, about=about, prompt=question.prompt + told, attempt=attempt)
            text = self.model.answer(asked)
            result, reasons = taken(text)
            if not reasons:
                return result
            self._keep_refused(name, attempt, text, reasons)
        raise ModelFailed(f"{self.name} did not pass in {ATTEMPTS} attempts: {'; '.join(reasons)}")

    def _refused(self, course: CourseFacts, facts: LessonFacts, markdown: str, *, given: str) -> tuple[str, ...]:
        """Why a text is not taken; nothing if it is."""
        score = score_lesson(
            facts.lesson.lesson_id,
            markdown,
            beside=self._written,
            language=course.language,
            citable=[PurePosixPath(passage.source).name for passage in course.sources.passages],
        )
        own = [_plain(one) for one in lesson_text("", markdown, course.language).sentences]
        told = {_plain(one) for one in lesson_text("", given, course.language).sentences}
        echoed = sum(one in told for one in own) / max(1, len(own))
        parrot = (f"parrot: {echoed:.0%} of the sentences only repeat the request",) if echoed > MOST_PARROTED else ()
        where = _cut_off(markdown, course.language)
        return (*parrot, *score.missing, *((f"cut off: {where}",) if where else ()))

    def _keep_refused(self, name: str, attempt: int, text: str, reasons: tuple[str, ...]) -> None:
        if self.settings.folder is None:
            return
        folder = self.settings.folder / "refused"
        folder.mkdir(parents=True, exist_ok=True)
        told = "\n".join(f"- {reason}" for reason in reasons)
        write_whole(folder / f"{name}-{attempt}.md", f"{told}\n\n---\n\n{text}\n".encode())


def _checked(
    course: CourseFacts, lessons: Mapping[str, str], text: str
) -> tuple[list[dict[str, Any]], tuple[str, ...]]:
    """The questions of an answer that hold, and why it is refused if they are too few."""
    try:
        asked = json.loads(_unfenced(text))["questions"]
        found = [one for one in asked if isinstance(one, dict)]
    except (ValueError, KeyError, TypeError):
        return [], ("it is no JSON with a list “questions”",)
    good: list[dict[str, Any]] = []
    faults: list[str] = []
    seen: set[str] = set()
    for one in found:
        fault = _fault(course, lessons, one)
        key = fold(str(one.get("question")))
        if fault is None and key not in seen:
            seen.add(key)
            good.append(
                quiz_question(
                    course,
                    number=len(good) + 1,
                    lesson_id=one["lesson_id"],
                    question=one["question"],
                    right=one["right"],
                    wrong=one["wrong"],
                    because=one["explanation"],
                )
            )
        else:
            faults.append(fault or "asked twice")
    if len(good) >= min(LEAST_QUESTIONS, len(lessons)):
        return good, ()
    return good, (f"only {len(good)} of {len(found)} questions hold ({'; '.join(dict.fromkeys(faults)) or 'none'})",)


def _fault(course: CourseFacts, lessons: Mapping[str, str], one: dict[str, Any]) -> str | None:
    """Why a question does not hold; None if it does."""
    texts = [one.get(key) for key in ("lesson_id", "question", "right", "explanation")]
    wrong = one.get("wrong")
    if not all(isinstance(text, str) and text.strip() for text in texts) or not isinstance(wrong, list):
        return "a part is missing"
    options = [str(text).strip() for text in (one["right"], *wrong)]
    if len(options) != OPTIONS or len({fold(text) for text in options}) != OPTIONS or not all(options):
        return "there are not four different answers"
    if one["lesson_id"] not in lessons:
        return "it names no lesson of the module"
    return _unbacked(course, lessons, one)


def _unbacked(course: CourseFacts, lessons: Mapping[str, str], one: dict[str, Any]) -> str | None:
    """What the lessons do not say of a question's answers; None if they do."""
    if foreign_share([one["question"], one["explanation"]], course.language) > 0:
        return "it is in another language"
    stems = stems_of(course.language)
    said = stems.set_of(lessons[one["lesson_id"]])
    right = stems.set_of(one["right"])
    if len(right & said) < _LEAST_BACKED * len(right):
        return "its lesson does not back the right answer"
    everything = stems.set_of("\n".join([*lessons.values(), *(passage.text for passage in course.sources.passages)]))
    if not all(stems.set_of(text) & everything or not stems.set_of(text) for text in map(str, one["wrong"])):
        return "a wrong answer has nothing to do with the course"
    return None


def _instructions(course: CourseFacts, facts: LessonFacts) -> dict[str, str]:
    say = frame_of(course.language)
    sections = (
        f"## 🎯 G - GOAL ({say['goal']})",
        f"## 🗺️ P - POSITION ({say['position']})",
        f"## 🛤️ S - STEPS ({say['steps']})",
        f"## 💡 {say['mastered']}",
        f"## ⚡ {say['now']}",
        f"## ➡️ {say['next'] if facts.following else say['last']}",
    )
    return {
        "language": str(say["code"]),
        "heading": f"{say['lesson']} {facts.lesson.lesson_id}: {facts.lesson.title or say['untitled']}",
        "sections": "; ".join(sections),
        "never": "; ".join(course.brief.voice.never) or "-",
    }


def _wish(course: CourseFacts, facts: LessonFacts) -> str:
    brief, lesson = course.brief, facts.lesson
    minutes = lesson.minutes or DEFAULT_MINUTES
    lines = {
        "Course": course.curriculum.title,
        "Module": facts.module.title,
        "Lesson": f"{lesson.lesson_id} {lesson.title}",
        "Minutes": f"{minutes}, about {WORDS_PER_MINUTE} words a minute",
        "Objectives": "; ".join(facts.objectives),
        "Topics": "; ".join(topic.name for topic in facts.topics if topic.name),
        "Terms": "; ".join(f"{found.term}: {found.text}" for found in facts.terms),
        "To recall from earlier lessons": "; ".join(review.ask for review in facts.reviews),
        "Practice": "; ".join(facts.practice),
        "Audience": brief.audience.description,
        "Their pains": "; ".join(facts.pains),
        "Voice": brief.voice.tone,
        "Its expressions": "; ".join(brief.voice.phrases),
        "Stories of the author": "; ".join(facts.stories),
        "Next lesson": f"{facts.following.lesson_id} {facts.following.title}" if facts.following else None,
    }
    return "\n".join(f"{name}: {value}" for name, value in lines.items() if value)


def _plain(sentence: str) -> str:
    return " ".join(re.findall(r"\w+", fold(sentence)))


def _unfenced(text: str) -> str:
    lines = text.strip().split("\n")
    if len(lines) > 2 and lines[0].startswith("```") and lines[-1].strip() == "```":  # noqa: PLR2004
        lines = lines[1:-1]
    return "\n".join(lines).strip()


def _cut_off(markdown: str, language: str) -> str | None:
    """Where a text breaks off, as models do that reach their limit; None if it is whole."""
    lines = [line for line in markdown.splitlines() if line.strip()]
    last = lines[-1].strip()
    if sum(line.lstrip().startswith("```") for line in lines) % 2:
        return "a block of code is not closed"
    if last.startswith("#"):
        return "the last section is empty"
    words = re.findall(r"\w+|[^\w\s]", last)
    is_prose = not re.match(r"[-*+>|]|\d+[.)]|```", last) and len(words) >= _LAST_PROSE_WORDS
    stops = stems_of(language).is_function_word(words[-1]) or words[-1] == ","
    return "the last sentence has no end" if stops or (is_prose and words[-1].isalnum()) else None
