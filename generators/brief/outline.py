"""The outline: modules and lessons, whether fenced, bulleted, in headings or in tables.

A brief mentions modules in several places (a drawing, a timetable, a table of templates). Mentions are gathered per
chapter; the chapter with most lessons is the outline, and what others say about a module it leaves untitled is
ignored, so that nothing is mixed from two plans.
"""

import re
from dataclasses import dataclass, field

from generators.brief.amounts import minutes_in
from generators.brief.model import OutlineLesson, OutlineModule
from generators.brief.placeholder import stated
from generators.brief.zones import Zone, chapter_paths
from generators.markdown import Document, Line
from generators.markdown.label import fold, label_key

_SEPARATOR = r"\s*(?:[:.)|\-–—]+\s*)?"
_MODULE = re.compile(
    r"^\W*(?:m[oó]dulo|module|mod\.?|unidade|unit|bloco|semana|week|se[cç][aã]o|parte|part)\s*#?\s*(\d{1,2})\b(?!\.\d)"
    + _SEPARATOR
    + r"(.*)$",
    re.IGNORECASE | re.DOTALL,
)
_LESSON = re.compile(
    r"^\W*(?:aula|lesson|li[cç][aã]o|v[ií]deo|cap[ií]tulo|chapter)?\s*#?(\d{1,2})\.(\d{1,2})(?!\.?\d)\.?"
    + _SEPARATOR
    + r"(.*)$",
    re.IGNORECASE | re.DOTALL,
)
_PLAIN_LESSON = re.compile(
    r"^\W*(?:aula|lesson|li[cç][aã]o|v[ií]deo|cap[ií]tulo|chapter)\s*#?(\d{1,3})\b(?!\.\d)" + _SEPARATOR + r"(.*)$",
    re.IGNORECASE | re.DOTALL,
)
_ASIDE = re.compile(r"\s*[(\[]([^()\[\]]{0,80})[)\]]\s*$")
_ASIDE_UNIT = re.compile(r"(?:\d|_)\s*(?:min|h\b|h\d|hora|m\b|aula|lesson|li[cç])", re.IGNORECASE)
_TRAILING_MINUTES = re.compile(r"\s+[-–—|]\s*[~≈]?\d[\d.,h:]*\s*(?:min\w*|h|horas?)\.?\s*$", re.IGNORECASE)
_LESSON_COUNT = re.compile(r"\d+\s*(?:aulas?|lessons?|li[cç][oõ]es)", re.IGNORECASE)
_LESSON_LISTS = frozenset({"aulas", "lessons", "licoes", "conteudo", "topicos", "aulas do modulo", "lista de aulas"})
_DURATION_KEYS = frozenset({"duracao", "duration", "tempo", "minutos", "duracao estimada", "carga horaria"})
_OBJECTIVE_KEYS = frozenset({"objetivo", "objetivo do modulo", "objective", "objetivos", "goal"})
_DESCRIPTION_KEYS = frozenset({"descricao", "description", "resumo"})
_TITLE_CELL = re.compile(r"^(?:titulo|title|tema|aula|nome|conteudo|topico|lesson|name|assunto)")
_MODULE_TITLE_CELL = re.compile(r"^(?:titulo|title|tema|nome|name|assunto|conteudo|foco)")
_DURATION_CELL = re.compile(r"^(?:duracao|tempo|minutos|min|duration|time|carga)")
_MAX_TITLE_CHARACTERS = 250
_MAX_DIGITS = 3


@dataclass
class _Lesson:
    number: str
    title: str
    minutes: int | None
    objective: str | None = None


@dataclass
class _Module:
    number: int
    title: str
    minutes: int | None
    line: Line
    objectives: list[str] = field(default_factory=list)
    description: str | None = None
    lessons: dict[str, _Lesson] = field(default_factory=dict)


@dataclass
class _Plan:
    """The modules that one chapter of the brief mentions."""

    zone: Zone
    modules: dict[int, _Module] = field(default_factory=dict)

    @property
    def weight(self) -> tuple[int, bool, int, int]:
        lessons = sum(len(module.lessons) for module in self.modules.values())
        in_outline = self.zone in {Zone.OUTLINE, Zone.PEDAGOGY, Zone.OBJECTIVES}
        return (
            lessons,
            in_outline,
            sum(bool(module.title) for module in self.modules.values()),
            len(self.modules),
        )


@dataclass(frozen=True, slots=True)
class Outline:
    """What was found, and which lines of the document lie within modules (by index)."""

    modules: tuple[OutlineModule, ...]
    inside: frozenset[int]


