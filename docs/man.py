"""`python -m docs.man FOLDER`: writes a man page for every command, from its help."""

import sys
from importlib.metadata import version
from pathlib import Path

import click
from click_man.core import generate_man_page

from generators.cli import cli as generate
from outbox.cli import cli as outbox
from worker.cli import cli as worker

COMMANDS = {"generate": generate, "outbox": outbox, "worker": worker}


def write(folder: Path) -> list[Path]:
    """Write them all; the groups import their commands late, so they are asked for each.

    Args:
        folder: where the pages go, made where it is missing: `man -M` looks for man1/ in it.
    """
    pages = folder / "man1"
    pages.mkdir(parents=True, exist_ok=True)
    return [page for name, command in COMMANDS.items() for page in _write(name, command, None, pages)]


def _write(name: str, command: click.Command, parent: click.Context | None, pages: Path) -> list[Path]:
    context = click.Context(command, info_name=name, parent=parent)
    page = pages / f"{context.command_path.replace(' ', '-')}.1"
    page.write_text(generate_man_page(context, version=version("creatoros-outbox")), encoding="utf-8")
    written = [page]
    if isinstance(command, click.Group):
        for below in command.list_commands(context):
            found = command.get_command(context, below)
            if found is not None:
                written += _write(below, found, context, pages)
    return written


if __name__ == "__main__":
    for made in write(Path(sys.argv[1])):
        print(made)  # noqa: T201 - a command's answer
