"""Portable documents: PDF, Word and PowerPoint, through the libraries of the extra `[sources]`."""

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from generators.errors import GeneratorError
from generators.sources.passages import Block, markdown_blocks
from outbox.extras import install_command

SUFFIXES = {".pdf": "pypdf", ".docx": "docx", ".pptx": "pptx"}


class MissingSourcesExtra(GeneratorError):
    """A document lies among the sources, and the library that reads it is not installed."""


def document_blocks(path: Path) -> Iterator[Block]:
    """The blocks of a document with the page, paragraph or slide that each stands on.

    Raises:
        MissingSourcesExtra: the extra is not installed.
        GeneratorError: the file is damaged, or is locked by a password.
    """
    suffix = path.suffix.casefold()
    try:
        library: Any = import_module(SUFFIXES[suffix])
    except ImportError as exc:
        raise MissingSourcesExtra(f"{path.name} needs the extra [sources]: {install_command('sources')}") from exc
    read = {".pdf": _pdf, ".docx": _docx, ".pptx": _pptx}[suffix]
    try:
        yield from read(library, path)
    except Exception as exc:  # whatever a damaged file makes the library raise
        raise GeneratorError(f"{path.name} cannot be read as {suffix[1:]} ({type(exc).__name__})") from exc


def _pdf(library: Any, path: Path) -> Iterator[Block]:
    for number, page in enumerate(library.PdfReader(path).pages, 1):
        yield from markdown_blocks(page.extract_text() or "", place=f"p. {number}")


def _docx(library: Any, path: Path) -> Iterator[Block]:
    heading = ""
    for number, paragraph in enumerate(library.Document(str(path)).paragraphs, 1):
        text = " ".join(paragraph.text.split())
        if (paragraph.style.name or "").startswith(("Heading", "Title")):
            heading = text or heading
        elif text:
            yield Block(f"§ {number}", heading, text)


def _pptx(library: Any, path: Path) -> Iterator[Block]:
    for number, slide in enumerate(library.Presentation(str(path)).slides, 1):
        title = slide.shapes.title.text_frame.text.strip() if slide.shapes.title is not None else ""
        for shape in slide.shapes:
            if not shape.has_text_frame or shape == slide.shapes.title:
                continue
            lines = [" ".join(line.text.split()) for line in shape.text_frame.paragraphs]
            lines = [line for line in lines if line]
            if len(lines) > 1:
                yield Block(f"slide {number}", title, "\n".join(f"- {line}" for line in lines), "list")
            elif lines:
                yield Block(f"slide {number}", title, lines[0])
