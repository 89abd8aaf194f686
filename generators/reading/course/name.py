"""What the name of a file or folder says: word, number, date and title; the same for numbers in headings."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from generators.languages import fold, vocabulary
from generators.languages.vocabulary import ROMANS
from generators.reading.course.words import EITHER, LESSON, MODULE, NUMBERED, look_alike

_ALL = sorted(NUMBERED, key=len, reverse=True)
_WORD = rf"(?:{'|'.join(_ALL)})"
_LESSON_WORD = rf"(?:{'|'.join(word for word in _ALL if NUMBERED[word] in {LESSON, EITHER})})"
_MODULE_WORD = rf"(?:{'|'.join(word for word in _ALL if NUMBERED[word] in {MODULE, EITHER})})"
_COUNT = {
    **{word: number for word, number in vocabulary().numbers.items() if word not in {"a", "an"}},
    **vocabulary().ordinals,
    **{roman: number for number, roman in enumerate(ROMANS, 1)},
}
_SPELLED = "|".join(sorted(_COUNT, key=len, reverse=True))
_SEP = r"[-_. #]*"
_DIGITS = r"(?P<number>\d{1,3}(?:\.\d{1,3})*)(?P<letter>[a-z])?(?=[-_. ):,|–—ªº]|$)"
_BONUS = re.compile(rf"^\W*(?:{_WORD}\W*)?(?:bonus|extra)\b\W*(?:{_WORD}\W*)?(\d{{1,2}})?")
_PAIR = re.compile(rf"^\W*(?:m|{_MODULE_WORD}){_SEP}(\d{{1,2}})[-_. ]*(?:{_LESSON_WORD}|[alcd]){_SEP}(\d{{1,3}})(?!\d)")
_DASHED = re.compile(rf"^\W*(?:{_LESSON_WORD}{_SEP})?(\d{{1,2}})[-_](\d{{1,2}})(?=[-_. ]|$)(?![-_. ]\d{{2,4}}(?:\D|$))")
_WORD_FIRST = re.compile(rf"^\W*(?P<word>{_WORD}){_SEP}(?:n[oº°.]*\s*)?{_DIGITS}")
_WORD_SPELLED = re.compile(rf"^\W*(?P<word>{_WORD})[-_ ]+(?P<number>{_SPELLED})(?=[-_ :.]|$)")
_NUMBER_FIRST = re.compile(rf"^\W*{_DIGITS}(?:[-_. ªº]+(?P<word>{_WORD})(?=[-_ :]|$))?")
_LETTER_FIRST = re.compile(rf"^(?P<word>[smutclwde]){_DIGITS}")
_STUCK = re.compile(r"^(?P<number>[0-3]\d)(?=[^\W\d_]{2})")
_WORD_ALONE = re.compile(rf"^\W*(?P<word>{_WORD})(?=[-_ :.]|$)")
_ROMAN_FIRST = re.compile(r"^([IVX]{1,4})(?: ?[-–.)] +| +[-–] *)(?=\S)")
_DATE = re.compile(r"^(\d{1,4})[-_.](\d{1,2})[-_.](\d{1,4})(?!\d)[-_. ]*|^((?:19|20)\d\d)(\d\d)(\d\d)(?!\d)[-_. ]*")
_EXPORT_ID = re.compile(r"[ _-]+[0-9a-f]{32}$")
_LEADING_MARKS = re.compile(r"^[-_.:|–—)ªº°\s]+")
_YEARS = range(1950, 2100)


@dataclass(frozen=True, slots=True)
class LessonNumber:
    """Where a lesson stands.

    Attributes:
        module: None where only a running number is known, and for a bonus lesson.
        lesson: None for a bonus lesson without number.
        bonus: it stands outside the modules.
        letter: `a` of lesson 4A.
    """

    module: int | None = None
    lesson: int | None = None
    bonus: bool = False
    letter: str = ""

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
        own = f"{self.lesson}{self.letter.upper()}"
        return f"{self.module}.{own}" if self.module is not None else own


@dataclass(frozen=True, slots=True)
class Name:
    """A name, taken apart.

    Attributes:
        text: as people read it: without emoji, and without the id that an export adds.
        word: what the number counts: a module, a lesson, either; None where a number stands alone or there is none.
        numbers: `(3, 1)` of `03.01 - …`, `(2,)` of `week two`.
        weak: its word is one letter (`s01`), or its number is stuck to the words (`01intro`); it counts only beside
            others of its kind.
        rest: what follows the number.
        role: what it is instead of a lesson.
    """

    text: str
    word: str | None = None
    numbers: tuple[int, ...] = ()
    letter: str = ""
    day: date | None = None
    bonus: bool = False
    weak: bool = False
    rest: str = ""
    role: str | None = None

    @property
    def is_placed(self) -> bool:
        """Whether it states a place in a series."""
        return bool(self.numbers) or self.bonus or self.day is not None

    @property
    def title(self) -> str:
        """Its words as a title; "" where it holds no more than a number."""
        # Hyphens stand for spaces only where there are none.
        joined = r"_+" if " " in self.rest.strip() else r"[_-]+"
        words = re.sub(r"\s+", " ", re.sub(joined, " ", self.rest)).strip(" -–—:._")
        if not any(map(str.isalpha, words)):
            return ""
        return words[:1].upper() + words[1:]

    @property
    def number(self) -> LessonNumber | None:
        if self.bonus:
            return LessonNumber(lesson=self.numbers[0] if self.numbers else None, bonus=True)
        if len(self.numbers) > 1:
            return LessonNumber(self.numbers[0], self.numbers[1], letter=self.letter)
        if self.numbers and self.word != MODULE:
            return LessonNumber(lesson=self.numbers[0], letter=self.letter)
        return None


@lru_cache(maxsize=65_536)
def read_name(stem: str, *, folder: bool = False) -> Name:
    """Take a file's stem or a folder's name apart."""
    text = _readable(stem)
    folded = _same_length_fold(text)
    if (dated := _dated(text, folded)) is not None:
        return dated
    if bonus := _BONUS.match(folded.replace("_", "-")):
        return Name(text, bonus=True, numbers=(int(bonus[1]),) if bonus[1] else (), rest=_rest(text, bonus.end()))
    for pattern in (_PAIR, _DASHED):
        if pair := pattern.match(folded):
            rest = _rest(text, pair.end())
            return Name(text, LESSON, (int(pair[1]), int(pair[2])), rest=rest, role=look_alike(rest, numbered=1))
    for pattern in (_WORD_FIRST, _WORD_SPELLED, _NUMBER_FIRST, _LETTER_FIRST, _STUCK):
        if found := pattern.match(folded):
            return _numbered(text, found, weak=pattern in {_LETTER_FIRST, _STUCK}, folder=folder)
    if (roman := _ROMAN_FIRST.match(text)) and roman[1].lower() in ROMANS:
        rest = _rest(text, roman.end())
        role = look_alike(rest, numbered=1, folder=folder)
        return Name(text, None, (_COUNT[roman[1].lower()],), rest=rest, weak=True, role=role)
    alone = _WORD_ALONE.match(folded)
    word = NUMBERED[alone["word"]] if alone and not folder else None
    role = look_alike(text, folder=folder)
    return Name(text, word, rest=_rest(text, alone.end()) if alone and word else text, role=role)


def _numbered(text: str, found: re.Match[str], *, weak: bool, folder: bool) -> Name:
    groups = found.groupdict()
    stated = groups["number"]
    numbers = tuple(int(part) for part in stated.split(".")) if stated[0].isdigit() else (_spelled(stated),)
    word = groups.get("word")
    kind = (MODULE if word in "um" else LESSON) if weak and word else NUMBERED.get(word or "")
    rest = _rest(text, found.end())
    role = look_alike(rest, numbered=numbers[0], folder=folder)
    return Name(text, kind, numbers, groups.get("letter") or "", rest=rest, weak=weak, role=role)


def _spelled(word: str) -> int:
    return int(_COUNT[word])


def _dated(text: str, folded: str) -> Name | None:
    found = _DATE.match(folded)
    if not found:
        return None
    first, second, third = (
        (int(part) for part in found.groups()[:3] if part) if found[1] else map(int, found.groups()[3:])
    )
    rest = text[found.end() :]
    if first in _YEARS:
        year, month, day = first, second, third
    elif third in _YEARS or (10 <= third <= 50 and len(found[3] or "") == 2 and not rest):  # noqa: PLR2004
        year, month, day = third if third in _YEARS else 2000 + third, second, first
        if month > 12:  # noqa: PLR2004
            month, day = day, month
    else:
        return None
    try:
        return Name(text, day=date(year, month, day), rest=rest, role=look_alike(rest, numbered=1))
    except ValueError:
        return None


def _readable(stem: str) -> str:
    """Composed, without the marks before the words and without an export's id."""
    text = _EXPORT_ID.sub("", unicodedata.normalize("NFC", stem))
    while text and (unicodedata.category(text[0]) in {"So", "Sk", "Cf", "Mn", "Me", "Co", "Cn"}):
        text = text[1:].lstrip(" -_") or text[1:]
        if text[:1].isspace():
            text = text.lstrip()
    # A keycap (1️⃣) is a digit to who reads it.
    return text.replace("\ufe0f", "").replace("\u20e3", "").strip() or stem