def read_outline(document: Document, zones: tuple[Zone, ...]) -> Outline:
    """Find the outline of a brief."""
    plans: dict[str, _Plan] = {}
    inside: set[int] = set()
    walk = _Walk()
    for index, (line, path, zone) in enumerate(zip(document.lines, chapter_paths(document), zones, strict=True)):
        chapter = path[0] if path else ""
        plan = plans.setdefault(chapter, _Plan(zone))
        if zone is not Zone.COURSE and plan.zone is Zone.COURSE:
            plan.zone = zone
        if walk.take(line, plan, zone):
            inside.add(index)
    best = max(plans.values(), key=lambda plan: plan.weight, default=None)
    if best is None or not best.modules or best.weight[2] == 0:
        return Outline((), frozenset(inside))
    return Outline(tuple(_module(module) for _, module in sorted(best.modules.items())), frozenset(inside))


def _module(module: _Module) -> OutlineModule:
    return OutlineModule(
        number=module.number,
        title=module.title,
        minutes=module.minutes,
        description=module.description,
        objectives=tuple(module.objectives),
        lessons=tuple(
            OutlineLesson(number=lesson.number, title=lesson.title, minutes=lesson.minutes, objective=lesson.objective)
            for lesson in module.lessons.values()
        ),
    )


class _Walk:
    """Reads lines one by one, knowing the module and lesson that they belong to."""

    def __init__(self) -> None:
        self._module: _Module | None = None
        self._lesson: _Lesson | None = None
        self._lesson_line: Line | None = None
        self._listing: Line | None = None

    def take(self, line: Line, plan: _Plan, zone: Zone) -> bool:
        """Take in one line; says whether it lies inside a module."""
        if line.kind == "row":
            return self._row(line, plan, zone)
        opened = _MODULE.match(line.text) if len(line.text) < 2 * _MAX_TITLE_CHARACTERS else None
        if opened and zone not in {Zone.ASIDE, Zone.AUDIENCE}:
            self._open(line, int(opened[1]), opened[2], plan)
            return True
        if self._module is None or self._left(line):
            self._module = self._lesson = self._listing = None
            return False
        self._inside(line, self._module)
        return True

    def _left(self, line: Line) -> bool:
        module = self._module
        if module is None or line.kind == "blank":
            return module is None
        if line.kind == "heading":
            # Under a fenced outline, "### 3.4. Framework" opens the form's next section, not module 3's fourth lesson.
            if not module.line.fenced and _lesson_number(line.text, module):
                return False
            # A module in a heading ends at the next heading of its level; one in a list or fence at any heading.
            return module.line.kind != "heading" or line.depth <= module.line.depth
        return module.line.fenced and (not line.fenced or line.block != module.line.block)

    def _open(self, line: Line, number: int, rest: str, plan: _Plan) -> None:
        title, minutes = _title_and_minutes(rest)
        known = plan.modules.get(number)
        if known is None:
            known = plan.modules[number] = _Module(number, title or "", minutes, line)
        else:
            known.title = known.title or title or ""
            known.minutes = known.minutes or minutes
            known.line = line
        self._module, self._lesson, self._listing = known, None, None

    def _inside(self, line: Line, module: _Module) -> None:
        number = _lesson_number(line.text, module)
        if number:
            self._add(line, module, *number)
            return
        key = label_key(line.label) if line.label else ""
        if key in _LESSON_LISTS and not line.value and self._lesson is None:
            self._listing = line
        elif key in _DURATION_KEYS:
            self._duration(line, module)
        elif key in _OBJECTIVE_KEYS and self._lesson is None and (text := stated(line.value)):
            module.objectives.append(text)
        elif key in _OBJECTIVE_KEYS and self._lesson is not None:
            self._lesson.objective = self._lesson.objective or stated(line.value)
        elif key in _DESCRIPTION_KEYS and self._lesson is None:
            module.description = module.description or stated(line.value)
        elif self._is_listed(line) or self._is_timed_item(line, module):
            self._add(line, module, f"{module.number}.{len(module.lessons) + 1}", line.text)
        elif line.kind in {"heading", "text"} and line.label and line.strong:
            self._listing = None

    def _is_listed(self, line: Line) -> bool:
        """Whether an item of a list that is called "Aulas" is a lesson without number."""
        if self._listing is None or line.kind != "item":
            return False
        return (not line.label or line.ordinal is not None) and self._is_outer(line)

    def _is_timed_item(self, line: Line, module: _Module) -> bool:
        """Whether an item right below the module's heading is a lesson without number: it states its length."""
        if module.line.kind != "heading" or line.kind != "item" or line.depth:
            return False
        aside = _ASIDE.search(line.text)
        return aside is not None and minutes_in(aside[1]) is not None

    def _is_outer(self, line: Line) -> bool:
        first = self._lesson_line
        return first is None or self._lesson is None or line.depth <= first.depth

    def _add(self, line: Line, module: _Module, number: str, rest: str) -> None:
        title, minutes = _title_and_minutes(rest)
        if title is None or number in module.lessons:
            return
        self._lesson = module.lessons[number] = _Lesson(number, title, minutes)
        self._lesson_line = line

    def _duration(self, line: Line, module: _Module) -> None:
        minutes = minutes_in(line.value)
        if self._lesson is not None:
            self._lesson.minutes = self._lesson.minutes or minutes
        else:
            module.minutes = module.minutes or minutes

    def _row(self, line: Line, plan: _Plan, zone: Zone) -> bool:
        header = [label_key(cell) for cell in line.header]
        first = line.cells[0] if line.cells else ""
        lesson = _LESSON.match(first)
        if lesson and zone is not Zone.ASIDE:
            module = self._module
            if module is None or module.number != int(lesson[1]):
                module = plan.modules.setdefault(int(lesson[1]), _Module(int(lesson[1]), "", None, line))
            title = lesson[3] or _cell(line, header, _TITLE_CELL, 1)
            self._add_row(line, header, module, f"{int(lesson[1])}.{int(lesson[2])}", title)
            return True
        if (
            self._module is not None
            and first.strip().isdigit()
            and len(first) <= _MAX_DIGITS
            and header[:1] != ["modulo"]
        ):
            title = _cell(line, header, _TITLE_CELL, 1)
            self._add_row(line, header, self._module, f"{self._module.number}.{int(first)}", title)
            return True
        if zone is Zone.OUTLINE and header[:1] in (["modulo"], ["module"]) and len(line.cells) > 1:
            self._module_row(line, header, plan)
            return True
        if self._module is not None and label_key(first) in _DURATION_KEYS:
            self._module.minutes = self._module.minutes or minutes_in(line.value)
        return self._module is not None

    def _module_row(self, line: Line, header: list[str], plan: _Plan) -> None:
        opened = _MODULE.match(line.cells[0]) or re.match(r"^\W*(\d{1,2})" + _SEPARATOR + "(.*)$", line.cells[0])
        if not opened:
            return
        title = stated(opened[2]) or _cell(line, header[1:], _MODULE_TITLE_CELL, None, shift=1)
        if title is None:
            return
        minutes = minutes_in(_cell(line, header, _DURATION_CELL, None) or "")
        number = int(opened[1])
        if number not in plan.modules:
            plan.modules[number] = _Module(number, title, minutes, line)

    def _add_row(self, line: Line, header: list[str], module: _Module, number: str, title: str | None) -> None:
        if title is None:
            return
        self._add(line, module, number, title)
        lesson = module.lessons.get(number)
        if lesson is not None and lesson.minutes is None:
            cell = _cell(line, header, _DURATION_CELL, None) or ""
            lesson.minutes = minutes_in(cell) or (int(cell) if cell.isdigit() and len(cell) <= _MAX_DIGITS else None)


