"""How every command that takes a brief reads it: by the readers alone, or with a model that may quote."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from generators.reading.brief import Brief
    from generators.reading.text import TextFile

reader_option = click.option(
    "--reader", metavar="llm:MODEL", help="Ask a language model to quote what the reader leaves open in the brief."
)


def brief_in(path: Path, reader: str | None) -> "tuple[TextFile, Brief, Brief]":
    """A brief's file, what it states to the readers, and the same with what a model quotes for the open fields."""
    from generators.reading.brief import parse_brief  # noqa: PLC0415 - `--help` answers without the readers
    from generators.reading.text import read_text_file  # noqa: PLC0415

    file = read_text_file(path)
    stated = parse_brief(file)
    if reader is None:
        return file, stated, stated
    from generators.reading.brief.model_reader import fill_open_fields, model_of  # noqa: PLC0415

    return file, stated, fill_open_fields(stated, file, model_of(reader))
