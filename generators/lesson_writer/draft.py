from collections.abc import Sequence
from typing import Any

from generators.curriculum import CurriculumLesson
from generators.lesson_writer.budget import Budget
from generators.lesson_writer.fields import fields_of, pain_fields
from generators.lesson_writer.kind import Kind, generic_name, kind_of
from generators.lesson_writer.phrases import Chooser, bank
from generators.lesson_writer.request import LessonRequest


class Draft:
    """A lesson in the making: its choices, and which of its paragraphs may be left out for want of room.

    Attributes:
        kind_index: how many lessons of the same kind came before; banks of a kind are dealt by it.
    """

    def __init__(self, request: LessonRequest, budget: Budget) -> None:
        self.request = request
        self.kind = _kind(request.lesson)
        earlier = request.lessons[: request.index]
        self.kind_index = sum(_kind(lesson) == self.kind for lesson in earlier)
        self._optional: dict[str, int] = {}
        self._chooser = Chooser(
            seed=request.curriculum.slug or "",
            index=request.index,
            fields=fields_of(request, budget),
            generic=generic_name(self.kind),
            never=request.brief.voice.never,
        )

    def has(self, field: str) -> bool:
        return field in self._chooser.fields

    def pick(self, name: str, slot: str, **extra: str) -> Any:
        return self._chooser.pick(slot, bank(name)[slot], extra=extra)

    def pick_many(self, name: str, slot: str, count: int, **extra: str) -> list[Any]:
        return self._chooser.pick_many(slot, bank(name)[slot], count, extra=extra)

    def pick_many_raw(self, name: str, slot: str, count: int) -> list[str]:
        """Phrases with their names not yet filled in: each is for another objective."""
        blank = {"can": "{can}", "Can": "{Can}"}
        return self._chooser.pick_many(slot, bank(name)[slot], count, extra=blank) if count else []

    def pick_from(self, slot: str, options: Sequence[Any], *, index: int | None = None, **extra: str) -> Any:
        return self._chooser.pick(slot, options, index=index, extra=extra)

    def pick_apart(self, slot: str, options: Sequence[Any], *, column: int, **extra: str) -> Any:
        return self._chooser.pick_apart(slot, options, index=self.kind_index, column=column, extra=extra)

    def pain_or_plain(self, name: str, slot: str, *, pain: bool, turn: int = 0) -> str:
        """A phrase about a pain of the audience where there is one and it is its turn, else a plain one."""
        fields = pain_fields(self.request, self.request.index // 2 + turn)
        needs_consequence = slot == "stakes"
        if pain and fields and (not needs_consequence or "consequence" in fields):
            return str(self._chooser.pick(f"{slot}_pain", bank(name)[f"{slot}_pain"], extra=fields))
        return str(self.pick(name, slot))

    def optional(self, rank: int, text: str) -> str:
        """Mark a paragraph as one that is kept only if there is room; lower ranks are kept first."""
        self._optional[text] = rank
        return text

    def fit(self, blocks: list[str], words: int) -> list[str]:
        """Leave out optional blocks, highest rank first, until the lesson is no longer than `words`."""
        room = words - sum(_count(block) for block in blocks if block not in self._optional)
        kept = set()
        for block in sorted(self._optional, key=self._optional.__getitem__):
            size = _count(block)
            if size <= room:
                kept.add(block)
                room -= size
        return [block for block in blocks if block and (block not in self._optional or block in kept)]


def _kind(lesson: CurriculumLesson) -> Kind:
    return kind_of(lesson.title or "", lesson.description)


def _count(text: str) -> int:
    return sum(any(character.isalnum() for character in word) for word in text.split())