def _rest(text: str, start: int) -> str:
    return _LEADING_MARKS.sub("", text[start:])


def number_in_name(stem: str) -> LessonNumber | None:
    """The number that a file or folder name starts with."""
    return read_name(stem).number


def module_in_folder(name: str) -> int | None:
    """Module number in a folder name: `modulo-03`, `m3`, `03-fundamentos`."""
    found = read_name(name, folder=True)
    counts_lessons = found.word == LESSON and not found.weak
    return found.numbers[0] if found.numbers and not found.bonus and not counts_lessons else None


_SEPARATOR = r"\s*[:.\-–—|)]*\s*"
_HEADING = tuple(
    re.compile(pattern)
    for pattern in (
        rf"^\W*{_MODULE_WORD}\s*(?P<module>\d{{1,2}})\W+{_LESSON_WORD}\s*(?P<lesson>\d{{1,3}}){_SEPARATOR}",
        rf"^\W*(?:{_MODULE_WORD}\s*\d+\W+)?(?:{_WORD}\s*)?(?:n[o.]?\s*)?#?(?P<module>\d{{1,2}})\.(?P<lesson>\d{{1,3}})(?!\.?\d){_SEPARATOR}",
        rf"^\W*m(?:od)?\s*(?P<module>\d{{1,2}})\W?(?:a|l|aula)\s*(?P<lesson>\d{{1,3}})\b{_SEPARATOR}",
        rf"^\W*{_WORD}[\s-]*[#nº°]*\s*(?P<lesson>\d{{1,3}})(?!\.\d|/)(?P<letter>[a-z])?\b{_SEPARATOR}",
        r"^\W*(?P<lesson>\d{1,3})(?P<letter>[a-z])?\s*(?:[.):]|\s[-–—])\s+(?=\S)",
    )
)
_HEADING_BONUS = re.compile(
    rf"^\W*(?:{_LESSON_WORD}\s*)?(?:bonus|extra)\b(?!\s*{_MODULE_WORD}\s*\d)\s*(?:{_LESSON_WORD}\s*)?#?(\d{{1,2}})?{_SEPARATOR}"
)
_HEADING_WORD = re.compile(rf"^\W*{_LESSON_WORD}\s*[:\-–—|]+\s*")
_PLAIN = len(_HEADING) - 1


