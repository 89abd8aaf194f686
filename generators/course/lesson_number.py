"""Lesson numbers in file names, headings and frontmatter."""

import re
from dataclasses import dataclass
from functools import lru_cache

from generators.languages import fold

_WORD = r"(?:aula|licao|lesson|video|capitulo|chapter|episodio|class|topico)"
_BONUS = re.compile(rf"^\W*(?:{_WORD}\W*)?(?:bonus|extra)\b\W*(\d{{1,2}})?")
_IN_NAME = (
    re.compile(rf"^(?:{_WORD}[-_. ]*)?(?:m(?:od(?:ulo)?)?[-_. ]?)?(\d{{1,2}})\.(\d{{1,3}})(?!\d)"),
    re.compile(rf"^m(?:od(?:ulo|ule)?)?[-_. ]?(\d{{1,2}})[-_. ]*(?:{_WORD}|l|a)[-_. ]?(\d{{1,3}})(?!\d)"),
    re.compile(rf"^(?:{_WORD}[-_. ]*)?(\d{{1,2}})[-_](\d{{1,2}})(?=[-_. ]|$)(?![-_. ]\d{{2,4}}(?:\D|$))"),
)
_SINGLE_IN_NAME = re.compile(rf"^(?:({_WORD})[-_. ]*)?(\d{{1,3}})(?=[-_. )]|$)")
_SEPARATOR = r"\s*[:.\-–—|)]*\s*"
_HEADING_PAIR = re.compile(
    rf"^\W*(?:modulo\s*\d+\W+)?(?:{_WORD}\s*)?(?:n[o.]?\s*)?#?(\d{{1,2}})\.(\d{{1,3}})(?!\.?\d){_SEPARATOR}"
)
_HEADING_MODULE_LESSON = re.compile(rf"^\W*(?:modulo|module)\s*(\d{{1,2}})\W+{_WORD}\s*(\d{{1,3}}){_SEPARATOR}")
_HEADING_LETTERED = re.compile(rf"^\W*m(?:od)?\s*(\d{{1,2}})\W?(?:a|l|aula)\s*(\d{{1,3}})\b{_SEPARATOR}")
_HEADING_SINGLE = re.compile(rf"^\W*{_WORD}\s*#?(\d{{1,3}})(?!\.\d)\b{_SEPARATOR}")
_HEADING_WORD = re.compile(rf"^\W*{_WORD}\s*[:\-–—|]+\s*")
_HEADING_BONUS = re.compile(rf"^\W*(?:{_WORD}\s*)?(?:bonus|extra)\b\s*(?:{_WORD}\s*)?#?(\d{{1,2}})?{_SEPARATOR}")
_FOLDER_NUMBER = re.compile(
    r"^(?:modulo|module|mod|m|unidade|unit|semana|week|bloco|parte|secao|section)[-_. ]*(\d{1,3})\b"
)
_LEADING_FOLDER_NUMBER = re.compile(r"^(\d{1,2})(?=[-_. ])")


@dataclass(frozen=True, slots=True)
class LessonNumber:
    """Where a lesson stands.

    Attributes:
        module: None where only a running number is known, and for a bonus lesson.
        lesson: None for a bonus lesson without number.
        bonus: it stands outside the modules.
    """

    module: int | None = None
    lesson: int | None = None
    bonus: bool = False

    @property
    def is_pair(self) -> bool:
        return self.module is not None and self.lesson is not None

    @property
    def label(self) -> str | None:
        """`i.j`, `BONUS` or the running number."""
        if self.bonus:
            return "BONUS" if self.lesson is None else f"BONUS.{self.lesson}"
        if self.lesson is None:
            return None
        return f"{self.module}.{self.lesson}" if self.module is not None else str(self.lesson)


def number_in_name(stem: str) -> LessonNumber | None:
    """The number that a file or folder name starts with."""
    name = fold(stem)
    bonus = _BONUS.match(name.replace("_", "-"))
    if bonus:
        return LessonNumber(lesson=int(bonus[1]) if bonus[1] else None, bonus=True)
    for pattern in _IN_NAME:
        if found := pattern.match(name):
            return LessonNumber(int(found[1]), int(found[2]))
    single = _SINGLE_IN_NAME.match(name)
    return LessonNumber(lesson=int(single[2])) if single else None


def has_lesson_word(stem: str) -> bool:
    """Whether a file name calls itself a lesson."""
    return re.match(rf"{_WORD}(?:[-_. ]|\d|$)", fold(stem)) is not None


def number_in_heading(heading: str) -> tuple[LessonNumber | None, str]:
    """The number that a heading starts with, and the title that follows it."""
    folded = _same_length_fold(heading)
    bonus = _HEADING_BONUS.match(folded)
    if bonus:
        number = LessonNumber(lesson=int(bonus[1]) if bonus[1] else None, bonus=True)
        return number, heading[bonus.end() :].strip()
    for pattern in (_HEADING_MODULE_LESSON, _HEADING_PAIR, _HEADING_LETTERED):
        if found := pattern.match(folded):
            return LessonNumber(int(found[1]), int(found[2])), heading[found.end() :].strip()
    if found := _HEADING_SINGLE.match(folded):
        return LessonNumber(lesson=int(found[1])), heading[found.end() :].strip()
    if found := _HEADING_WORD.match(folded):
        return None, heading[found.end() :].strip()
    return None, heading.strip()


def names_lesson(heading: str) -> bool:
    """Whether a heading calls what follows a lesson."""
    folded = _same_length_fold(heading)
    patterns = (
        _HEADING_BONUS,
        _HEADING_MODULE_LESSON,
        _HEADING_PAIR,
        _HEADING_LETTERED,
        _HEADING_SINGLE,
        _HEADING_WORD,
    )
    return any(pattern.match(folded) for pattern in patterns)


def module_in_folder(name: str) -> int | None:
    """Module number in a folder name: `modulo-03`, `m3`, `03-fundamentos`."""
    folded = fold(name)
    found = _FOLDER_NUMBER.match(folded) or _LEADING_FOLDER_NUMBER.match(folded)
    return int(found[1]) if found else None


def _same_length_fold(text: str) -> str:
    """Fold character by character, so that places in the result are places in the text."""
    return text.lower() if text.isascii() else "".join(map(_fold_character, text))


@lru_cache(maxsize=1024)
def _fold_character(char: str) -> str:
    return (fold(char) or " ")[0]
