"""What the generators know of Portuguese: infinitives, noun phrases, and the short name of a lesson.

Text of the author is never inflected: it is quoted, or used where an infinitive fits as it stands.
"""

import re
from collections.abc import Iterable

from generators.portuguese_nouns import article_by_ending

_INFINITIVE = re.compile(r"(?:[a-zà-ú]{1,}(?:ar|er|ir)|[a-zà-ú]*p[oô]r)(?:-(?:se|lo|la|los|las))?", re.IGNORECASE)
_NOT_VERBS = frozenset(
    [
        "maior",
        "menor",
        "melhor",
        "pior",
        "valor",
        "vapor",
        "lugar",
        "par",
        "por",
        "amor",
        "favor",
        "qualquer",
        "mulher",
        "autor",
        "professor",
        "instrutor",
        "senhor",
        "mar",
        "bar",
        "lar",
        "ar",
        "celular",
        "exemplar",
        "familiar",
        "particular",
        "popular",
        "similar",
        "milhar",
        "mentor",
        "gestor",
        "setor",
        "fator",
        "motor",
        "vetor",
        "consultor",
        "vendedor",
        "empreendedor",
        "programador",
        "computador",
        "servidor",
        "condutor",
        "prazer",
        "lazer",
        "superior",
        "inferior",
        "anterior",
        "posterior",
        "interior",
        "exterior",
        "escolar",
        "hangar",
        "radar",
        "dólar",
        "líder",
        "caráter",
    ]
)
_LEADS = re.compile(
    r"^(?:ao final[^,:]*[,:]\s*)?(?:(?:o alun[oa]|você) (?:vai|será capaz de|saberá|conseguirá)\s+)?",
    re.IGNORECASE,
)
_ARTICLE = re.compile(r"^(?:os|as|o|a|uns|umas|um|uma|seus|suas|seu|sua|meus|minhas)\s+", re.IGNORECASE)
_PHRASE_END = re.compile(
    r"\s+(?:para|com|sem|em|no|na|nos|nas|por|pelo|pela|antes|depois|durante"
    r"|através|a partir|ao|que|quando|onde|até|como|e|ou|\w+ndo)\s+"
    r"|[,;:(.—–]",
    re.IGNORECASE,
)
_SPLIT = re.compile(r"\s*[:?!]\s+|\s+[-–—|]\s+|\s*\(|\)\s*")
_NOTE = re.compile(r"\s*\((?:[~≈]?\d+(?:[.,]\d+)?\s*%[^()]*|[^()]*\bbloom\b[^()]*)\)\s*(?=[.;]?$)", re.IGNORECASE)
_GENERIC = frozenset(
    [
        "introdução",
        "troubleshooting",
        "projeto final",
        "projeto",
        "bônus",
        "bonus",
        "conclusão",
        "revisão",
        "aula",
        "prática",
        "exercício",
        "encerramento",
        "abertura",
        "resumo",
        "desafio",
        "checklist",
        "extra",
        "parte",
        "passo",
        "módulo",
    ]
)
_GERUND = ("ando", "endo", "indo", "ondo")
_CLAUSE_STARTS = frozenset(
    [
        "por",
        "porque",
        "como",
        "o",
        "que",
        "quê",
        "quando",
        "onde",
        "quem",
        "qual",
        "quais",
        "quanto",
        "quantos",
        "do",
        "da",
        "de",
        "dos",
        "das",
        "no",
        "na",
        "nos",
        "nas",
        "em",
        "para",
        "se",
        "você",
        "não",
        "e",
        "mas",
        "ao",
        "aos",
        "à",
        "às",
        "isso",
        "isto",
        "este",
        "esta",
        "esse",
        "essa",
        "sem",
        "com",
        "até",
        "já",
        "nem",
    ]
)
_FINITE = re.compile(
    r"\b(?:é|são|foi|era|não|faz|fazem|vai|vão|tem|têm|está|estão|pode|podem|deve|precisa|que|quem)\b",
    re.IGNORECASE,
)
_FAULT = re.compile(r"(?:\w+ )?(?:erros?|problemas?|falhas?|armadilhas?)\b", re.IGNORECASE)
_PLANNING = re.compile(
    r"^(?:(?:planejamento|planejando|plano) d(?:e|o|a|os|as)|introdução (?:aos?|às?|a)) ", re.IGNORECASE
)
_AFTERTHOUGHT = re.compile(r"\s+(?:e|ou) (?:quando|como|por que|onde|quem|se)\b", re.IGNORECASE)
_PAIRED = re.compile(r"(\*\*|`)(?=\S)([^*`]+)(?<=\S)\1")
_TRIPLE = re.compile(r"[\w-]+, [\w-]+ e [\w-]+")
_INDEFINITE = re.compile(r"\buma?\b", re.IGNORECASE)
_FEMININE = ("a", "ão", "ade", "gem")
_LONGEST_NAME_WORDS = 7
_LONGEST_OBJECT_WORDS = 5
_SHORTEST_NAME = 4


def upper_first(text: str) -> str:
    return text[:1].upper() + text[1:]


