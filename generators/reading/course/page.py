"""One page of a course: number, title, length, and what its frontmatter says, whatever it is written in."""

import json
import re
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

from generators.errors import UnreadableFile
from generators.reading.amounts import minutes_in
from generators.reading.course.name import LessonNumber, number_in_heading, read_name
from generators.reading.markdown import Document, Frontmatter, read_document, split_frontmatter
from generators.reading.markdown.label import label_key
from generators.reading.placeholder import scalar, stated
from generators.reading.text import TextFile, read_text_file

_HEAD_CHARACTERS = 12_000
_LABEL_CHARACTERS = 1_500
_MOST_HEADINGS = 12
_MAY_HAVE_LABELS = re.compile(r"dura[cçt]|tempo|m[oó]\W?dul", re.IGNORECASE)
_ATTRIBUTES = re.compile(r"\s*\{[#.][^{}]{0,200}\}\s*$")
_VARIABLE = re.compile(r"\{\{\s*(?:page\.)?(\w{1,40})\s*\}\}")
_HTML_LINE = re.compile(r"<h[1-3]\b.*</h[1-3]>", re.IGNORECASE)
_HEAD_LINES = 40
_DURATION = re.compile(r"duracao(?: (?:estimada|total|da aula))*|duration|tempo(?: estimado)?")
_MODULE = re.compile(r"modulo(?: \d+)?|module(?: \d+)?")
_MODULE_TITLE = re.compile(r"^\s*(?:m[oó]dulo|module)?\s*\d*\s*[:.\-–—|]*\s*(.*)$", re.IGNORECASE | re.DOTALL)
_TITLE_KEYS = ("title", "lesson_title", "titulo", "name", "nome")
_NUMBER_KEYS = ("lesson_id", "id", "lesson_number", "numero", "number", "aula", "lesson")
_RUNNING_KEYS = ("lesson", "lesson_number", "aula", "licao", "leccion", "clase")
_ORDER_KEYS = (
    "sidebar_position",
    "nav_order",
    "weight",
    "order",
    "position",
    "menu_order",
    "sequence",
    "orden",
    "ordem",
)
_MAX_TITLE = 400
_TOP_CHARACTERS = 60_000
_RST_HEADING = re.compile(r"^(\S[^\n]{0,300})\n([=\-~^\"*+#])\2{2,}[ \t]*$", re.MULTILINE)
_RST_LEVELS = {"=": "#", "#": "#", "*": "#", "-": "##"}
_ADOC_HEADING = re.compile(r"^(={1,6})[ \t]+(?=\S)", re.MULTILINE)
_HTML_HEADING = re.compile(
    r"<(?:title|h([1-3]))\b[^<>]{0,300}>(.{1,600}?)</(?:title|h[1-3])>", re.IGNORECASE | re.DOTALL
)
_TAG = re.compile(r"<[^<>]{0,600}>")
_MOST_KNOWN = 20_000
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
        second: the heading after the first.
        is_top: the first heading stands at the top level, or the frontmatter states the title.
        order: where the frontmatter places it among its neighbours.
        size: characters of text below the frontmatter.
        depth: the level of the first heading.
    """

    heading: str
    title: str | None
    number: LessonNumber | None
    minutes: int | None
    module_title: str | None
    head: dict[str, Any]
    fault: str | None
    second: str = field(default="", compare=False)
    is_top: bool = True
    order: float | None = None
    size: int = field(default=1, compare=False)
    depth: int = field(default=1, compare=False)


_KNOWN: dict[tuple[str, str, int], LessonHead] = {}


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
    """Read the top of a page; never fails. Remembered by content: a search for courses and their readers ask alike."""
    key = (file.sha256, file.path.suffix, len(file.text))
    if key not in _KNOWN:
        if len(_KNOWN) >= _MOST_KNOWN:
            _KNOWN.clear()
        _KNOWN[key] = _read_head(split_frontmatter(markdown_text(file)))
    return _KNOWN[key]


def read_page(path: Path) -> TextFile:
    """Read a file of a course; a notebook becomes the text of its cells.

    Raises:
        GeneratorError: as `read_text_file`, or it is called a notebook and is none.
    """
    file = read_text_file(path)
    if path.suffix.casefold() != ".ipynb":
        return file
    text = notebook_text(file.text)
    if text is None:
        raise UnreadableFile(path, "is not a notebook: there are no cells in it; save it again as .ipynb")
    return replace(file, text=text)


def markdown_text(file: TextFile) -> str:
    """A page as Markdown: its headings at least, where it is written in something else."""
    suffix = file.path.suffix.casefold()
    if suffix == ".rst":
        return _RST_HEADING.sub(lambda m: f"{_RST_LEVELS.get(m[2][0], '###')} {m[1]}", file.text[:_TOP_CHARACTERS])
    if suffix in {".adoc", ".asciidoc"}:
        return _ADOC_HEADING.sub(lambda m: "#" * len(m[1]) + " ", file.text[:_TOP_CHARACTERS])
    if suffix in {".html", ".htm"}:
        headings = _HTML_HEADING.findall(file.text[: 4 * _TOP_CHARACTERS])
        return "".join(
            f"{'#' * int(level or 1)} {' '.join(_TAG.sub(' ', text).split())}\n\n" for level, text in headings
        )
    return file.text


def notebook_text(text: str) -> str | None:
    """The cells of a notebook as Markdown, without their output; None if it is no notebook."""
    cells = notebook_cells(text)
    if cells is None:
        return None
    shown = [f"```\n{source}\n```" if kind == "code" else source for kind, source in cells if source.strip()]
    return "\n\n".join(shown) + "\n" if shown else ""


def notebook_cells(text: str) -> list[tuple[str, str]] | None:
    """Kind and source of each cell of a Jupyter notebook, in order; None if it is none."""
    try:
        return [(str(cell.get("cell_type")), "".join(cell.get("source") or [])) for cell in json.loads(text)["cells"]]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


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
    # Parsing Markdown is slow: headings are looked for by line, and labels only where the top may hold some.
    headings = _headings(read_document(_only_headings(front.body[:_HEAD_CHARACTERS])))
    beginning = _beginning(front.body, _LABEL_CHARACTERS)
    document = read_document(beginning, front.body_line) if _MAY_HAVE_LABELS.search(beginning) else _NOTHING
    top = next((index for index, (depth, _) in enumerate(headings) if depth == 1), 0)
    heading = _ATTRIBUTES.sub("", headings[top][1])[:_MAX_TITLE] if headings else ""
    heading = _VARIABLE.sub(lambda found: scalar(front.values.get(found[1])) or found[0], heading)
    second = next((text[:_MAX_TITLE] for _, text in headings[top + 1 :]), "")
    number, title = number_in_heading(heading)
    # "# Aula 1.1" over "## O título": the number has a heading of its own.
    title = title or number_in_heading(second)[1]
    stated_title = next((found for key in _TITLE_KEYS if (found := scalar(front.values.get(key)))), None)
    if stated_title:
        number_of_title, stated_title = number_in_heading(stated_title)
        number = number or number_of_title
    return LessonHead(
        heading=heading,
        title=stated(stated_title) or stated(title),
        number=_number_of(front.values) or number or _running_number(front.values),
        minutes=_minutes(front.values, document),
        module_title=_module_title(front.values, document),
        head=front.values,
        fault=front.fault,
        second=second,
        is_top=bool(stated_title) or bool(headings and headings[top][0] == 1),
        order=_order(front.values),
        size=len(front.body.strip()),
        depth=headings[top][0] if headings else 1,
    )


def _headings(document: Document) -> list[tuple[int, str]]:
    return [(line.depth, line.text) for line in document.lines if line.kind == "heading" and line.text.strip()]


def _beginning(text: str, characters: int) -> str:
    return text if len(text) <= characters else text[:characters].rpartition("\n")[0]


def _only_headings(text: str) -> str:
    """The headings of a Markdown text, outside of fences, with what they need around them."""
    kept, fence, before = [], "", ""
    for line in text.split("\n"):
        bare = line.strip()
        mark = bare[:3] if bare[:3] in {"```", "~~~"} else ""
        if fence or mark:
            fence = "" if mark == fence else fence or mark
        elif bare.startswith("#") or _HTML_LINE.match(bare):
            kept.append(line)
        elif before and bare and not bare.strip("=") and not line.startswith("    "):
            kept.append(f"# {before}")
        elif before and len(bare) > 1 and not bare.strip("-") and not before.startswith(("-", "|", ">")):
            kept.append(f"## {before}")
        before = "" if fence or bare.startswith("#") else bare
    return "\n\n".join(kept[:_MOST_HEADINGS])


def _order(values: dict[str, Any]) -> float | None:
    for key in _ORDER_KEYS:
        if (value := scalar(values.get(key))) and re.fullmatch(r"-?\d{1,6}(?:\.\d{1,4})?", value):
            return float(value)
    return None


def title_from_name(stem: str) -> str:
    """A readable title from the name of a file or folder that states none."""
    text = read_name(stem).text
    words = re.sub(r"^(?:aula|lesson|li[cç][aã]o)?[-_. ]*\d+(?:[.\-_]\d+)?[-_. ]*", "", text, flags=re.IGNORECASE)
    shown = re.sub(r"[-_]+", " ", words).strip() or text.strip()
    return (shown[:1].upper() + shown[1:])[:_MAX_TITLE]


def _number_of(head: dict[str, Any]) -> LessonNumber | None:
    for key in _NUMBER_KEYS:
        value = scalar(head.get(key))
        number = read_name(value).number if value else None
        if number and (number.is_pair or number.bonus):
            return number
    return None


def _running_number(head: dict[str, Any]) -> LessonNumber | None:
    value = next((found for key in _RUNNING_KEYS if (found := scalar(head.get(key)))), "")
    return LessonNumber(lesson=int(value)) if value.isdecimal() and len(value) < 4 else None  # noqa: PLR2004


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
