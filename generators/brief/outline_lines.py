"""How outlines write modules and lessons, line by line."""

import re

from generators.brief.amounts import minutes_in
from generators.brief.placeholder import stated
from generators.languages import fold
from generators.markdown import Line

SEPARATOR = r"\s*(?:[:.)|\-–—·•→]+\s*)?"
_SEPARATED = r"\s*(?:[:.)|\-–—·•→]+\s*|$)"
_ROMANS = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "", "xi", "xii", "xiii", "xiv", "xv")
_WORDS = ("um", "dois", "tres", "quatro", "cinco", "seis", "sete", "oito", "nove", "dez", "onze", "doze")
_IN_LETTERS = {
    # A lone X is a form's blank ("Módulo X") rather than the tenth.
    **{roman: number for number, roman in enumerate(_ROMANS, 1) if roman},
    **{word: number for number, word in enumerate(_WORDS, 1)},
    **{word: number for number, word in enumerate(("one", "two", "three", "four", "five", "six", "seven", "eight"), 1)},
    "uma": 1, "duas": 2,
}  # fmt: skip
LETTERS = rf"(?:[IVX]{{1,5}}|{'|'.join(sorted(set(_IN_LETTERS) - set(_ROMANS)))}|três)"
MODULE_WORD = r"(?:m[oó]dulo|module|mod\.?|unidade|unit|bloco|semana|week|se[cç][aã]o|parte|part)"
LESSON_WORD = r"(?:aula|lesson|li[cç][aã]o|v[ií]deo|cap[ií]tulo|chapter|encontro|sess[aã]o|session|epis[oó]dio)"
MODULE = re.compile(
    rf"^\W*(?:{MODULE_WORD}\s*(?:n[º°o]\.?\s*|#\s*|:\s*(?=\d))?(?:(\d{{1,2}})\b(?!\.\d){SEPARATOR}|({LETTERS}){_SEPARATED})"
    rf"|(\d{{1,2}})\s*[ºª°]\s*{MODULE_WORD}\b{SEPARATOR})(.*)$",
    re.IGNORECASE | re.DOTALL,
)
LESSON = re.compile(
    rf"^\W*{LESSON_WORD}?\s*#?(\d{{1,2}})\.(\d{{1,2}})(?!\.?\d)\.?" + SEPARATOR + r"(.*)$",
    re.IGNORECASE | re.DOTALL,
)
PLAIN_LESSON = re.compile(
    rf"^\W*{LESSON_WORD}\s*(?:n[º°o]\.?\s*|#)?(?:\d{{1,3}}\b(?!\.\d){SEPARATOR}|{LETTERS}{_SEPARATED})(.*)$",
    re.IGNORECASE | re.DOTALL,
)
ASIDE = re.compile(r"\s*[(\[]([^()\[\]]{0,80})[)\]]\s*$")
ASIDE_UNIT = re.compile(
    r"(?:\d|_|\bX)\s*(?:min|h\b|h\d|hora|hour|m\b|['’]|aula|lesson|li[cç]|encontro|v[ií]deo)", re.IGNORECASE
)
TRAILING_MINUTES = re.compile(
    r"(?:\s+[-–—|·•→/]|[,;])\s*[~≈]?\s*\d[\d.,h:\-–]*\s*(?:min\w*|h(?:\s*\d{1,2}(?:\s*min\w*)?)?|horas?|hours?|['’])\.?\s*$"
    r"|\s+[-–—|·•→/]\s*\d{1,2}h\d{2}\s*$",
    re.IGNORECASE,
)
LESSON_COUNT = re.compile(r"(\d{1,3})\s*(?:aulas?|lessons?|li[cç][oõ]es|encontros?|v[ií]deos?)", re.IGNORECASE)
LESSON_LISTS = frozenset(
    {"aulas", "lessons", "licoes", "conteudo", "topicos", "aulas do modulo", "lista de aulas", "encontros", "videos"}
)
MODULE_COLUMN = re.compile(r"^(?:modulo|module|unidade|unit|semana|week|bloco|secao|parte|etapa)")
NUMBER_COLUMN = re.compile(r"^(?:aula|lesson|encontro|licao|n|no|num|numero|nr|cod|codigo|id|sessao|video)$")
DURATION_KEYS = frozenset({"duracao", "duration", "tempo", "minutos", "duracao estimada", "carga horaria"})
TITLE_KEYS = frozenset({"titulo", "title", "nome", "name", "tema"})
# Fields of the course that follow an outline without a heading between them.
FIELD_AFTER = re.compile(
    r"^(?:tom\b|tone\b|voz|voice|preco|price|valor\b|investimento|publico|nivel|level|slug|tags?\b|idioma)"
)
OBJECTIVE_KEYS = frozenset({"objetivo", "objetivo do modulo", "objective", "objetivos", "goal"})
DESCRIPTION_KEYS = frozenset({"descricao", "description", "resumo"})
TITLE_CELL = re.compile(r"^(?:titulo|title|tema|aula|nome|conteudo|topico|lesson|name|assunto)")
MODULE_TITLE_CELL = re.compile(r"^(?:titulo|title|tema|nome|name|assunto|conteudo|foco)")
DURATION_CELL = re.compile(r"^(?:duracao|tempo|minutos|min|duration|time|carga)")
_BARE_NUMBER = re.compile(r"^\W*\d{1,3}\W*$")
_ROMAN = re.compile(r"^\W*([IVX]{1,5})(?:\s*[:.)|\-–—·•]+\s*|$)(.*)$", re.DOTALL)
_DIGITS = re.compile(r"\d+")
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
    if plain and plain[1].strip():
        return f"{module}.{known + 1}", plain[1]
    return None


