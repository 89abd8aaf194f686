"""The phrase banks, and how a lesson chooses from them.

A choice depends on the course, the place in the lesson and the lesson's number alone: the same lesson comes
out byte for byte the same on any machine. Each bank is dealt like a pack of cards: shuffled for the course, one
card per lesson, and shuffled anew when it is used up, so that neighbours rarely draw the same card and no two
lessons share many.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib import resources
from typing import Any

import yaml

_FIELD = re.compile(r"\{(\w+)\}")
_NAMED = re.compile(
    r"(?P<start>^|(?<=[.!?|])[ ]|[*]{2} )?(?P<preposition>\b(?:de|em|a|por) )?“\{(?P<field>topic|concept)\}”"
)
_NAMELESS = frozenset({"topic", "concept"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Generic:
    """What a lesson's subject is called where it has no name: an article and a noun that agree."""

    article: str
    noun: str

    def __call__(self, preposition: str) -> str:
        to = {"o": "ao", "a": "à"}[self.article]
        joined = {"": "", "de ": "d", "em ": "n", "por ": "pel"}
        contracted = to if preposition == "a " else joined.get(preposition, "") + self.article
        return f"{contracted} {self.noun}"


@cache
def bank(name: str) -> Mapping[str, Any]:
    """One bank by the name of its file; read once."""
    text = resources.files("generators.lesson_writer").joinpath("phrases", f"{name}.yaml").read_text("utf-8")
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    loaded: Mapping[str, Any] = yaml.load(text, Loader=loader)  # noqa: S506 - a safe loader, and our own file
    return loaded


class Chooser:
    """Draws phrases for one lesson.

    Attributes:
        fields: what can be filled in; a phrase that needs a name not in here is never drawn. A topic or concept
            without a name is called by what the lesson is (`Generic`); one that its author gave an article is known
            with it, as `topic_said` or `concept_said`.
    """

    def __init__(
        self, *, seed: str, index: int, fields: Mapping[str, str], generic: Generic, never: Sequence[str] = ()
    ) -> None:
        self._seed = seed
        self._index = index
        self._generic = generic
        self.fields = dict(fields)
        self._never = tuple(word.casefold() for word in never if len(word) >= _SHORTEST_BAN)

    def pick(
        self,
        slot: str,
        options: Sequence[Any],
        *,
        index: int | None = None,
        extra: Mapping[str, str] | None = None,
    ) -> Any:
        """One option, filled in; a list or mapping has its strings filled in."""
        return self.pick_many(slot, options, 1, index=index, extra=extra)[0]

    def pick_many(
        self,
        slot: str,
        options: Sequence[Any],
        count: int,
        *,
        index: int | None = None,
        extra: Mapping[str, str] | None = None,
    ) -> list[Any]:
        """`count` different options, fewer only where there are not as many."""
        fields = self.fields | dict(extra or {})
        usable = self._usable(options, fields, count)
        place = self._index if index is None else index
        drawn: list[int] = []
        position = place * count
        while len(drawn) < min(count, len(usable)):
            deal, card = divmod(position, len(usable))
            candidate = self._shuffled(slot, deal, len(usable))[card]
            if candidate not in drawn:
                drawn.append(candidate)
            position += 1
        return [_fill(usable[card], fields, self._generic) for card in drawn]

    def pick_apart(
        self, slot: str, options: Sequence[Any], *, index: int, column: int, extra: Mapping[str, str] | None = None
    ) -> Any:
        """One option, so that two lessons which share it share few of the other columns.

        Columns are those of an orthogonal array: the long pieces of a lesson are drawn from it, one column each, where
        chance alone would now and then give two lessons all of them in common.

        Args:
            slot: name of the bank.
            options: of the bank.
            index: of the lesson among those that draw from the same banks.
            column: of the piece within the lesson, from 0.
            extra: further names to fill in.
        """
        fields = self.fields | dict(extra or {})
        usable = self._usable(options, fields, 1)
        size = len(usable)
        card = self._shuffled(slot, 0, size)[(index % size + column * (index // size)) % size]
        return _fill(usable[card], fields, self._generic)

    def _usable(self, options: Sequence[Any], fields: Mapping[str, str], count: int) -> list[Any]:
        fitting = [option for option in options if self._fits(option, fields)] or list(options)
        # What has no name is better not mentioned, as long as enough is left to choose from.
        silent = [option for option in fitting if not self._needs_a_name(option, fields)]
        return silent if len(silent) >= max(count, _ENOUGH_TO_CHOOSE_FROM) else fitting

    @staticmethod
    def _needs_a_name(option: Any, fields: Mapping[str, str]) -> bool:
        return any(not fields.get(name) for name in _FIELD.findall(" ".join(_strings(option))) if name in _NAMELESS)

    def _fits(self, option: Any, fields: Mapping[str, str]) -> bool:
        text = " ".join(_strings(option))
        folded = text.casefold()
        return all(fields.get(name) or name in _NAMELESS for name in _FIELD.findall(text)) and not any(
            word in folded for word in self._never
        )

    def _shuffled(self, slot: str, deal: int, size: int) -> list[int]:
        return sorted(range(size), key=lambda card: sha256(f"{self._seed}|{slot}|{deal}|{card}".encode()).digest())


_SHORTEST_BAN = 4
_ENOUGH_TO_CHOOSE_FROM = 5


def _strings(option: Any) -> Iterable[str]:
    if isinstance(option, str):
        yield option
    elif isinstance(option, Mapping):
        for value in option.values():
            yield from _strings(value)
    else:
        for value in option:
            yield from _strings(value)


def _fill(option: Any, fields: Mapping[str, str], generic: Generic) -> Any:
    if isinstance(option, str):
        return _FIELD.sub(lambda match: fields.get(match[1]) or match[0], _without_names(option, fields, generic))
    if isinstance(option, Mapping):
        return {key: _fill(value, fields, generic) for key, value in option.items()}
    return [_fill(value, fields, generic) for value in option]


def _without_names(text: str, fields: Mapping[str, str], generic: Generic) -> str:
    def name(match: re.Match[str]) -> str:
        known = fields.get(match["field"])
        starts = match["start"] is not None
        said = fields.get(f"{match['field']}_said")
        if said:
            article, _, noun = said.partition(" ")
            shown = Generic(article=article, noun=noun)(match["preposition"] or "")
            return (match["start"] or "") + (shown[0].upper() + shown[1:] if starts else shown)
        if known:
            shown = known[0].upper() + known[1:] if starts and not match["preposition"] else known
            return f"{match['start'] or ''}{match['preposition'] or ''}“{shown}”"
        called = generic(match["preposition"] or "")
        return (match["start"] or "") + (called[0].upper() + called[1:] if starts else called)

    return _NAMED.sub(name, text)
