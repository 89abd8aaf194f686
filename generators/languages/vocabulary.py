"""All languages compiled into one vocabulary; `generators.languages` tells how to ask it."""

import difflib
import re
import tomllib
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any, Literal

from generators.languages.words import any_of, fold

PartKind = Literal["part", "module", "meeting", "lesson", "topic"]

RANKS: tuple[PartKind, ...] = ("part", "module", "meeting", "lesson", "topic")
ROMANS = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii", "xiii", "xiv", "xv")
_THOUSAND, _HUNDRED = 1000, 100
_MAX_TITLE = 500
_WORD = re.compile(r"[a-z]+")
_SAMPLE = 20_000
_LETTERS_OF = {"pt": "ãõç", "es": "ñ¿¡"}
_CLOSE = 0.84
_SLIPS = 3  # a slip of the finger keeps the first letter and nearly the length
SEPARATORS = r":.)\]|\-–—·•→"


@dataclass(frozen=True, slots=True)
class Numbered:
    """A line that opens a part of a course.

    Attributes:
        kind: what it calls itself; None for a bare number ("1.2 Luz").
        numbers: (2,) of "Módulo 2", (1, 2) of "Aula 1.2"; letters and numerals are numbers too.
        rest: what follows, as written.
        word: the word that it calls itself by, folded; "" for a bare number.
    """

    kind: PartKind | None
    numbers: tuple[int, ...]
    rest: str
    word: str = ""

    @property
    def rank(self) -> int:
        """0 for the outermost kind of part; that of a lesson for a bare number."""
        return RANKS.index(self.kind) if self.kind else RANKS.index("lesson")


