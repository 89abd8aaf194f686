"""The outline: modules and lessons, whether fenced, bulleted, in headings or in tables.

A brief mentions modules in several places (a drawing, a timetable, a table of templates). Mentions are gathered per
chapter; the chapter with most lessons is the outline, and what others say about a module it leaves untitled is
ignored, so that nothing is mixed from two plans.
"""

import re
from dataclasses import dataclass

from generators.brief.amounts import minutes_in
from generators.brief.model import OutlineModule
from generators.brief.outline_lines import (
    ASIDE,
    DESCRIPTION_KEYS,
    DURATION_CELL,
    DURATION_KEYS,
    FIELD_AFTER,
    LESSON,
    LESSON_LISTS,
    MAX_DIGITS,
    MODULE_COLUMN,
    MODULE_TITLE_CELL,
    NUMBER_COLUMN,
    OBJECTIVE_KEYS,
    SEPARATOR,
    TITLE_CELL,
    TITLE_KEYS,
    cell_under,
    lesson_cell,
    lesson_count,
    lesson_number,
    module_number,
    roman_number,
    title_and_minutes,
)
from generators.brief.outline_plan import Lesson, Module, Plan, stated_module
from generators.brief.placeholder import stated
from generators.brief.zones import Zone, chapter_paths, zone_of
from generators.markdown import Document, Line
from generators.markdown.label import label_key


@dataclass(frozen=True, slots=True)
class Outline:
    """What was found, and which lines of the document lie within modules (by index)."""

    modules: tuple[OutlineModule, ...]
    inside: frozenset[int]


def read_outline(document: Document, zones: tuple[Zone, ...]) -> Outline:
    """Find the outline of a brief."""
    plans: dict[str, Plan] = {}
    inside: set[int] = set()
    walk = _Walk()
    for index, (line, path, zone) in enumerate(zip(document.lines, chapter_paths(document), zones, strict=True)):
        chapter = path[0] if path else ""
        plan = plans.setdefault(chapter, Plan(zone))
        if zone is not Zone.COURSE and plan.zone is Zone.COURSE:
            plan.zone = zone
        if line.kind == "heading" and zone_of(path[:-1]) is Zone.OUTLINE:
            walk.numbered_heading(line, plan)
        if walk.take(line, plan, zone):
            inside.add(index)
    for plan in plans.values():
        plan.modules = {
            number: module for number, module in plan.modules.items() if module.lessons or not module.unnamed
        }
    best = max(plans.values(), key=lambda plan: plan.weight, default=None)
    if best is None or not best.modules or best.weight[2] == 0:
        return Outline((), frozenset(inside))
    return Outline(tuple(stated_module(module) for _, module in sorted(best.modules.items())), frozenset(inside))


