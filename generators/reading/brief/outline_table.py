"""Outlines in tables: which column names modules, which lessons, which titles and minutes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from generators.languages import Numbered, fold, vocabulary
from generators.reading.amounts import minutes_in
from generators.reading.brief.zones import Zone
from generators.reading.markdown.label import label_key
from generators.reading.placeholder import stated

if TYPE_CHECKING:
    from generators.reading.brief.plan import Lesson, Module, Plan
    from generators.reading.markdown import Line

_MAX_DIGITS = 3


class Sink(Protocol):
    """Where modules and lessons go; the walk over the brief's lines."""

    @property
    def module(self) -> Module | None: ...
    @property
    def plan(self) -> Plan: ...
    def open(self, line: Line, number: int, rest: str, word: str = "") -> Module: ...
    def add(self, line: Line, rest: str, minutes: int | None = None, number: str | None = None) -> Lesson | None: ...


class TableReader:
    """Reads the rows of one table."""

    def __init__(self, sink: Sink, rows: list[Line], zone: Zone) -> None:
        self._sink = sink
        self._rows = rows
        self._zone = zone
        self._columns: list[str] = []

    def read(self) -> set[int]:
        """Take the table in; the places of its rows that lie inside modules."""
        if not self._rows or self._zone is Zone.ASIDE:
            return set()
        header = [label_key(cell) for cell in self._rows[0].header]
        if self._zone is Zone.OBJECTIVES and any("objectives" in vocabulary().fields(key) for key in header):
            return set()
        start = 0
        if self._role(header) is None:
            # A sheet's plan may begin below its fields, with a row of column titles of its own.
            for place, row in enumerate(self._rows):
                inner = [label_key(cell) for cell in row.cells]
                if sum(map(bool, inner)) > 2 and self._role(inner) == "module" and self._are_titles(inner):  # noqa: PLR2004
                    header, start = inner, place + 1
                    break
        self._columns = header
        taken = set(range(start - 1, len(self._rows))) if start else set()
        role = self._role(header)
        kept = [place for place, row in enumerate(self._rows) if place >= start and not (role and self._is_sum(row))]
        inside = self._take([self._rows[place] for place in kept], role)
        return taken | {kept[place] for place in inside}

    @staticmethod
    def _kind(key: str) -> str | None:
        kind = vocabulary().kind_of(key.split(" ", maxsplit=1)[0]) if key else None
        is_level = "level" in vocabulary().fields(key)
        return None if is_level else "module" if kind in {"part", "module"} else kind

    def _role(self, header: list[str]) -> str | None:
        kinds = [self._kind(key) for key in header]
        if "module" in kinds or ("meeting" in kinds and ("lesson" in kinds or "topic" in kinds)):
            return "module"
        return "lesson" if "lesson" in kinds or "meeting" in kinds else None

    def _are_titles(self, keys: list[str]) -> bool:
        titles = {"column", "number", "duration", "module_title", "clock"}
        return (
            all(self._kind(key) or vocabulary().fields(key) & titles or not key for key in keys)
            or sum(self._kind(key) is not None for key in keys) > 1
        )

    def _take(self, rows: list[Line], role: str | None) -> set[int]:
        if days := self._days(rows):
            return self._timetable(rows, days)
        if role and len(self._columns) > 2 and all(map(vocabulary().is_weekday, self._columns[1:])):  # noqa: PLR2004
            return set()  # what stands below a day is no week's title
        if role is None and (clock := self._agenda(rows)) is not None:
            return self._time_table(rows, clock)
        if role == "module":
            taken = self._modules(rows)
            if taken:
                return taken
        return {place for place, row in enumerate(rows) if self._row(row)}

    def _days(self, rows: list[Line]) -> dict[int, str]:
        """The columns of a timetable that are a day each; none where the first column has no times of the day."""
        if not rows or not any(_clock_minutes(_cell(row, 0)) for row in rows):
            return {}
        days = dict(list(enumerate(rows[0].header))[1:])
        is_day = [vocabulary().is_weekday(text) or vocabulary().numbered(text) is not None for text in days.values()]
        return days if len(days) > 1 and all(is_day) else {}

    def _timetable(self, rows: list[Line], days: dict[int, str]) -> set[int]:
        for number, (column, text) in enumerate(days.items(), 1):
            opened = vocabulary().numbered(text)
            self._sink.open(rows[0], number, opened.rest if opened else text, "modulo")
            for row in rows:
                cell = _cell(row, column)
                if stated(cell) and not vocabulary().is_pause(cell):
                    self._sink.add(row, cell, _clock_minutes(_cell(row, 0)))
        return set(range(len(rows)))

    def _is_sum(self, row: Line) -> bool:
        """Whether a row sums up others: it says "Total", and beside it stand figures alone."""
        said = [cell for cell in row.cells if cell.strip()]
        places = [place for place, cell in enumerate(said) if vocabulary().is_total(cell)]
        beside = [cell for place, cell in enumerate(said) if place not in places]
        is_last = row is self._rows[-1] or "total" in fold(" ".join(said))
        return bool(places) and is_last and all(any(map(str.isdigit, cell)) for cell in beside)

    # --- a column for the time of day

    def _agenda(self, rows: list[Line]) -> int | None:
        """The column of a time table; None where the rows have no times, or say themselves what they open."""
        if any(vocabulary().numbered(cell) for row in rows for cell in row.cells):
            return None
        for column, key in enumerate(self._columns[:-1]):
            times = [row for row in rows if _clock_minutes(_cell(row, column))]
            if "clock" in vocabulary().fields(key) and len(times) > 1:
                return column
        return None

    def _time_table(self, rows: list[Line], clock: int) -> set[int]:
        for row in rows:
            title = next((cell for place, cell in enumerate(row.cells) if place != clock and stated(cell)), None)
            if title and not vocabulary().is_pause(title):
                self._sink.add(row, title, _clock_minutes(_cell(row, clock)))
        return set(range(len(rows)))

    # --- a column for the module

    def _modules(self, rows: list[Line]) -> set[int]:
        kinds = [self._kind(key) for key in self._columns]
        module = kinds.index("module") if "module" in kinds else kinds.index("meeting")
        groups: list[tuple[str, list[int]]] = []
        for place, row in enumerate(rows):
            cell = row.cells[module] if module < len(row.cells) else ""
            if cell.strip() and (not groups or cell != groups[-1][0]):
                groups.append((cell, []))
            if groups:
                groups[-1][1].append(place)
        texts = [
            column
            for column, key in enumerate(self._columns)
            if column != module and not self._is_measure(key) and (column > module or kinds[column])
        ]
        lesson = self._lesson_column(rows, groups, texts, kinds)
        if lesson is None and any(self._opened(cell) for cell, _ in groups):
            groups = [(cell, places) for cell, places in groups if self._opened(cell)]
        title = next((column for column in texts if column != lesson and self._is_constant(rows, groups, column)), None)
        if lesson is None and title is None:
            title = next(iter(texts), None)
        if lesson is None and self._zone is not Zone.OUTLINE and not any(self._opened(cell) for cell, _ in groups):
            return set()
        taken: set[int] = set()
        for cell, places in groups:
            if self._group(rows, places, cell, title, lesson):
                taken |= set(places)
        return taken

    def _is_measure(self, key: str) -> bool:
        first = key.split(" ", maxsplit=1)[0] if key else ""
        units = {*vocabulary().all("units", "minute"), *vocabulary().all("units", "hour")}
        return not key or first in units or bool(vocabulary().fields(key) & {"duration", "number", "clock"})

    def _lesson_column(
        self, rows: list[Line], groups: list[tuple[str, list[int]]], texts: list[int], kinds: list[str | None]
    ) -> int | None:
        named = [column for column in texts if kinds[column] == "lesson"] or [
            column for column in texts if kinds[column] == "meeting"
        ]
        if named:
            return named[0]
        numbers = [
            column
            for column, key in enumerate(self._columns)
            if vocabulary().fields(key) & {"number"} and any(_dotted(_cell(row, column)) for row in rows)
        ]
        if numbers:
            return numbers[0]
        dotted = [column for column in texts if any(_dotted(_cell(row, column)) for row in rows)]
        if dotted:
            return dotted[0]
        if all(len(places) == 1 for _, places in groups):
            return None
        return next(
            (
                column
                for column in texts
                if not self._is_constant(rows, groups, column)
                and (kinds[column] or "module_title" not in vocabulary().fields(self._columns[column]))
            ),
            None,
        )

    @staticmethod
    def _is_constant(rows: list[Line], groups: list[tuple[str, list[int]]], column: int) -> bool:
        """Whether a column says one thing about each module, in its first row or in all."""
        for _, places in groups:
            said = [_cell(rows[place], column) for place in places]
            if not said or not said[0].strip() or any(cell.strip() and cell != said[0] for cell in said):
                return False
        return True

    def _group(self, rows: list[Line], places: list[int], cell: str, title: int | None, lesson: int | None) -> bool:
        first = rows[places[0]]
        opened = self._opened(cell)
        known = next((m.number for m in self._sink.plan.modules.values() if m.title and m.title == cell), None)
        number, rest = opened or (known or len(self._sink.plan.modules) + 1, cell)
        name = stated(rest)
        if (name is None or name.isdigit()) and title is not None:
            name = stated(_cell(first, title))
        listed = [(rows[place], self._lessons(rows[place], lesson)) for place in places] if lesson is not None else []
        if (name is None and (opened is None or lesson is None)) or (
            lesson is not None and not any(found for _, found in listed)
        ):
            return False
        module = self._sink.open(first, number, name or "", "modulo" if opened and opened[0] else "")
        if lesson is None:
            module.minutes = module.minutes or self._minutes(first)
            return True
        for row, found in listed:
            minutes = self._minutes(row)
            if len(found) > 1:
                module.minutes, minutes = module.minutes or minutes, None
            for own, text in found:
                self._sink.add(row, text, minutes, f"{module.number}.{own}" if own else None)
        return True

    def _lessons(self, row: Line, column: int) -> list[tuple[int | None, str]]:
        """The lessons of a row: one, or those that its cell lists ("Layers; Profile")."""
        parts: list[tuple[int | None, str]] = [
            (None, part.strip()) for part in _cell(row, column).split(";") if stated(part)
        ]
        one = self._lesson(row, column)
        return parts if len(parts) > 1 else [one] if one else []

    def _lesson(self, row: Line, column: int | None) -> tuple[int | None, str] | None:
        """The number within the module and the title of a lesson's row."""
        cell = _cell(row, column or 0)
        opened = vocabulary().numbered(cell) or vocabulary().bare_number(cell)
        number = opened.numbers[1] if opened and len(opened.numbers) > 1 else None
        text = opened.rest if opened and (opened.kind or len(opened.numbers) > 1 or not opened.rest) else cell
        if not stated(text) or text.strip().isdigit():
            text = self._title_beside(row, column or 0)
        return (number, text) if stated(text) else None

    def _title_beside(self, row: Line, column: int) -> str:
        columns = [
            place
            for place, key in enumerate(self._columns)
            if place > column and not self._is_measure(key) and self._kind(key) != "module"
        ]
        named = [
            place
            for place in columns
            if vocabulary().fields(self._columns[place]) & {"module_title"} or self._kind(self._columns[place])
        ]
        return next((_cell(row, place) for place in [*named, *columns] if stated(_cell(row, place))), "")

    @staticmethod
    def _opened(cell: str) -> tuple[int, str] | None:
        found: Numbered | None = vocabulary().numbered(cell) or vocabulary().bare_number(cell)
        if found is None:
            roman = vocabulary().numbered(f"modulo {cell}")
            found = roman if roman and len(cell) < 100 and cell[:1].isupper() and cell[1:2] in "IVX .-–:)" else None  # noqa: PLR2004
        return (found.numbers[0], found.rest) if found and len(found.numbers) == 1 else None

    # --- a row that speaks for itself

    def _row(self, row: Line) -> bool:
        first = _cell(row, 0)
        is_field = bool(vocabulary().fields(label_key(first)) - {"column"})
        for cell in row.cells[: 0 if is_field else 3]:
            opened = vocabulary().numbered(cell)
            if opened and len(opened.numbers) == 1 and opened.kind not in {"lesson", "topic", None} and opened.rest:
                module = self._sink.open(row, opened.numbers[0], opened.rest, opened.word)
                module.minutes = module.minutes or self._minutes(row)
                return True
        opened = vocabulary().numbered(first) or vocabulary().bare_number(first)
        if opened and len(opened.numbers) == 2:  # noqa: PLR2004 - module and lesson
            number = opened.numbers[0]
            if self._sink.module is None or self._sink.module.number != number:
                self._sink.open(row, number, "")
            title = opened.rest or self._title_beside(row, 0) or _cell(row, 1)
            self._sink.add(row, title, self._minutes(row), f"{number}.{opened.numbers[1]}")
            return True
        is_number = first.strip().isdigit() and len(first.strip()) <= _MAX_DIGITS
        is_lesson = self._role(self._columns) == "lesson"
        if is_number and (self._sink.module is not None or is_lesson):
            current = self._sink.module
            title = self._title_beside(row, 0) or _cell(row, 1)
            number_within = f"{current.number}.{int(first)}" if current and not self._sink.plan.flat else None
            if stated(title):
                self._sink.add(row, title, self._minutes(row), number_within)
            return True
        is_title = is_lesson and self._kind(self._columns[0]) in {"lesson", "meeting"}
        if is_title and stated(first) and (self._zone is Zone.OUTLINE or self._sink.module is not None):
            self._sink.add(row, opened.rest if opened and opened.rest else first, self._minutes(row))
            return True
        if self._sink.module is not None and "duration" in vocabulary().fields(label_key(first)):
            self._sink.module.minutes = self._sink.module.minutes or minutes_in(row.value)
        return self._sink.module is not None

    def _minutes(self, row: Line) -> int | None:
        for column, key in enumerate(self._columns):
            if not key or not self._is_measure(key) or vocabulary().fields(key) & {"number"}:
                continue
            cell = _cell(row, column)
            found = minutes_in(cell) or (int(cell) if cell.strip().isdigit() and len(cell) <= _MAX_DIGITS else None)
            if found:
                return found
        return next((found for cell in row.cells if (found := _clock_minutes(cell))), None)


def _clock_minutes(cell: str) -> int | None:
    return minutes_in(cell) if ":" in cell and any(dash in cell for dash in "-–—") else None


def _cell(row: Line, column: int) -> str:
    return row.cells[column] if column < len(row.cells) else ""


def _dotted(cell: str) -> bool:
    found = vocabulary().numbered(cell) or vocabulary().bare_number(cell)
    return found is not None and len(found.numbers) > 1
