"""What a text is about, as far as its words tell: the stems of those that carry meaning, in one language.

Stems come from Snowball; they are compared folded, so that careless accents cost nothing. Function words and numerals
carry no meaning of their own.
"""

import re
from collections.abc import Iterator
from functools import cache, lru_cache

import snowballstemmer

from generators.languages.vocabulary import vocabulary
from generators.languages.words import fold

_ALGORITHMS = {"pt": "portuguese", "en": "english", "es": "spanish"}
_WORD = re.compile(r"[^\W\d_][^\W_]*(?:[+#]+|(?:['’.][^\W_]+)+)?")
_LEAST_LETTERS = 2


class Stems:
    """Splits and stems texts of one language; `stems_of` keeps one for each language.

    Args:
        language: "pt", "en" or "es"; another one is compared by whole words.
    """

    def __init__(self, language: str) -> None:
        self.language = language
        algorithm = _ALGORITHMS.get(language)
        self._stemmer = snowballstemmer.stemmer(algorithm) if algorithm else None
        words = vocabulary().languages.get(language, {})
        self._function_words = frozenset(map(fold, words.get("function_words", ())))
        self.stem = lru_cache(maxsize=200_000)(self._stem)
        self._general = frozenset(map(self._stem, str(words.get("general_words", "")).split()))

    def words(self, text: str) -> list[str]:
        """The words of a text that carry meaning, as written, in order."""
        return [word for word in _WORD.findall(text) if self.carries_meaning(word)]

    def carries_meaning(self, word: str) -> bool:
        """Whether a word is more than grammar: `C` and `C#` are, `the` and `para` are not."""
        folded = fold(word)
        return folded not in self._function_words and (len(folded) >= _LEAST_LETTERS or word.isupper())

    def is_function_word(self, word: str) -> bool:
        return fold(word) in self._function_words

    def of(self, text: str) -> list[str]:
        """The stems of a text, in order, with repetitions."""
        return list(self._of(text))

    def set_of(self, text: str) -> frozenset[str]:
        return frozenset(self._of(text))

    def specific(self, text: str) -> frozenset[str]:
        """The stems that do not fit every subject alike: `glúten` is one, `importante` and `passo` are none."""
        return self.set_of(text) - self._general

    def _of(self, text: str) -> Iterator[str]:
        return map(self.stem, self.words(text))

    def _stem(self, word: str) -> str:
        lowered = word.casefold()
        return fold(self._stemmer.stemWord(lowered) if self._stemmer else lowered)


@cache
def stems_of(language: str) -> Stems:
    """The one `Stems` of a language in this process."""
    return Stems(language)
