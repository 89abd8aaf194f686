"""What counts as the value of an entry, field by field."""

import re

from generators.brief.amounts import count_in, hours_in, level_in, money_in
from generators.brief.answers import answered, first_answer, list_answers
from generators.brief.labels import EXACT_PRICE, PRICE
from generators.brief.model import Level
from generators.brief.placeholder import is_example, stated
from generators.languages import fold
from generators.markdown import Entry
from generators.markdown.label import label_key

_ASIDE = re.compile(r"\s*[(\[][^()\[\]]*[)\]]\s*$")
_TOTAL = re.compile(r"\btotal\b|especifi|exat|flexivel")
_BARE_AMOUNT = re.compile(r"^(\d{1,3}(?:\.\d{3})+|\d{1,6})(?:,\d{2}|\.00)?$")
_NOT_A_PRICE = re.compile(r"mensa|/mes|por mes|usd|us\$|receita|fatura|economi|custo|upsell|ferramenta|api|mes\b")
_MAX_TITLE_CHARACTERS = 300
_MAX_NAME_WORDS = 8
_MAX_ANSWER_LINES = 3


def person_name(text: str) -> str | None:
    """A person's name without what is said about them; None if the text is no name."""
    name = re.split(r"\s+[-–—|]\s+|,|;|\s+\(", _ASIDE.sub("", text), maxsplit=1)[0].strip()
    words = name.split()
    if not words or len(words) > _MAX_NAME_WORDS or not words[0][0].isalpha():
        return None
    if re.search(r"\b(?:mind|mmos|clone|sim|nao|voz|persona|agent|neutr\w+|custom\w*|ia)\b", fold(name)):
        return None
    return stated(name)


def _is_section(entry: Entry) -> bool:
    """Whether a heading opens a section rather than stand over one short answer (`### Duração` over `3 horas`)."""
    if entry.line.kind != "heading":
        return False
    body = [line for line in entry.body if line.kind != "rule"]
    return not body or len(body) > _MAX_ANSWER_LINES or any(line.kind != "text" or line.strong for line in body)


def texts_of(entry: Entry) -> list[str]:
    if _is_section(entry):
        return []
    if entry.value and not is_example(entry.value):
        return [entry.value]
    return [line.text for line in answered(entry.body) if not line.depth or line.fenced]


def one_line(entry: Entry) -> str | None:
    text = first_answer(entry)
    return text if text and len(text) <= _MAX_TITLE_CHARACTERS else None


def person_of(entry: Entry) -> str | None:
    return None if _is_section(entry) else first_answer(entry)


def several_of(entry: Entry) -> tuple[str, ...] | None:
    if entry.line.kind == "heading" and any(line.label and line.strong for line in entry.body):
        return None
    if entry.value:
        value = first_answer(entry)
        return (value,) if value else None
    return list_answers(entry) or None


def hours_of(entry: Entry) -> float | tuple[float, float] | None:
    """The exact line of a form beats the option that was ticked above it."""
    if _is_section(entry):
        return None
    if entry.value:
        return hours_in(entry.value) if stated(entry.value) else None
    lines = list(answered(entry.body))
    exact = [line for line in lines if _TOTAL.search(fold(line.text)) and line.ticked is None]
    plain = [line for line in lines if line.ticked is None and not line.depth]
    for line in [*exact, *plain, *lines]:
        value = hours_in(line.text)
        if value is not None:
            return value
    return None


def count_of(entry: Entry) -> int | None:
    if _is_section(entry):
        return None
    if entry.value:
        return count_in(entry.value) if stated(entry.value) else None
    if entry.line.kind != "heading" and not any(line.fenced for line in entry.body):
        # "Aulas:" over a list names the list; only the answer field of a form holds a number.
        return None
    for line in answered(entry.body):
        return count_in(f"{line.ordinal}. {line.text}" if line.ordinal else line.text)
    return None


def level_of(entry: Entry) -> Level | None:
    if _is_section(entry):
        return None
    text = first_answer(entry)
    return level_in(text) if text else None


def ticked_level_of(entry: Entry) -> Level | None:
    if entry.value:
        return level_in(entry.value) if stated(entry.value) else None
    for line in answered(entry.body):
        if line.ticked and (level := level_in(line.text)):
            return level
    return None


def price_of(entry: Entry) -> float | None:
    if entry.line.kind == "heading" and not any(line.fenced or line.kind == "text" for line in entry.body):
        return None
    if entry.value:
        return amount_of(entry.value) if stated(entry.value) else None
    lines = [line for line in answered(entry.body) if not _NOT_A_PRICE.search(fold(line.text))]
    exact = [line for line in lines if line.label and EXACT_PRICE.fullmatch(label_key(line.label))]
    labelled = [line for line in lines if line.label and PRICE.fullmatch(label_key(line.label))]
    # Below a heading only lines that call themselves a price are one; in a field's answer any first line is.
    open_lines = [] if _is_section(entry) else [line for line in lines if line.ordinal is None][:3]
    for line in [*exact, *labelled, *open_lines]:
        value = amount_of(line.value if line.label else line.text)
        if value is not None:
            return value
    return None


def amount_of(text: str) -> float | None:
    if stated(text) is None or _NOT_A_PRICE.search(fold(text).replace("sem custo", "")):
        return None
    bare = _BARE_AMOUNT.match(text.strip())
    if bare:
        return float(bare[1].replace(".", ""))
    return money_in(text)
