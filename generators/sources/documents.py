"""Portable documents: PDF, Word and PowerPoint, through the libraries of the extra `[sources]`."""

import logging
import re
import zipfile
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from generators.errors import GeneratorError, OversizedFile, UnreadableFile
from generators.sources.passages import Block, Headings, PassageKind, markdown_blocks, table_of
from outbox.extras import install_command

SUFFIXES = {".pdf": "pypdf", ".docx": "docx", ".pptx": "pptx"}
LARGEST_BYTES = 256 * 1024 * 1024
LARGEST_TEXT_BYTES = 32 * 1024 * 1024
_HEADING_WORDS = 8
_BULLET = re.compile(r"^[•▪‣●◦]\s*", re.MULTILINE)


class MissingSourcesExtra(GeneratorError):
    """A document lies among the sources, and the library that reads it is not installed."""


def document_blocks(path: Path) -> Iterator[Block]:
    """The blocks of a document with the page, paragraph or slide that each stands on.

    Raises:
        MissingSourcesExtra: the extra is not installed.
        GeneratorError: the file is damaged, is locked by a password, or is larger than any document.
    """
    suffix = path.suffix.casefold()
    if not path.is_file():  # a pipe would be waited for
        raise UnreadableFile(path, "is not a regular file; give a document")
    if path.stat().st_size > LARGEST_BYTES or _is_bomb(path):
        raise OversizedFile(path, "is too large for a document of one course; split or remove it")
    try:
        library: Any = import_module(SUFFIXES[suffix])
    except ImportError as exc:
        raise MissingSourcesExtra(f"{path.name} needs the extra [sources]: {install_command('sources')}") from exc
    read = {".pdf": _pdf, ".docx": _docx, ".pptx": _pptx}[suffix]
    try:
        yield from read(library, path)
    except Exception as exc:  # whatever a damaged file makes the library raise
        raise GeneratorError(f"{path.name} cannot be read as {suffix[1:]} ({type(exc).__name__})") from exc


def _is_bomb(path: Path) -> bool:
    """Whether a Word or PowerPoint file unpacks to more than any has: a few kilobytes can hold gigabytes."""
    try:
        with zipfile.ZipFile(path) as file:
            parts = file.infolist()
    except (zipfile.BadZipFile, OSError):
        return False  # a PDF, or a damaged file: its library says so
    text = sum(part.file_size for part in parts if part.filename.casefold().endswith((".xml", ".rels")))
    return text > LARGEST_TEXT_BYTES or sum(part.file_size for part in parts) > LARGEST_BYTES


def _pdf(library: Any, path: Path) -> Iterator[Block]:
    logging.getLogger(library.__name__).setLevel(logging.CRITICAL)  # what is wrong is told once, in our words
    for number, page in enumerate(library.PdfReader(path).pages, 1):
        yield from markdown_blocks(_page(page.extract_text() or ""), place=f"p. {number}")


def _page(text: str) -> str:
    """The text of a page as Markdown: what stands alone above the first sentence is its heading."""
    first, _, rest = _BULLET.sub("- ", text.strip()).partition("\n")
    is_heading = 0 < len(first.split()) <= _HEADING_WORDS and first[-1] not in ".,;:!?…" and rest.lstrip()[:1].isupper()
    return f"# {first}\n\n{rest}" if is_heading else f"{first}\n{rest}"


def _docx(library: Any, path: Path) -> Iterator[Block]:
    heading = Headings()
    number = 0
    items: list[str] = []
    kind: PassageKind = "list"
    first = last = 0

    def listed() -> Iterator[Block]:
        if items:
            place = f"§ {first}-{last}" if last > first else f"§ {first}"
            yield Block(place, heading.path, "\n".join(items), kind)
            items.clear()

    for part in library.Document(str(path)).iter_inner_content():
        if hasattr(part, "rows"):
            yield from listed()
            rows = [[" ".join(cell.text.split()) for cell in row.cells] for row in part.rows]
            if any(map(any, rows)):
                yield Block(f"§ {number}", heading.path, table_of(rows), "table")
            continue
        number += 1
        style, text = str(part.style.name or ""), " ".join(part.text.split())
        if text and style.startswith("List"):
            if not items:
                first, kind = number, "steps" if "Number" in style else "list"
            items.append(f"{len(items) + 1}. {text}" if kind == "steps" else f"- {text}")
            last = number
            continue
        yield from listed()
        if style.startswith(("Heading", "Title")):
            heading.opens(int(style[-1]) if style[-1:].isdigit() else 0, text)
        elif text:
            yield Block(f"§ {number}", heading.path, text)
    yield from listed()


def _pptx(library: Any, path: Path) -> Iterator[Block]:
    for number, slide in enumerate(library.Presentation(str(path)).slides, 1):
        place = f"slide {number}"
        title = slide.shapes.title.text_frame.text.strip() if slide.shapes.title is not None else ""
        for shape in _shapes(slide.shapes):
            if shape == slide.shapes.title:
                continue
            if getattr(shape, "has_table", False):
                rows = [[" ".join(cell.text.split()) for cell in row.cells] for row in shape.table.rows]
                yield Block(place, title, table_of(rows), "table")
            elif shape.has_text_frame:
                lines = [" ".join(line.text.split()) for line in shape.text_frame.paragraphs]
                lines = [line for line in lines if line]
                if len(lines) > 1:
                    yield Block(place, title, "\n".join(f"- {line}" for line in lines), "list")
                elif lines:
                    yield Block(place, title, lines[0])
        if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
            for block in markdown_blocks(slide.notes_slide.notes_text_frame.text, place=place):
                yield Block(place, title, block.text, block.kind)


def _shapes(shapes: Any) -> Iterator[Any]:
    """The shapes of a slide, those in groups, too."""
    for shape in shapes:
        if hasattr(shape, "shapes"):
            yield from _shapes(shape.shapes)
        else:
            yield shape