class _Walk:
    """Reads lines one by one, knowing the module and lesson that they belong to."""

    def __init__(self) -> None:
        self._module: Module | None = None
        self._lesson: Lesson | None = None
        self._lesson_line: Line | None = None
        self._listing: Line | None = None

    def take(self, line: Line, plan: Plan, zone: Zone) -> bool:
        """Take in one line; says whether it lies inside a module."""
        if line.kind == "row":
            return self._row(line, plan, zone)
        opened = module_number(line.text)
        if opened and zone not in {Zone.ASIDE, Zone.AUDIENCE}:
            self._open(line, *opened, plan)
            return True
        if self._module is None or self._left(line):
            self._module = self._lesson = self._listing = None
            return False
        self._inside(line, self._module)
        return True

    def numbered_heading(self, line: Line, plan: Plan) -> None:
        """Open `### 2. Luz` in the outline as a module; it is one only if it lists lessons."""
        opened = _numbered(line.text)
        if opened is None or not opened[1] or opened[0] != len(plan.modules) + 1 or LESSON.match(line.text):
            return
        if self._module is None or self._module.unnamed:
            self._open(line, *opened, plan)
            plan.modules[opened[0]].unnamed = True

    def _left(self, line: Line) -> bool:
        module = self._module
        if module is None or line.kind == "blank":
            return module is None
        if line is module.line:
            return False
        if module.lessons and line.kind == "text" and line.label and FIELD_AFTER.match(label_key(line.label)):
            return module.line.kind != "heading"
        if line.kind == "heading":
            # Under a fenced outline, "### 3.4. Framework" opens the form's next section, not module 3's fourth lesson.
            if not module.line.fenced and lesson_number(line.text, module.number, len(module.lessons)):
                return False
            # A module in a heading ends at the next heading of its level; one in a list or fence at any heading.
            return module.line.kind != "heading" or line.depth <= module.line.depth
        return module.line.fenced and (not line.fenced or line.block != module.line.block)

    def _open(self, line: Line, number: int, rest: str, plan: Plan) -> None:
        title, minutes = title_and_minutes(rest)
        known = plan.modules.get(number)
        if known is None:
            known = plan.modules[number] = Module(number, title or "", minutes, line)
        else:
            known.title = known.title or title or ""
            known.minutes = known.minutes or minutes
            known.line = line
        known.declared = known.declared or lesson_count(rest)
        self._module, self._lesson, self._listing = known, None, None

    def _inside(self, line: Line, module: Module) -> None:
        number = lesson_number(line.text, module.number, len(module.lessons))
        if number:
            self._add(line, module, *number)
            return
        if line.label and self._labelled(line, label_key(line.label), module):
            return
        if self._is_listed(line) or self._is_timed_item(line, module):
            self._add(line, module, f"{module.number}.{len(module.lessons) + 1}", line.text)
        elif line.kind in {"heading", "text"} and line.label and line.strong:
            self._listing = None
        elif line.kind == "item" and not line.label and self._lesson is None and self._is_direct(line, module):
            module.items.append(line.text)

    def _labelled(self, line: Line, key: str, module: Module) -> bool:
        """Take a field of the module or lesson; says whether it is one."""
        text = stated(line.value)
        if key in LESSON_LISTS and not line.value and self._lesson is None:
            self._listing = line
        elif key in TITLE_KEYS and text:
            self._titled(line, module)
        elif key in DURATION_KEYS:
            self._duration(line, module)
        elif key in OBJECTIVE_KEYS and self._lesson is not None:
            self._lesson.objective = self._lesson.objective or text
        elif key in OBJECTIVE_KEYS and text:
            module.objectives.append(text)
        elif key in DESCRIPTION_KEYS and self._lesson is None:
            module.description = module.description or text
        else:
            return False
        return True

    def _titled(self, line: Line, module: Module) -> None:
        """`titulo:` below a module's number is the module's; below "aulas:" each is another lesson's."""
        if self._listing is not None:
            self._add(line, module, f"{module.number}.{len(module.lessons) + 1}", line.value)
        elif not module.title and not module.lessons:
            title, minutes = title_and_minutes(line.value)
            module.title, module.minutes = title or "", module.minutes or minutes

    @staticmethod
    def _is_direct(line: Line, module: Module) -> bool:
        """Whether an item is of the outermost list below the module's line."""
        nested = module.line.kind == "item" and not module.line.fenced
        return line.depth == (module.line.depth + 1 if nested else 0)

    def _is_listed(self, line: Line) -> bool:
        """Whether an item of a list that is called "Aulas" is a lesson without number."""
        if self._listing is None or line.kind != "item":
            return False
        return (not line.label or line.ordinal is not None) and self._is_outer(line)

    def _is_timed_item(self, line: Line, module: Module) -> bool:
        """Whether an item right below the module's line is a lesson without number: it states its length."""
        if module.line.fenced or line.kind != "item" or not self._is_direct(line, module):
            return False
        aside = ASIDE.search(line.text)
        return aside is not None and minutes_in(aside[1]) is not None

    def _is_outer(self, line: Line) -> bool:
        first = self._lesson_line
        return first is None or self._lesson is None or line.depth <= first.depth

    def _add(self, line: Line, module: Module, number: str, rest: str) -> None:
        title, minutes = title_and_minutes(rest)
        if title is None or number in module.lessons:
            return
        self._lesson = module.lessons[number] = Lesson(number, title, minutes)
        self._lesson_line = line

    def _duration(self, line: Line, module: Module) -> None:
        minutes = minutes_in(line.value)
        if self._lesson is not None:
            self._lesson.minutes = self._lesson.minutes or minutes
        else:
            module.minutes = module.minutes or minutes

    def _row(self, line: Line, plan: Plan, zone: Zone) -> bool:
        header = [label_key(cell) for cell in line.header]
        first = line.cells[0] if line.cells else ""
        lesson = LESSON.match(first)
        if lesson and zone is not Zone.ASIDE:
            module = self._module
            if module is None or module.number != int(lesson[1]):
                module = plan.modules.setdefault(int(lesson[1]), Module(int(lesson[1]), "", None, line))
            title = lesson[3] or cell_under(line, header, TITLE_CELL, 1)
            self._add_row(line, header, module, f"{int(lesson[1])}.{int(lesson[2])}", title)
            return True
        if zone is not Zone.ASIDE and self._two_columns(line, header, plan):
            return True
        if (
            self._module is not None
            and first.strip().isdigit()
            and len(first) <= MAX_DIGITS
            and not MODULE_COLUMN.match("".join(header[:1]))
        ):
            title = cell_under(line, header, TITLE_CELL, 1)
            self._add_row(line, header, self._module, f"{self._module.number}.{int(first)}", title)
            return True
        if zone is Zone.OUTLINE and MODULE_COLUMN.match("".join(header[:1])) and len(line.cells) > 1:
            self._module_row(line, header, plan)
            return True
        if self._module is not None and label_key(first) in DURATION_KEYS:
            self._module.minutes = self._module.minutes or minutes_in(line.value)
        return self._module is not None

    def _two_columns(self, line: Line, header: list[str], plan: Plan) -> bool:
        """A row of one table for the whole outline: a column for the module, one for the lesson."""
        column = next((place for place, key in enumerate(header[1:], 1) if NUMBER_COLUMN.match(key)), None)
        if column is None or not MODULE_COLUMN.match(header[0]) or column >= len(line.cells):
            return False
        number, title = lesson_cell(line.cells[column])
        if number is None and title is None:
            return False
        module = self._module_in(line, plan)
        if module is None:
            return False
        title = title or cell_under(line, header[column + 1 :], TITLE_CELL, None, shift=column + 1)
        self._add_row(line, header, module, f"{module.number}.{number or len(module.lessons) + 1}", title)
        return True

    def _module_in(self, line: Line, plan: Plan) -> Module | None:
        """Open the module that a row names; an empty cell goes on with the one above, if there is one."""
        cell = line.cells[0]
        if not cell.strip():
            return self._module
        opened = module_number(cell) or _numbered(cell)
        if opened is None:
            known = next((module.number for module in plan.modules.values() if module.title == cell), None)
            opened = (known or len(plan.modules) + 1, cell)
        if self._module is None or self._module.number != opened[0]:
            self._open(line, *opened, plan)
        return self._module

    def _module_row(self, line: Line, header: list[str], plan: Plan) -> None:
        opened = module_number(line.cells[0]) or _numbered(line.cells[0])
        if not opened:
            return
        number = opened[0]
        title = stated(opened[1]) or cell_under(line, header[1:], MODULE_TITLE_CELL, None, shift=1)
        if title is None:
            return
        minutes = minutes_in(cell_under(line, header, DURATION_CELL, None) or "")
        if number not in plan.modules:
            plan.modules[number] = Module(number, title, minutes, line)

    def _add_row(self, line: Line, header: list[str], module: Module, number: str, title: str | None) -> None:
        if title is None:
            return
        self._add(line, module, number, title)
        lesson = module.lessons.get(number)
        if lesson is not None and lesson.minutes is None:
            cell = cell_under(line, header, DURATION_CELL, None) or ""
            lesson.minutes = minutes_in(cell) or (int(cell) if cell.isdigit() and len(cell) <= MAX_DIGITS else None)


def _numbered(cell: str) -> tuple[int, str] | None:
    found = re.match(r"^\W*(\d{1,2})\b" + SEPARATOR + "(.*)$", cell)
    return (int(found[1]), found[2]) if found else roman_number(cell)
