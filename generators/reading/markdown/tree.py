"""One parser for all who read Markdown, and a text as a tree of sections."""

from dataclasses import dataclass, field
from typing import Self, TypeVar

from markdown_it import MarkdownIt
from markdown_it.token import Token

PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])


@dataclass(slots=True)
class Section:
    """A heading and what stands under it up to the next heading of any level.

    Attributes:
        blocks: its paragraphs, items and cells as text, without markup and code.
        children: the sections below it.
    """

    heading: str
    level: int
    blocks: list[str] = field(default_factory=list)
    children: list[Self] = field(default_factory=list)

    @property
    def all_blocks(self) -> list[str]:
        """Blocks of this section and of the sections below it."""
        return self.blocks + [block for child in self.children for block in child.all_blocks]


Kind = TypeVar("Kind", bound=Section)


def sections(body: str, kind: type[Kind]) -> list[Kind]:
    """Every section of a text, outer before inner; text before the first heading comes under an empty heading."""
    root = kind("", 0)
    found, open_sections = [root], [root]
    tokens = PARSER.parse(body)
    for place, token in enumerate(tokens):
        if token.type == "heading_open":
            level = int(token.tag[1:])
            while open_sections[-1].level >= level:
                open_sections.pop()
            section = kind(spoken(tokens[place + 1]), level)
            open_sections[-1].children.append(section)
            open_sections.append(section)
            found.append(section)
        elif token.type == "inline" and tokens[place - 1].type != "heading_open":
            open_sections[-1].blocks.append(spoken(token))
    return found


def spoken(token: Token) -> str:
    """The text of an inline token without code spans and markup."""
    shown = {"softbreak": " ", "hardbreak": " "}
    children = token.children or []
    return "".join(child.content if child.type == "text" else shown.get(child.type, "") for child in children).strip()
