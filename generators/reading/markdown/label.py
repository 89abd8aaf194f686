"""Labels: what the author of a form calls a field, reduced to what can be compared."""

import re

from generators.languages import fold, vocabulary

MAX_LABEL_CHARACTERS = 90
MAX_LABEL_WORDS = 12

_PARENTHESES = re.compile(r"\([^()]{0,200}\)|\[[^\[\]]{0,200}\]")
_ARROW = re.compile(r"\s*(?:→|➜|⇒|=>|\t)\s*|\?\s+(?=\S)")
_NOT_WORD = re.compile(r"[^a-z0-9%]+")
_NUMBERING = re.compile(r"^(?:(?:\d{1,3}|[ivx]{1,5}) )+(?=[a-z]{2})")
_QUESTION = re.compile(r"^(?:qual|quais) (?:(?:e|eh|sao|sera|serao|seria) )?(?:o|a|os|as|sua|suas|seu|seus) ")


def label_key(label: str) -> str:
    """Reduce a label or heading to plain words: `## 3️⃣ 3.2. Objetivos (5-10):` becomes `objetivos`.

    A question for a field (`Qual é o nome do curso?`) becomes the field.
    """
    without_asides = _PARENTHESES.sub(" ", label[: MAX_LABEL_CHARACTERS * 3])
    words = _NOT_WORD.sub(" ", fold(without_asides)).strip()
    return _QUESTION.sub("", _NUMBERING.sub("", words))


def split_label(text: str) -> tuple[str, str] | None:
    """Split `Label: value`; None where what precedes the colon is no label (a sentence, a time, an address)."""
    head, colon, tail = text.partition(":")
    if arrow := _ARROW.search(text[: 2 * MAX_LABEL_CHARACTERS]):
        # "Duração → 3 horas", or a sheet's columns; only behind a label that is known.
        before = text[: arrow.start()].strip()
        if vocabulary().fields(label_key(before)) - {"column"} and text[arrow.end() :].strip():
            return before, text[arrow.end() :].strip()
    if not colon or tail.startswith("//") or not head.strip():
        return None
    if len(head) > MAX_LABEL_CHARACTERS or len(head.split()) > MAX_LABEL_WORDS:
        return None
    if head.strip()[-1:].isdigit() and tail[:1].isdigit():
        return None
    return head.strip(), tail.strip()
