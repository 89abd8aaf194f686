"""Which passages speak of which lesson: full-text search over stems, then a fair division.

Passages and the names of files stand in two FTS5 tables of an in-memory database, as stems of the course's language,
and BM25 ranks them: a word that few passages hold tells more than one that all hold. A lesson asks with its title
first, and with its topics, objectives and module behind it. The file that fits a lesson best lends weight to its
passages, because authors keep what belongs together in one file. Then passages are dealt out: each goes to the lesson
that it fits best, so that no two lessons quote the same thing; what stands under one heading belongs together, and the
steps below "Chain" go to the lesson on chains though they speak of a wheel.
"""

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from generators.languages.stems import Stems
from generators.sources.passages import Passage

TITLE_WEIGHT = 3.0
BEST_FILE_BONUS = 1.0
LEAST_SHARE = 0.15
CANDIDATES = 60
BEST_PASSAGES = 8
NAME_WEIGHT = 4.0
SECTION_BONUS = 1.0
SHORT_NOTE_WORDS = 150
_WEIGHTS = (3.0, 1.0, 1.0)  # of the nearest heading, of those above it, of the text
# BM25 gives no weight to a word that half of all passages hold. In short notes that is the subject itself, so the
# index holds as many rows again, and some, of a word that nobody writes.
_PADDING = "·"
_LEAST_PADDING = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a lesson is about, in words of its author.

    Attributes:
        title: of the lesson.
        topics: key concepts, objectives and description.
        around: title of the module.
        words: how many words of passages it has room for.
    """

    title: str
    topics: tuple[str, ...] = ()
    around: str = ""
    words: int = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A passage and how well it fits; only comparable within one question."""

    passage: Passage
    score: float


class SourceIndex:
    """The passages of a course, to be asked.

    Args:
        passages: of all its sources, in reading order.
        stems: of the course's language.
    """

    def __init__(self, passages: Sequence[Passage], stems: Stems) -> None:
        self.passages = passages
        self._stems = stems
        self._database = sqlite3.connect(":memory:")
        self._database.executescript(
            "create virtual table passages using fts5(heading, above, body,"
            " tokenize = \"unicode61 tokenchars '#+.·'\");"
            "create virtual table names using fts5(name, tokenize = \"unicode61 tokenchars '#+.·'\");"
        )
        texts = [
            (
                self._text(passage.nearest_heading),
                self._text(passage.heading.removesuffix(passage.nearest_heading)),
                self._text(passage.text),
            )
            for passage in passages
        ]
        self._database.executemany(
            "insert into passages (rowid, heading, above, body) values (?, ?, ?, ?)",
            ((number, *pair) for number, pair in enumerate([*texts, *_padding(texts)])),
        )
        self._files = list(dict.fromkeys(passage.source for passage in passages))
        self._number = {name: number for number, name in enumerate(self._files)}
        names = [(self._text(_words_of_name(name)),) for name in self._files]
        self._database.executemany(
            "insert into names (rowid, name) values (?, ?)",
            ((number, *name) for number, name in enumerate([*names, *_padding(names)])),
        )

    def close(self) -> None:
        self._database.close()

    def files_for(self, question: Question, *, limit: int = 3) -> list[str]:
        """The files that speak of a lesson, the best first."""
        return [self._files[number] for number in self._best_files(question, self._scores(question))][:limit]

    def passages_for(self, question: Question) -> list[Found]:
        """Candidates for a lesson, the best first; those that fit far less than the best are left out."""
        scores = self._scores(question)
        best = next(iter(self._best_files(question, scores)), None)
        for number in scores:
            if self._number[self.passages[number].source] == best:
                scores[number] *= 1 + BEST_FILE_BONUS
        ranked = sorted(scores, key=lambda number: (-scores[number], number))[:CANDIDATES]
        least = LEAST_SHARE * scores[ranked[0]] if ranked else 0.0
        found = [Found(passage=self.passages[number], score=scores[number]) for number in ranked]
        return [one for one in found if one.score >= least and self._fits(question, one.passage)]

    def _scores(self, question: Question) -> dict[int, float]:
        """Passage -> how well it fits."""
        scores: dict[int, float] = defaultdict(float)
        for text, weight in self._asked(question):
            for number, score in self._ranked("passages", text, _WEIGHTS):
                scores[number] += weight * score
        return scores

    def _best_files(self, question: Question, scores: dict[int, float]) -> list[int]:
        """Files, the best first: by their name, and by the few passages of each that fit best."""
        by_file: dict[int, list[float]] = defaultdict(list)
        for number, score in scores.items():
            by_file[self._number[self.passages[number].source]].append(score)
        ranked = {
            number: sum(sorted(own, reverse=True)[:BEST_PASSAGES]) / BEST_PASSAGES for number, own in by_file.items()
        }
        for number, score in self._ranked("names", question.title, (1.0,)):
            ranked[number] = ranked.get(number, 0.0) + NAME_WEIGHT * score
        return sorted(ranked, key=lambda number: (-ranked[number], number))

    def _asked(self, question: Question) -> Iterable[tuple[str, float]]:
        yield question.title, TITLE_WEIGHT
        if question.topics:
            yield " ".join(question.topics), 1.0
        if question.around:
            yield question.around, 0.5

    def _fits(self, question: Question, passage: Passage) -> bool:
        """Whether a passage shares more with a lesson than one word by chance."""
        about = self._stems.set_of(f"{passage.heading} {passage.text} {_words_of_name(passage.source)}")
        title = self._stems.set_of(question.title)
        shared = about & (title | self._stems.set_of(" ".join(question.topics)))
        return bool(shared & title) or len(shared) > 1

    def _text(self, text: str) -> str:
        return " ".join(self._stems.of(text))

    def _ranked(self, table: str, text: str, weights: tuple[float, ...]) -> list[tuple[int, float]]:
        terms = sorted(set(self._stems.of(text)))
        if not terms:
            return []
        wanted = " OR ".join('"' + term.replace('"', '""') + '"' for term in terms)
        numbers = ", ".join(str(weight) for weight in weights)
        rows = self._database.execute(
            f"select rowid, -bm25({table}, {numbers}) from {table} where {table} match ? order by 2 desc limit 400",
            [wanted],
        )
        return [(int(number), float(score)) for number, score in rows]


