"""What a form says where nobody has answered.

A value counts as stated only if something is left once the form's own words are gone: bracketed prompts
(`[Nome do Módulo]`), blanks (`____ horas`), template variables, and words that stand for "not yet".
"""

import re
import unicodedata
from functools import lru_cache

from generators.languages import fold, vocabulary

_QUOTES = " \t\"'“”‘’«»`*"
_UNSTORABLE = re.compile(r"[\x00-\x08\x0e-\x1f\ud800-\udfff]")
_LONGEST_BLANK = 40
_LONGEST_REMEMBERED = 300
_DOUBLE_QUOTES = '"“”«»'
_BOXES = re.compile(r"[\[(]([xX✓ ]?)[\])]\s*((?:(?![\[(][xX✓ ]?[\])])[^\[\]])*)")
_BOX_AHEAD = re.compile(r"\s*(?:\[|\([xX✓ ]?\))")
_BLANK_FIELD = re.compile(r"_{3,}|\.{4,}|…{2,}")
_ALL_BRACKETED = re.compile(r"^(?:\[[^\[\]]*\]|\([^()]*\)|<[^<>]*>|\{[^{}]*\}|\{\{[^{}]*\}\})[\s.:]*$")
_NOTHING = frozenset({"", "x", "xx", "xxx", "xxxx", "?", "??", "???", "-", "--", "---", "–", "—", "...", "…"})
_DECORATION = frozenset({"So", "Sk", "Cn", "Cf", "Mn", "Me", "Zs"})


@lru_cache(maxsize=1)
def _patterns() -> tuple[frozenset[str], re.Pattern[str], re.Pattern[str]]:
    words = vocabulary()
    return (
        words.blanks | _NOTHING,
        re.compile(rf"\[\s*(?:{'|'.join(words.all('open'))})"),
        re.compile(rf"^(?:{words.pattern('examples')})\.?\s*(?:\([^)]*\))?\s*[:\-–]"),
    )


def undecorated(text: str) -> str:
    """A title without the emoji, bullets and keycaps around it; signs that can be its own stay (#, _, `, $)."""
    start, end = 0, len(text)
    while start < end and (unicodedata.category(text[start]) in _DECORATION - {"Sk"} or text[start] in "•·→➤►▸–—- "):
        start += 1
    if text[start + 1 : start + 3] in {"\ufe0f\u20e3", "\u20e3"}:
        return undecorated(text[start + 3 :])
    while end > start and unicodedata.category(text[end - 1]) in _DECORATION - {"Sk"}:
        end -= 1
    return text[start:end]


def stated(text: str | None) -> str | None:
    """The value as its author wrote it, without quotes around it; None if the form's blank is still there.

    Of a row of check boxes (`[X] Casual [ ] Formal`) the ticked ones are the value.
    """
    if text is None:
        return None
    # Titles are asked about by every reader of a course: by the curriculum's, the page's, the outline's.
    return _stated(text) if len(text) <= _LONGEST_REMEMBERED else _stated.__wrapped__(text)


@lru_cache(maxsize=4096)
def _stated(text: str) -> str | None:
    if not text.isprintable():
        # YAML escapes can write what no database text may hold.
        text = _UNSTORABLE.sub("", text)
    chosen = _chosen(text)
    value = _unquoted(" ".join(text.split()) if chosen is None else ", ".join(chosen))
    bare = value.strip(" .:;!" + _QUOTES)
    blanks, asked, _ = _patterns()
    if not any(map(str.isalnum, bare)) or (len(bare) <= _LONGEST_BLANK and fold(bare) in blanks):
        return None
    if _ALL_BRACKETED.match(value) or _BLANK_FIELD.search(value) or ("[" in value and asked.search(fold(value))):
        return None
    return value


def _chosen(text: str) -> list[str] | None:
    """The ticked options of a row of check boxes; None if the text is no such row."""
    if ("[" not in text and "(" not in text) or not _BOX_AHEAD.match(text):
        return None
    boxes = _BOXES.findall(text)
    if not boxes:
        return None
    return [name.strip(" ,;|/") for mark, name in boxes if mark.strip()]


def _unquoted(text: str) -> str:
    """Take off quotes that stand around the whole, not those around its first or last words only."""
    value = text.strip()
    for mark in ("**", "*", "`"):
        inner = value[len(mark) : -len(mark)]
        if len(value) > 2 * len(mark) and value == f"{mark}{inner}{mark}" and mark not in inner:
            value = inner.strip()
    while len(value) > 1 and value[0] in _QUOTES and value[-1] in _QUOTES:
        if any(char in _DOUBLE_QUOTES for char in value[1:-1]):
            break
        value = value[1:-1].strip()
    return value


def is_example(text: str) -> bool:
    """Whether a line of a form is its sample answer rather than an answer."""
    return _patterns()[2].match(fold(text.strip(_QUOTES + "-•>")).strip()) is not None


def scalar(value: object) -> str | None:
    """A frontmatter or YAML value as stated text; lists and maps there are placeholders or something else."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return stated(str(value))
