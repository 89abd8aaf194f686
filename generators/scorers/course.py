"""A course's lessons judged side by side: substance decides, the two frames advise."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from generators.lessons.frame import DEFAULT_LANGUAGE, UnknownLanguage, language_of
from generators.reading.markdown import split_frontmatter
from generators.scorers.didactics import DidacticsScore, score_didactics
from generators.scorers.document import sections
from generators.scorers.gps import GpsScore, score_gps
from generators.scorers.substance import LessonText, Substance, weigh

PASS_SHARE = 0.80
_TITLE_NUMBER = r"^\W*(?:\w+\s+)?\d+(?:\.\d+)*\s*[-:–—|.)]*\s*"


@dataclass(frozen=True, slots=True, kw_only=True)
class LessonScore:
    """What was found about one lesson; `passed` is the substance's word.

    Attributes:
        gps: the GPS frame, 0 to 30.
        didactics: the seven elements of Didática Lendária, 0 to 100.
    """

    name: str
    substance: Substance
    gps: GpsScore
    didactics: DidacticsScore

    @property
    def passed(self) -> bool:
        return self.substance.passed

    @property
    def missing(self) -> tuple[str, ...]:
        """Why it fails."""
        return self.substance.missing

    @property
    def advice(self) -> tuple[str, ...]:
        """What its frame lacks, which fails nobody."""
        return self.gps.missing + self.didactics.missing

    def as_dict(self) -> dict[str, object]:
        found = self.substance
        return {
            "lesson": self.name,
            "passed": self.passed,
            "missing": list(self.missing),
            "gaps": found.gaps,
            "evidence": round(found.evidence, 2),
            "subject": round(found.subject, 2),
            "repeated": round(found.repeated, 3),
            "foreign": round(found.foreign, 3),
            "words": found.words,
            "gps": self.gps.total,
            "didactics": self.didactics.total,
            "advice": list(self.advice),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseScore:
    """Scores of all lessons of a course; it passes when 80 % of them pass."""

    lessons: tuple[LessonScore, ...]

    @property
    def passing(self) -> int:
        return sum(lesson.passed for lesson in self.lessons)

    @property
    def passed(self) -> bool:
        return bool(self.lessons) and self.passing >= PASS_SHARE * len(self.lessons)


def score_course(files: Mapping[str, str], *, language: str | None = None) -> CourseScore:
    """Score the lessons of a course, name -> Markdown, each beside the others.

    Args:
        files: in the order of the course.
        language: of the course; if None, as most of its lessons state or show.
    """
    spoken = language or _language(files.values())
    texts = [lesson_text(name, markdown, spoken) for name, markdown in files.items()]
    return CourseScore(lessons=tuple(_score(text, texts) for text in texts))


def score_lesson(
    name: str, markdown: str, *, beside: Iterable[LessonText] = (), language: str | None = None
) -> LessonScore:
    """Score one lesson, beside those of its course that are known."""
    return _score(lesson_text(name, markdown, language or _language([markdown])), list(beside))


def lesson_text(name: str, markdown: str, language: str) -> LessonText:
    """A lesson as the judge reads it, with the title that it states."""
    stated = split_frontmatter(markdown).values.get("title")
    heading = next((section.heading for section in sections(markdown) if section.heading), "")
    return LessonText(name, str(stated or re.sub(_TITLE_NUMBER, "", heading)), markdown, language)


def _score(text: LessonText, others: list[LessonText]) -> LessonScore:
    return LessonScore(
        name=PurePosixPath(text.name).name,
        substance=weigh(text, others),
        gps=score_gps(text.markdown),
        didactics=score_didactics(text.markdown),
    )


def _language(texts: Iterable[str]) -> str:
    votes: dict[str, int] = {}
    for markdown in texts:
        front = split_frontmatter(markdown)
        stated = front.values.get("language")
        try:
            code = language_of(str(stated) if stated else None, front.body)
        except UnknownLanguage:
            continue
        votes[code] = votes.get(code, 0) + 1
    return max(votes, key=lambda code: votes[code], default=DEFAULT_LANGUAGE)