def infinitive(objective: str) -> str | None:
    """The objective as an infinitive phrase ("explicar o método"), or None where it does not start with a verb."""
    text = _LEADS.sub("", plain(objective)).strip().rstrip(".;,!")
    first = text.split(maxsplit=1)[0] if text else ""
    if not _INFINITIVE.fullmatch(first) or first.casefold() in _NOT_VERBS:
        return None
    return text[:1].lower() + text[1:]


def without_notes(text: str) -> str:
    """A line without what its author noted behind it: a share of the audience, a Bloom level, a source."""
    return _NOTE.sub("", text).rstrip()


def plain(text: str) -> str:
    """One line with single spaces, without marks that stand around words in pairs; other signs are the text's own."""
    return " ".join(_PAIRED.sub(r"\2", text).split())


def quotable(text: str) -> str:
    """Text that can stand between “ and ”: no final stop, no quotes of its own that would close ours."""
    text = plain(text).strip().strip("\"“”'‘’").rstrip(".;,")
    return text.replace("“", "‘").replace("”", "’").replace('"', "’")


def parts(title: str) -> list[str]:
    """A title cut at its colons, dashes and brackets."""
    return [part.strip() for part in _SPLIT.split(plain(title)) if part and part.strip()]


def nameable(title: str) -> str | None:
    """A short name that reads well in the middle of a sentence, or None: questions and clauses are no names.

    "O Custo Real do Seu Mês" -> "Custo Real do Seu Mês"; "Montando a reserva" -> "reserva"; "Por que isso importa" ->
    None.
    """
    part = next((part for part in parts(title) if part.casefold() not in _GENERIC and len(part) > 1), title)
    part = _PLANNING.sub("", part)
    part = _ARTICLE.sub("", re.sub(r"^como\s+(?=\S+(?:ar|er|ir)\s)", "", quotable(part), flags=re.IGNORECASE))
    first = part.split(maxsplit=1)[0].casefold() if part else ""
    if first.endswith(_GERUND) or infinitive(part):
        return _object(part)
    part = _AFTERTHOUGHT.split(part, maxsplit=1)[0]
    # "Linhas que conduzem o olhar" is a noun with its clause, and can be quoted as one.
    told = part.partition(" que ")[0]
    about_faults = told != part and _FAULT.match(part)
    clause = (
        first in _CLAUSE_STARTS or about_faults or _FINITE.search(told) or ("," in part and not _TRIPLE.fullmatch(part))
    )
    return None if clause or len(part.split()) > _LONGEST_NAME_WORDS or not part else part


def with_article(name: str, title: str, objectives: Iterable[str]) -> str | None:
    """A name with the article that its author gave it, to stand in a sentence like any noun; None without one.

    What is written like prose is prose: "Separar o dinheiro do trabalho" -> "o dinheiro do trabalho", "A hora dourada
    sem pressa" -> "a hora dourada". What is written like a title stays in quotes: "O Custo Real" -> "o “Custo Real”".
    Where the author gave none, the ending of the noun may still decide it. Plurals have none: the sentences around
    them are in the singular.
    """
    words = re.compile(rf"(o|a)\s+({re.escape(name)})(?!\w)", re.IGNORECASE)
    for objective in objectives:
        _, _, acted_on = (infinitive(objective) or "").partition(" ")
        found = words.match(acted_on)
        if found and _agrees(found[1].lower(), name):
            return f"{found[1].lower()} {quotable(found[2])}"
    for part in parts(title):
        verb, _, acted_on = part.partition(" ")
        found = words.match(acted_on if verb.endswith(_GERUND) else part)
        if found and _agrees(found[1].lower(), name):
            shown = _PHRASE_END.split(name, maxsplit=1)[0] if name == name.lower() else f"“{name}”"
            return f"{found[1].lower()} {shown}"
    return article_by_ending(name, objectives)


def _agrees(article: str, name: str) -> bool:
    """Whether an "o" or "a" before a name is its article: an "a" may be a preposition."""
    noun = name.split(maxsplit=1)[0].casefold()
    return not noun.endswith("s") and (article == "o" or noun.endswith(_FEMININE))


def topic(title: str) -> str:
    """The title up to its colon or dash, or what follows where that says nothing ("Introdução: …")."""
    return quotable(next((part for part in parts(title) if part.casefold() not in _GENERIC and len(part) > 1), title))


def noun_phrase(objective: str) -> str | None:
    """What an objective's verb acts on: "Configurar o ambiente para…" -> "ambiente"; None where that is unclear."""
    verb = infinitive(objective)
    return _object(verb) if verb else None


def _object(phrase: str) -> str | None:
    _, _, rest = phrase.partition(" ")
    if re.match(r"(?:e|ou)\s", rest):
        rest = rest.split(maxsplit=2)[-1]
    found = _ARTICLE.sub("", _PHRASE_END.split(rest, maxsplit=1)[0]).strip()
    bad = (
        len(found) < _SHORTEST_NAME
        or found.split()[0].casefold() in _CLAUSE_STARTS
        or _FINITE.search(found)
        or _INDEFINITE.search(found)
    )
    return None if bad or len(found.split()) > _LONGEST_OBJECT_WORDS else quotable(found)
