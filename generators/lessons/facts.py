"""What is known for each lesson of a course, and what is not.

Everything here was said by somebody: the brief and the curriculum are the author's words, passages and definitions
are quoted with their place. What the author would have to add is a gap, named and counted; nothing is made up to fill
it.
"""

import re
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import cached_property

from generators.languages import fold, vocabulary
from generators.languages.stems import Stems, stems_of
from generators.lessons.frame import gap_marks
from generators.reading.brief import Brief
from generators.reading.curriculum import Curriculum, CurriculumLesson, CurriculumModule
from generators.sources import Passage, Question, SourceIndex, Sources, deal, sentences_of
from generators.sources.definitions import Definition, definitions

WORDS_PER_MINUTE = 150
DEFAULT_MINUTES = 10
MOST_WORDS = 900
LEAST_WORDS = 250
MOST_TOPICS = 6
MOST_TERMS = 5
MOST_FILES_NAMED = 5
HALF = 0.5
LEAST_SPOKEN_NUMBER = 3  # “two” and “dos” are said without counting anything
LONGEST_NAME_WORDS = 4
LEAST_FIT = 0.5
# A term comes back in the next lesson, and again after two and after four more: each time it has been half forgotten.
SPACING = (1, 3, 7)
_NUMBER = re.compile(r"(?<![\w.,-])\d[\d.,]*(?:\s?[%°ºª]|\b)")
_PARTS = re.compile(r"\s+[-–—]\s+|:\s+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A part of a lesson: a name of the author's and the passages that speak of it. `name` may be empty."""

    name: str
    passages: tuple[Passage, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """Something of an earlier lesson to be recalled: a term of that lesson, or its first objective."""

    lesson_id: str
    ask: str
    is_term: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LessonFacts:
    """All that is known for one lesson.

    Attributes:
        objectives: the author's, for this lesson; those of the course that it serves if it has none of its own.
        topics: in the order in which the lesson treats them.
        terms: what the sources define.
        steps: an ordered list of a source: something to do.
        practice: activities of the curriculum.
        stories: of the author's, told in the brief, that fit this lesson.
        pains: of the audience, that fit this lesson.
        reviews: from earlier lessons.
        gaps: kinds of what is missing -> what it is missing for.
    """

    lesson: CurriculumLesson
    module: CurriculumModule
    index: int
    objectives: tuple[str, ...] = ()
    topics: tuple[Topic, ...] = ()
    terms: tuple[Definition, ...] = ()
    steps: Passage | None = None
    practice: tuple[str, ...] = ()
    stories: tuple[str, ...] = ()
    pains: tuple[str, ...] = ()
    reviews: tuple[Review, ...] = ()
    previous: CurriculumLesson | None = None
    following: CurriculumLesson | None = None
    gaps: tuple[tuple[str, str], ...] = ()

    @property
    def listed_terms(self) -> list[Definition]:
        """The terms whose definition is not quoted as a part of the lesson anyhow."""
        quoted = {id(passage) for passage in self.passages}
        return [found for found in self.terms if id(found.passage) not in quoted]

    @property
    def passages(self) -> list[Passage]:
        """Everything that is quoted, in the order of the lesson."""
        shown = [passage for topic in self.topics for passage in topic.passages]
        return [*shown, *([self.steps] if self.steps else [])]


@dataclass(frozen=True, kw_only=True)
class CourseFacts:
    """The facts of a whole course, worked out once: passages are divided among all its lessons.

    Attributes:
        brief: empty for a course that has only a curriculum.
        language: "pt", "en" or "es".
    """

    brief: Brief
    curriculum: Curriculum
    language: str
    sources: Sources = field(default_factory=Sources)

    @cached_property
    def quotable(self) -> Sources:
        """The sources that are in the course's language; its `skipped` tells what is not."""
        spoken = self.sources.spoken_in(self.language)
        # A lesson that lies among them says what it lacks itself: that is no gap of another one.
        own = [passage for passage in spoken.passages if not any(mark in passage.text for mark in gap_marks())]
        return Sources(passages=tuple(own), skipped=spoken.skipped)

    @cached_property
    def stems(self) -> Stems:
        return stems_of(self.language)

    @cached_property
    def lessons(self) -> tuple[LessonFacts, ...]:
        placed = [(module, lesson) for module in self.curriculum.modules for lesson in module.lessons]
        questions = [self._question(module, lesson) for module, lesson in placed]
        with closing(SourceIndex(self.quotable.passages, self.stems)) as index:
            dealt = deal(index, questions)
        terms = self._terms(dealt)
        lessons = [lesson for _, lesson in placed]
        stories = self._assigned(self.brief.voice.stories, lessons, most=1)
        pains = self._assigned([pain.text for pain in self.brief.pains], lessons, most=1)
        made = []
        for number, (module, lesson) in enumerate(placed):
            made.append(
                self._facts(
                    number,
                    module,
                    lesson,
                    passages=dealt[number],
                    terms=terms[number],
                    reviews=self._reviews(number, placed, terms),
                    stories=tuple(stories[number]),
                    pains=tuple(pains[number]),
                    previous=placed[number - 1][1] if number else None,
                    following=placed[number + 1][1] if number + 1 < len(placed) else None,
                )
            )
        return tuple(made)

    @cached_property
    def left_out(self) -> tuple[str, ...]:
        """What no lesson quotes: files in another language, and passages that fit no lesson or found no room in it."""
        shown = {id(passage) for facts in self.lessons for passage in facts.passages}
        shown |= {id(found.passage) for facts in self.lessons for found in facts.terms}
        unused = Counter(one.source for one in self.quotable.passages if id(one) not in shown)
        files = ", ".join(f"{name} ({count})" for name, count in unused.most_common(MOST_FILES_NAMED))
        more = ", …" if len(unused) > MOST_FILES_NAMED else ""
        line = f"{unused.total()} of {len(self.quotable.passages)} passages are in no lesson: {files}{more}"
        return (*self.quotable.skipped, *([line] if unused else []))

    def objectives_of(self, lesson: CurriculumLesson) -> tuple[str, ...]:
        """The lesson's own objectives, else those of the course that fit its title better than any other's."""
        return lesson.objectives or self._shared_objectives.get(lesson.title or "", ())[:2]

    @cached_property
    def _shared_objectives(self) -> dict[str, tuple[str, ...]]:
        """Title of a lesson -> objectives of the course that share most words with it; both of two titles may."""
        titles = {lesson.title or "": self.stems.set_of(lesson.title or "") for lesson in self.curriculum.lessons}
        found: dict[str, tuple[str, ...]] = {}
        for text in self.curriculum.objectives:
            about = self.stems.set_of(text)
            shared = {
                title: (len(words & about), len(words & about) / (len(words) or 1)) for title, words in titles.items()
            }
            best = max(shared.values(), default=(0, 0.0))
            for title, share in shared.items():
                if share == best and share[0]:
                    found[title] = (*found.get(title, ()), text)
        return found

    def _question(self, module: CurriculumModule, lesson: CurriculumLesson) -> Question:
        minutes = lesson.minutes or DEFAULT_MINUTES
        return Question(
            title=lesson.title or "",
            topics=(*lesson.key_concepts, *self.objectives_of(lesson), lesson.description or ""),
            around=module.title or "",
            words=max(LEAST_WORDS, min(MOST_WORDS, minutes * WORDS_PER_MINUTE // 2)),
        )

    def _terms(self, dealt: Sequence[list[Passage]]) -> list[list[Definition]]:
        """For each lesson the terms that its passages define; a term belongs to the first lesson that has it."""
        seen: set[frozenset[str]] = set()
        each = []
        for passages in dealt:
            own: list[Definition] = []
            for found in definitions(passages, self.stems):
                key = self.stems.set_of(found.term)
                if key not in seen and len(own) < MOST_TERMS:
                    seen.add(key)
                    own.append(found)
            each.append(own)
        return each

    def _reviews(
        self,
        number: int,
        placed: Sequence[tuple[CurriculumModule, CurriculumLesson]],
        terms: Sequence[list[Definition]],
    ) -> tuple[Review, ...]:
        found: list[Review] = []
        for turn, distance in enumerate(SPACING):
            if distance > number:
                break
            earlier = placed[number - distance][1]
            known = terms[number - distance]
            if known:
                term = known[turn % len(known)].term
                found.append(Review(lesson_id=earlier.lesson_id, ask=term, is_term=True))
            elif objectives := self.objectives_of(earlier):
                ask = objectives[turn % len(objectives)]
                found.append(Review(lesson_id=earlier.lesson_id, ask=ask, is_term=False))
        return tuple(found)

    def _facts(
        self,
        number: int,
        module: CurriculumModule,
        lesson: CurriculumLesson,
        *,
        passages: list[Passage],
        terms: list[Definition],
        reviews: tuple[Review, ...],
        stories: tuple[str, ...],
        pains: tuple[str, ...],
        previous: CurriculumLesson | None,
        following: CurriculumLesson | None,
    ) -> LessonFacts:
        left = [passage for passage in passages if not _is_told_by(terms, passage)]
        steps = next((passage for passage in left if passage.kind == "steps"), None)
        left = [passage for passage in left if passage is not steps]
        topics = self._topics(lesson, left, passages)
        objectives = self.objectives_of(lesson)
        has_numbers = any(self._has_number(passage.text) for passage in passages)
        gaps = [("objective", lesson.title or lesson.lesson_id)] if not objectives else []
        gaps += [("topic", topic.name or lesson.title or "") for topic in topics if not topic.passages]
        gaps += [] if has_numbers else [("example", lesson.title or lesson.lesson_id)]
        gaps += [] if steps is not None or lesson.activities else [("practice", lesson.title or lesson.lesson_id)]
        return LessonFacts(
            lesson=lesson,
            module=module,
            index=number,
            objectives=objectives,
            topics=topics,
            terms=tuple(terms),
            steps=steps,
            practice=lesson.activities,
            stories=stories,
            pains=pains,
            reviews=reviews,
            previous=previous,
            following=following,
            gaps=tuple(gaps),
        )

    def _topics(self, lesson: CurriculumLesson, passages: list[Passage], told: list[Passage]) -> tuple[Topic, ...]:
        """The lesson's topics, each with the passages that share most words with it; what fits none leads.

        `told` is all that was dealt to it: terms and steps stand elsewhere in the lesson.

        A topic that a passage of another topic speaks of as well needs none of its own; one that nothing speaks of
        stays, empty.
        """
        names = list(dict.fromkeys(lesson.key_concepts))[:MOST_TOPICS]
        wanted = [self.stems.set_of(name) for name in names]
        own: list[list[Passage]] = [[] for _ in names]
        rest: list[Passage] = []
        for passage in passages:
            about = self.stems.set_of(f"{passage.nearest_heading} {passage.text}")
            shared = [len(about & words) / len(words) if words else 0.0 for words in wanted]
            if shared and max(shared) >= HALF:
                own[shared.index(max(shared))].append(passage)
            else:
                rest.append(passage)
        texts = [f"{passage.nearest_heading} {passage.text}" for passage in told]
        spoken = self.stems.set_of(" ".join(texts))
        topics = [
            Topic(name=name, passages=tuple(found))
            for name, found, words in zip(names, own, wanted, strict=True)
            if found or not words & spoken
        ]
        if rest:
            topics.insert(0, Topic(name="", passages=tuple(rest)))
        # What terms and steps tell is told: only of a lesson that has nothing at all nothing is known.
        return tuple(topics) or (() if told else (Topic(name=lesson.title or "", passages=()),))

    def _has_number(self, text: str) -> bool:
        """A figure, or a number that is spoken: transcripts have `cincuenta mil` where a book has 50.000."""
        numbers = vocabulary().languages.get(self.language, {}).get("numbers", {})
        spoken = (numbers.get(fold(word), 0) for word in text.split())
        return bool(_NUMBER.search(text)) or any(number >= LEAST_SPOKEN_NUMBER for number in spoken)

    def _assigned(self, lines: Sequence[str], lessons: Sequence[CurriculumLesson], *, most: int) -> list[list[str]]:
        """For each lesson the lines that fit it; a line goes to the `most` lessons that it shares rare words with."""
        about = [self._about(lesson) for lesson in lessons]
        known = Counter(stem for words in about for stem in words)
        dealt: list[list[str]] = [[] for _ in lessons]
        for line in lines:
            words = self.stems.specific(line)
            scores = [sum(1 / known[stem] for stem in words & own) for own in about]
            ranked = sorted(range(len(lessons)), key=lambda number: (-scores[number], number))[:most]
            for number in ranked:
                if scores[number] >= LEAST_FIT:
                    dealt[number].append(line)
        return dealt

    def _about(self, lesson: CurriculumLesson) -> frozenset[str]:
        return self.stems.set_of(" ".join((lesson.title or "", *lesson.key_concepts, *self.objectives_of(lesson))))


def _is_told_by(terms: Sequence[Definition], passage: Passage) -> bool:
    """Whether the terms of a lesson say all that a passage says: each of its sentences or items defines one."""
    parts = [part for line in passage.text.splitlines() for part in sentences_of(line)]
    return len(parts) <= sum(found.passage is passage for found in terms)


def topics_of_title(title: str, stems: Stems) -> tuple[str, ...]:
    """The things that a title lists: "Pads, cables and squeal"; "Tests: arrange, act, assert". None if it lists none.

    What stands behind a colon without any list ("Watering: little and often") is a word about the first part.
    """
    found: list[str] = []
    lists = 0
    for part in _PARTS.split(title):
        items = [item.strip() for item in re.split(r",\s+|\s+(?:e|y|and|&)\s+", part) if stems.set_of(item)]
        is_list = len(items) > 1 and all(_is_name(item, stems) for item in items) and _are_alike(items, stems)
        lists += is_list
        found += [item[:1].upper() + item[1:] for item in items] if is_list else [part.strip()]
    return tuple(name for name in dict.fromkeys(found) if stems.set_of(name)) if lists else ()


def _is_name(item: str, stems: Stems) -> bool:
    words = item.split()
    return len(words) <= LONGEST_NAME_WORDS and not stems.is_function_word(words[0])


def _are_alike(items: Sequence[str], stems: Stems) -> bool:
    """Whether each item names a thing; "Measuring" of "Measuring and replacing the chain" has its object elsewhere."""
    governed = [any(map(stems.is_function_word, item.split())) for item in items]
    return not (any(governed) and any(len(item.split()) == 1 for item in items))
