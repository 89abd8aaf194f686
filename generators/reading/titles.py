"""The title of a module or lesson, and the minutes that authors write around it."""

import re
from functools import lru_cache

from generators.languages import fold, vocabulary
from generators.languages.words import any_of
from generators.reading.amounts import minutes_in
from generators.reading.placeholder import stated

MAX_TITLE_CHARACTERS = 250
_ASIDE = re.compile(r"\s*[(\[]([^()\[\]]{0,80})[)\]]\s*$")
_LEADING_ASIDE = re.compile(r"^[(\[]([^()\[\]]{0,40})[)\]]\s*[-–—:]+\s*(?=\S)")
_QUOTES = "\"'“”‘’«»"
_EDGES = " -–—:·•→,;|"


@lru_cache(maxsize=1)
def _patterns() -> tuple[re.Pattern[str], ...]:
    words = vocabulary()
    lessons = any_of(words.part_words("lesson", "meeting"))
    unit = any_of([word for unit in ("hour", "minute", "second") for word in words.all("units", unit)]) + "|['’]"
    amount = rf"\d[\d.,h:\-–]*\s*(?:{unit})(?:\s*\d{{1,2}}(?:\s*(?:{unit}))?)?"
    return (
        re.compile(rf"(?:\d|_|\bX)\s*(?:{unit}|{lessons})(?![a-z])|\d[:h]\d\d|\dh\d?", re.IGNORECASE),
        re.compile(
            rf"(?:\s+[-–—|·•→/]|[,;])\s*[~≈]?\s*{amount}\.?\s*$|\s+[-–—|·•→/]\s*\d{{1,2}}h\d{{2}}\s*$"
            rf"|\s+[~≈]?\s*\d{{1,3}}\s*min\.?\s*$|(?<!às)(?<!at)(?<!las)\s+\d{{1,2}}:\d{{2}}(?::\d{{2}})?\s*$",
            re.IGNORECASE,
        ),
        re.compile(rf"(\d{{1,3}})\s*(?:{lessons})\b", re.IGNORECASE),
    )


def lesson_count(text: str) -> int | None:
    """How many lessons a module says that it has: `Módulo 1: Ver (4 aulas)`."""
    found = _patterns()[2].search(text[: 2 * MAX_TITLE_CHARACTERS])
    return int(found[1]) if found else None


def title_and_minutes(rest: str) -> tuple[str | None, int | None]:
    """`Luz (10 min)` or `Luz - 10 min` as its title and minutes; no title where only a form's blank is left."""
    is_unit, trailing_minutes, count = _patterns()
    minutes = None
    text = " ".join(rest[: 2 * MAX_TITLE_CHARACTERS].split())
    leading = _LEADING_ASIDE.match(text)
    if leading and is_unit.search(leading[1]):
        text = f"{text[leading.end() :]} ({leading[1]})"
    aside = _ASIDE.search(text)
    if aside and is_unit.search(aside[1]):
        minutes = minutes_in(count.sub("", aside[1]))
        text = text[: aside.start()]
    elif trailing := trailing_minutes.search(text):
        minutes = minutes_in(trailing[0].lstrip(_EDGES + "/"))
        text = text[: trailing.start()]
    text = _unquoted(text.strip(_EDGES))
    label, colon, _ = text.partition(":")
    if colon and {"objectives", "duration"} & vocabulary().fields(fold(label).strip()) and len(label.split()) == 1:
        return None, minutes
    return stated(text[:MAX_TITLE_CHARACTERS]), minutes


def _unquoted(text: str) -> str:
    """Take off quotes around the whole title, not those around a word of it."""
    if len(text) > 1 and text[0] in _QUOTES and text[-1] in _QUOTES and not set(text[1:-1]) & set(_QUOTES):
        return text[1:-1].strip()
    return text