def lesson_cell(cell: str) -> tuple[int | None, str | None]:
    """Number within the module and title that the cell of a lesson states: `1.2`, `Aula 2`, `1.2 Luz`, `Luz`."""
    found = LESSON.match(cell)
    if found:
        return int(found[2]), stated(found[3])
    plain = PLAIN_LESSON.match(cell)
    if plain:
        return None, stated(plain[1])
    if not cell.strip() or _BARE_NUMBER.match(cell):
        return (None, None) if not cell.strip() else (int(_DIGITS.findall(cell)[0]), None)
    return None, stated(cell)


def module_number(text: str) -> tuple[int, str] | None:
    """Number and the rest of the line, if it opens a module: `Módulo 2:`, `SEMANA II –`, `3ª Unidade`, `Parte um.`."""
    found = MODULE.match(text) if len(text) < 2 * MAX_TITLE_CHARACTERS else None
    if found is None:
        return None
    digits = found[1] or found[3]
    number = int(digits) if digits else _IN_LETTERS.get(fold(found[2]))
    return (number, found[4]) if number is not None else None


def roman_number(cell: str) -> tuple[int, str] | None:
    """`II – Luz`, in the numbering column of a table."""
    found = _ROMAN.match(cell)
    number = _IN_LETTERS.get(found[1].casefold()) if found else None
    return (number, found[2]) if found and number else None


def lesson_count(text: str) -> int | None:
    """How many lessons a module says that it has: `Módulo 1: Ver (4 aulas)`."""
    found = LESSON_COUNT.search(text[: 2 * MAX_TITLE_CHARACTERS])
    return int(found[1]) if found else None


def title_and_minutes(rest: str) -> tuple[str | None, int | None]:
    minutes = None
    text = " ".join(rest[: 2 * MAX_TITLE_CHARACTERS].split())
    text = text.strip("\"“”' ")
    aside = ASIDE.search(text)
    if aside and ASIDE_UNIT.search(aside[1]):
        minutes = minutes_in(LESSON_COUNT.sub("", aside[1]))
        text = text[: aside.start()]
    elif trailing := TRAILING_MINUTES.search(text):
        minutes = minutes_in(trailing[0])
        text = text[: trailing.start()]
    text = text.strip().strip("|").strip(" -–—:·•→,;")
    if fold(text).startswith(("objetivo:", "duracao:")):
        return None, minutes
    return stated(text[:MAX_TITLE_CHARACTERS]), minutes
