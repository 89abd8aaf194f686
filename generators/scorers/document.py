"""A lesson as a scorer sees it: sections with their prose, read by a Markdown parser, code left out.

Words count only where they say something: in a sentence, or in a list item long enough to be one, and once however
often it is repeated. A page of keywords therefore has sections and no prose.
"""

import re
from dataclasses import dataclass, field

from markdown_it import MarkdownIt
from markdown_it.token import Token

_FRONTMATTER = re.compile(r"\A\ufeff?---[ \t]*\r?\n.*?\r?\n---[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_SENTENCE_END = re.compile(r"(?<=[.!?…:])[\"”’)*_]*\s+")
_WORD = re.compile(r"[^\W\d_]{2,}")
_LEAST_SENTENCE_WORDS = 4
_LEAST_DISTINCT_SHARE = 0.45
_PARSER = MarkdownIt("commonmark").enable("table")


@dataclass(slots=True)
class Section:
    """A heading and what stands under it up to the next heading of any level."""

    heading: str
    level: int
    blocks: list[str] = field(default_factory=list)
    children: "list[Section]" = field(default_factory=list)

    @property
    def all_blocks(self) -> list[str]:
        """Blocks of this section and of the sections below it."""
        return self.blocks + [block for child in self.children for block in child.all_blocks]

    @property
    def sentences(self) -> list[str]:
        """Distinct sentences that say something, in order."""
        return sentences(self.all_blocks)

    @property
    def prose_words(self) -> int:
        return sum(len(_WORD.findall(sentence)) for sentence in self.sentences)


def sections(markdown: str) -> list[Section]:
    """Every section of a lesson, outer before inner; text before the first heading comes under an empty heading."""
    root = Section(heading="", level=0)
    found, open_sections = [root], [root]
    tokens = _PARSER.parse(_FRONTMATTER.sub("", markdown, count=1))
    for place, token in enumerate(tokens):
        if token.type == "heading_open":
            level = int(token.tag[1:])
            while open_sections[-1].level >= level:
                open_sections.pop()
            section = Section(heading=_text(tokens[place + 1]), level=level)
            open_sections[-1].children.append(section)
            open_sections.append(section)
            found.append(section)
        elif token.type == "inline" and tokens[place - 1].type != "heading_open":
            open_sections[-1].blocks.append(_text(token))
    return found


def sentences(blocks: list[str]) -> list[str]:
    """Distinct sentences of some blocks; fragments and strings of keywords are no sentences."""
    found: dict[str, str] = {}
    for block in blocks:
        for sentence in _SENTENCE_END.split(block):
            words = [word.casefold() for word in _WORD.findall(sentence)]
            enough = len(words) >= _LEAST_SENTENCE_WORDS and len(set(words)) >= len(words) * _LEAST_DISTINCT_SHARE
            if enough and not _is_list_of_words(sentence, len(words)):
                found.setdefault(" ".join(words), sentence.strip())
    return list(found.values())


def words_of(text: str) -> list[str]:
    return [word.casefold() for word in _WORD.findall(text)]


def _is_list_of_words(sentence: str, words: int) -> bool:
    """Whether separators outnumber what a sentence bears: "imagine, como, analogia, diagrama, próxima aula"."""
    separators = len(re.findall(r"[,;|/•·]|\s[-–—]\s", sentence))
    return separators * 2 >= words


def _text(token: Token) -> str:
    """The text of an inline token without code spans and markup."""
    parts = []
    for child in token.children or []:
        if child.type == "text":
            parts.append(child.content)
        elif child.type in {"softbreak", "hardbreak"}:
            parts.append(" ")
    return "".join(parts).strip()