class Vocabulary:
    """What the words of all languages mean; see the package."""

    def __init__(self, languages: list[dict[str, Any]]) -> None:
        self.languages: dict[str, dict[str, Any]] = {str(language["code"]): language for language in languages}
        self._kinds: dict[str, PartKind] = {}
        for language in languages:
            for kind in RANKS:
                for form in _forms(language["outline"][kind]):
                    self._kinds.setdefault(form, kind)
        self.numbers = {word: value for language in languages for word, value in language["numbers"].items()}
        self.ordinals = {word: value for language in languages for word, value in language["ordinals"].items()}
        self._files = {**self.words("folders"), **self.words("files")}
        self.fillers = frozenset(self.all("fillers"))
        self.articles = frozenset(self.all("articles"))  # numbers to people, not in "Unit a" or "a week"
        self.connectives = frozenset(self.all("connectives"))
        self.blanks = frozenset(self.all("blanks"))
        self._labels = self._compiled_labels()
        self._zones = [
            (zone, re.compile("|".join(self.all("zones", zone)))) for zone in languages[0]["zones"] if zone != "course"
        ]
        self._about_course = re.compile("|".join(self.all("zones", "course")))
        self._pause = re.compile(rf"\W*(?:{'|'.join(self.all('pauses'))})\W*")
        of = any_of([*self.fillers, *self._kinds])
        self._total = re.compile(rf"\W*(?:(?:{of})\s+)*(?:{'|'.join(self.all('totals'))})(?:\s+(?:{of}))*\W*")
        self._weekday = re.compile(rf"\W*(?:{'|'.join(self.all('weekdays'))})\W*")
        self._compile_numbers()

    def all(self, *path: str) -> list[str]:
        """The list at a place of every language, one after the other."""
        found: list[str] = []
        for language in self.languages.values():
            table: Any = language
            for key in path:
                table = table.get(key, {})
            found += table or []
        return found

    def pattern(self, *path: str) -> str:
        """The words at a place of every language as an alternation, for patterns over folded text."""
        return "|".join(sorted(set(_forms(self.all(*path))), key=lambda form: (-len(form), form)))

    def words(self, table: str, *kinds: str) -> dict[str, str]:
        """What each word of a table of names says, of all languages; of a word in several lists the last."""
        tables = [language.get(table, {}) for language in self.languages.values()]
        wanted = kinds or dict.fromkeys(kind for own in tables for kind in own)
        return {word: kind for kind in wanted for own in tables for word in own.get(kind, "").split()}

    # --- parts of a course

    def _compile_numbers(self) -> None:
        words = any_of(self._kinds)
        spoken = {word: n for word, n in self.numbers.items() if n <= 20 and word not in self.fillers}  # noqa: PLR2004
        self._spoken = {**spoken, **{roman: n for n, roman in enumerate(ROMANS, 1) if roman != "x"}}
        number = r"(?P<digits>\d{1,3}(?:\.\d{1,3}){0,2})(?P<letter>[A-Za-z](?!\w))?(?!\d|/|:\d|[hH]\b|[.,]\d)"
        in_words = rf"(?P<spoken>{any_of(self._spoken)}|(?-i:[A-H]))(?=\s*(?:[{SEPARATORS}]|$))"
        sep = rf"\s*(?:[{SEPARATORS}]+\s*)?"
        lead = r"^[^\w`$#_@<\"“‘'(~]*"
        ordinal = (
            rf"(?P<nth>\d{{1,2}})\s*[ºª°]\s*(?P<of>{words})|(?P<ordinal>{any_of(self.ordinals)})\s+(?P<oth>{words})"
        )
        self._opener = re.compile(
            rf"{lead}(?:(?P<word>{words})s?\.?\s*(?:n[º°o]\.?\s*|#\s*|:\s*(?=\d))?(?:{number}|{in_words})|(?:{ordinal})\b){sep}(?P<rest>.*)$",
            re.IGNORECASE | re.DOTALL,
        )
        aside = any_of(_forms(self.all("outline", "aside")))
        self._extra = re.compile(
            rf"{lead}(?P<word>{words})\s+(?:{aside})\b\s*[{SEPARATORS}]*\s*(?P<rest>\S.*)$", re.IGNORECASE | re.DOTALL
        )
        self._bare = re.compile(
            rf"{lead}#?(?P<numbers>\d{{1,3}}(?:\.\d{{1,3}}){{0,2}})(?!\d|/|:\d|%|[.,]\d|\s*(?:[hx×ª]|min)\b)\.?(?P<sep>{sep})(?P<rest>.*)$",
            re.DOTALL,
        )

    @lru_cache(maxsize=4096)  # noqa: B019 - there is one vocabulary in a process
    def numbered(self, text: str) -> Numbered | None:
        """Read a line that calls itself a part of a course and says which; None for any other."""
        text = unicodedata.normalize("NFC", text[:_MAX_TITLE])
        found = self._opener.match(text)
        if found is None:
            return None
        word = fold(found["word"] or found["of"] or found["oth"])
        if found["digits"]:
            numbers = tuple(map(int, found["digits"].split(".")))
            if found["letter"]:
                numbers += (ord(found["letter"].casefold()) - ord("a") + 1,)
        elif found["spoken"]:
            spoken = fold(found["spoken"])
            numbers = (self._spoken.get(spoken) or ord(spoken) - ord("a") + 1,)
        else:
            numbers = (int(found["nth"]) if found["nth"] else self.ordinals[fold(found["ordinal"])],)
        return Numbered(self._kinds[word], numbers, found["rest"].strip(), word)

    @lru_cache(maxsize=4096)  # noqa: B019 - there is one vocabulary in a process
    def unnumbered(self, text: str) -> Numbered | None:
        """Read `Módulo bônus: Nós`, which counts itself to no number."""
        found = self._extra.match(unicodedata.normalize("NFC", text[:_MAX_TITLE]))
        return (
            Numbered(self._kinds[fold(found["word"])], (), found["rest"].strip(), fold(found["word"]))
            if found
            else None
        )

    def bare_number(self, text: str) -> Numbered | None:
        """Read `1.2 Luz`, `3) Água`, `04 - Sol`; None where no number leads."""
        found = self._bare.match(unicodedata.normalize("NFC", text[:_MAX_TITLE]))
        if found is None:
            return None
        return Numbered(None, tuple(map(int, found["numbers"].split("."))), found["rest"].strip())

    def kind_of(self, word: str) -> PartKind | None:
        """What a bare word ("aulas", "Week") names."""
        return self._kinds.get(fold(word).strip(" .:"))

    def rank(self, kind: PartKind) -> int:
        return RANKS.index(kind)

    def part_words(self, *kinds: PartKind) -> frozenset[str]:
        """The words, folded and in every form, that name parts of these kinds."""
        return frozenset(word for word, kind in self._kinds.items() if kind in kinds)

    def file_kind(self, word: str) -> str | None:
        """What a word says that a file or folder is."""
        return self._files.get(fold(word))

    def is_pause(self, text: str) -> bool:
        """Whether a line of a time table is a break."""
        return self._pause.fullmatch(fold(text)) is not None

    def is_total(self, text: str) -> bool:
        """Whether a text only says that what stands beside it is a sum."""
        return self._total.fullmatch(fold(text)) is not None

    def is_weekday(self, text: str) -> bool:
        return self._weekday.fullmatch(fold(text)) is not None

    # --- numbers

    def number(self, text: str) -> int | None:
        """A number in figures or words: `6`, `vinte e cinco`, `ciento veinte`, `two hundred and ten`."""
        text = fold(text).strip()
        if text.isdigit():
            return int(text[:9])
        total = part = 0
        found = False
        for word in text.replace("-", " ").split():
            value = self.numbers.get(word)
            if value is None:
                if word in {"e", "y", "and"} and found:
                    continue
                return None
            found = True
            if value == _THOUSAND or (value == _HUNDRED and word == "hundred"):
                part = (part or 1) * value
                if value == _THOUSAND:
                    total, part = total + part, 0
            else:
                part += value
        return total + part if found else None

    # --- labels and headings

    def bare(self, key: str) -> str:
        """A folded label without the words that change nothing ("total", "do curso"); itself if nothing is left."""
        return " ".join(word for word in key.split() if word not in self.fillers) or key

    def _compiled_labels(self) -> dict[str, re.Pattern[str]]:
        self._known: dict[str, tuple[str, str]] = {}
        compiled = {}
        for field in next(iter(self.languages.values()))["labels"]:
            phrases = []
            for code, language in self.languages.items():
                own = [self.bare(phrase) for phrase in language["labels"][field]]
                self._known.update({p: (field, code) for p in own if "*" not in p and p not in self._known})
                phrases += [
                    *own,
                    *language["labels"][field],
                ]  # "quien lo da" is no "quien", though both are small words
            compiled[field] = re.compile("|".join(sorted({_glob(phrase) for phrase in phrases}, key=len, reverse=True)))
        return compiled

    @lru_cache(maxsize=8192)  # noqa: B019 - there is one vocabulary in a process
    def fields(self, key: str) -> frozenset[str]:
        """The fields that a folded label can mean; which one it is, the place in the brief decides."""
        bare = self.bare(key)
        return frozenset(
            field for field, pattern in self._labels.items() if pattern.fullmatch(bare) or pattern.fullmatch(key)
        )

    @lru_cache(maxsize=4096)  # noqa: B019 - there is one vocabulary in a process
    def nearest(self, key: str, language: str | None = None) -> tuple[str, str] | None:
        """The known label of a language, and its field, that a label which is not understood resembles."""
        bare = self.bare(key)
        alike = [
            known
            for known, (_, code) in self._known.items()
            if known[0] == bare[:1] and abs(len(known) - len(bare)) <= _SLIPS and code in {language or code, "en"}
        ]
        close = difflib.get_close_matches(bare, alike, n=1, cutoff=_CLOSE)
        return (close[0], self._known[close[0]][0]) if close and self.zone(key) is None else None

    @lru_cache(maxsize=8192)  # noqa: B019 - there is one vocabulary in a process
    def zone(self, heading: str) -> str | None:
        """The part of a brief that a folded heading opens; None where it opens none of its own."""
        if self._about_course.search(heading):
            return None  # "2.1 Identificação" below "Público-alvo" identifies the audience
        return next((zone for zone, pattern in self._zones if pattern.search(heading)), None)

    def names_section(self, heading: str) -> bool:
        """Whether a folded heading opens any part of a brief, the course's own among them."""
        return self.zone(heading) is not None or self._about_course.search(heading) is not None

    # --- language

    def language_of(self, text: str, stated: str | None = None) -> str | None:
        """The code of a text's language: the stated one, else the one that most of its small words belong to."""
        if stated:
            named = _words(stated)
            for code, language in self.languages.items():
                if named in language["names"] or named.split(" ")[0] in language["names"]:
                    return code
        sample = text[:_SAMPLE]
        counted = Counter(_WORD.findall(fold(sample)))
        scores = {
            code: sum(counted[word] for word in language["stop_words"])
            + sum(3 * sample.count(letter) for letter in _LETTERS_OF.get(code, ""))
            for code, language in self.languages.items()
        }
        best = max(scores, key=lambda code: scores[code])
        return best if scores[best] else None


