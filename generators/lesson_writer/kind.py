import re
from typing import Literal

from generators.bloom import bloom_level
from generators.lesson_writer.phrases import Generic

Kind = Literal["concept", "practice", "setup", "compare", "troubleshoot", "plan", "project"]

# The first that matches wins: a title names its special kinds clearly, whereas most verbs of doing are practice.
_SIGNS: tuple[tuple[Kind, tuple[str, ...]], ...] = (
    (
        "project",
        (
            r"projeto final",
            r"projeto pr[áa]tico",
            r"entrega final",
            r"apresenta[çc][ãa]o final",
            r"portf[óo]lio",
        ),
    ),
    (
        "troubleshoot",
        (
            r"troubleshoot\w*",
            r"erros?",
            r"problemas?",
            r"falhas?",
            r"debug\w*",
            r"armadilhas?",
            r"consert\w+",
            r"bugs?",
            r"n[ãa]o funciona",
        ),
    ),
    (
        "compare",
        (r"vs\.?", r"versus", r"compar\w+", r"diferen[çc]as?", r"escolh\w+", r"ou n[ãa]o", r"alternativas?"),
    ),
    (
        "setup",
        (
            r"instala\w*",
            r"configur\w*",
            r"setup\w*",
            r"ambiente",
            r"prepara(?:r|ndo)",
            r"requisitos",
            r"sincroniza\w*",
            r"cri\w+ (?:a |sua )?conta",
        ),
    ),
    (
        "plan",
        (
            r"plan\w*j\w+",
            r"planos? (?:de|para)",
            r"estrat[ée]gi\w+",
            r"cronograma",
            r"roadmap",
            r"metas?",
            r"funil",
            r"or[çc]amento",
            r"calend[áa]rio",
            r"precific\w+",
        ),
    ),
    (
        "practice",
        (
            r"pr[áa]tic\w+",
            r"m[ãa]o na massa",
            r"passo a passo",
            r"exerc[íi]ci\w+",
            r"t[ée]cnicas?",
            r"checklist",
            r"cri(?:e|ar|ando)",
            r"constru\w+",
            r"mont\w+",
            r"fa[zç]\w+",
            r"escrev\w+",
            r"grava\w+",
            r"edit\w+",
            r"aplic\w+",
            r"automa\w+",
            r"publi\w+",
            r"implement\w+",
            r"us(?:e|ar|ando)",
            r"desenh\w+",
            r"program\w+",
            r"import(?:ar|ando)",
            r"organiz\w+",
            r"vend\w+",
            r"fech\w+",
            r"negoci\w+",
            r"cozinh\w+",
            r"treina\w+",
            r"simul\w+",
            r"(?:seu|sua|meu|minha) primeir[oa]",
            r"primeir[oa]s? (?:passos?|vers\w+|vez|projeto)",
        ),
    ),
)
_PATTERNS = tuple((kind, re.compile(rf"\b(?:{'|'.join(signs)})(?!\w)", re.IGNORECASE)) for kind, signs in _SIGNS)


def kind_of(title: str, aim: str | None = None) -> Kind:
    """What a lesson asks of its reader.

    Args:
        title: of the lesson; where it tells nothing, the lesson is a concept,
        aim: unless this, what the author wants it to achieve, starts with a verb of doing.
    """
    for kind, pattern in _PATTERNS:
        if pattern.search(title):
            return kind
    asks = _QUESTION.match(title) is not None
    return "practice" if aim and not asks and bloom_level(aim) in _DOING else "concept"


_QUESTION = re.compile(r"(?:por ?qu[eê]|o que|quem|quando|onde)\b", re.IGNORECASE)
_DOING = frozenset({"apply", "create"})
_GENERIC = {
    "practice": Generic(article="a", noun="prática desta aula"),
    "setup": Generic(article="o", noun="ambiente desta aula"),
    "plan": Generic(article="o", noun="plano desta aula"),
    "project": Generic(article="o", noun="projeto desta aula"),
}
_SUBJECT = Generic(article="o", noun="tema desta aula")


def generic_name(kind: Kind) -> Generic:
    """What to call the subject of a lesson of this kind where its title gives no name."""
    return _GENERIC.get(kind, _SUBJECT)
