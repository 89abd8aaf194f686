"""The pages of docs/ in the browser, so that a link into the runbook works with no network."""

from __future__ import annotations

import re

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from outbox.operating import documentation

_PAGE = re.compile(r"(?:\./|docs/)?([\w/-]+)\.md(#[\w-]+)?")


def manual_page(name: str) -> tuple[str, Markup]:
    """Return the title of a page and the page as HTML.

    Raises:
        PageNotFound: there is none of that name.
    """
    text = documentation.page_named(name)
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = parser.parse(text)
    known = documentation.pages()
    for at, token in enumerate(tokens):
        if token.type == "heading_open":
            token.attrSet("id", documentation.anchor(_plain(tokens[at + 1])))
        for child in token.children or ():
            if child.type == "link_open":
                _lead(child, known)
            elif child.type == "image":  # pictures are not packaged
                child.attrSet("src", "")
    return documentation.title(text) or name, Markup(parser.renderer.render(tokens, parser.options, {}))  # noqa: S704 - no HTML of the page's own


def _lead(link: Token, known: object) -> None:
    """Lead a link to another page of the manual; one to anything else that is no page of it leads nowhere."""
    href = str(link.attrGet("href") or "")
    if href.startswith("#"):
        return
    match = _PAGE.fullmatch(href)
    if match is not None and match[1] in known:  # type: ignore[operator]
        link.attrSet("href", f"/docs/{match[1]}{match[2] or ''}")
    elif not href.startswith("https://"):
        link.attrs.pop("href", None)


def _plain(inline: Token) -> str:
    return "".join(child.content for child in inline.children or () if child.type in {"text", "code_inline"})
