"""The options of every command that writes lessons: who writes, from what, and how a model is asked."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from generators.lessons import Writer

F = TypeVar("F", bound=Callable[..., Any])

sources_option = click.option(
    "--sources",
    metavar="PATH",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A file or folder of notes, transcripts or documents to write from; may be given several times.",
)
_writer = click.option(
    "--writer",
    metavar="WRITER",
    help="Who writes the lessons: offline (a kit of what is known), or llm:MODEL.  [default: as before, else offline]",
)
_MODEL_OPTIONS = (
    click.option(
        "--max-cost", metavar="DOLLARS", type=click.FloatRange(min=0), help="With llm:MODEL: what this run may cost."
    ),
    click.option(
        "--price",
        metavar="IN OUT",
        nargs=2,
        type=click.FloatRange(min=0),
        help="With llm:MODEL: dollars for a million tokens read and for a million written.",
    ),
    click.option(
        "--option",
        "options",
        metavar="NAME VALUE",
        nargs=2,
        multiple=True,
        help="With llm:MODEL: an option of the model.",
    ),
    click.option(
        "--system",
        metavar="FILE",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="With llm:MODEL: instructions of your own; {language}, {heading}, {sections} and {never} are filled in.",
    ),
)


def writing_options(function: F) -> F:
    """Add `--writer`, `--sources` and how a model is asked to a command that writes lessons."""
    for option in (*reversed(_MODEL_OPTIONS), sources_option, _writer):
        function = option(function)
    return function


def chosen_writer(
    name: str,
    folder: Path,
    *,
    max_cost: float | None = None,
    price: tuple[float, float] | None = None,
    options: tuple[tuple[str, str], ...] = (),
    system: Path | None = None,
) -> "Writer":
    """The writer of `--writer`; `folder` is where it may keep what it wants to find again."""
    from generators.lessons import writer_for  # noqa: PLC0415 - heavy; help must answer at once
    from generators.lessons.model_writer import ModelSettings  # noqa: PLC0415

    settings = ModelSettings(
        options={key: _value(text) for key, text in options},
        system=system.read_text("utf-8") if system else None,
        price=price,
        max_cost=max_cost,
        folder=folder,
    )
    return writer_for(name, settings)


def _value(text: str) -> Any:
    """An option's value: a number, true or false if it reads as one, else the text."""
    try:
        return json.loads(text)
    except ValueError:
        return text
