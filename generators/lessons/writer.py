"""What writes lessons: the interface of every writer, and the one that works offline."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from generators.lessons import kit
from generators.lessons.facts import CourseFacts, LessonFacts

if TYPE_CHECKING:
    from generators.reading.curriculum import CurriculumModule

_SECONDS_PER_KIT = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What writing a course will cost, shown before it is approved.

    Attributes:
        seconds: expected time, roughly.
        tokens: that a model will read and write; 0 offline.
        note: about money, in words: what is known and what is not.
    """

    seconds: float
    tokens: int
    note: str


class Writer(Protocol):
    """Writes lessons. A writer that fails raises `GeneratorError`; the run records it and goes on."""

    @property
    def name(self) -> str: ...

    @property
    def lessons_per_unit(self) -> int:
        """How many lessons are published together: as many as an interrupted run may lose."""
        ...

    @property
    def asked(self) -> dict[str, Any]:
        """How it is asked, as far as a later run has to know to go on in the same way; empty if there is nothing."""
        ...

    def used(self) -> dict[str, Any]:
        """What it has cost so far; empty if it costs nothing."""
        ...

    def watched_by(self, tell: Callable[[str, int], None]) -> None:
        """Have `tell` called while a text comes in, with what it is and how many words there are."""
        ...

    def estimate(self, lessons: int, minutes: int) -> Estimate: ...

    def write(self, course: CourseFacts, facts: LessonFacts) -> str:
        """The whole file of one lesson, as Markdown with frontmatter."""
        ...

    def quiz(self, course: CourseFacts, module: "CurriculumModule", lessons: Mapping[str, str]) -> str | None:
        """The quiz of a module out of its lessons (id -> Markdown); None for one of the sources' terms."""
        ...


class OfflineWriter:
    """Kits of what is known: no network, no cost, the same bytes every time."""

    name = kit.WRITER
    lessons_per_unit = 50  # half a second's work at the most

    @property
    def asked(self) -> dict[str, Any]:
        return {}

    def used(self) -> dict[str, Any]:
        return {}

    def watched_by(self, tell: Callable[[str, int], None]) -> None:
        """Nothing to watch: a kit is there at once."""

    def estimate(self, lessons: int, minutes: int) -> Estimate:  # noqa: ARG002 - the interface of every writer
        return Estimate(seconds=lessons * _SECONDS_PER_KIT, tokens=0, note="nothing (offline)")

    def write(self, course: CourseFacts, facts: LessonFacts) -> str:
        return kit.write_kit(course, facts).text

    def quiz(self, course: CourseFacts, module: "CurriculumModule", lessons: Mapping[str, str]) -> str | None:  # noqa: ARG002
        return None
