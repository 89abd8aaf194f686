"""Does a lesson say something? What frames cannot see: own terms, evidence, repetition, language, gaps.

Nine questions, each answered from the text and from the other lessons of its course:

- *gaps*: has its author still to add something? A marked gap fails, whatever else is there.
- *subject*: is it about its title, or at least about its course? The title's telling words occur below the headings,
  or the words that it uses most are those of the other lessons.
- *evidence*: is there anything to hold on to? Numbers, code, names, citations, emphasised terms: so many for each
  hundred words. What only repeats a pattern (“tip 3: 15 minutes”) counts twice at most.
- *filler*: greetings, promises and advice that fits every subject. A sentence counts as filler if nothing in it is left
  once the words of the title and those of every lesson are taken away; strings of keywords are no sentences either. Of
  all its words together some have to be left, too; and one sentence said again with other nouns is one sentence.
- *structure*: is there a heading? A source laid in as it was spoken is no lesson yet.
- *repetition*: is it its own? Sentences that stand in another lesson of the course too, or in its brief, are not; the
  words of the title and those that the lesson uses most are left out: the same lesson with other nouns is no other.
- *citations*: does what it cites exist? Asked where it is known what there is to cite.
- *language*: is it written in the language of its course?
- *order*: are its words in an order that the language puts them in? The same words in any order teach nobody.

Where the numbers come from: real lessons of several courses in three languages lie above, texts put together from
phrases below; docs/lessons.md has the figures.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

from generators.languages import fold
from generators.languages.stems import Stems, stems_of
from generators.languages.word_order import sense_of_order
from generators.lessons.frame import GAP_MARK, gap_marks
from generators.reading.markdown import split_frontmatter
from generators.scorers.document import Section, sections, sentences, words_of
from generators.sources.spoken import foreign_share

LEAST_WORDS = 80
LEAST_SENTENCES = 3
LEAST_EVIDENCE = 1.0
MOST_FILLER = 0.45
MOST_REPEATED = 0.35
MOST_COPIED = 0.5
MOST_FOREIGN = 0.2
LEAST_SPECIFIC = 0.16
MOST_ALIKE = 0.35
LEAST_SUBJECT = 0.3
LEAST_KINSHIP = 0.5
STRANGE_KINSHIP = 0.35
ENOUGH_OTHERS = 3
LEAST_ORDER = 0.14
MASKED_WORDS = 8
_TELLING_WORDS = 20
_LONG_SENTENCE_WORDS = 6
_ENOUGH_WORDS = 60
_MOST_OF_A_PATTERN = 2
_FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#{1,6} .*$", re.MULTILINE)
_LIST_NUMBER = re.compile(r"^\s*(?:[-*+]\s+)?\d{1,2}[.)]\s+", re.MULTILINE)
_NUMBER = re.compile(r"(?<![\w.])\d[\d.,:]*")
_CODE = re.compile(r"`[^`\n]+`")
_STRONG = re.compile(r"\*\*([^*\n]{2,60})\*\*")
_LINK = re.compile(r"\]\(([^)\s]+)\)|(https?://[^\s)]+)|— \*([^*\n]+)\*")
_CITATION = re.compile(
    r"— \*([^*\n]+?\.(?:md|mdx|markdown|txt|vtt|srt|html?|ipynb|pdf|docx|pptx))\b[^*\n]*\*", re.IGNORECASE
)
_TOKEN = re.compile(r"[^\W\d_]+|\d[\d.,]*")
_LINE_END = re.compile(r"\n|(?<=[.!?…])\s+(?=\S)")
_NO_LETTERS = re.compile(r"[\W\d_]+")
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
        citable: names of the files that it may cite; None where that is not known.
    """

    name: str
    title: str
    markdown: str
    language: str
    citable: frozenset[str] | None = None

    @cached_property
    def body(self) -> str:
        return split_frontmatter(self.markdown).body

    @cached_property
    def found(self) -> list[Section]:
        return sections(self.markdown)

    @cached_property
    def sentences(self) -> list[str]:
        # A marked gap is counted as one; it is no sentence of the lesson.
        return sentences([block for block in self.found[0].all_blocks if not block.startswith(GAP_MARK)])

    @cached_property
    def stems(self) -> Counter[str]:
        """The telling words below the headings, quotations left out: a title that is only quoted is not spoken of."""
        text = _QUOTED.sub(" ", _HEADING.sub("", self.body))
        return Counter(stems_of(self.language).of(text))

    @cached_property
    def masked(self) -> Counter[str]:
        """Each sentence without what only names this lesson: quotations, numbers, words of its title, its commonest."""
        stems = stems_of(self.language)
        own = stems.set_of(self.title) | {stem for stem, _ in self.stems.most_common(MASKED_WORDS)}
        kept = Counter[str]()
        for sentence in self.sentences:
            if _LEADS.match(sentence):
                continue
            words = [word for word in words_of(_QUOTED.sub(" ", sentence)) if stems.stem(word) not in own]
            kept[" ".join(words)] += 1
        return kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Substance:
    """The answers; `passed` if all of them are good.

    Attributes:
        gaps: how many marks of something missing.
        evidence: pieces of evidence for each hundred words.
        subject: share of the title's telling words that the text uses; 1.0 for a title without any.
        kinship: share of the words that it uses most which other lessons of the course use; None if there are none.
        filler: share of sentences that would fit a lesson on anything.
        specific: share of words that no other subject has; None where there are too few to tell.
        alike: share of sentences that differ from two others in their nouns alone.
        headings: how many there are.
        repeated: share of sentences that another lesson has as well.
        copied: share of sentences that stand in the brief or the outline.
        invented: files that are cited and do not exist.
        foreign: share of sentences in another language.
        order: how far above chance the order of the words is; None where that cannot be told.
        words: of prose and code.
        sentences: that say something, each once.
    """

    gaps: int
    evidence: float
    subject: float
    kinship: float | None
    filler: float
    specific: float | None
    alike: float
    headings: int
    repeated: float
    copied: float
    invented: tuple[str, ...]
    foreign: float
    order: float | None
    words: int
    sentences: int
    others: int

    @property
    def passed(self) -> bool:
        return not self.missing

    @property
    def missing(self) -> tuple[str, ...]:
        """What does not hold, in words for the author."""
        unknown = self.subject < LEAST_SUBJECT and (self.kinship is None or self.kinship < LEAST_KINSHIP)
        strange = self.kinship is not None and self.others >= ENOUGH_OTHERS and self.kinship < STRANGE_KINSHIP
        short = self.words < LEAST_WORDS
        shuffled = self.order is not None and self.order < LEAST_ORDER and self.foreign <= MOST_FOREIGN
        found = (
            (self.gaps, f"gaps: {self.gaps} marked with {GAP_MARK}"),
            (short, f"length: {self.words} words; {LEAST_WORDS} are the least that can teach something"),
            (
                self.sentences < LEAST_SENTENCES and not short,
                f"length: {self.sentences} whole sentences; {LEAST_SENTENCES} are the least",
            ),
            (unknown, f"subject: only {self.subject:.0%} of the title's words occur in the text"),
            (
                strange and not unknown,
                f"subject: only {self.kinship or 0:.0%} of its most frequent words occur in the other lessons",
            ),
            (
                self.evidence < LEAST_EVIDENCE,
                (
                    f"evidence: {self.evidence:.1f} numbers, names, terms or examples for 100 words; "
                    f"{LEAST_EVIDENCE:.0f} is asked"
                ),
            ),
            (
                self.filler > MOST_FILLER,
                f"filler: {self.filler:.0%} of the sentences would fit a lesson on anything",
            ),
            (
                self.filler <= MOST_FILLER and self.specific is not None and self.specific < LEAST_SPECIFIC,
                f"filler: only {self.specific or 0:.0%} of its words are of its subject; {LEAST_SPECIFIC:.0%} is asked",
            ),
            (
                self.alike > MOST_ALIKE,
                f"filler: {self.alike:.0%} of the sentences are one sentence with other nouns",
            ),
            (not self.headings, "structure: there is no heading"),
            (
                self.repeated > MOST_REPEATED,
                f"repetition: {self.repeated:.0%} of the sentences stand in another lesson too",
            ),
            (
                self.copied > MOST_COPIED,
                f"repetition: {self.copied:.0%} of the sentences stand in the brief or the outline",
            ),
            (self.invented, f"citations: there is no {', '.join(self.invented)}"),
            (shuffled, "order: its words stand in no order that the language knows"),
            (self.foreign > MOST_FOREIGN, f"language: {self.foreign:.0%} of the sentences are in another language"),
        )
        return tuple(told for fails, told in found if fails)


