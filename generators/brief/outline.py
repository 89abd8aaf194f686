"""The outline: modules and lessons, whether fenced, bulleted, in headings or in tables.

A brief mentions modules in several places (a drawing, a timetable, a table of templates). Mentions are gathered per
chapter; the chapter with most lessons is the outline, and what others say about a module it leaves untitled is
ignored, so that nothing is mixed from two plans.
"""

import re
from dataclasses import dataclass, field

from generators.brief.amounts import minutes_in
from generators.brief.model import OutlineLesson, OutlineModule
from generators.brief.outline_lines import (
    ASIDE,
    DESCRIPTION_KEYS,
    DURATION_CELL,
    DURATION_KEYS,
    LESSON,
    LESSON_LISTS,
    MAX_DIGITS,
    MAX_TITLE_CHARACTERS,
    MODULE,
    MODULE_TITLE_CELL,
    OBJECTIVE_KEYS,
    SEPARATOR,
    TITLE_CELL,
    cell_under,
    lesson_number,
    title_and_minutes,
)
from generators.brief.placeholder import stated
from generators.brief.zones import Zone, chapter_paths
from generators.markdown import Document, Line
from generators.markdown.label import label_key


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
        opened = MODULE.match(line.text) if len(line.text) < 2 * MAX_TITLE_CHARACTERS else None
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
            if not module.line.fenced and lesson_number(line.text, module.number, len(module.lessons)):
                return False
            # A module in a heading ends at the next heading of its level; one in a list or fence at any heading.
            return module.line.kind != "heading" or line.depth <= module.line.depth
        return module.line.fenced and (not line.fenced or line.block != module.line.block)

    def _open(self, line: Line, number: int, rest: str, plan: _Plan) -> None:
        title, minutes = title_and_minutes(rest)
        known = plan.modules.get(number)
        if known is None:
            known = plan.modules[number] = _Module(number, title or "", minutes, line)
        else:
            known.title = known.title or title or ""
            known.minutes = known.minutes or minutes
            known.line = line
        self._module, self._lesson, self._listing = known, None, None

    def _inside(self, line: Line, module: _Module) -> None:
        number = lesson_number(line.text, module.number, len(module.lessons))
        if number:
            self._add(line, module, *number)
            return
        key = label_key(line.label) if line.label else ""
        if key in LESSON_LISTS and not line.value and self._lesson is None:
            self._listing = line
        elif key in DURATION_KEYS:
            self._duration(line, module)
        elif key in OBJECTIVE_KEYS and self._lesson is None and (text := stated(line.value)):
            module.objectives.append(text)
        elif key in OBJECTIVE_KEYS and self._lesson is not None:
            self._lesson.objective = self._lesson.objective or stated(line.value)
        elif key in DESCRIPTION_KEYS and self._lesson is None:
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
        aside = ASIDE.search(line.text)
        return aside is not None and minutes_in(aside[1]) is not None

    def _is_outer(self, line: Line) -> bool:
        first = self._lesson_line
        return first is None or self._lesson is None or line.depth <= first.depth

    def _add(self, line: Line, module: _Module, number: str, rest: str) -> None:
        title, minutes = title_and_minutes(rest)
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
        lesson = LESSON.match(first)
        if lesson and zone is not Zone.ASIDE:
            module = self._module
            if module is None or module.number != int(lesson[1]):
                module = plan.modules.setdefault(int(lesson[1]), _Module(int(lesson[1]), "", None, line))
            title = lesson[3] or cell_under(line, header, TITLE_CELL, 1)
            self._add_row(line, header, module, f"{int(lesson[1])}.{int(lesson[2])}", title)
            return True
        if (
            self._module is not None
            and first.strip().isdigit()
            and len(first) <= MAX_DIGITS
            and header[:1] != ["modulo"]
        ):
            title = cell_under(line, header, TITLE_CELL, 1)
            self._add_row(line, header, self._module, f"{self._module.number}.{int(first)}", title)
            return True
        if zone is Zone.OUTLINE and header[:1] in (["modulo"], ["module"]) and len(line.cells) > 1:
            self._module_row(line, header, plan)
            return True
        if self._module is not None and label_key(first) in DURATION_KEYS:
            self._module.minutes = self._module.minutes or minutes_in(line.value)
        return self._module is not None

    def _module_row(self, line: Line, header: list[str], plan: _Plan) -> None:
        opened = MODULE.match(line.cells[0]) or re.match(r"^\W*(\d{1,2})" + SEPARATOR + "(.*)$", line.cells[0])
        if not opened:
            return
        title = stated(opened[2]) or cell_under(line, header[1:], MODULE_TITLE_CELL, None, shift=1)
        if title is None:
            return
        minutes = minutes_in(cell_under(line, header, DURATION_CELL, None) or "")
        number = int(opened[1])
        if number not in plan.modules:
            plan.modules[number] = _Module(number, title, minutes, line)

    def _add_row(self, line: Line, header: list[str], module: _Module, number: str, title: str | None) -> None:
        if title is None:
            return
        self._add(line, module, number, title)
        lesson = module.lessons.get(number)
        if lesson is not None and lesson.minutes is None:
            cell = cell_under(line, header, DURATION_CELL, None) or ""
            lesson.minutes = minutes_in(cell) or (int(cell) if cell.isdigit() and len(cell) <= MAX_DIGITS else None)
