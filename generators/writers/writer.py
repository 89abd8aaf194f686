from dataclasses import dataclass
from typing import Protocol

from generators.lesson_writer import LessonRequest


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

    def estimate(self, lessons: int, minutes: int) -> Estimate: ...

    def write(self, request: LessonRequest) -> str:
        """The whole file of one lesson, as Markdown with frontmatter."""
        ...
