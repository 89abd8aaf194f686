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
_BELOW = " › "
_PAUSE_SECONDS = 8
_PAUSE_WORDS = 12
_MOST_LINKED = 0.7
_CELL_WORDS = 60
_CUE = re.compile(r"^\s*((?:\d{1,2}:)?\d{1,2}:\d{2})[.,]\d{3}\s*-->(?:\s*((?:\d{1,2}:)?\d{1,2}:\d{2})[.,]\d{3})?")
_STAMP = re.compile(r"^\s*[\[(]?((?:\d{1,2}:)?\d{1,2}:\d{2})(?:[.,]\d+)?[\])]?(?!\s*-->)[\s:-]+")
_TAG = re.compile(r"<[^>\n]{1,80}>")
_SPEAKER = re.compile(r"^([A-ZÀ-Ý][\w .]{0,24}):\s")
# What a terminal or a page would take for a command to itself, or shows in another order than it is written in.
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_MARKUP = re.compile(
    r"(`[^`\n]+`|<(?:https?:|mailto:)[^\s<>]*>|</?(?:br|b|i|em|strong|u|s|code|kbd|sub|sup|mark)\s*/?>)|<(?=[A-Za-z/!?])",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"”’)]*\s+(?=[\"“‘(¿¡]?[A-ZÀ-Ý0-9])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A piece of a source.

    Attributes:
        source: the file, as a path relative to where sources are, with forward slashes.
        place: in that file: "12-18" for lines, "00:03:10" for a time, "p. 4" for a page, "cell 3" of a notebook.
        order: place in reading order, counted from 0 in each file.
        heading: what it stands under, the outermost heading first; empty if nothing.
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
    def nearest_heading(self) -> str:
        """The innermost of its headings."""
        return self.heading.rpartition(_BELOW)[2]

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


class Headings:
    """The headings that something stands under: "Steps" below "Chain wear" are those of the chain."""

    def __init__(self) -> None:
        self._open: list[tuple[int, str]] = []

    def opens(self, level: int, text: str) -> None:
        """A heading of a level, 1 being the outermost, ends all that are not above it."""
        self._open = [one for one in self._open if one[0] < level] + ([(level, text)] if text else [])

    @property
    def path(self) -> str:
        return _BELOW.join(text for _, text in self._open)


def passages_of(source: str, blocks: Iterable[Block]) -> list[Passage]:
    """Number the blocks of one file; fragments of a few words are left out."""
    return [
        Passage(
            source=source,
            place=block.place,
            order=order,
            heading=_UNSEEN.sub("", block.heading),
            text=_harmless(block),
            kind=block.kind,
        )
        for order, block in enumerate(block for block in blocks if _says_something(block))
    ]


def _harmless(block: Block) -> str:
    """What is quoted is shown, and does nothing: no control characters, no markup but that of plain emphasis."""
    text = _UNSEEN.sub("", block.text)
    return text if block.kind == "code" else _MARKUP.sub(lambda found: found[1] or "&lt;", text)


def _code(text: str, info: str = "") -> str:
    """A block of code whose fence ends where it ends, whatever stands in it."""
    longest = max((len(run) for run in re.findall(r"`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{info.strip()}\n{text.strip(chr(10))}\n{fence}"


def _says_something(block: Block) -> bool:
    return block.kind in {"code", "table"} or len(block.text.split()) >= LEAST_WORDS


def markdown_blocks(text: str, *, place: str = "") -> Iterator[Block]:
    """The blocks of a Markdown text; `place` replaces the line numbers."""
    head = split_frontmatter(text)
    skipped = head.body_line - 1
    lines = head.body.split("\n")
    heading = Headings()
    tokens = PARSER.parse("\n".join(lines))
    for at, token in enumerate(tokens):
        if token.type == "heading_open":
            heading.opens(int(token.tag[1:]), _inline(tokens[at + 1]))
        if token.level or token.map is None or token.type.endswith("_close"):
            continue
        kind = _BLOCKS.get(token.type)
        if kind is None:
            continue
        first, end = token.map
        body = "\n".join(lines[first:end]).strip("\n")
        if kind == "code":
            is_text = token.info.strip().casefold() in {"text", "txt"}
            kind, body = ("prose", token.content) if is_text else (kind, _code(token.content, token.info))
        if token.type == "blockquote_open":
            body = "\n".join(re.sub(r"^\s*>\s?", "", line) for line in lines[first:end]).strip()
        last = first + len("\n".join(lines[first:end]).rstrip().split("\n"))
        spot = place or _lines(skipped + first + 1, skipped + last)
        if kind == "prose":
            yield from (Block(spot, heading.path, piece) for piece in _pieces(_one_line(body)))
        else:
            yield Block(spot, heading.path, body, kind)


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
    ends = 0
    lines = [_TAG.sub("", html.unescape(line)) for line in text.splitlines()]
    speakers = _speakers(lines)
    for line in lines:
        if cue := _CUE.match(line):
            time = _long_time(cue[1])
            # Whoever stays silent for so long has begun with something else.
            if words >= _PAUSE_WORDS and _seconds(time) - ends >= _PAUSE_SECONDS and said[-1][-1] in ".!?…":
                yield Block(begins, "", " ".join(said))
                said, words, begins = [], 0, ""
            ends = _seconds(_long_time(cue[2] or cue[1]))
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
            yield Block(f"cell {number}", heading, _code(body, "python"), "code")


def html_blocks(text: str) -> Iterator[Block]:
    """Headings, paragraphs, lists and code of a page; scripts, styles and navigation are left out."""
    page = _Page()
    page.feed(sound(text))
    page.close()
    page.finish()
    yield from page.blocks


class _Page(HTMLParser):
    """Collects blocks; what stands in one list, or in one table, stays together."""

    _SILENT = frozenset({"script", "style", "head", "nav", "footer", "header", "form", "template"})
    _HEADINGS = frozenset({f"h{level}" for level in range(1, 7)})
    _ENDS = _HEADINGS | {
        "p",
        "div",
        "section",
        "article",
        "li",
        "ul",
        "ol",
        "table",
        "td",
        "th",
        "dd",
        "dt",
        "br",
        "tr",
    }
    _ENDS |= {"blockquote", "main", "pre", "caption"}

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks: list[Block] = []
        self._text: list[str] = []
        self._heading = Headings()
        self._term = ""
        self._silent = self._links = self._linked = self._tables = 0
        self._code = self._is_item = False
        self._first = self._begins = 1
        self._lists: list[int | None] = []  # those that are open: the last number of each, None if it has none
        self._items: list[str] = []
        self._rows: list[list[str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - HTMLParser's
        self._silent += tag in self._SILENT
        self._links += tag == "a"
        if tag in self._ENDS:
            self.ends()
        self._code = self._code or tag == "pre"
        if tag == "table":
            self._tables += 1
        elif tag == "tr":
            self._rows.append([])
        elif tag in {"td", "th"} and self._rows:
            self._rows[-1].append("")
        elif tag in {"ul", "ol"}:
            self._lists.append(0 if tag == "ol" else None)
        elif tag == "li" and self._lists:
            number = self._lists[-1]
            self._lists[-1] = None if number is None else number + 1
            self._is_item = True

    def handle_endtag(self, tag: str) -> None:
        if tag in self._SILENT:
            self._silent = max(0, self._silent - 1)
            return
        self._links = max(0, self._links - (tag == "a"))
        if tag in self._HEADINGS:
            self._heading.opens(int(tag[1:]), _one_line("".join(self._text)))
            self._text.clear()
        elif tag == "dt":
            self._term = _one_line("".join(self._text))
            self._text.clear()
        elif tag in self._ENDS:
            self.ends()
        self._code = self._code and tag != "pre"
        if tag in {"ul", "ol"} and self._lists:
            self._lists.pop()
            self._end_list()
        elif tag == "table" and self._tables:
            self._tables -= 1
            self._end_table()

    def handle_data(self, data: str) -> None:
        if self._silent:
            return
        if not self._text and data.strip():
            self._first = self.getpos()[0]
        self._text.append(data)
        self._linked += len(data.strip()) if self._links else 0

    def finish(self) -> None:
        """Whatever nobody closed ends with the page."""
        self.ends()
        self._lists.clear()
        self._tables = 0
        self._end_list()
        self._end_table()

    def ends(self) -> None:
        """A block is over: keep what it holds."""
        body = "".join(self._text)
        self._text.clear()
        if not body.strip():
            return
        last = self._first + body.strip().count("\n")
        self._begins = self._begins if self._items or any(map(any, self._rows)) else self._first
        line = _one_line(body)
        if self._code:
            self._end_list(here=True)
            self._keep(_code(body.strip()), "code", last)
        elif self._tables and self._rows and self._rows[-1]:
            self._rows[-1][-1] = f"{self._rows[-1][-1]} {line}".strip()
        elif self._lists and not self._tables:
            self._add_item(line)
        else:
            self._linked = 0
            line, self._term = (f"**{self._term}**: {line}" if self._term else line), ""
            for piece in _pieces(line):
                self._keep(piece, "prose", last)

    def _keep(self, text: str, kind: PassageKind, last: int) -> None:
        first = self._begins if kind in {"list", "steps", "table"} else self._first
        self.blocks.append(Block(_lines(first, last), self._heading.path, text, kind))

    def _add_item(self, line: str) -> None:
        if self._is_item or not self._items:
            number = self._lists[-1]
            mark = "-" if number is None else f"{number or 1}."
            self._items.append(f"{'   ' * (len(self._lists) - 1)}{mark} {line}")
            self._is_item = False
        else:
            self._items[-1] += f" {line}"

    def _end_list(self, *, here: bool = False) -> None:
        """The outermost list is over, or is broken off `here`; one of links alone leads elsewhere."""
        if (self._lists and not here) or not self._items:
            return
        letters = sum(map(len, self._items))
        if self._linked < _MOST_LINKED * letters:
            kind: PassageKind = "steps" if self._items[0][:1].isdigit() else "list"
            self._keep("\n".join(self._items), kind, self.getpos()[0])
        self._items, self._linked = [], 0

    def _end_table(self) -> None:
        """A table of data is kept as one; one that only lays a page out says what stands in its cells."""
        if self._tables:
            return
        rows = [row for row in self._rows if any(row)]
        self._rows, self._linked = [], 0
        cells = [cell for row in rows for cell in row if cell]
        width = max(map(len, rows), default=0)
        if len(rows) > 1 and width > 1 and all(len(cell.split()) <= _CELL_WORDS for cell in cells):
            self._keep(table_of(rows), "table", self.getpos()[0])
        else:
            for cell in cells:
                for piece in _pieces(cell):
                    self._keep(piece, "prose", self.getpos()[0])


def table_of(rows: list[list[str]]) -> str:
    """Rows of cells as a table in Markdown; the first row is its head."""
    width = max(map(len, rows))
    lines = [[cell.replace("|", "\\|") for cell in row] + [""] * (width - len(row)) for row in rows]
    lines.insert(1, ["---"] * width)
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


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


def _seconds(time: str) -> int:
    hours, minutes, seconds = map(int, time.split(":"))
    return (hours * 60 + minutes) * 60 + seconds


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _lines(first: int, last: int) -> str:
    return f"{first}-{last}" if last > first else str(first)


def _inline(token: Token) -> str:
    return "".join(child.content for child in token.children or [] if child.type in {"text", "code_inline"}).strip()