def weigh(lesson: LessonText, others: Iterable[LessonText], about: Iterable[LessonText] = ()) -> Substance:
    """Measure one lesson beside the others of its course, and beside what is written about the course."""
    # Two files with the same title are two versions of one lesson, which may well say the same.
    others = [other for other in others if other.title.casefold() != lesson.title.casefold()]
    words = len(_HEADING.sub("", lesson.body).split())
    cited = dict.fromkeys(_CITATION.findall(lesson.body)) if lesson.citable is not None else {}
    return Substance(
        gaps=sum(_FENCE.sub("", lesson.body).count(mark) for mark in set(gap_marks())),
        evidence=100 * _evidence(lesson) / max(words, 1),
        subject=_subject(lesson),
        kinship=_kinship(lesson, others),
        filler=_filler(lesson),
        specific=_specific(lesson),
        alike=_alike(lesson),
        headings=sum(bool(section.heading) for section in lesson.found),
        repeated=_share(lesson.masked, {sentence for other in others for sentence in other.masked}),
        copied=_share(
            Counter(map(_plain, lesson.sentences)), {_plain(one) for text in about for one in text.sentences}
        ),
        invented=tuple(name for name in cited if PurePosixPath(name).name not in (lesson.citable or ())),
        foreign=foreign_share(lesson.sentences, lesson.language),
        order=_order(lesson),
        words=words,
        sentences=len(lesson.sentences),
        others=len(others),
    )


