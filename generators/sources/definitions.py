"""Terms that sources explain: "**Autólise**: …", "Autólise é o descanso …", "A closure is a function …".

A definition is a sentence of somebody's own; it is quoted, never put together. Only a sentence that begins with the
term counts: what stands before the verb is then what is defined, and not half of another thought.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from generators.languages.stems import Stems
from generators.sources.passages import Passage, sentences_of

MOST_TERM_WORDS = 4
MOST_WORDS = 60
LEAST_WORDS = 4
_BOLD = re.compile(
    r"^(?:[-*+]\s+|\d+[.)]\s+)?(?:\*\*|__)([^*_\n]{2,60}?)(?::|\s*[-–—])?(?:\*\*|__)\s*(?:[:–—-]\s*|=\s*)(\S.*)$"
)
_ITEM = re.compile(r"^[-*+]\s+([^:*\n]{2,40}):\s+(\S.*)$")
_IS = {
    "pt": re.compile(
        r"^((?:O|A|Os|As|Um|Uma)\s+)?([^,.;:()]{2,50}?)(?P<is>\s+(?:é|são|significa|chama-se|consiste em))\s+\S",
        re.UNICODE,
    ),
    "en": re.compile(
        r"^((?:The|An?)\s+)?([^,.;:()]{2,50}?)(?P<is>\s+(?:is|are|means|consists of))"
        r"\s+(?:an?|the|what|how|when|any)\b",
        re.IGNORECASE,
    ),
    "es": re.compile(
        r"^((?:El|La|Los|Las|Un|Una)\s+)?([^,.;:()]{2,50}?)(?P<is>\s+(?:es|son|significa|se llama|consiste en))\s+\S",
        re.UNICODE,
    ),
}


# "A reserva é uma escada, não um muro": that is what it is like.
_LIKENESS = re.compile(r"\b(?:como|like|as if|não um|não uma|not an?|no un|no una)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A term with what a source says it is.

    Attributes:
        term: as written.
        text: the definition, a sentence or the item behind the term.
        meaning: the same without the term: what can be asked for, and what gives no answer away.
        passage: where it stands.
    """

    term: str
    text: str
    meaning: str
    passage: Passage


def definitions(passages: Iterable[Passage], stems: Stems) -> list[Definition]:
    """The terms that some passages define, each once, in reading order."""
    found: dict[frozenset[str], Definition] = {}
    for passage in passages:
        for term, text, meaning in _candidates(passage, stems):
            key = stems.set_of(term)
            if key and _is_term(term, stems) and LEAST_WORDS <= len(text.split()) <= MOST_WORDS:
                found.setdefault(key, Definition(term=term, text=text, meaning=meaning, passage=passage))
    return list(found.values())


def _candidates(passage: Passage, stems: Stems) -> Iterator[tuple[str, str, str]]:
    if passage.kind in {"code", "table"}:
        return
    for line in passage.text.splitlines():
        told = _BOLD.match(line.strip()) or (_ITEM.match(line.strip()) if passage.kind == "list" else None)
        if told:
            yield told[1].strip(" :"), told[2].strip(), told[2].strip()
    is_a = _IS.get(stems.language)
    if is_a is None or passage.kind != "prose":
        return
    for sentence in sentences_of(passage.text):
        plain = sentence.replace("**", "").replace("`", "")
        if (match := is_a.match(plain)) and not plain.endswith("?") and not _LIKENESS.search(plain):
            term = match[2].strip()
            # Behind an article a term is written small only because it does not open the sentence.
            yield term[:1].upper() + term[1:] if match[1] else term, plain, plain[match.end("is") :].strip()


def _is_term(term: str, stems: Stems) -> bool:
    """Whether words can be a name: few, and neither a pronoun nor a clause."""
    words = term.split()
    if not 1 <= len(words) <= MOST_TERM_WORDS or stems.is_function_word(words[0]) or stems.is_function_word(words[-1]):
        return False
    return any(letter.isalpha() for letter in term) and not term.endswith("?")