def _cell(line: Line, header: list[str], wanted: re.Pattern[str], default: int | None, shift: int = 0) -> str | None:
    """The cell under the first column whose title is wanted, numbering columns aside."""
    for column, key in enumerate(header):
        place = column + shift
        if place > 0 and wanted.match(key) and place < len(line.cells):
            return stated(line.cells[place])
    if default is not None and default < len(line.cells):
        return stated(line.cells[default])
    return None


def _lesson_number(text: str, module: _Module) -> tuple[str, str] | None:
    """Number "i.j" and the rest of the line, if it opens a lesson of this module."""
    if len(text) > 2 * _MAX_TITLE_CHARACTERS:
        return None
    found = _LESSON.match(text)
    if found and int(found[1]) == module.number:
        return f"{int(found[1])}.{int(found[2])}", found[3]
    plain = _PLAIN_LESSON.match(text)
    if plain and plain[2].strip():
        return f"{module.number}.{len(module.lessons) + 1}", plain[2]
    return None


def _title_and_minutes(rest: str) -> tuple[str | None, int | None]:
    minutes = None
    text = " ".join(rest[: 2 * _MAX_TITLE_CHARACTERS].split())
    aside = _ASIDE.search(text)
    if aside and _ASIDE_UNIT.search(aside[1]):
        minutes = minutes_in(_LESSON_COUNT.sub("", aside[1]))
        text = text[: aside.start()]
    elif trailing := _TRAILING_MINUTES.search(text):
        minutes = minutes_in(trailing[0])
        text = text[: trailing.start()]
    text = text.strip().strip("|").strip(" -–—:")
    if fold(text).startswith(("objetivo:", "duracao:")):
        return None, minutes
    return stated(text[:_MAX_TITLE_CHARACTERS]), minutes