def _forms(words: Iterable[str]) -> Iterator[str]:
    for word in words:
        # A pattern holds bars of its own.
        yield from [word] if "(" in word else word.split("|")


def _words(text: str) -> str:
    return " ".join(re.findall(r"[a-z]+", fold(text)))


def _glob(phrase: str) -> str:
    """A phrase as a pattern: a lone `*` stands for any words, one at an end for anything."""
    parts = []
    words = phrase.split()
    for word in words:
        if word == "*":
            parts.append(r"(?:\S+ )*?")
            continue
        head = ".*" if word.startswith("*") else ""
        is_open = word.endswith("*")
        tail = (".*" if word is words[-1] else r"\S*") if is_open else ""
        parts.append(f"{head}{re.escape(word.strip('*'))}{tail} ")
    return "".join(parts).rstrip(" ")


@lru_cache(maxsize=1)
def vocabulary() -> Vocabulary:
    """The vocabulary of all languages, compiled on first use."""
    folder = resources.files("generators.languages")
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".toml")), key=_portuguese_first)
    return Vocabulary([tomllib.loads(file.read_text("utf-8")) for file in files])


def _portuguese_first(file: Any) -> tuple[bool, str]:
    # Where two languages read one word differently, the one that most courses are written in wins.
    return file.name != "pt.toml", file.name
