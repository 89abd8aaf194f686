"""The options of every command that writes lessons: who writes, from what, and how a model is asked."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from outbox.terminal import console

if TYPE_CHECKING:
    from generators.lessons import Writer

F = TypeVar("F", bound=Callable[..., Any])

sources_option = click.option(
    "--sources",
    metavar="PATH",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A file or folder of notes, transcripts or documents to write from; may be given several times.  "
    "[default: as before]",
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
        help="With llm:MODEL: an option of the model; for the next runs of this course, too.",
    ),
    click.option(
        "--system",
        metavar="FILE",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="With llm:MODEL: instructions of your own; {language}, {heading}, {sections} and {never} are filled in.",
    ),
    click.option(
        "-t", "--template", metavar="NAME", help="With llm:MODEL: a template of llm, or a file of one; $input is asked."
    ),
    click.option(
        "-p",
        "--param",
        "params",
        metavar="NAME VALUE",
        nargs=2,
        multiple=True,
        help="With llm:MODEL: a value for a variable of the template.",
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
    before: Mapping[str, Any] | None = None,
    *,
    max_cost: float | None = None,
    price: tuple[float, float] | None = None,
    options: tuple[tuple[str, str], ...] = (),
    system: Path | None = None,
    template: str | None = None,
    params: tuple[tuple[str, str], ...] = (),
) -> "Writer":
    """The writer of `--writer`; `folder` is where it may keep what it wants to find again.

    How it was asked `before` goes on where nothing else is given now.
    """
    from generators.lessons import writer_for  # noqa: PLC0415 - heavy; help must answer at once
    from generators.lessons.model import ModelSettings  # noqa: PLC0415
    from generators.reading.text import read_text_file  # noqa: PLC0415

    before = before or {}
    priced = price or before.get("price")
    settings = ModelSettings(
        options={key: _value(text) for key, text in options} or before.get("options", {}),
        system=read_text_file(system).text if system else before.get("system"),
        template=template or before.get("template"),
        params=dict(params) or before.get("params", {}),
        price=(priced[0], priced[1]) if priced else None,
        max_cost=max_cost,
        folder=folder,
    )
    return writer_for(name, settings)


@contextmanager
def watched(writer: "Writer", lessons: int) -> Iterator[Callable[[str], None]]:
    """Show on a terminal how many lessons are done, and how long the one that a model writes has become.

    Yields what is to be called after each lesson.
    """
    from rich.progress import Progress  # noqa: PLC0415 - heavy; help must answer at once

    screen = console(err=True)
    if not screen.is_terminal:
        yield lambda _: None
        return
    with Progress(console=screen, transient=True) as bar:
        line = bar.add_task("lessons", total=lessons)
        writer.watched_by(lambda about, words: bar.update(line, description=f"{about} · {words} words"))
        yield lambda _: bar.update(line, advance=1, description="lessons")


def used_in_words(used: Mapping[str, Any]) -> str:
    """What a model has cost, for the last line of a run; empty if it cost nothing."""
    if not used.get("requests"):
        return ""
    text = (
        f"; {used['requests']} answers of the model, {used['tokens_in']:,} tokens read, {used['tokens_out']:,} written"
    )
    return text + (f", ${used['dollars']:.4f}" if used["dollars"] is not None else "")


def _value(text: str) -> Any:
    """An option's value: a number, true or false if it reads as one, else the text."""
    try:
        return json.loads(text)
    except ValueError:
        return text