def _share(own: Counter[str], elsewhere: set[str]) -> float:
    total = sum(own.values())
    return sum(count for sentence, count in own.items() if sentence in elsewhere) / total if total else 0.0


def _plain(sentence: str) -> str:
    return " ".join(words_of(sentence))


def _evidence(lesson: LessonText) -> int:
    """How many things a reader could check or look up, each counted once; the title's own words do not count."""
    stems = stems_of(lesson.language)
    title = stems.set_of(lesson.title)
    body = _HEADING.sub("", lesson.body)
    lines = [line for block in _FENCE.finditer(body) for line in block[0].splitlines()[1:-1]]
    code_lines = len(_varied(lines))
    prose = "\n".join(_varied(_LINE_END.split(_LIST_NUMBER.sub("", _FENCE.sub("", body)))))
    numbers = set(_NUMBER.findall(prose))
    names = {name for name in _NAME.findall(prose) if stems.stem(name) not in title}
    terms = {fold(term) for term in _STRONG.findall(prose) if stems.specific(term) - title}
    # Of one page or file, however often it is named, there is one thing to look up.
    links = {_file_of(next(filter(None, found))) for found in _LINK.findall(prose)}
    return len(numbers) + len(names) + len(terms) + len(set(_CODE.findall(prose))) + len(links) + code_lines


def _varied(lines: Iterable[str]) -> list[str]:
    """The lines, without those that differ from several before them in nothing but their numbers."""
    seen = Counter[str]()
    kept = []
    for line in lines:
        pattern = _NO_LETTERS.sub(" ", line).strip()
        seen[pattern] += 1
        if line.strip() and seen[pattern] <= _MOST_OF_A_PATTERN:
            kept.append(line)
    return kept


def _file_of(link: str) -> str:
    citation = _CITATION.match(f"— *{link}*")
    return citation[1] if citation else link.partition("#")[0].partition("?")[0]


def _filler(lesson: LessonText) -> float:
    """Share of the sentences that say nothing of their own, or that are no more than words in a row."""
    stems = stems_of(lesson.language)
    title = stems.set_of(lesson.title)
    spoken = [sentence for sentence in lesson.sentences if not _LEADS.match(sentence)]
    hollow = sum(not stems.specific(one) - title or _is_row(words_of(one), stems) for one in spoken)
    return hollow / len(spoken) if spoken else 0.0


def _is_row(words: Sequence[str], stems: Stems) -> bool:
    """Whether words stand in a row without any grammar between them."""
    return len(words) >= _LONG_SENTENCE_WORDS and not any(map(stems.is_function_word, words))


def _specific(lesson: LessonText) -> float | None:
    """Share of the words of its sentences that neither its title nor every lesson has."""
    stems = stems_of(lesson.language)
    title = stems.set_of(lesson.title)
    words = sum(len(words_of(one)) for one in lesson.sentences)
    own = sum(len(stems.specific(one) - title) for one in lesson.sentences)
    return own / words if words >= _ENOUGH_WORDS else None


def _alike(lesson: LessonText) -> float:
    """Share of the sentences whose words of grammar are, in their order, those of two others."""
    stems = stems_of(lesson.language)
    patterns = Counter[tuple[str, ...]]()
    for sentence in lesson.sentences:
        words = _TOKEN.findall(sentence)
        if len(words) >= _LONG_SENTENCE_WORDS:
            patterns[tuple(fold(word) if stems.is_function_word(word) else "" for word in words)] += 1
    again = sum(count for count in patterns.values() if count > _MOST_OF_A_PATTERN)
    return again / len(lesson.sentences) if lesson.sentences else 0.0


def _subject(lesson: LessonText) -> float:
    title = stems_of(lesson.language).set_of(lesson.title)
    return len(title & lesson.stems.keys()) / len(title) if title else 1.0


def _kinship(lesson: LessonText, others: Sequence[LessonText]) -> float | None:
    if not others:
        return None
    telling = [stem for stem, _ in lesson.stems.most_common(_TELLING_WORDS)]
    around = {stem for other in others for stem in other.stems}
    return sum(stem in around for stem in telling) / len(telling) if telling else 0.0


def _order(lesson: LessonText) -> float | None:
    """The order of the words in its sentences; of all that it says, where there are hardly any."""
    found = sense_of_order(lesson.sentences, lesson.language)
    return sense_of_order(lesson.found[0].all_blocks, lesson.language) if found is None else found
