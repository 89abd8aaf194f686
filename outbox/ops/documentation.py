"""The pages of docs/ as they came with the package, for `outbox docs` and the console."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path

from outbox.errors import OutboxError

_HEADING = re.compile(r"^(#{1,6}) +(.+?)\s*$")


class PageNotFound(OutboxError):
    exit_code = 2


def pages() -> dict[str, Path]:
    """Name -> file: those that came with the package, or those of the checkout that it runs from."""
    installed = Path(str(files("outbox")))
    packaged = installed / "pages"
    folder = packaged if packaged.is_dir() else installed.parent / "docs"
    found = {path.relative_to(folder).with_suffix("").as_posix(): path for path in sorted(folder.rglob("*.md"))}
    if not found:
        raise PageNotFound("the documentation was not installed with this package")
    return found


def page_named(name: str) -> str:
    """Return the text of a page; its name may be written as messages write it: docs/runbook.md.

    Raises:
        PageNotFound: there is none of that name.
    """
    found = pages()
    short = name.removeprefix("docs/").removesuffix(".md")
    if short not in found:
        raise PageNotFound(f"there is no page {short!r}{_near(short, found)}; `outbox docs` lists them")
    return found[short].read_text("utf-8")


def title(text: str) -> str:
    """Return the first heading of a page."""
    return next((match[2] for line in text.splitlines() if (match := _HEADING.match(line))), "")


def section(text: str, entry: str, page: str) -> str:
    """Return the part below the heading whose anchor is `entry`, down to the next heading of its rank.

    Raises:
        PageNotFound: the page has no such heading.
    """
    lines = text.splitlines()
    headings = [(at, len(match[1]), anchor(match[2])) for at, match in _headings(lines)]
    for number, (at, rank, found) in enumerate(headings):
        if found == entry:
            end = next((below for below, other, _ in headings[number + 1 :] if other <= rank), len(lines))
            return "\n".join(lines[at:end]).rstrip() + "\n"
    name = page.removeprefix("docs/").removesuffix(".md")
    raise PageNotFound(f"{name} has no entry {entry!r}{_near(entry, [found for _, _, found in headings])}")


def anchor(heading: str) -> str:
    """Return the anchor that a forge gives a heading."""
    kept = "".join(letter for letter in heading.lower() if letter.isalnum() or letter in " -_")
    return kept.strip().replace(" ", "-")


def _headings(lines: list[str]) -> list[tuple[int, re.Match[str]]]:
    found = []
    fenced = False
    for at, line in enumerate(lines):
        fenced ^= line.lstrip().startswith("```")
        if not fenced and (match := _HEADING.match(line)):
            found.append((at, match))
    return found


def _near(name: str, names: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(names), n=3, cutoff=0.6)
    return f"; did you mean {' or '.join(near)}?" if near else ""
