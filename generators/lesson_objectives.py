"""What a lesson is to achieve: the brief's own objective that fits it best, and two of the lesson's kind."""

import re
from collections.abc import Sequence

from generators.lesson_writer.kind import generic_name, kind_of
from generators.lesson_writer.phrases import Chooser, bank
from generators.markdown.label import fold
from generators.portuguese import infinitive, nameable, noun_phrase, plain, upper_first

OBJECTIVES_PER_LESSON = 3
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
_BLOOM = {
    "remember": frozenset({"listar", "nomear", "lembrar", "citar", "memorizar", "localizar"}),
    "understand": frozenset(
        {"entender", "compreender", "explicar", "descrever", "resumir", "interpretar", "reconhecer", "conhecer"}
    ),
    "apply": frozenset(
        {"aplicar", "usar", "utilizar", "executar", "configurar", "instalar", "calcular", "reservar", "fotografar"}
        | {"editar", "praticar", "organizar", "conduzir", "separar", "implementar", "integrar", "conectar"}
    ),
    "analyze": frozenset({"analisar", "comparar", "diferenciar", "distinguir", "identificar", "examinar", "encontrar"}),
    "evaluate": frozenset(
        {"avaliar", "escolher", "decidir", "justificar", "criticar", "validar", "medir", "priorizar"}
    ),
    "create": frozenset(
        {"criar", "construir", "montar", "produzir", "escrever", "redigir", "desenvolver", "planejar", "projetar"}
        | {"desenhar", "elaborar", "compor", "definir", "publicar"}
    ),
}
_SHORTEST_WORD = 4
_STEM = 5


def serving(title: str, objectives: Sequence[str]) -> str | None:
    """The course objective that shares most words with a lesson's title; None if none shares any."""
    wanted = _stems(title)
    common = [len(wanted & _stems(text)) for text in objectives]
    return objectives[common.index(max(common))] if any(common) else None


def at_place(objectives: Sequence[str], *, index: int, total: int) -> str | None:
    """The course objective at the lesson's place: outlines and lists of objectives tend to run in step."""
    return objectives[index * len(objectives) // max(1, total)] if objectives else None


def object_name(objective: str | None) -> str | None:
    """What an objective acts on, where that is more than one vague word."""
    found = noun_phrase(objective) if objective else None
    return found if found and len(found.split()) > 1 else None


def lesson_objectives(
    title: str, *, stated: str | None, named_by: str | None, seed: str, index: int
) -> tuple[str, list[str]]:
    """Bloom level and three objectives, each starting with its verb.

    Args:
        title: of the lesson.
        stated: the objective that comes first.
        named_by: the objective that may lend the lesson a name, where its title has none.
        seed: of the course.
        index: of the lesson.
    """
    kind = kind_of(title)
    name = nameable(title) or object_name(named_by) or ""
    chooser = Chooser(seed=seed, index=index, fields={"topic": name}, generic=generic_name(kind))
    drawn = chooser.pick_many(f"objectives.{kind}", bank("objectives")[kind], OBJECTIVES_PER_LESSON)
    own = [upper_first(plain(stated).rstrip(".;"))] if stated and infinitive(stated) else []
    level = bloom_level(own[0]) if own else None
    return level or str(drawn[0][0]), (own + [str(text) for _, text in drawn])[:OBJECTIVES_PER_LESSON]


def bloom_level(objective: str) -> str | None:
    """The level that an objective's verb names, None for a verb that names none."""
    verb = (infinitive(objective) or "").split(maxsplit=1)[:1]
    return next((level for level, verbs in _BLOOM.items() if verb and verb[0] in verbs), None)


def _stems(text: str) -> set[str]:
    words = re.findall(r"[a-z0-9]+", fold(text))
    return {word[:_STEM] for word in words if len(word) >= _SHORTEST_WORD and word not in _STOP}
