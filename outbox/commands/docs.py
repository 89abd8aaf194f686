"""`outbox docs`: the pages of docs/, where they are needed: on a host with no browser and no network."""

from __future__ import annotations

import sys

import click

from outbox.command_line import EXIT_OK
from outbox.ops.documentation import page_named, pages, section, title
from outbox.terminal import beside

_WIDTH = 18  # columns, of a page's name; those of decisions are longer


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
    if page is None:
        found = pages()
        for name in sorted(found, key=lambda one: ("/" in one, one)):  # what people read first, then the decisions
            click.echo(beside(f"{name:<{_WIDTH}}  ", title(found[name].read_text("utf-8"))))
        return EXIT_OK
    name, _, entry = page.partition("#")
    text = page_named(name)
    _show(section(text, entry, name) if entry else text)
    return EXIT_OK


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
