"""One lesson file: number, title, length, and what its frontmatter says."""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from generators.brief.amounts import minutes_in
from generators.brief.placeholder import scalar, stated
from generators.course.lesson_number import LessonNumber, number_in_heading, number_in_name
from generators.markdown import Document, Frontmatter, read_document, split_frontmatter
from generators.markdown.label import label_key
from generators.textfile import TextFile

_HEAD_CHARACTERS = 12_000
_HEAD_LINES = 40
_DURATION = re.compile(r"duracao(?: (?:estimada|total|da aula))*|duration|tempo(?: estimado)?")
_MODULE = re.compile(r"modulo(?: \d+)?|module(?: \d+)?")
_MODULE_TITLE = re.compile(r"^\s*(?:m[oó]dulo|module)?\s*\d*\s*[:.\-–—|]*\s*(.*)$", re.IGNORECASE | re.DOTALL)
_TITLE_KEYS = ("title", "lesson_title", "titulo", "name", "nome")
_NUMBER_KEYS = ("lesson_id", "id", "lesson_number", "numero", "number", "aula", "lesson")
_MAX_TITLE = 400
_NOTHING = Document(lines=(), paths=())


@dataclass(frozen=True, slots=True, kw_only=True)
class LessonHead:
    """What the top of a Markdown file says about it.

    Attributes:
        heading: its first heading, as written, "" if there is none.
        title: from frontmatter, else the heading without number; None if neither says more than a number.
        number: from frontmatter, else the heading.
        head: the frontmatter.
        fault: why the frontmatter could not be read.
    """

    heading: str
    title: str | None
    number: LessonNumber | None
    minutes: int | None
    module_title: str | None
    head: dict[str, Any]
    fault: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LessonFile:
    """A lesson on disk.

    Attributes:
        relative: path in the course folder.
        number: from the file name, else frontmatter or heading, completed by the module's folder.
        title: never empty: the file name's words where the file states none.
    """

    relative: PurePosixPath
    file: TextFile
    number: LessonNumber
    title: str
    minutes: int | None
    module_title: str | None
    head: dict[str, Any]


def read_head(file: TextFile) -> LessonHead:
    """Read the top of a Markdown file; never fails."""
    return _read_head(split_frontmatter(file.text))


def known_head(values: dict[str, Any], heading: str) -> LessonHead | None:
    """The head of a lesson whose frontmatter and first heading are known without reading it; as `read_head`.

    None where the frontmatter leaves something open that the text below might say.
    """
    title = next((found for key in _TITLE_KEYS if (found := scalar(values.get(key)))), None)
    number, minutes = _number_of(values), _minutes(values, _NOTHING)
    module_title = _module_title(values, _NOTHING)
    stated_title = stated(number_in_heading(title)[1]) if title else None
    if not (stated_title and number and minutes and module_title):
        return None
    return LessonHead(
        heading=heading[:_MAX_TITLE],
        title=stated_title,
        number=number,
        minutes=minutes,
        module_title=module_title,
        head=values,
        fault=None,
    )


def _read_head(front: Frontmatter) -> LessonHead:
    document = read_document(front.body[:_HEAD_CHARACTERS], front.body_line)
    headings = [line.text for line in document.lines if line.kind == "heading" and line.text.strip()]
    top = [line.text for line in document.lines if line.kind == "heading" and line.depth == 1 and line.text.strip()]
    heading = (top or headings or [""])[0][:_MAX_TITLE]
    number, title = number_in_heading(heading)
    if not title and len(headings) > 1:
        # "# Aula 1.1" over "## O título": the number has a heading of its own.
        title = headings[1][:_MAX_TITLE]
    stated_title = next((found for key in _TITLE_KEYS if (found := scalar(front.values.get(key)))), None)
    if stated_title:
        number_of_title, stated_title = number_in_heading(stated_title)
        number = number or number_of_title
    return LessonHead(
        heading=heading,
        title=stated(stated_title) or stated(title),
        number=_number_of(front.values) or number,
        minutes=_minutes(front.values, document),
        module_title=_module_title(front.values, document),
        head=front.values,
        fault=front.fault,
    )


def title_from_name(stem: str) -> str:
    """A readable title from a file name, for a lesson that states none."""
    words = re.sub(r"^(?:aula|lesson|li[cç][aã]o)?[-_. ]*\d+(?:[.\-_]\d+)?[-_. ]*", "", stem, flags=re.IGNORECASE)
    text = re.sub(r"[-_]+", " ", words).strip() or stem.strip()
    return text[:1].upper() + text[1:]


def _number_of(head: dict[str, Any]) -> LessonNumber | None:
    for key in _NUMBER_KEYS:
        value = scalar(head.get(key))
        number = number_in_name(value) if value else None
        if number and (number.is_pair or number.bonus):
            return number
    return None


def _minutes(head: dict[str, Any], document: Document) -> int | None:
    for key in ("duration_minutes", "minutes", "duration", "duracao", "duracao_minutos"):
        value = scalar(head.get(key))
        if value and (found := int(value) if value.isdigit() and len(value) < 5 else minutes_in(value)):  # noqa: PLR2004
            return found
    for line in document.lines[:_HEAD_LINES]:
        if line.label and _DURATION.fullmatch(label_key(line.label)) and (found := minutes_in(line.value[:30])):
            return found
    return None


def _module_title(head: dict[str, Any], document: Document) -> str | None:
    value = scalar(head.get("module_title")) or scalar(head.get("module")) or scalar(head.get("modulo"))
    if value is None:
        lines = [line for line in document.lines[:_HEAD_LINES] if line.label]
        value = next((line.value for line in lines if _MODULE.fullmatch(label_key(line.label or ""))), None)
    found = _MODULE_TITLE.match(value or "")
    return stated(found[1].partition(" | ")[0]) if found else None
