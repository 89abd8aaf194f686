"""Words as they are compared: without case, accents and decoration."""

import re
import unicodedata

_FIRST_MARK = "\u0300"  # nothing before it combines
_ACCENTED = {"a": "aáàâãä", "e": "eéèêë", "i": "iíìï", "o": "oóòôõö", "u": "uúùûü", "c": "cç", "n": "nñ"}


def fold(text: str) -> str:
    """Lower case without accents, emoji and typographic variants: what remains when spelling is careless."""
    if text.isascii():
        return text.lower()
    # ℹ is a letter to Unicode, but decoration to authors.
    decomposed = unicodedata.normalize("NFKD", text.replace("ℹ", ""))
    return "".join([char for char in decomposed if char < _FIRST_MARK or not unicodedata.combining(char)]).casefold()


def with_accents(folded: str) -> str:
    """A pattern that finds a folded word in text that was not folded, where places in the text matter."""
    return "".join(f"[{_ACCENTED[char]}]" if char in _ACCENTED else re.escape(char) for char in folded)


def any_of(words: object) -> str:
    """An alternation, longest first, of words as they stand in a text."""
    return "|".join(with_accents(word) for word in sorted(set(map(str, words)), key=lambda w: (-len(w), w)))  # type: ignore[call-overload]
