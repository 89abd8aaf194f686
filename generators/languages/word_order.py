"""Whether words stand in an order that a language puts them in.

Grammar shows in what follows what: `de la` is common and `la de` is not, an article of the plural stands before a word
in -s. `order/LANGUAGE.txt` holds how often a word of grammar, or the last letter of any other word, was followed by
which, in some thousand sentences. `sense_of_order` compares a text with its own words in every other order: the length
of a text and its subject are the same on both sides, so they decide nothing.

The tables were counted in the translated messages of Django, Wagtail, Plone, pretix and Weblate, 100,000 words each. A
further language is one more file:

    python -m generators.languages.word_order LANGUAGE TEXT... > generators/languages/order/LANGUAGE.txt
"""

import math
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, lru_cache
from importlib import resources
from itertools import pairwise, permutations
from pathlib import Path

from generators.languages.stems import stems_of
from generators.languages.words import fold

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_CLAUSE_END = re.compile(r"[.!?…:;]\s+|\n|[(),\"“”]")
_LONGEST = 25  # words that are compared with each other
_FEWEST = 40
_LEAST_COUNT = 2
_PRIOR = 8  # how many pairs the table must know of a word before it outweighs what is common anyhow


def sense_of_order(sentences: Iterable[str], language: str) -> float | None:
    """How far above chance the order of a text's words is.

    Returns:
        Standard deviations above the mean of all orders of each sentence's words, divided by the root of the number of
        words, with which they grow. What people write lies above 0.17; words in any order lie around 0, those of a page
        (400 words) below 0.12 in 99 of 100. None where too few words, or no table of the language, tell.
    """
    gain = _gains(language)
    if gain is None:
        return None
    above = variance = 0.0
    words = 0
    for sentence in sentences:
        for part in _parts(_marks(sentence, language)):
            each = [gain(*pair) for pair in permutations(part, 2)]
            mean = sum(each) / len(each)
            above += sum(gain(*pair) for pair in pairwise(part)) - (len(part) - 1) * mean
            variance += (len(part) - 1) * (sum(one * one for one in each) / len(each) - mean * mean)
            words += len(part)
    return above / math.sqrt((variance + 1) * words) if words >= _FEWEST else None


def _marks(sentence: str, language: str) -> list[str]:
    """The words of grammar as they are, of every other word its ending."""
    stems = stems_of(language)
    words = filter(None, map(fold, _WORD.findall(sentence)))
    return [word if stems.is_function_word(word) else f"-{word[-1]}" for word in words]


def _parts(marks: Sequence[str]) -> Iterator[Sequence[str]]:
    for at in range(0, len(marks), _LONGEST):
        part = marks[at : at + _LONGEST]
        if len(part) > 1:
            yield part


@cache
def _gains(language: str) -> Callable[[str, str], float] | None:
    """What a pair tells: the logarithm of how much more often the second follows the first than anything else."""
    file = resources.files("generators.languages") / "order" / f"{language}.txt"
    if not file.is_file():
        return None
    followed = {}
    for line in file.read_text("utf-8").splitlines():
        first, *rest = line.split()
        followed[first] = dict(zip(rest[::2], map(int, rest[1::2]), strict=True))
    known = {first: sum(counts.values()) for first, counts in followed.items()}
    after = sum((Counter(counts) for counts in followed.values()), Counter[str]())
    total = after.total() + len(after)

    @lru_cache(maxsize=100_000)
    def gain(first: str, second: str) -> float:
        anyhow = (after[second] + 1) / total
        seen = followed.get(first, {}).get(second, 0)
        return math.log((seen + _PRIOR * anyhow) / (known.get(first, 0) + _PRIOR) / anyhow)

    return gain


def table_of(text: str, language: str) -> str:
    """The table that a text gives, a line for each first word."""
    counts: dict[str, Counter[str]] = {}
    for clause in dict.fromkeys(_CLAUSE_END.split(text)):
        for first, second in pairwise(_marks(clause, language)):
            counts.setdefault(first, Counter())[second] += 1
    lines = []
    for first, own in sorted(counts.items()):
        kept = [f"{second} {count}" for second, count in sorted(own.items()) if count >= _LEAST_COUNT]
        lines += [" ".join([first, *kept])] if kept else []
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(table_of("\n".join(Path(name).read_text("utf-8") for name in sys.argv[2:]), sys.argv[1]))
