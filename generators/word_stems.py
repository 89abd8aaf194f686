"""What texts are about, as far as words tell: the beginnings of those that carry meaning."""

import re

from generators.languages import fold

_STOP = frozenset(
    [
        "para",
        "com",
        "sem",
        "por",
        "que",
        "uma",
        "umas",
        "uns",
        "dos",
        "das",
        "nos",
        "nas",
        "pelo",
        "pela",
        "seu",
        "sua",
        "seus",
        "suas",
        "como",
        "mais",
        "menos",
        "entre",
        "sobre",
        "cada",
        "ser",
        "ter",
        "fazer",
        "usar",
        "criar",
        "voce",
        "aula",
        "curso",
        "quando",
        "onde",
    ]
)
_SHORTEST_WORD = 4
_STEM = 5


def stems(text: str) -> set[str]:
    """The beginnings of a text's words of weight, to compare what texts are about."""
    words = re.findall(r"[a-z0-9]+", fold(text))
    return {word[:_STEM] for word in words if len(word) >= _SHORTEST_WORD and word not in _STOP}
