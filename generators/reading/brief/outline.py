"""The outline: modules and lessons, whether fenced, bulleted, in headings, in tables or in plain lines.

A brief mentions modules in several places (a drawing, a timetable, a list of files). Mentions are gathered per chapter;
the chapter with most lessons is the outline, so that nothing is mixed from two plans. A heading that opens a module
is no chapter of its own, however high it stands. What calls itself by the outermost word ("Semana", "Bloco",
"Sesión") is a module, what stands inside and is numbered, lettered, timed or listed is a lesson.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from generators.languages import Numbered, fold, vocabulary
from generators.reading.amounts import minutes_in
from generators.reading.brief.outline_table import TableReader
from generators.reading.brief.plan import Lesson, Module, Plan
from generators.reading.brief.zones import Zone, chapter_paths, zone_of
from generators.reading.curriculum.model import CurriculumModule
from generators.reading.markdown import Document, Line
from generators.reading.markdown.label import label_key
from generators.reading.placeholder import stated
from generators.reading.titles import MAX_TITLE_CHARACTERS, lesson_count, title_and_minutes
from generators.reading.warning import ReadingWarning

_LETTERED = re.compile(r"^[a-h]\)\s+(.*)$", re.DOTALL)
_CODED = re.compile(r"^([A-H])[.-]?(\d{1,2})\s*[.):–—-]?\s+(\S.*)$", re.DOTALL)  # B2 in Unit B
_SENTENCE = re.compile(r"[.!?…]\s*$")
_MONEY = re.compile(r"^\W{0,3}(?:R\$|US\$|[$€£])\s*\d")
_NUMERAL = re.compile(r"^[IVX]{1,5}\s*[.)–—-]\s*(?=\S)")
_LENGTH = re.compile(r"^\W*(?:\d{1,2}:)?\d{1,2}:\d{2}\W*$")
_BY_NUMERAL = "i"  # what modules without a word to them call themselves by
_MAX_TOPIC_WORDS = 10
_NEVER_OUTLINE = frozenset({Zone.ASIDE, Zone.AUDIENCE, Zone.PREREQUISITES, Zone.COMMERCIAL})
# Fields of the course that may follow an outline without a heading between them.
_FIELDS_AFTER = frozenset(
    {
        "tone",
        "voice_mode",
        "price",
        "audience",
        "level",
        "slug",
        "tags",
        "language",
        "instructor",
        "title",
        "objectives",
    }
)


@dataclass(frozen=True, slots=True)
class Outline:
    """What was found.

    Attributes:
        modules: in their order.
        inside: indexes of the lines within modules; they never speak about the whole course.
        flat: the brief lists lessons and no modules; one without a title holds them.
        warnings: modules that another chapter mentions and the outline lacks.
    """

    modules: tuple[CurriculumModule, ...] = ()
    inside: frozenset[int] = frozenset()
    flat: bool = False
    warnings: tuple[ReadingWarning, ...] = ()


def read_outline(document: Document, zones: tuple[Zone, ...]) -> Outline:
    """Find the outline of a brief."""
    walk = _Walk(document, zones)
    walk.run()
    plans = [plan for plan in walk.plans.values() if _settled(plan)]
    best = max(plans, key=lambda plan: plan.weight, default=None)
    if best is None or (best.weight[3] == 0 and not best.flat):
        return Outline(inside=frozenset(walk.inside))
    _go_on(best, plans)
    modules = tuple(module.stated() for _, module in sorted(best.modules.items()))
    return Outline(modules, frozenset(walk.inside), best.flat, tuple(_left_out(best, plans)))


def _settled(plan: Plan) -> bool:
    """Decide what the lists of a plan are, and drop what only looked like modules; says whether any is left."""
    modules = plan.modules.values()
    headed = Counter(title for module in modules if module.headed for title in {fold(item) for item in module.items})
    for module in modules:
        # A heading that stands in several modules is a section of them.
        module.items = [item for item in module.items if not module.headed or headed[fold(item)] == 1]
    if not any(module.lessons for module in modules):
        for module in modules:
            module.take_items()
    for module in modules:
        if not module.lessons and module.declared and module.declared == len(module.items):
            module.take_items()
    plan.modules = {number: m for number, m in plan.modules.items() if m.lessons or not (m.unnamed or m.blank)}
    return bool(plan.modules)


def _go_on(best: Plan, plans: list[Plan]) -> None:
    """Take modules over from chapters that go on with the outline: other numbers, lessons of their own."""
    for plan in plans:
        others = plan.modules.values()
        is_more = plan is not best and plan.word == best.word and plan.word and plan.zone not in _NEVER_OUTLINE
        if is_more and not plan.modules.keys() & best.modules.keys() and all(module.lessons for module in others):
            best.modules |= plan.modules


def _left_out(best: Plan, plans: list[Plan]) -> Iterator[ReadingWarning]:
    for plan in plans:
        if plan is best or plan.word != best.word or not plan.word or plan.zone in _NEVER_OUTLINE:
            continue
        for number, module in plan.modules.items():
            if number not in best.modules and module.title:
                yield ReadingWarning(
                    line=module.line.number,
                    message=f"“{plan.word} {number}: {module.title}” is not in the outline; list it with the others",
                    code="module_left_out",
                )


class _Walk:
    """Reads lines one by one, knowing the plan, module and lesson that they belong to."""

    def __init__(self, document: Document, zones: tuple[Zone, ...]) -> None:
        self.plans: dict[str, Plan] = {}
        self.inside: set[int] = set()
        self._lines = document.lines
        self._paths = chapter_paths(document)
        self._zones = zones
        self._plan = Plan(Zone.COURSE)
        self._module: Module | None = None
        self._lesson: Lesson | None = None
        self._lesson_line: Line | None = None
        self._listing: Line | None = None
        self._aside = False
        self._announced: str | None = None
        self._announced_depth = 0
        self._below_heading = False

    def run(self) -> None:
        index = 0
        while index < len(self._lines):
            line = self._lines[index]
            self._enter(index)
            if line.kind == "row":
                rows = [line]
                while index + len(rows) < len(self._lines) and self._lines[index + len(rows)].block == line.block:
                    rows.append(self._lines[index + len(rows)])
                rows = [row for row in rows if row.kind == "row"]
                taken = TableReader(self, rows, self._zones[index]).read()
                self.inside.update(index + place for place in taken)
                index += len(rows)
                continue
            if self._take(index, line):
                self.inside.add(index)
            index += 1

    def _enter(self, index: int) -> None:
        path, zone = self._paths[index], self._zones[index]
        words = vocabulary()
        is_part = bool(path) and (words.numbered(path[0]) or words.unnumbered(path[0])) is not None
        chapter = path[0] if path and not is_part else ""
        self._plan = self.plans.setdefault(chapter, Plan(zone))
        if zone is not Zone.COURSE and self._plan.zone is Zone.COURSE:
            self._plan.zone = zone

    # --- what tables and lines share

    @property
    def module(self) -> Module | None:
        return self._module

    @property
    def plan(self) -> Plan:
        return self._plan

    def open(self, line: Line, number: int, rest: str, word: str = "") -> Module:
        title, minutes = title_and_minutes(rest)
        known = self._plan.modules.get(number)
        if known is not None and known.lessons and known.title and title and title != known.title and word:
            number = max(self._plan.modules) + 1  # numbers that begin again are another module all the same
            known = None
        if known is None:
            known = self._plan.modules[number] = Module(number, title or "", minutes, line)
            known.blank = title is None and bool(rest.strip(" :.–-")) and minutes is None
        else:
            known.title = known.title or title or ""
            known.minutes = known.minutes or minutes
            known.line = line
        known.declared = known.declared or lesson_count(rest)
        self._plan.word = self._plan.word or word
        self._module, self._lesson, self._listing, self._aside = known, None, None, False
        return known

    def add(self, line: Line, rest: str, minutes: int | None = None, number: str | None = None) -> Lesson | None:
        module = self._module or self._flat(line)
        title, own = title_and_minutes(rest)
        lesson = module.add(title, own or minutes, number)
        if lesson is not None:
            self._lesson, self._lesson_line = lesson, line
        return lesson

    def _flat(self, line: Line) -> Module:
        self._plan.flat = True
        self._module = self._plan.modules.setdefault(1, Module(1, "", None, line))
        return self._module

    def is_module(self, opened: Numbered) -> bool:
        """Whether a numbered line opens a module of the plan: its word is the outermost one there."""
        if len(opened.numbers) > 1 or opened.kind is None:
            return False
        words = vocabulary()
        if not self._plan.word or self._plan.flat:
            return opened.rank <= words.rank("meeting") or (opened.kind == "topic" and self._module is None)
        known = words.kind_of(self._plan.word)
        if {opened.kind, known} == {"part", "module"}:
            return opened.kind == "module"  # parts that hold modules only group them
        return opened.word == self._plan.word or (known is not None and opened.rank < words.rank(known))

    # --- lines

    def _take(self, index: int, line: Line) -> bool:
        """Take in one line; says whether it lies inside a module."""
        zone = self._zones[index]
        opened = vocabulary().numbered(line.text) if len(line.text) < 2 * MAX_TITLE_CHARACTERS else None
        opened = opened or self._by_numeral(line, zone)
        if opened and opened.kind == "part" and line.kind == "heading" and not self._paths[index]:
            opened = None  # the title of the file: "Trilha 3: Planilhas"
        if opened and zone not in _NEVER_OUTLINE and self._is_opener(line, opened):
            if self.is_module(opened):
                self._nest_flat(opened)
                self.open(line, opened.numbers[0], opened.rest, opened.word)
                return True
            if opened.kind == "part" and self._plan.word:
                self._module = self._lesson = self._listing = None
                return False
            if self._module is None and self._plan.modules:
                self._module = list(self._plan.modules.values())[-1]  # what was said between two lessons ends none
            elif self._module is None and (opened.rest or line.kind == "heading"):
                self._flat(line)
        extra = vocabulary().unnumbered(line.text) if opened is None and self._plan.word else None
        if extra and extra.word == self._plan.word and zone not in _NEVER_OUTLINE:
            self.open(line, max(self._plan.modules, default=0) + 1, extra.rest, extra.word)
            return True
        if self._announced == "lesson" and self._plan.flat and self._is_announced(line):
            return self._take_announced(line)
        if self._module is None or self._left(line):
            self._module = self._lesson = self._listing = None
            return self._unnamed(index, line, zone)
        self._inside(line, self._module, opened)
        return True

    def _by_numeral(self, line: Line, zone: Zone) -> Numbered | None:
        """Read `II. Água` in plain text as the next module, in an outline that counts by Roman numerals alone."""
        if zone is not Zone.OUTLINE or line.kind != "text" or self._plan.word not in {"", _BY_NUMERAL}:
            return None
        found = vocabulary().numbered(f"modulo {line.text}") if _NUMERAL.match(line.text) else None
        if found is None or found.numbers != (len(self._plan.modules) + 1,):
            return None
        return None if vocabulary().zone(label_key(found.rest)) else replace(found, word=_BY_NUMERAL)

    @staticmethod
    def _is_opener(line: Line, opened: Numbered) -> bool:
        """A line that numbers a part opens it only with a title, or where nothing but the number stands."""
        if opened.rest[:1].islower() and opened.rest.split()[0] in {"y", "e", "and", "de", "of"}:
            return False  # "Sábado 6 y domingo 7 de junio" is a date
        if not opened.rest and opened.word.endswith("s") and opened.word != "mes":
            return False  # "módulos: 3" counts them
        return (
            bool(opened.rest)
            or line.kind in {"heading", "item"}
            or line.strong
            or line.text.rstrip(" :.")[-1:].isalnum()
        )

    def _nest_flat(self, opened: Numbered) -> None:
        """A part that is wider than those read before begins a plan of its own; they were another chapter's."""
        if self._plan.word and opened.word != self._plan.word and not self._plan.flat:
            self._plan.modules.clear()
            self._plan.word = ""

    def _unnamed(self, index: int, line: Line, zone: Zone) -> bool:
        """Open what an outline lists without a word to it: `### 2. Luz`, `### Luz`, `1. Luz` over a nested list."""
        label = line.label if line.label and not line.value else None
        if label is None and line.kind == "item" and len(line.text.split()) == 1 and self._has_nested(index):
            label = line.text if vocabulary().kind_of(label_key(line.text)) else None  # "- modules" over their names
        if label:
            kind = vocabulary().kind_of(vocabulary().bare(label_key(label)).split(" ")[0])
            if line.kind == "text" or (line.kind == "item" and kind):
                self._announced = kind if label.rstrip(" :")[-1:] == "s" else None
                self._announced_depth = line.depth + 1 if line.kind == "item" else 0
                return False
        if line.kind == "heading":
            # "## Aulas" announces them until the next heading, and may itself stand in an outline.
            key = vocabulary().bare(label_key(line.text))
            self._announced = vocabulary().kind_of(key) if key.endswith("s") else None
            self._announced_depth = 0
            self._below_heading = self._announced is not None
        elif line.kind != "item" and not self._below_heading:
            self._announced = None
        if self._announced and self._is_announced(line) and not self._plan.word:
            return self._take_announced(line)
        if zone is not Zone.OUTLINE or self._plan.word or not self._may_open(index, line):
            return False
        bare = vocabulary().bare_number(line.text)
        rest = bare.rest if bare and bare.rest else line.text
        if vocabulary().kind_of(label_key(rest)) or (bare and len(bare.numbers) > 1):
            return False
        self.open(line, len(self._plan.modules) + 1, rest).unnamed = True
        return True

    def _may_open(self, index: int, line: Line) -> bool:
        """Whether a line stands where an outline has its modules: below its heading, or over a nested list."""
        if line.kind != "heading":
            return line.kind == "item" and not line.depth and not line.fenced and self._has_nested(index)
        path = self._paths[index]
        is_field = not line.text[:1].isdigit() and vocabulary().fields(label_key(line.text)) & _FIELDS_AFTER
        is_chapter = vocabulary().zone(path[-1]) == "outline" if path else True
        return not is_chapter and zone_of(path[:-1]) is Zone.OUTLINE and not is_field

    def _is_announced(self, line: Line) -> bool:
        return line.kind == "item" and line.depth == self._announced_depth

    def _take_announced(self, line: Line) -> bool:
        """Take an item of a list that its label calls modules, or lessons."""
        text = line.text
        if self._announced in {"part", "module"}:
            title, _ = title_and_minutes(text)
            if title is None:
                return False
            self.open(line, len(self._plan.modules) + 1, text).listed = True
        elif self._announced == "lesson":
            self._flat(line)
            self.add(line, text)
        else:
            return False
        return True

    def _has_nested(self, index: int) -> bool:
        following = self._lines[index + 1] if index + 1 < len(self._lines) else None
        return following is not None and following.kind == "item" and following.depth == 1

    def _left(self, line: Line) -> bool:
        module = self._module
        if module is None or line.kind == "blank":
            return module is None
        if line is module.line:
            return False
        opened = vocabulary().numbered(line.text)
        if line.fenced == module.line.fenced and self._lesson_number(line, module, opened):
            return False
        if line.kind == "heading":
            # A module in a heading ends at the next heading of its level; one in a list or fence at any heading.
            return module.line.kind != "heading" or line.depth <= module.line.depth
        return module.line.kind != "heading" and self._left_list(line, module)

    def _left_list(self, line: Line, module: Module) -> bool:
        """Whether a line is past a module that stands in a list, a fence or plain text."""
        if module.line.fenced:
            return not line.fenced or line.block != module.line.block
        meant = vocabulary().fields(label_key(line.label)) if line.label else frozenset()
        if "objectives" in meant and line.value and self._follows_lesson(line):
            return False
        if line.kind == "text" and not line.depth and meant & _FIELDS_AFTER:
            return bool(module.lessons or module.items or module.listed) or not line.value
        if (module.unnamed or module.listed) and line.kind == "item":
            return line.block != module.line.block or line.depth <= module.line.depth
        is_prose = line.kind == "text" and not line.label and not line.fenced and not line.depth
        return is_prose and bool(module.lessons or not self._is_topic(line))

    def _follows_lesson(self, line: Line) -> bool:
        """Whether a line stands right below a lesson, in the same block: "Objective: …" is the lesson's then."""
        above = self._lesson_line
        return above is not None and line.block == above.block and line.number == above.number + 1

    @staticmethod
    def _is_topic(line: Line) -> bool:
        is_short = len(line.text.split()) <= _MAX_TOPIC_WORDS
        return is_short and not _SENTENCE.search(line.text) and not _MONEY.match(line.text)

    def _lesson_number(self, line: Line, module: Module, opened: Numbered | None) -> tuple[str | None, str] | None:
        """Number "i.j" (None: the next one) and title, if the line opens a lesson of this module."""
        if len(line.text) > 2 * MAX_TITLE_CHARACTERS:
            return None
        coded = _CODED.match(line.text)
        if coded and ord(coded[1]) - ord("A") + 1 == module.number:
            return f"{module.number}.{int(coded[2])}", coded[3]
        opened = opened or vocabulary().bare_number(line.text)
        if opened is None:
            return None
        if len(opened.numbers) == 2 and opened.numbers[0] == module.number:  # noqa: PLR2004 - module and lesson
            return f"{module.number}.{opened.numbers[1]}", opened.rest
        is_next = opened.kind and opened.rest and (len(opened.numbers) == 1 or self._plan.flat)
        return (None, opened.rest) if is_next or self._is_timed_heading(line, module, opened) else None

    @staticmethod
    def _is_timed_heading(line: Line, module: Module, opened: Numbered) -> bool:
        """Whether a line like `**1. Luz** (12 min)` below the heading of a module is a lesson."""
        is_plain = line.kind == "text" and module.line.kind == "heading" and len(opened.numbers) == 1
        return is_plain and title_and_minutes(opened.rest)[1] is not None

    def _inside(self, line: Line, module: Module, opened: Numbered | None) -> None:
        number = self._lesson_number(line, module, opened)
        if number:
            self.add(line, number[1], number=number[0])
            return
        if line.label and self._labelled(line, label_key(line.label), module):
            return
        if line.kind == "text" and (minutes := self._length_alone(line)) is not None:
            self._last_lasts(minutes, module)
        elif lettered := _LETTERED.match(line.text):
            self.add(line, lettered[1])
        elif self._is_listed(line) or self._is_timed_item(line, module) or self._is_counted(line, module):
            self.add(line, line.text)
        elif line.kind in {"heading", "text"} and line.label and (line.strong or not line.value):
            self._listing, self._aside = None, True
        elif self._lesson is None and not self._aside and self._is_item(line, module):
            module.items.append(line.text)

    @staticmethod
    def _length_alone(line: Line) -> int | None:
        """Minutes of a line that says nothing but how long the one above takes; 0 where it only counts lessons."""
        if _LENGTH.match(line.text):
            return minutes_in(line.text)
        title = title_and_minutes(line.text)[0] or line.text
        return 0 if lesson_count(title) and vocabulary().kind_of(title.strip().partition(" ")[2]) else None

    def _last_lasts(self, minutes: int, module: Module) -> None:
        if self._lesson is not None:
            self._lesson.minutes = self._lesson.minutes or minutes or None
        elif module.items and minutes:
            module.items[-1] = f"{module.items[-1]} ({minutes} min)"

    def _is_item(self, line: Line, module: Module) -> bool:
        """Whether a line right below the module may be one of its lessons, if nothing else there is."""
        if line.kind == "heading" and module.line.kind == "heading":
            key = label_key(line.text)
            is_known = vocabulary().fields(key) - {"module_title", "number", "clock", "column"} or vocabulary().zone(
                key
            )
            if line.depth != module.line.depth + 1 or is_known:
                return False
            module.items, module.headed = module.items if module.headed else [], True
            return True
        if module.headed:
            return False
        if line.kind == "item":
            return (not line.label or not vocabulary().fields(label_key(line.label))) and self._is_direct(line, module)
        plain = line.kind == "text" and not line.label and not line.depth
        return plain and module.line.kind == "text" and self._is_topic(line)

    def _labelled(self, line: Line, key: str, module: Module) -> bool:
        """Take a field of the module or lesson; says whether it is one."""
        text = stated(line.value)
        kind = vocabulary().kind_of(key.split(" ", maxsplit=1)[0])
        meant = vocabulary().fields(key)
        if kind in {"lesson", "topic", "meeting"} and not line.value:
            if self._lesson is None:
                self._listing, self._aside = line, False
        elif "duration" in meant or key in {"minutos", "minutes"}:
            self._duration(line, module)
        elif "objectives" in meant and self._lesson is not None:
            self._lesson.objective = self._lesson.objective or text
        elif "objectives" in meant and text:
            module.objectives.append(text)
        elif "description" in meant and self._lesson is None:
            module.description = module.description or text
        elif "module_title" in meant and text:
            self._titled(line, module)
        else:
            return False
        return True

    def _titled(self, line: Line, module: Module) -> None:
        """`titulo:` below a module's number is the module's; below "aulas:" each is another lesson's."""
        if self._listing is not None:
            self.add(line, line.value)
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
        first = self._lesson_line
        is_outer = first is None or self._lesson is None or line.depth <= first.depth
        return (not line.label or line.ordinal is not None) and is_outer

    def _is_timed_item(self, line: Line, module: Module) -> bool:
        """Whether an item right below the module's line is a lesson without number: it states its length."""
        if module.line.fenced or line.kind != "item" or not self._is_direct(line, module):
            return False
        return title_and_minutes(line.text)[1] is not None

    def _is_counted(self, line: Line, module: Module) -> bool:
        """Whether an item of an unnamed module's nested list is its lesson."""
        return (
            (module.unnamed or module.listed)
            and line.kind == "item"
            and module.line.kind == "item"
            and self._is_direct(line, module)
        )

    def _duration(self, line: Line, module: Module) -> None:
        minutes = minutes_in(line.value)
        if self._lesson is not None:
            self._lesson.minutes = self._lesson.minutes or minutes
        else:
            module.minutes = module.minutes or minutes
