"""Does a lesson say something? What frames cannot see: own terms, evidence, repetition, language, gaps.

Five questions, each answered from the text and from the other lessons of its course:

- *gaps*: has its author still to add something? A marked gap fails, whatever else is there.
- *subject*: is it about its title, or at least about its course? The title's telling words occur below the headings,
  or the words that it uses most are those of the other lessons.
- *evidence*: is there anything to hold on to? Numbers, code, names, citations, emphasised terms: so many for each
  hundred words. Greetings, promises and advice that fits every subject have none.
- *repetition*: is it its own? Sentences that stand in another lesson of the course too, names aside, are not.
- *language*: is it written in the language of its course?

Where the numbers come from: real lessons of several courses in three languages lie above, texts put together from
phrases below; docs/lessons.md has the figures.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from generators.languages import fold, vocabulary
from generators.languages.stems import stems_of
from generators.lessons.frame import GAP_MARK, gap_marks
from generators.scorers.document import Section, sections, sentences, words_of

LEAST_WORDS = 80
LEAST_EVIDENCE = 3.0
MOST_REPEATED = 0.35
MOST_FOREIGN = 0.2
LEAST_SUBJECT = 0.3
LEAST_KINSHIP = 0.5
_TELLING_WORDS = 20
_FOREIGN_WORDS = 6
_FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
_FRONTMATTER = re.compile(r"\A\ufeff?---[ \t]*\r?\n.*?\r?\n---[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_HEADING = re.compile(r"^#{1,6} .*$", re.MULTILINE)
_LIST_NUMBER = re.compile(r"^\s*(?:[-*+]\s+)?\d{1,2}[.)]\s+", re.MULTILINE)
_NUMBER = re.compile(r"(?<![\w.])\d[\d.,:]*")
_CODE = re.compile(r"`[^`\n]+`")
_STRONG = re.compile(r"\*\*([^*\n]{2,60})\*\*")
_LINK = re.compile(r"\]\([^)\s]+\)|https?://\S+|— \*[^*\n]+\*")
_NAME = re.compile(r"(?<=[a-zà-ÿ,;] )[A-ZÀ-Þ][\w’'-]+")
# What leads from lesson to lesson is the same at both ends: gaps, citations, neighbours, questions on earlier lessons.
_LEADS = re.compile(rf"{GAP_MARK}|—|⬅️|❓|\d+\.\d+ |[^.!?]*· \d+ min$")
_QUOTED = re.compile(r"[“\"«][^”\"»\n]*[”\"»]")


@dataclass(frozen=True)
class LessonText:
    """A lesson as its substance is measured.

    Attributes:
        name: of the file.
        title: as stated.
        markdown: the whole file.
        language: of the course.
    """

    name: str
    title: str
    markdown: str
    language: str

    @cached_property
    def body(self) -> str:
        return _FRONTMATTER.sub("", self.markdown, count=1)

    @cached_property
    def found(self) -> list[Section]:
        return sections(self.markdown)

    @cached_property
    def sentences(self) -> list[str]:
        return sentences(self.found[0].all_blocks)

    @cached_property
    def stems(self) -> Counter[str]:
        """The telling words below the headings, quotations left out: a title that is only quoted is not spoken of."""
        text = _QUOTED.sub(" ", _HEADING.sub("", self.body))
        return Counter(stems_of(self.language).of(text))

    @cached_property
    def masked(self) -> Counter[str]:
        """Each sentence without what only names this lesson: quotations, the words of its title, numbers."""
        stems = stems_of(self.language)
        own = stems.set_of(self.title)
        kept = Counter[str]()
        for sentence in self.sentences:
            if _LEADS.match(sentence):
                continue
            words = [word for word in words_of(_QUOTED.sub(" ", sentence)) if stems.stem(word) not in own]
            kept[" ".join(words)] += 1
        return kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Substance:
    """The five answers; `passed` if all of them are good.

    Attributes:
        gaps: how many marks of something missing.
        evidence: pieces of evidence for each hundred words.
        subject: share of the title's telling words that the text uses; 1.0 for a title without any.
        kinship: share of the words that it uses most which other lessons of the course use; None if there are none.
        repeated: share of sentences that another lesson has as well.
        foreign: share of sentences in another language.
        words: of prose and code.
    """

    gaps: int
    evidence: float
    subject: float
    kinship: float | None
    repeated: float
    foreign: float
    words: int

    @property
    def passed(self) -> bool:
        return not self.missing

    @property
    def missing(self) -> tuple[str, ...]:
        """What does not hold, in words for the author."""
        told = []
        if self.gaps:
            told.append(f"gaps: {self.gaps} marked with {GAP_MARK}")
        if self.words < LEAST_WORDS:
            told.append(f"length: {self.words} words; {LEAST_WORDS} are the least that can teach something")
        if self.subject < LEAST_SUBJECT and (self.kinship is None or self.kinship < LEAST_KINSHIP):
            told.append(f"subject: only {self.subject:.0%} of the title's words occur in the text")
        if self.evidence < LEAST_EVIDENCE:
            told.append(
                f"evidence: {self.evidence:.1f} numbers, names, terms or examples for 100 words; "
                f"{LEAST_EVIDENCE:.0f} are asked"
            )
        if self.repeated > MOST_REPEATED:
            told.append(f"repetition: {self.repeated:.0%} of the sentences stand in another lesson too")
        if self.foreign > MOST_FOREIGN:
            told.append(f"language: {self.foreign:.0%} of the sentences are in another language")
        return tuple(told)


def weigh(lesson: LessonText, others: Iterable[LessonText]) -> Substance:
    """Measure one lesson beside the others of its course."""
    # Two files with the same title are two versions of one lesson, which may well say the same.
    others = [other for other in others if other.title.casefold() != lesson.title.casefold()]
    elsewhere = {sentence for other in others for sentence in other.masked}
    own = lesson.masked
    total = sum(own.values())
    repeated = sum(count for sentence, count in own.items() if sentence in elsewhere)
    words = len(_HEADING.sub("", lesson.body).split())
    return Substance(
        gaps=sum(_FENCE.sub("", lesson.body).count(mark) for mark in set(gap_marks())),
        evidence=100 * _evidence(lesson) / max(words, 1),
        subject=_subject(lesson),
        kinship=_kinship(lesson, others),
        repeated=repeated / total if total else 0.0,
        foreign=foreign_share(lesson.sentences, lesson.language),
        words=words,
    )


def _evidence(lesson: LessonText) -> int:
    """How many things a reader could check or look up, each counted once; the title's own words do not count."""
    stems = stems_of(lesson.language)
    title = stems.set_of(lesson.title)
    body = _HEADING.sub("", lesson.body)
    code_lines = sum(len(block.splitlines()) - 2 for block in (match[0] for match in _FENCE.finditer(body)))
    prose = _LIST_NUMBER.sub("", _FENCE.sub("", body))
    numbers = set(_NUMBER.findall(prose))
    names = {name for name in _NAME.findall(prose) if stems.stem(name) not in title}
    terms = {fold(term) for term in _STRONG.findall(prose) if stems.set_of(term) - title}
    return (
        len(numbers) + len(names) + len(terms) + len(set(_CODE.findall(prose))) + len(_LINK.findall(prose)) + code_lines
    )


def _subject(lesson: LessonText) -> float:
    title = stems_of(lesson.language).set_of(lesson.title)
    return len(title & lesson.stems.keys()) / len(title) if title else 1.0


def _kinship(lesson: LessonText, others: Sequence[LessonText]) -> float | None:
    if not others:
        return None
    telling = [stem for stem, _ in lesson.stems.most_common(_TELLING_WORDS)]
    around = {stem for other in others for stem in other.stems}
    return sum(stem in around for stem in telling) / len(telling) if telling else 0.0


def foreign_share(texts: Sequence[str], language: str) -> float:
    """Share of sentences whose small words belong to another language than this; 0 if none is long enough to tell."""
    known = {
        code: frozenset(map(fold, spoken.get("function_words", ()))) for code, spoken in vocabulary().languages.items()
    }
    if language not in known:
        return 0.0
    judged = foreign = 0
    for sentence in texts:
        words = [fold(word) for word in words_of(sentence)]
        if len(words) < _FOREIGN_WORDS:
            continue
        judged += 1
        counts = {code: sum(word in small for word in words) for code, small in known.items()}
        best = max(counts.values())
        foreign += counts[language] * 2 < best
    return foreign / judged if judged else 0.0
