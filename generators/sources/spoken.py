"""Which language a sentence is in, as far as its small words and its letters tell."""

import re
from collections.abc import Mapping, Sequence
from functools import cache

from generators.languages import fold, vocabulary

_WORD = re.compile(r"[^\W\d_]{2,}")
_FEWEST_WORDS = 6
_FEWEST_LETTERS = 12
_LAST_LATIN = 0x24F
# The nearest languages that no course can be in: known only so that they are taken for none of those that it can.
_NEIGHBOURS = {
    "de": "der die das ein eine einen einem und oder nicht ist sind im den dem des von mit auf für zu zum zur man du "
    "wenn weil es sie er wir ich sich aus bei nach als auch noch nur wie aber dass hat wird",
    "fr": "le la les un une des et ou est sont dans du au aux de que qui ne pas pour par sur avec il elle on nous vous "
    "tu je ce cette ces sa son ses leur mais comme plus se si y",
    "it": "il lo la gli le un uno una e o è sono di del della dei delle nel nella al alla da dal che non per con su si "
    "ma come più ci tra fino questo questa perché anche ha",
}


def foreign_share(texts: Sequence[str], language: str) -> float:
    """Share of sentences that are in another language than this; 0 if none is long enough to tell."""
    known = _small_words()
    if language not in known:
        return 0.0
    judged = foreign = 0
    for sentence in texts:
        letters = [letter for letter in sentence if letter.isalpha()]
        if len(letters) >= _FEWEST_LETTERS and 2 * sum(ord(letter) > _LAST_LATIN for letter in letters) > len(letters):
            judged, foreign = judged + 1, foreign + 1
            continue
        words = [fold(word) for word in _WORD.findall(sentence)]
        if len(words) < _FEWEST_WORDS:
            continue
        judged += 1
        counts = {code: sum(word in small for word in words) for code, small in known.items()}
        foreign += counts[language] * 2 < max(counts.values())
    return foreign / judged if judged else 0.0


@cache
def _small_words() -> Mapping[str, frozenset[str]]:
    spoken = {code: words.get("function_words", ()) for code, words in vocabulary().languages.items()}
    neighbours = {code: words.split() for code, words in _NEIGHBOURS.items()}
    return {code: frozenset(map(fold, words)) for code, words in (neighbours | spoken).items()}
