"""`outbox docs`: the pages of docs/, where they are needed: on a host with no browser and no network."""

from __future__ import annotations

import difflib
import re
import sys
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path

import click

from outbox.command_line import EXIT_OK
from outbox.errors import OutboxError

_HEADING = re.compile(r"^(#{1,6}) +(.+?)\s*$")


class PageNotFound(OutboxError):
    exit_code = 2


@click.command()
@click.argument("page", required=False)
def docs(page: str | None) -> int:
    """Show a page of the documentation, or one entry of it; without PAGE, list the pages.

    PAGE may be written as messages write it: docs/runbook.md#disk-full.

    \b
    Examples:
      outbox docs
      outbox docs runbook
      outbox docs runbook#disk-full
    """
    pages = _pages()
    if page is None:
        width = max(map(len, pages))
        click.echo("\n".join(f"{name:<{width}}  {_title(path.read_text('utf-8'))}" for name, path in pages.items()))
        return EXIT_OK
    name, _, entry = page.partition("#")
    name = name.removeprefix("docs/").removesuffix(".md")
    if name not in pages:
        raise PageNotFound(f"there is no page {name!r}{_near(name, pages)}; `outbox docs` lists them")
    text = pages[name].read_text("utf-8")
    _show(_section(text, entry, name) if entry else text)
    return EXIT_OK


def _pages() -> dict[str, Path]:
    """Name -> file: those that came with the package, or those of the checkout that it runs from."""
    packaged = Path(str(files("outbox"))) / "pages"
    folder = packaged if packaged.is_dir() else Path(__file__).parents[2] / "docs"
    found = {path.relative_to(folder).with_suffix("").as_posix(): path for path in sorted(folder.rglob("*.md"))}
    if not found:
        raise PageNotFound("the documentation was not installed with this package")
    return found


def _title(text: str) -> str:
    return next((match[2] for line in text.splitlines() if (match := _HEADING.match(line))), "")


def _section(text: str, entry: str, page: str) -> str:
    """The part below the heading whose anchor is `entry`, down to the next heading of its rank."""
    lines = text.splitlines()
    headings = [(at, len(match[1]), _anchor(match[2])) for at, match in _headings(lines)]
    for number, (at, rank, anchor) in enumerate(headings):
        if anchor == entry:
            end = next((below for below, other, _ in headings[number + 1 :] if other <= rank), len(lines))
            return "\n".join(lines[at:end]).rstrip() + "\n"
    raise PageNotFound(f"{page} has no entry {entry!r}{_near(entry, [anchor for _, _, anchor in headings])}")


def _headings(lines: list[str]) -> list[tuple[int, re.Match[str]]]:
    found = []
    fenced = False
    for at, line in enumerate(lines):
        fenced ^= line.lstrip().startswith("```")
        if not fenced and (match := _HEADING.match(line)):
            found.append((at, match))
    return found


def _anchor(heading: str) -> str:
    """The anchor that a forge gives a heading."""
    kept = "".join(letter for letter in heading.lower() if letter.isalnum() or letter in " -_")
    return kept.strip().replace(" ", "-")


def _near(name: str, names: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(names), n=3, cutoff=0.6)
    return f"; did you mean {' or '.join(near)}?" if near else ""


def _show(text: str) -> None:
    if not sys.stdout.isatty():
        click.echo(text, nl=not text.endswith("\n"))
        return
    # Imported here: a pipe does not pay for it.
    from rich.console import Console  # noqa: PLC0415
    from rich.markdown import Markdown  # noqa: PLC0415

    console = Console()
    with console.pager(styles=True):
        console.print(Markdown(text))
