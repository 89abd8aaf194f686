"""What a noun's ending says for certain: its article; and the single nouns that a title lists."""

import re
from collections.abc import Iterable

# Endings without exceptions among nouns that courses are about.
_FEMININE = re.compile(r"[a-zà-ú]{2,}(?:dade|ção|ssão|nsão|gem|tude|ência|ância|tura|dura|eza|ica)")
_MASCULINE = re.compile(r"[a-zà-ú]{2,}(?:mento|ismo|o)")
_NO_NOUNS = frozenset(
    {"como", "quanto", "tudo", "muito", "pouco", "nosso", "foto", "moto", "tribo", "libido", "demo", "intro", "promo"}
    | {"antes", "depois", "preto", "branco", "certo", "errado", "mais", "menos", "sobre", "zero", "novo", "bom"}
    | {"passo", "bônus", "outro", "mesmo"}
)
_LISTED = re.compile(r"^(?:([^,]+), )?([^,]+) (e|ou|vs\.?|versus|x) ([^,]+)$", re.IGNORECASE)
_AND = re.compile(r"\s(?:e|ou|vs\.?|versus|x)\s|,", re.IGNORECASE)
_PREPOSITION = re.compile(r"\s(?:com|sem|n[oa]s?|em|para|d[eoa]s?|por|pel[oa]s?|ao?s?|que)\s", re.IGNORECASE)
_VERB_OR_CLAUSE = re.compile(
    r"^(?:\w+(?:ar|er|ir|ando|endo|indo)(?:-\w+)?|quando|como|onde|por|o que|qual|quem|se|não"
    r"|seus?|suas?|[oa]s?|uma?)\b",
    re.IGNORECASE,
)
_LONGEST_LISTED_WORDS = 2


def article_by_ending(name: str, prose: Iterable[str]) -> str | None:
    """A name with the article that its first word's ending decides, in lower case; None where it decides nothing.

    "Sensibilidade" -> "a sensibilidade", "Foco manual" -> "o foco manual"; "Luz dura" and "Modo e velocidade" -> None.
    A word that the author writes with a capital within a sentence is a proper name, and keeps it.
    """
    first, _, rest = name.partition(" ")
    if _AND.search(name) or (rest and rest != rest.lower()) or not first[1:].islower():
        return None
    noun = first.lower()
    if noun in _NO_NOUNS or any(re.search(rf"\w[ ,]+{re.escape(first.capitalize())}\b", text) for text in prose):
        return None
    if _FEMININE.fullmatch(noun):
        return f"a {noun} {rest}".rstrip()
    return f"o {noun} {rest}".rstrip() if _MASCULINE.fullmatch(noun) else None


def listed_nouns(part: str) -> list[str]:
    """The things that a title lists: "Cor, temperatura e humor" -> all three; [] where it lists none.

    What qualifies both ("Luz dura e macia", "Preto e branco com intenção") is no list of two things; beside a
    choice ("RAW ou JPEG no celular") it is left out.
    """
    found = _LISTED.match(part)
    if not found or len(_AND.findall(part)) > (2 if found[1] else 1):
        return []
    last = found[4] if found[3].casefold() == "e" else _PREPOSITION.split(found[4], maxsplit=1)[0]
    names = [name.strip() for name in (found[1], found[2], last) if name]
    words = [len(name.split()) for name in names]
    adjective_alone = words[-1] == 1 and max(words) > 1 and not found[1]
    if adjective_alone or max(words) > _LONGEST_LISTED_WORDS or _PREPOSITION.search(f" {names[-1]} "):
        return []
    if any(_VERB_OR_CLAUSE.match(name) or name.casefold() in _NO_NOUNS for name in names):
        return []
    if names[0][1:].islower() and all(name.islower() for name in names[1:]):
        names[0] = names[0].lower()  # only the title's first letter was a capital
    return names