def number_in_heading(heading: str) -> tuple[LessonNumber | None, str]:
    """The number that a heading starts with, and the title that follows it."""
    folded = _same_length_fold(heading)
    if bonus := _HEADING_BONUS.match(folded):
        return LessonNumber(lesson=int(bonus[1]) if bonus[1] else None, bonus=True), heading[bonus.end() :].strip()
    for pattern in _HEADING:
        if found := pattern.match(folded):
            groups = found.groupdict()
            module = int(groups["module"]) if groups.get("module") else None
            number = LessonNumber(module, int(groups["lesson"]), letter=groups.get("letter") or "")
            return number, heading[found.end() :].strip()
    if found := _HEADING_WORD.match(folded):
        return None, heading[found.end() :].strip()
    return None, heading.strip()


def names_lesson(heading: str) -> bool:
    """Whether a heading calls what follows a lesson."""
    folded = _same_length_fold(heading)
    if any(pattern.match(folded) for pattern in (_HEADING_BONUS, *_HEADING[:_PLAIN])):
        module = re.match(rf"^\W*(?P<word>{_WORD})\s*\d", folded)
        return not (module and NUMBERED[module["word"]] == MODULE and not re.search(rf"\b{_LESSON_WORD}\s*\d", folded))
    return _HEADING_WORD.match(folded) is not None


def _same_length_fold(text: str) -> str:
    """Fold character by character, so that places in the result are places in the text."""
    return text.lower() if text.isascii() else "".join(map(_fold_character, text))


@lru_cache(maxsize=4096)
def _fold_character(char: str) -> str:
    return (fold(char) or " ")[0]
