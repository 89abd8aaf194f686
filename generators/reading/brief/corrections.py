"""What an author takes back: of "10 lessons, no wait, 12" and of a later "actually 75 dollars" the last value stands.

The new value is put where the old one stood, so that every reader finds one text in which nothing was said twice. What
is meant is told by the unit, or by the field that the correction names; without either it is the value right before.
"""

import itertools
import re
from dataclasses import dataclass
from functools import lru_cache

from generators.languages import vocabulary
from generators.languages.words import any_of
from generators.reading.brief.prose import flat
from generators.reading.markdown.label import label_key

_MAX_LINES = 4_000
_MAX_LINE = 2_000
_MAX_CORRECTION = 160
_DEEPEST = 6
_MARKS = "# \t\r*"
_SHORT = 6  # words of a correction that names neither unit nor field
_FAR = 60  # lines back to what is corrected


@dataclass(frozen=True, slots=True)
class _Value:
    start: int
    end: int
    kind: str | None
    sign: str
    unit: str


@lru_cache(maxsize=1)
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str], dict[str, str]]:
    words = vocabulary()
    kinds: dict[str, str] = {}
    for language in words.languages.values():
        for names in language["currencies"].values():
            kinds.update(dict.fromkeys(names, "price"))
    kinds["$"] = "price"
    signs = "|".join(re.escape(name) for name in sorted(kinds, key=len, reverse=True) if not name.isalpha())
    for unit in ("hour", "minute", "week"):
        kinds.update(dict.fromkeys(words.all("units", unit), unit))
    for field, parts in (("modules", words.part_words("module")), ("lessons", words.part_words("lesson", "meeting"))):
        kinds.update({word: field for word in parts if word not in kinds})
    units = "|".join(re.escape(word) for word in sorted(kinds, key=len, reverse=True))
    spoken = "|".join(sorted(set(words.numbers) - words.articles, key=len, reverse=True))
    half = "|".join(words.all("units", "half"))
    number = rf"(?:\d+(?:[.,]\d+)*|(?:{spoken})(?:(?: (?:e|y|and) |[ -])(?:{spoken}))*)(?: (?:{half})(?!\w))?"
    value = re.compile(rf"(?<![\w.,])(?P<sign>(?:{signs})\s*)?{number}(?P<unit>\s*-?(?:{units}))?(?![\w])")
    marks = "|".join(words.all("chat", "corrections"))
    settled = "|".join(words.all("chat", "settled"))
    between = "|".join(words.all("chat", "taken_back"))
    number_ahead = rf"(?=(?:{signs})?\s*(?:\d|(?:{spoken})\b))"
    mark = re.compile(
        rf"(?:^|[.,;:!…–-]|\be\b|\by\b|\band\b)\W*(?:(?:[a-z]+ ){{0,6}}(?:{settled})(?!\w)\W*"
        rf"|(?:(?:{marks})(?!\w)\W*)+)(?P<gap>(?:[a-z']+\W+){{0,5}}?){number_ahead}"
    )
    short = re.compile(
        rf"\s*[,;.…–-]+\s*(?:{between})[\s,.:;…–-]+(?:[a-z']+ ){{0,2}}?(?=(?:{signs})?\s*(?:\d|(?:{spoken})\b))"
    )
    return value, mark, short, kinds


def corrected(lines: list[str]) -> list[str]:
    """Lines in which every value that was taken back is the one that took its place."""
    if len(lines) > _MAX_LINES:
        return lines
    _, mark, _, _ = _patterns()
    kept = list(lines)
    for place, line in enumerate(lines):
        if not line.strip() or len(line) > _MAX_LINE:
            continue
        kept[place] = _within(kept[place])
        if found := mark.search(flat(kept[place])):
            _apply(kept, place, found)
    return kept


def _values(text: str) -> list[_Value]:
    value, _, _, kinds = _patterns()
    found = []
    for match in value.finditer(flat(text)):
        sign, unit = match["sign"] or "", match["unit"] or ""
        kind = "price" if sign else kinds.get(unit.strip(" -"))
        start = match.start()
        found.append(
            _Value(
                start, match.end(), kind, text[start : start + len(sign)], text[match.end() - len(unit) : match.end()]
            )
        )
    return found


@lru_cache(maxsize=1)
def _part_patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    words = vocabulary()
    names = "|".join(sorted(words.part_words("module", "meeting", "lesson", "topic"), key=len, reverse=True))
    small = any_of(words.fillers)  # "tira a aula 3", "change lesson 2 to"
    part = rf"(?:(?:{small}) )?(?P<{{}}>(?:{names}) \d{{{{1,2}}}})"
    dropped, drop, retitle = ("|".join(words.all("chat", key)) for key in ("dropped", "drop", "retitle"))
    first = r"(?:^|[:;.,-])\W*"
    return (
        re.compile(
            rf"{first}(?:{part.format('after')} (?:{dropped})|(?:{drop}) {part.format('before')})(?=\W*(?:$|[;,.]))"
        ),
        re.compile(rf"{first}(?:{retitle}) {part.format('part')} (?:{small}) [\"“«]([^\"”»]+)[\"”»]\W*$"),
    )