def deal(index: SourceIndex, questions: Sequence[Question]) -> list[list[Passage]]:
    """Give each lesson its passages, each passage to one lesson; in reading order, as much as it has room for."""
    offers = _with_sections(
        index,
        [
            (found.score / total, number, found.passage)
            for number, question in enumerate(questions)
            if (candidates := index.passages_for(question))
            for total in [candidates[0].score]
            for found in candidates
        ],
    )
    offers.sort(key=lambda offer: (-offer[0], offer[1], offer[2].source, offer[2].order))
    room = [question.words for question in questions]
    dealt: list[list[Passage]] = [[] for _ in questions]
    taken: set[tuple[str, int]] = set()
    for _, number, passage in offers:
        key = passage.source, passage.order
        if key in taken or (dealt[number] and passage.words > room[number]) or room[number] <= 0:
            continue
        taken.add(key)
        dealt[number].append(passage)
        room[number] -= passage.words
    for passages in dealt:
        passages.sort(key=lambda passage: (passage.source, passage.order))
    return dealt


Offer = tuple[float, int, Passage]


def _with_sections(index: SourceIndex, offers: list[Offer]) -> list[Offer]:
    """The offers, weighed by heading: a section goes to the lesson that most of it fits, with all that stands in it.

    A short note without any heading is one section if all that fits anything in it fits the same lesson.
    """
    words: Counter[str] = Counter()
    for passage in index.passages:
        words[passage.source] += passage.words if not passage.heading else SHORT_NOTE_WORDS
    best: dict[tuple[str, int], Offer] = {}
    for offer in offers:
        key = offer[2].source, offer[2].order
        best[key] = max(best.get(key, offer), offer, key=lambda one: (one[0], -one[1]))
    lessons: dict[str, set[int]] = defaultdict(set)
    for _, number, passage in best.values():
        lessons[passage.source].add(number)
    notes = {source for source, numbers in lessons.items() if words[source] < SHORT_NOTE_WORDS and len(numbers) == 1}
    fits: dict[tuple[str, str], dict[int, float]] = defaultdict(lambda: defaultdict(float))
    for score, number, passage in offers:
        if passage.heading or passage.source in notes:
            fits[passage.source, passage.heading][number] += score
    owners = {section: max(by, key=lambda number: (by[number], -number)) for section, by in fits.items()}
    weighed = [
        (score * (1 + SECTION_BONUS * (owners.get((passage.source, passage.heading)) == number)), number, passage)
        for score, number, passage in offers
    ]
    offered = {(number, passage.source, passage.order) for _, number, passage in offers}
    for passage in index.passages:
        owner = owners.get((passage.source, passage.heading))
        if owner is not None and (owner, passage.source, passage.order) not in offered:
            weighed.append((LEAST_SHARE * (1 + SECTION_BONUS), owner, passage))
    return weighed


def _padding(rows: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Rows of average length that no question finds."""
    if not rows:
        return []
    lengths = [sum(len(row[at].split()) for row in rows) // len(rows) for at in range(len(rows[0]))]
    return [tuple(" ".join([_PADDING] * length) for length in lengths)] * (len(rows) + _LEAST_PADDING)


def _words_of_name(name: str) -> str:
    """A file name as words: `sources/03_alimentar-o_fermento.txt` says "alimentar o fermento"."""
    stem = PurePosixPath(name).stem
    return "".join(letter if letter.isalpha() else " " for letter in stem)
