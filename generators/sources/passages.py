"""A source cut into passages: pieces that can be quoted, each with the place where it stands.

A passage is what its author set apart: a paragraph, a list, a table, a block of code, with the heading above it.
Speech has no paragraphs, so a transcript is cut at the ends of sentences, or at a number of words where nobody typed
a full stop.
"""

import html
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Literal

from markdown_it.token import Token

from generators.reading.course.page import notebook_cells
from generators.reading.markdown import split_frontmatter
from generators.reading.markdown.html import sound
from generators.reading.markdown.tree import PARSER

PassageKind = Literal["prose", "list", "steps", "table", "code"]

SPOKEN_WORDS = 70
LONGEST_WORDS = 220
LEAST_WORDS = 5
_PARAGRAPH_WORDS = 12
_CUE = re.compile(r"^\s*((?:\d{1,2}:)?\d{1,2}:\d{2})[.,]\d{3}\s*-->")
_STAMP = re.compile(r"^\s*[\[(]?((?:\d{1,2}:)?\d{1,2}:\d{2})(?:[.,]\d+)?[\])]?(?!\s*-->)[\s:-]+")
_TAG = re.compile(r"<[^>\n]{1,80}>")
_SPEAKER = re.compile(r"^([A-ZÀ-Ý][\w .]{0,24}):\s")
_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"”’)]*\s+(?=[\"“‘(¿¡]?[A-ZÀ-Ý0-9])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A piece of a source.

    Attributes:
        source: the file, as a path relative to where sources are, with forward slashes.
        place: in that file: "12-18" for lines, "00:03:10" for a time, "p. 4" for a page, "cell 3" of a notebook.
        order: place in reading order, counted from 0 in each file.
        heading: what it stands under; empty if nothing.
        text: Markdown of one block, without its indentation.
        kind: what sort of block.
    """

    source: str
    place: str
    order: int
    heading: str
    text: str
    kind: PassageKind = "prose"

    @property
    def citation(self) -> str:
        """File and place, the same in every language: `notes.md:12-18`, `talk.vtt @ 00:03:10`, `slides.pdf, p. 4`."""
        if ":" in self.place:
            return f"{self.source} @ {self.place}"
        return f"{self.source}{':' if self.place[:1].isdigit() else ', '}{self.place}"

    @property
    def words(self) -> int:
        return len(self.text.split())


@dataclass(frozen=True, slots=True)
class Block:
    """A block before it is numbered and named: place, heading, text, kind."""

    place: str
    heading: str
    text: str
    kind: PassageKind = "prose"


def passages_of(source: str, blocks: Iterable[Block]) -> list[Passage]:
    """Number the blocks of one file; fragments of a few words are left out."""
    return [
        Passage(source=source, place=block.place, order=order, heading=block.heading, text=block.text, kind=block.kind)
        for order, block in enumerate(block for block in blocks if _says_something(block))
    ]


def _says_something(block: Block) -> bool:
    return block.kind in {"code", "table"} or len(block.text.split()) >= LEAST_WORDS


def markdown_blocks(text: str, *, place: str = "") -> Iterator[Block]:
    """The blocks of a Markdown text; `place` replaces the line numbers."""
    head = split_frontmatter(text)
    skipped = head.body_line - 1
    lines = head.body.split("\n")
    heading = ""
    tokens = PARSER.parse("\n".join(lines))
    for at, token in enumerate(tokens):
        if token.type == "heading_open":
            heading = _inline(tokens[at + 1])
        if token.level or token.map is None or token.type.endswith("_close"):
            continue
        kind = _BLOCKS.get(token.type)
        if kind is None:
            continue
        first, end = token.map
        body = "\n".join(lines[first:end]).strip("\n")
        if token.type == "fence" and token.info.strip().casefold() in {"text", "txt"}:
            kind = "prose"
        if token.type == "blockquote_open":
            body = "\n".join(re.sub(r"^\s*>\s?", "", line) for line in lines[first:end]).strip()
        last = first + len("\n".join(lines[first:end]).rstrip().split("\n"))
        spot = place or _lines(skipped + first + 1, skipped + last)
        if kind == "prose":
            yield from (Block(spot, heading, piece) for piece in _pieces(_one_line(body)))
        else:
            yield Block(spot, heading, body, kind)


_BLOCKS: dict[str, PassageKind] = {
    "paragraph_open": "prose",
    "blockquote_open": "prose",
    "bullet_list_open": "list",
    "ordered_list_open": "steps",
    "table_open": "table",
    "fence": "code",
    "code_block": "code",
}


def spoken_blocks(text: str) -> Iterator[Block]:
    """Plain text: paragraphs where there are any, else pieces of speech, each with its lines."""
    paragraph: list[str] = []
    first = 1
    for number, line in enumerate([*text.splitlines(), ""], 1):
        if line.strip():
            if not paragraph:
                first = number
            paragraph.append(line.strip())
        elif paragraph:
            spot = _lines(first, number - 1)
            yield from (Block(spot, "", piece) for piece in _pieces(" ".join(paragraph)))
            paragraph = []


def is_timed(text: str) -> bool:
    """Whether a text is a transcript with times, whatever its file is called."""
    lines = [line for line in text.splitlines()[:200] if line.strip()]
    return sum(bool(_CUE.match(line) or _STAMP.match(line)) for line in lines) * 4 >= len(lines) > 0


def timed_blocks(text: str) -> Iterator[Block]:
    """WebVTT, SubRip, and lines that begin with a time: what is said, each piece with the time at which it begins."""
    said: list[str] = []
    words = 0
    begins = time = ""
    lines = [_TAG.sub("", html.unescape(line)) for line in text.splitlines()]
    speakers = _speakers(lines)
    for line in lines:
        if cue := _CUE.match(line):
            time = _long_time(cue[1])
            continue
        stamp = _STAMP.match(line)
        if stamp:
            time, line = _long_time(stamp[1]), line[stamp.end() :]  # noqa: PLW2901 - what follows the time is said
        label = _SPEAKER.match(line)
        spoken = line[label.end() if label and label[1] in speakers else 0 :].strip()
        if not time or not spoken or spoken.isdigit() or (said and said[-1] == spoken):
            continue
        begins = begins or time
        said.append(spoken)
        words += len(spoken.split())
        # Whoever typed a time before each paragraph set it apart; the lines of subtitles are cut by their length.
        is_set_apart = stamp is not None and len(spoken.split()) >= _PARAGRAPH_WORDS
        if ((words >= SPOKEN_WORDS or is_set_apart) and spoken[-1] in ".!?…") or words >= 2 * SPOKEN_WORDS:
            yield Block(begins, "", " ".join(said))
            said, words, begins = [], 0, ""
    if said:
        yield Block(begins, "", " ".join(said))


def _speakers(lines: Iterable[str]) -> set[str]:
    """Names that stand before what somebody says: more than once, or else it is the beginning of a sentence."""
    found = Counter(label[1] for line in lines if (label := _SPEAKER.match(_STAMP.sub("", line))))
    return {name for name, count in found.items() if count > 1}


def notebook_blocks(text: str) -> Iterator[Block]:
    """The cells of a Jupyter notebook; a file that is none has no blocks."""
    heading = ""
    for number, (kind, body) in enumerate(notebook_cells(text) or (), 1):
        if kind == "markdown":
            for block in markdown_blocks(body, place=f"cell {number}"):
                heading = block.heading or heading
                yield Block(block.place, heading, block.text, block.kind)
        elif kind == "code" and body.strip():
            yield Block(f"cell {number}", heading, f"```python\n{body.strip()}\n```", "code")


def html_blocks(text: str) -> Iterator[Block]:
    """Headings, paragraphs, lists and code of a page; scripts, styles and navigation are left out."""
    page = _Page()
    page.feed(sound(text))
    page.close()
    page.ends()
    yield from page.blocks


class _Page(HTMLParser):
    _SILENT = frozenset({"script", "style", "head", "nav", "footer", "header", "form", "template"})
    _ENDS = frozenset(
        {"p", "div", "section", "article", "li", "td", "th", "dd", "dt", "br", "tr", "blockquote", "main"}
    )
    _HEADINGS = frozenset({f"h{level}" for level in range(1, 7)})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks: list[Block] = []
        self._text: list[str] = []
        self._heading = ""
        self._silent = 0
        self._code = False
        self._first = 1

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - HTMLParser's
        if tag in self._SILENT:
            self._silent += 1
        if tag in self._ENDS or tag in self._HEADINGS or tag == "pre":
            self.ends()
        self._code = self._code or tag == "pre"

    def handle_endtag(self, tag: str) -> None:
        if tag in self._SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag in self._HEADINGS:
            self._heading = _one_line("".join(self._text))
            self._text.clear()
        elif tag in self._ENDS or tag == "pre":
            self.ends()
            self._code = self._code and tag != "pre"

    def handle_data(self, data: str) -> None:
        if self._silent:
            return
        if not self._text and data.strip():
            self._first = self.getpos()[0]
        self._text.append(data)

    def ends(self) -> None:
        """A block is over: keep what it holds."""
        body = "".join(self._text)
        self._text.clear()
        if not body.strip():
            return
        spot = _lines(self._first, self._first + body.strip().count("\n"))
        if self._code:
            self.blocks.append(Block(spot, self._heading, f"```\n{body.strip()}\n```", "code"))
        else:
            self.blocks += [Block(spot, self._heading, piece) for piece in _pieces(_one_line(body))]


def sentences_of(text: str) -> list[str]:
    """The sentences of a piece of prose, as written."""
    return [sentence.strip() for sentence in _SENTENCE_END.split(text) if sentence.strip()]


def _pieces(text: str) -> Iterator[str]:
    """Text that is too long to quote, in pieces that end with a sentence, or where nobody ended one, anywhere."""
    if len(text.split()) <= LONGEST_WORDS:
        yield text
        return
    piece: list[str] = []
    for sentence in sentences_of(text):
        for part in _chunks(sentence.split()):
            piece += part
            if len(piece) >= SPOKEN_WORDS:
                yield " ".join(piece)
                piece = []
    if piece:
        yield " ".join(piece)


def _chunks(words: list[str]) -> Iterator[list[str]]:
    size = LONGEST_WORDS // 2
    for at in range(0, len(words), size):
        yield words[at : at + size]


def _long_time(time: str) -> str:
    return time if time.count(":") > 1 else f"00:{time}"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _lines(first: int, last: int) -> str:
    return f"{first}-{last}" if last > first else str(first)


def _inline(token: Token) -> str:
    return "".join(child.content for child in token.children or [] if child.type in {"text", "code_inline"}).strip()
