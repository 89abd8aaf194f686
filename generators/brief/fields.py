"""The facts about the course itself: who looks for which label, in which part of the brief, and what counts as one."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from generators.brief.amounts import hours_in, level_in
from generators.brief.answers import first_answer, list_answers
from generators.brief.field_values import (
    amount_of,
    count_of,
    hours_of,
    level_of,
    one_line,
    person_name,
    person_of,
    price_of,
    several_of,
    texts_of,
    ticked_level_of,
)
from generators.brief.labels import (
    CATEGORY,
    DURATION,
    EXACT_PRICE,
    FRAMEWORK,
    INSTRUCTOR,
    LANGUAGE,
    LESSONS,
    LEVEL,
    MODULES,
    PRICE,
    PRIOR_KNOWLEDGE,
    SLUG,
    STRUCTURE,
    STYLE,
    SUBTITLE,
    TAGS,
    TAUGHT_BY,
    TITLE,
)
from generators.brief.model import Level
from generators.brief.placeholder import scalar, stated
from generators.brief.zones import Zone, chapter_paths, zone_of
from generators.languages import fold
from generators.markdown import Document, Entry
from generators.markdown.label import label_key

Value = TypeVar("Value")

_COURSE_ZONES = frozenset({Zone.COURSE})
_SLUG_SHAPE = re.compile(r"^[a-z0-9]+(?:[-_][a-z0-9]+)*$")
_MAX_HEADING = 300
_FORM_TITLE = re.compile(
    r"formulario|template|^plano de (?:curso|ensino|aula)|^ficha (?:do|de) curso|modelo de|planejamento|questionario"
    r"|\bform\b|briefing$|^(?:course )?brief$"
)
_TITLE_PREFIX = re.compile(
    r"^\W*(?:(?:course[ -]?brief(?:ing)?|brief(?:ing)?(?:\s+(?:do|de|da)\s+curso)?"
    r"|resumo do curso)\s*(?:[:\-–—|]+\s*|$)"
    r"|(?:curso|course|treinamento)\s*:\s*)",
    re.IGNORECASE,
)
_TITLE_SUFFIX = re.compile(
    r"\s+[:\-–—|]+\s*(?:course[ -]?brief(?:ing)?|brief(?:ing)?(?: do curso)?)\s*$", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Found:
    """A value with the line that states it."""

    value: Any
    line: int


class Fields:
    """Looks fields up in a document.

    Args:
        document: the brief.
        zones: zone of every line.
        inside: indexes of the lines inside modules of the outline; they never speak about the whole course.
        head: the frontmatter.
    """

    def __init__(
        self, document: Document, zones: tuple[Zone, ...], inside: frozenset[int], head: dict[str, Any]
    ) -> None:
        self.document = document
        self.zones = zones
        self.inside = inside
        # What is nested under "course:" speaks as if it stood at the top.
        nested = [head[key] for key in ("metadata", "info", "curso", "course") if isinstance(head.get(key), dict)]
        self.head = {key: value for part in [*nested, head] for key, value in part.items()}
        paths = zip(document.paths, chapter_paths(document), strict=True)
        self._title_depth = max((len(whole) - len(chapter) for whole, chapter in paths), default=0)

    def entries(self, label: re.Pattern[str], zones: Iterable[Zone] | None = None) -> Iterator[Entry]:
        """Entries with a label, outside modules, in some zones (None: anywhere)."""
        allowed = None if zones is None else frozenset(zones)
        for entry in self.document.entries:
            is_open = allowed is None or self.zones[entry.index] in allowed
            if not is_open and entry.line.kind == "heading" and allowed is not None:
                # A field that is a heading opens a zone of its own ("### Nível dos alunos"); it stands in its parent's.
                is_open = zone_of(entry.path[self._title_depth :]) in allowed
            if is_open and entry.index not in self.inside and label.fullmatch(entry.key):
                yield entry

    def all_of(
        self, label: re.Pattern[str], zones: Iterable[Zone] | None, read: Callable[[Entry], Value | None]
    ) -> list[tuple[Value, Entry]]:
        """What all such entries state, in the order of the file."""
        found = ((read(entry), entry) for entry in self.entries(label, zones))
        return [(value, entry) for value, entry in found if value is not None]

    def title(self) -> list[Found]:
        """Title from the form, or else frontmatter, or else the file's own heading."""
        found = [
            Found(value, entry.line.number)
            for value, entry in self.all_of(TITLE, _COURSE_ZONES, one_line)
            if entry.line.kind != "heading" or entry.body
        ]
        keys = ("title", "course_title", "titulo", "nome_do_curso", "course_name")
        found += [Found(value, 1) for key in keys if (value := scalar(self.head.get(key)))]
        asked = any(True for _ in self.entries(TITLE, _COURSE_ZONES))
        if not found and not asked:
            found += self._heading_title()
        return found

    def _heading_title(self) -> list[Found]:
        for line in self.document.lines:
            if line.kind == "heading":
                # Runs of blanks make the patterns below quadratic.
                heading = " ".join(line.text[: 2 * _MAX_HEADING].split())
                text = _TITLE_SUFFIX.sub("", re.sub(r"^[^\w\[]+", "", heading)).strip()
                prefix = _TITLE_PREFIX.match(text)
                value = stated(text[prefix.end() :] if prefix else text)
                if value is None or _FORM_TITLE.search(label_key(value)):
                    return []
                # Without "Course Brief:" before it, only the file's single top heading is its title.
                return [Found(value, line.number)] if prefix or line.depth == 1 else []
        return []

    def subtitle(self) -> str | None:
        return self._first(SUBTITLE, {Zone.COURSE}, one_line)

    def slug(self) -> list[Found]:
        found = []
        for value, entry in self.all_of(SLUG, {Zone.COURSE, Zone.ASIDE}, first_answer):
            slug = value.strip("/ ").split("/")[-1]
            if _SLUG_SHAPE.match(slug):
                found.append(Found(slug, entry.line.number))
        for key in ("course_slug", "slug"):
            value_of_head = scalar(self.head.get(key))
            if value_of_head and _SLUG_SHAPE.match(value_of_head):
                found.append(Found(value_of_head, 1))
        return found

    def instructor(self) -> str | None:
        head = self.head.get("instructor") or self.head.get("instrutor")
        names = [scalar(head.get("name") or head.get("nome")) if isinstance(head, dict) else scalar(head)]
        names += [value for value, _ in self.all_of(INSTRUCTOR, {Zone.COURSE, Zone.VOICE, Zone.PEDAGOGY}, person_of)]
        for name in names:
            if name and (cleaned := person_name(name)):
                return cleaned
        return self._told_instructor()

    def _told_instructor(self) -> str | None:
        """Who teaches, where a sentence of the brief says so."""
        for line, zone in zip(self.document.lines, self.zones, strict=True):
            if line.kind == "text" and zone is Zone.COURSE and (told := TAUGHT_BY.search(line.text[:_MAX_HEADING])):
                return person_name(told[1])
        return None

    def duration(self) -> list[Found]:
        zones = {Zone.COURSE, Zone.OUTLINE, Zone.PEDAGOGY}
        found = [Found(v, e.line.number) for v, e in self.all_of(DURATION, zones, hours_of)]
        for key in ("duration", "duration_hours", "total_duration_hours", "duracao", "carga_horaria"):
            text = scalar(self.head.get(key))
            value = hours_in(f"{text} h" if text and re.fullmatch(r"\d+(?:\.\d+)?", text) else text or "")
            if value is not None:
                found.append(Found(value, 1))
        return found

    def count(self, label: re.Pattern[str], *, unit: str) -> list[Found]:
        """Stated number of modules or lessons; `unit` is the word that may follow it elsewhere ("aulas")."""
        zones = {Zone.COURSE, Zone.OUTLINE, Zone.PEDAGOGY}
        found = []
        for entry in self.entries(label, zones):
            value = count_of(entry)
            if value is not None:
                found.append(Found(value, entry.line.number))
        beside = re.compile(rf"(?<![\d\-–.,])(\d{{1,3}})\s*{unit}")
        asides = []
        for entry in [e for label in (DURATION, MODULES, LESSONS, STRUCTURE) for e in self.entries(label, zones)]:
            for text in texts_of(entry):
                match = beside.search(fold(text))
                if match and not re.search(rf"\d\s*(?:-|–|a)\s*\d+\s*{unit}", fold(text)):
                    asides.append(Found(int(match[1]), entry.line.number))
        return found or asides[:1]

    def level(self) -> Level | None:
        found: Level | None = self._first(
            LEVEL, {Zone.COURSE, Zone.PEDAGOGY, Zone.OUTLINE, Zone.PREREQUISITES}, level_of
        )
        for key in ("level", "nivel", "knowledge_level", "difficulty"):
            found = found or level_in(scalar(self.head.get(key)) or "")
        return found or self._first(PRIOR_KNOWLEDGE, None, ticked_level_of)

    def price(self) -> list[Found]:
        found: list[Found] = []
        exact: list[Found] = []
        for entry in self.entries(PRICE, {Zone.COMMERCIAL, Zone.COURSE}):
            value = price_of(entry)
            if value is not None:
                is_exact = EXACT_PRICE.fullmatch(entry.key)
                (exact if is_exact else found).append(Found(value, entry.line.number))
        for key in ("price", "preco", "valor"):
            text = scalar(self.head.get(key))
            value = amount_of(text) if text else None
            if value is not None:
                found.append(Found(value, 1))
        return exact + found

    def category(self) -> str | None:
        answers = self._first(CATEGORY, {Zone.COURSE}, lambda entry: list_answers(entry) or None)
        return ", ".join(answers) if answers else None

    def tags(self) -> tuple[str, ...]:
        head = self.head.get("tags")
        if isinstance(head, list):
            return tuple(tag for tag in (scalar(item) for item in head) if tag)
        return self._first(TAGS, {Zone.COURSE}, lambda entry: list_answers(entry) or None) or ()

    def framework(self) -> str | None:
        return self._joined(FRAMEWORK, {Zone.PEDAGOGY})

    def style(self) -> str | None:
        return self._joined(STYLE, {Zone.PEDAGOGY, Zone.COURSE})

    def language(self) -> str | None:
        return self._first(LANGUAGE, None, one_line) or scalar(self.head.get("language") or self.head.get("idioma"))

    def _joined(self, label: re.Pattern[str], zones: Iterable[Zone]) -> str | None:
        answers = self._first(label, zones, several_of)
        return "; ".join(answers) if answers else None

    def _first(
        self, label: re.Pattern[str], zones: Iterable[Zone] | None, read: Callable[[Entry], Value | None]
    ) -> Value | None:
        found = self.all_of(label, zones, read)
        return found[0][0] if found else None