def without_dropped(lines: list[str]) -> list[str]:
    """Lines without the modules and lessons that a later one takes out, and with the titles that one gives them."""
    if len(lines) > _MAX_LINES:
        return lines
    drop, retitle = _part_patterns()
    kept = list(lines)
    for place, line in enumerate(lines):
        if not line.strip() or len(line) > _MAX_CORRECTION:
            continue
        text = flat(line)
        if renamed := retitle.search(text):
            start, end = renamed.span(2)
            if (at := _the_one(kept, place, renamed["part"])) is not None and (
                opened := vocabulary().numbered(kept[at].strip(_MARKS))
            ):
                kept[at] = kept[at].removesuffix(opened.rest) + line[start:end]
                kept[place] = ""
        for found in drop.finditer(text):
            if (at := _the_one(kept, place, found["after"] or found["before"])) is not None:
                end = _part_end(kept, at, place)
                kept[at:end] = [""] * (end - at)
                kept[place] = ""
    return kept


def _the_one(lines: list[str], before: int, name: str) -> int | None:
    """The one line above that opens the part of this name; None where none does, or several."""
    wanted = vocabulary().numbered(f"{name}:")
    opened = [(place, vocabulary().numbered(line.strip(_MARKS))) for place, line in enumerate(lines[:before])]
    found = [
        place
        for place, part in opened
        if part and wanted and part.rest and (part.kind, part.numbers) == (wanted.kind, wanted.numbers)
    ]
    return found[0] if len(found) == 1 else None


def _part_end(lines: list[str], start: int, limit: int) -> int:
    """Where a part ends: at the next that is as wide, at a heading as high, or past its paragraph in plain text."""
    words = vocabulary()
    own = words.numbered(lines[start].strip(_MARKS))
    level = len(lines[start]) - len(lines[start].lstrip("#"))
    for place in range(start + 1, limit):
        line = lines[place]
        part = words.numbered(line.strip(_MARKS))
        if part and own and part.kind and own.kind and words.rank(part.kind) <= words.rank(own.kind):
            return place
        if line.startswith("#") and len(line) - len(line.lstrip("#")) <= (level or _DEEPEST):
            return place
        is_below = (
            part or line.lstrip()[:1] in {"-", "*", "•", "|"} or line[:1].isspace() or line.lstrip()[:1].isdigit()
        )
        if (
            line.strip()
            and not is_below
            and ((not level and not lines[place - 1].strip()) or (own and own.kind == "lesson"))
        ):
            return place
        if line.startswith("---"):
            return place
    return limit


def _within(text: str) -> str:
    """`10 lessons, no wait, 11` as `11 lessons`."""
    short = _patterns()[2]
    values = _values(text)
    for old, new in itertools.pairwise(values):
        found = short.match(flat(text), old.end)
        if not found or found.end() != new.start or (old.kind and new.kind and old.kind != new.kind):
            continue
        return _within(text[: old.start] + _replacing(old, new, text) + text[new.end :])
    return text


def _replacing(old: _Value, new: _Value, text: str) -> str:
    said = text[new.start : new.end]
    return said if new.kind or not old.kind else f"{old.sign}{said}{old.unit}"


def _apply(lines: list[str], place: int, found: re.Match[str]) -> None:
    text = lines[place]
    new = next((value for value in _values(text) if value.start >= found.end()), None)
    if new is None or new.start > found.end() + 1:
        return
    kind = new.kind or _named_kind(found["gap"])
    if kind is None and len(text[found.start() :].split()) > _SHORT + found[0].count(" "):
        return
    for at in range(place, max(-1, place - _FAR), -1):
        before = lines[at][: found.start()] if at == place else lines[at]
        old = next((value for value in reversed(_values(before)) if _is_meant(value, kind, before)), None)
        if old is None:
            if kind is None and before.strip() and at != place:
                return  # a bare number takes back the value right before it
            continue
        said = _replacing(old, new, text)
        if at == place:
            lines[at] = before[: old.start] + said + before[old.end :] + text[new.end :]
        else:
            lines[at] = before[: old.start] + said + before[old.end :]
            rest = text[new.end :]
            lines[place] = text[: found.start()] + (rest if re.search(r"\d", rest) else "")
        return


def _named_kind(gap: str) -> str | None:
    for word in gap.split():
        meant = vocabulary().fields(label_key(word)) & {"price", "lessons", "modules", "duration"}
        if meant:
            kind = next(iter(meant))
            return "hour" if kind == "duration" else kind
    return None


def _is_meant(value: _Value, kind: str | None, text: str) -> bool:
    if kind is None:
        return True
    label, colon, _ = text.partition(":")
    own = value.kind or (_named_kind(label) if colon and value.start > len(label) else None)
    return own == kind
