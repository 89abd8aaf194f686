"""What part of a brief a line stands in.

The same label means different things in different parts: "Nível" of the course or of its audience, "R$" a price or a
tool's cost, "Duração" of the course or of a module.
"""

import re
from enum import Enum

from generators.markdown import Document


class Zone(Enum):
    COURSE = "course"
    AUDIENCE = "audience"
    OBJECTIVES = "objectives"
    OUTLINE = "outline"
    PREREQUISITES = "prerequisites"
    PEDAGOGY = "pedagogy"
    VOICE = "voice"
    COMMERCIAL = "commercial"
    ASIDE = "aside"


# Tried in this order on the innermost heading first; a heading that matches nothing leaves it to the one above.
_HEADINGS: tuple[tuple[Zone, re.Pattern[str]], ...] = (
    # A module's title may hold any word of the others.
    (
        Zone.OUTLINE,
        re.compile(
            r"^(?:modulo|module|aula|lesson|licao|unidade|unit|semana|week|encontro|bloco)s? (?:\d|[ivx]{1,5}\b)"
        ),
    ),
    (
        Zone.ASIDE,
        re.compile(
            r"metric|kpi|indicador|cronograma|timeline|roadmap|checklist|aprovac|market research|pesquisa de mercado"
            r"|research|concorr|competit|benchmark|historico|changelog|stack|tecnologic|ferramentas|materiais"
            r"|recursos|upsell|bonus|certifica|avaliac|estatistic|proximos passos|instruc|restric|diferencia"
            r"|producao|orcamento|custos?\b|referenci|glossario|inspirac|confirmacao|anexo|competencias|lancamento e"
        ),
    ),
    (Zone.PREREQUISITES, re.compile(r"pre requisito|prerequisit|requisitos|conhecimento previo")),
    (
        Zone.OBJECTIVES,
        re.compile(
            r"objetiv|objective|aprendizagem|learning|resultados esperados|outcome"
            r"|(?:vai|vao|ira|irao) (?:aprender|saber|dominar|conseguir)|sera capaz|will learn"
        ),
    ),
    (
        Zone.AUDIENCE,
        re.compile(
            r"publico|audienc|icp|persona do|avatar|aluno|cliente ideal|demograf|psicograf|\bdor(?:es)?\b|pain"
            r"|transformac|desejo|student|perfil (?:do|tecnico|profissional)|para quem|learner|customer|antes"
        ),
    ),
    (
        Zone.VOICE,
        re.compile(
            r"\bvoz\b|\bvoice|personalidade|instrutor|instructor|\btom\b|\btone\b|persona|linguagem"
            r"|como (?:falar|escrever|soar)"
        ),
    ),
    (
        Zone.COMMERCIAL,
        re.compile(
            r"comercial|commercial|prec(?:o|ific)|pric|monetiz|modelo de negocio|business|oferta|venda|investimento"
            r"|lancamento|valor(?:es)? (?:do|e)|quanto (?:vai )?custa"
        ),
    ),
    (
        Zone.OUTLINE,
        re.compile(
            r"outline|estrutura (?:de conteudo|do curso|detalhada|curricular|modular|dos modulos)"
            r"|^estrutura$|modulos?\b"
            r"|conteudo programatico|ementa|grade|curriculum|curricul|programa\b|modules|syllabus|detalhamento"
            r"|^(?:aula|lesson|licao) |^conteudos?$|plano (?:das? aulas?|de ensino|do curso)|roteiro das aulas"
            r"|como e (?:a estrutura|o programa|dividido)|encontros$|^semanas$|^unidades$"
        ),
    ),
    (Zone.PEDAGOGY, re.compile(r"pedagog|didatic|metodolog|framework|ensino|teaching|teoria|pratica")),
)
_COURSE = re.compile(r"identifica|informac|basic|dados (?:gerais|do curso)|duracao|visao geral|overview|sobre o curso")


def zone_of(path: tuple[str, ...]) -> Zone:
    """The zone of a heading path, outermost first and without the file's own title."""
    for key in reversed(path):
        if _COURSE.search(key):
            # "2.1 Identificação" below "Público-alvo" identifies the audience.
            continue
        for zone, pattern in _HEADINGS:
            if pattern.search(key):
                return zone
    return Zone.COURSE


def zones_of(document: Document) -> tuple[Zone, ...]:
    """The zone of every line of a document."""
    paths = chapter_paths(document)
    known = {path: zone_of(path) for path in set(paths)}
    return tuple(known[path] for path in paths)


def chapter_paths(document: Document) -> tuple[tuple[str, ...], ...]:
    """The heading path of every line without the file's title: that may hold any word and is no chapter."""
    headings = [line for line in document.lines if line.kind == "heading"]
    top = min((line.depth for line in headings), default=0)
    has_title = bool(headings) and headings[0].depth == top and sum(line.depth == top for line in headings) == 1
    return tuple(path[1:] if has_title and path else path for path in document.paths)
