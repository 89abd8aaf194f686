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
            "filler": round(found.filler, 3),
            "specific": None if found.specific is None else round(found.specific, 3),
            "alike": round(found.alike, 3),
            "repeated": round(found.repeated, 3),
            "copied": round(found.copied, 3),
            "invented": list(found.invented),
            "foreign": round(found.foreign, 3),
            "order": None if found.order is None else round(found.order, 3),
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


def score_course(
    files: Mapping[str, str],
    *,
    language: str | None = None,
    about: Iterable[str] = (),
    citable: Iterable[str] | None = None,
) -> CourseScore:
    """Score the lessons of a course, name -> Markdown, each beside the others.

    Args:
        files: in the order of the course.
        language: of the course; if None, as most of its lessons state or show.
        about: what is written about the course: its brief, its outline.
        citable: names of files that a lesson may cite, beside the sources that its head names; None if not known.
    """
    spoken = language or _language(files.values())
    texts = [lesson_text(name, markdown, spoken, citable=citable) for name, markdown in files.items()]
    around = [lesson_text("", text, spoken) for text in about]
    return CourseScore(lessons=tuple(_score(text, texts, around) for text in texts))


def score_lesson(
    name: str,
    markdown: str,
    *,
    beside: Iterable[LessonText] = (),
    language: str | None = None,
    citable: Iterable[str] | None = None,
) -> LessonScore:
    """Score one lesson, beside those of its course that are known."""
    return _score(lesson_text(name, markdown, language or _language([markdown]), citable=citable), list(beside), [])


def lesson_text(name: str, markdown: str, language: str, *, citable: Iterable[str] | None = None) -> LessonText:
    """A lesson as the judge reads it, with the title that it states, or that its file has."""
    head = split_frontmatter(markdown).values
    stated = head.get("title")
    headings = [section for section in sections(markdown) if section.heading]
    # A first heading beside which others of its rank stand is the title of a section.
    is_title = len(headings) == 1 or (headings and headings[0].level < min(one.level for one in headings[1:]))
    heading = headings[0].heading if is_title else _words_of_name(name)
    named = head.get("sources")
    sources = [PurePosixPath(str(one)).name for one in named] if isinstance(named, list) else []
    known = None if citable is None else frozenset([*citable, *sources])
    return LessonText(name, str(stated or re.sub(_TITLE_NUMBER, "", heading)), markdown, language, known)


def _words_of_name(name: str) -> str:
    path = PurePosixPath(name)
    return " ".join(re.findall(r"[^\W\d_]+", f"{path.parent.name} {path.stem}"))


def _score(text: LessonText, others: list[LessonText], about: list[LessonText]) -> LessonScore:
    return LessonScore(
        name=PurePosixPath(text.name).name,
        substance=weigh(text, others, about),
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
