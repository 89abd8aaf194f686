"""How outlines write modules and lessons, line by line."""

import re

from generators.brief.amounts import minutes_in
from generators.brief.placeholder import stated
from generators.markdown import Line
from generators.markdown.label import fold

SEPARATOR = r"\s*(?:[:.)|\-–—]+\s*)?"
MODULE = re.compile(
    r"^\W*(?:m[oó]dulo|module|mod\.?|unidade|unit|bloco|semana|week|se[cç][aã]o|parte|part)\s*#?\s*(\d{1,2})\b(?!\.\d)"
    + SEPARATOR
    + r"(.*)$",
    re.IGNORECASE | re.DOTALL,
)
LESSON = re.compile(
    r"^\W*(?:aula|lesson|li[cç][aã]o|v[ií]deo|cap[ií]tulo|chapter)?\s*#?(\d{1,2})\.(\d{1,2})(?!\.?\d)\.?"
    + SEPARATOR
    + r"(.*)$",
    re.IGNORECASE | re.DOTALL,
)
PLAIN_LESSON = re.compile(
    r"^\W*(?:aula|lesson|li[cç][aã]o|v[ií]deo|cap[ií]tulo|chapter)\s*#?(\d{1,3})\b(?!\.\d)" + SEPARATOR + r"(.*)$",
    re.IGNORECASE | re.DOTALL,
)
ASIDE = re.compile(r"\s*[(\[]([^()\[\]]{0,80})[)\]]\s*$")
ASIDE_UNIT = re.compile(r"(?:\d|_)\s*(?:min|h\b|h\d|hora|m\b|aula|lesson|li[cç])", re.IGNORECASE)
TRAILING_MINUTES = re.compile(r"\s+[-–—|]\s*[~≈]?\d[\d.,h:]*\s*(?:min\w*|h|horas?)\.?\s*$", re.IGNORECASE)
LESSON_COUNT = re.compile(r"\d+\s*(?:aulas?|lessons?|li[cç][oõ]es)", re.IGNORECASE)
LESSON_LISTS = frozenset({"aulas", "lessons", "licoes", "conteudo", "topicos", "aulas do modulo", "lista de aulas"})
DURATION_KEYS = frozenset({"duracao", "duration", "tempo", "minutos", "duracao estimada", "carga horaria"})
OBJECTIVE_KEYS = frozenset({"objetivo", "objetivo do modulo", "objective", "objetivos", "goal"})
DESCRIPTION_KEYS = frozenset({"descricao", "description", "resumo"})
TITLE_CELL = re.compile(r"^(?:titulo|title|tema|aula|nome|conteudo|topico|lesson|name|assunto)")
MODULE_TITLE_CELL = re.compile(r"^(?:titulo|title|tema|nome|name|assunto|conteudo|foco)")
DURATION_CELL = re.compile(r"^(?:duracao|tempo|minutos|min|duration|time|carga)")
MAX_TITLE_CHARACTERS = 250
MAX_DIGITS = 3


def cell_under(
    line: Line, header: list[str], wanted: re.Pattern[str], default: int | None, shift: int = 0
) -> str | None:
    """The cell under the first column whose title is wanted, numbering columns aside."""
    for column, key in enumerate(header):
        place = column + shift
        if place > 0 and wanted.match(key) and place < len(line.cells):
            return stated(line.cells[place])
    if default is not None and default < len(line.cells):
        return stated(line.cells[default])
    return None


def lesson_number(text: str, module: int, known: int) -> tuple[str, str] | None:
    """Number "i.j" and the rest of the line, if it opens a lesson of this module."""
    if len(text) > 2 * MAX_TITLE_CHARACTERS:
        return None
    found = LESSON.match(text)
    if found and int(found[1]) == module:
        return f"{int(found[1])}.{int(found[2])}", found[3]
    plain = PLAIN_LESSON.match(text)
    if plain and plain[2].strip():
        return f"{module}.{known + 1}", plain[2]
    return None


def title_and_minutes(rest: str) -> tuple[str | None, int | None]:
    minutes = None
    text = " ".join(rest[: 2 * MAX_TITLE_CHARACTERS].split())
    aside = ASIDE.search(text)
    if aside and ASIDE_UNIT.search(aside[1]):
        minutes = minutes_in(LESSON_COUNT.sub("", aside[1]))
        text = text[: aside.start()]
    elif trailing := TRAILING_MINUTES.search(text):
        minutes = minutes_in(trailing[0])
        text = text[: trailing.start()]
    text = text.strip().strip("|").strip(" -–—:")
    if fold(text).startswith(("objetivo:", "duracao:")):
        return None, minutes
    return stated(text[:MAX_TITLE_CHARACTERS]), minutes
