"""A Markdown file as a flat list of lines with their headings, and the labelled entries in it.

Block structure comes from markdown-it-py; inline markup is resolved per block, with a length limit, because the inline
grammar has quadratic corners. Everything later works on `Line`s and never looks at the raw text again.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from markdown_it.token import Token

from generators.languages import vocabulary
from generators.reading.markdown.entry import Entry, entries_of
from generators.reading.markdown.fence import fence_lines
from generators.reading.markdown.html import MAX_HTML_IN_ALL, markdown_of
from generators.reading.markdown.inline import inline_lines, plain
from generators.reading.markdown.label import label_key, split_label
from generators.reading.markdown.line import Line
from generators.reading.markdown.tree import PARSER

_BOX = re.compile(r"^(?:\[\s*([xX✓✔]?)\s*\]|\(([xX✓✔ ]?)\)|([☐☑☒]))\s*")
# Bullets that Markdown does not know: a paragraph of such lines is a list to its author.
_LOOSE_BULLET = re.compile(
    r"^(?:([☐☑☒✅✔])\ufe0f?\s*|(?:[-•▸▪►◦‣●○■–—➤➜→]|[a-z]\))\s+)(?=\S)|^(\[[ xX]?\]\s+)(?=[^\[]*$)"
    r"|^(\d{1,3})[.)]\s+(?=\S)"
)
_LETTERED = re.compile(r"^[a-z]\)\s+\S")
_BOX_INSIDE = re.compile(r"\[[xX✓ ]?\]|\([xX✓ ]?\)")


@dataclass(frozen=True)
class Document:
    """A Markdown file, read.

    Attributes:
        lines: all content lines in order.
        paths: for each line the keys of the headings above it, outermost first (a heading's own key comes last).
    """

    lines: tuple[Line, ...]
    paths: tuple[tuple[str, ...], ...]

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """Every label of the file with its value and what belongs to it, in order."""
        return tuple(entries_of(self.lines, self.paths))


def read_document(body: str, first_line: int = 1) -> Document:
    """Parse Markdown; `first_line` is the line of the file on which `body` starts."""
    tokens: list[Token] = []
    body = body.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")
    PARSER.block.parse(body, PARSER, {}, tokens)
    lines = tuple(_lines(tokens, first_line, body))
    return Document(lines=lines, paths=tuple(_paths(lines)))


def _paths(lines: tuple[Line, ...]) -> Iterator[tuple[str, ...]]:
    open_headings: list[tuple[int, str]] = []
    for line in lines:
        if line.kind == "heading":
            while open_headings and open_headings[-1][0] >= line.depth:
                open_headings.pop()
            open_headings.append((line.depth, label_key(line.text)))
        yield tuple(key for _, key in open_headings)


def _lines(tokens: list[Token], first_line: int, body: str) -> Iterator[Line]:
    walk = _Walk(first_line, body)
    for token in tokens:
        yield from walk.step(token)


def _is_pair(header: tuple[str, ...]) -> bool:
    """Whether the head of a table is its first label and value: Markdown has no table without a head."""
    filled = [cell for cell in header if cell]
    if len(filled) != 2 or not all(header[:2]):  # noqa: PLR2004 - a label and a value
        return False
    return not any("column" in vocabulary().fields(label_key(cell)) for cell in filled)


class _Walk:
    """Where in the block structure the reader stands."""

    def __init__(self, first_line: int, body: str = "") -> None:
        self._raw = body.split("\n")
        self._loose = (0, 0)
        self._first_line = first_line
        self._block = 0
        self._html_read = 0
        self._ordinals: list[int | None] = []
        self._fresh_item = False
        self._heading = 0
        self._in_head = False
        self._in_cell = False
        self._header: tuple[str, ...] = ()
        self._cells: list[str] = []
        self._row_number = 0

    def step(self, token: Token) -> Iterator[Line]:
        number = self._first_line + (token.map[0] if token.map else 0)
        name = token.type
        if name in {"bullet_list_open", "ordered_list_open", "bullet_list_close", "ordered_list_close"}:
            self._list(token)
        elif name == "list_item_open":
            self._fresh_item = True
        elif name in {"heading_open", "heading_close"}:
            self._heading = int(token.tag[1]) if token.nesting == 1 else 0
        elif name == "paragraph_open" and not self._ordinals:
            self._block += 1
        elif name == "hr":
            yield Line(number=number, kind="rule", text="")
        elif name in {"fence", "code_block"}:
            self._block += 1
            start = number + (1 if name == "fence" else 0)
            language = token.info.strip().casefold()
            yield from fence_lines(token.content.rstrip("\n"), start, self._block, language)
        elif name == "html_block":
            yield from self._html(token.content, number)
        elif name == "inline":
            yield from self._inline(token.content, number)
        else:
            yield from self._table(token, number)

    def _html(self, content: str, number: int) -> Iterator[Line]:
        if self._first_line < 0:
            return  # what HTML quotes as HTML is its text
        self._html_read += len(content)
        if self._html_read > MAX_HTML_IN_ALL:
            return
        text, numbers = markdown_of(content)
        tokens: list[Token] = []
        PARSER.block.parse(text, PARSER, {}, tokens)
        inner = _Walk(-len(numbers))
        inner._block = self._block
        for token in tokens:
            for line in inner.step(token):
                yield replace(line, number=number + numbers[line.number])
        self._block = inner._block

    def _list(self, token: Token) -> None:
        if token.nesting == -1:
            self._ordinals.pop()
            return
        if not self._ordinals:
            self._block += 1
        start = token.attrGet("start")
        ordered = token.type == "ordered_list_open"
        self._ordinals.append((int(start) if start is not None else 1) if ordered else None)

    def _table(self, token: Token, number: int) -> Iterator[Line]:
        match token.type:
            case "table_open":
                self._block += 1
            case "thead_open" | "thead_close":
                self._in_head = token.nesting == 1
            case "tr_open":
                self._cells, self._row_number = [], number
            case "th_open" | "td_open" | "th_close" | "td_close":
                self._in_cell = token.nesting == 1
            case "tr_close" if self._in_head:
                self._header = tuple(self._cells)
                if _is_pair(self._header):
                    yield replace(self._row(), header=())
            case "tr_close":
                yield self._row()
            case _:
                pass

    def _row(self) -> Line:
        cells = self._cells
        value = cells[1] if len(cells) > 1 else ""
        return Line(
            number=self._row_number,
            kind="row",
            text=" | ".join(cells),
            label=(cells[0].rstrip(": ") or None) if cells else None,
            value=value,
            strong=True,
            cells=tuple(cells),
            header=self._header,
            block=self._block,
        )

    def _inline(self, content: str, number: int) -> Iterator[Line]:
        if self._in_cell:
            self._cells.append(plain(content))
            return
        if self._heading:
            text = plain(content)
            yield Line(number=number, kind="heading", text=text, value=text, depth=self._heading)
            return
        for part in inline_lines(content):
            line = Line(
                number=number + part.offset,
                kind="text",
                text=part.text,
                label=part.label,
                value=part.value,
                strong=part.strong,
                block=self._block,
            )
            yield self._as_item(line) if self._ordinals else _loose_item(line)

    def _is_lazy(self, place: int) -> bool:
        return 0 <= place < len(self._raw) and not self._raw[place][:1].isspace() and self._raw[place][:1] != ">"

    def _loose_block(self, line: Line) -> int:
        """A block of their own for lines that only lie behind a list; lines in a row are one block."""
        number, block = self._loose
        if line.number != number + 1:
            self._block += 1
            block = self._block
        self._loose = (line.number, block)
        return block

    def _as_item(self, line: Line) -> Line:
        """Mark a line of a list; lines after the first of an item are one level deeper than the item."""
        ordinal = self._ordinals[-1]
        depth = len(self._ordinals) - 1
        if not self._fresh_item:
            # A line that is not indented is the next thing said, though Markdown lets it go on with the item.
            is_lazy = self._is_lazy(line.number - self._first_line)
            own = replace(line, depth=0, block=self._loose_block(line)) if is_lazy else replace(line, depth=depth + 1)
            return own if is_lazy or not _LETTERED.match(own.text) else _loose_item(own)
        self._fresh_item = False
        if ordinal is not None:
            self._ordinals[-1] = ordinal + 1
        line = replace(line, kind="item", depth=depth, ordinal=ordinal)
        box = _BOX.match(line.text)
        if not box or _BOX_INSIDE.search(line.text, box.end()):
            return line
        text = line.text[box.end() :]
        split = split_label(text)
        return replace(
            line,
            text=text,
            ticked=bool((box[1] or box[2] or box[3] or "").strip(" ☐")),
            label=split[0] if split else None,
            value=split[1] if split else text,
            strong=line.strong and split is not None,
        )


def _loose_item(line: Line) -> Line:
    """A line of a paragraph as an item of a list, where it begins as one."""
    bullet = _LOOSE_BULLET.match(line.text)
    if not bullet or (line.label and (line.strong or not line.value)):
        return line
    text = line.text[bullet.end() :]
    split = split_label(text)
    return replace(
        line,
        kind="item",
        text=text,
        label=split[0] if split else None,
        value=split[1] if split else text,
        ordinal=int(bullet[3]) if bullet[3] else None,
        ticked=bullet[1] != "☐" if bullet[1] else ("x" in bullet[2].lower() if bullet[2] else None),
    )
