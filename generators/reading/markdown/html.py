"""Markdown made of the HTML that editors leave in an export, so that it is read like the rest of the file."""

import re
from html.parser import HTMLParser

MAX_HTML_CHARACTERS = 8_000
"""Above this a block of HTML is left out: some broken tags take the parser quadratic time."""

MAX_HTML_IN_ALL = 64_000

_HEADINGS = {f"h{level}": "#" * level for level in range(1, 7)}
_BLOCKS = frozenset({"p", "div", "section", "details", "blockquote", "article", "table", "dl", *_HEADINGS})
_BOLD = frozenset({"b", "strong", "summary", "dt"})
_LIST_TAGS = frozenset({"ul", "ol", "li"})
_DEEPEST_LIST = 6
_WIDEST_SPAN = 100
_SILENT = frozenset({"script", "style", "head"})


_UNCLOSED = re.compile(r"<(?![^<>]{0,4000}>)")


def sound(html: str) -> str:
    """HTML without comments, and with what is no tag as text: broken tags take Python's parser quadratic time."""
    kept = []
    at = 0
    while (begin := html.find("<!--", at)) >= 0 and (end := html.find("-->", begin + 4)) >= 0:
        # Line ends stay, so that places can be told.
        kept += [html[at:begin], "\n" * html.count("\n", begin, end)]
        at = end + 3
    return _UNCLOSED.sub("&lt;", "".join([*kept, html[at:]]))


def markdown_of(html: str) -> tuple[str, tuple[int, ...]]:
    """Turn HTML into Markdown.

    Returns:
        The text, and for each of its lines on which line of `html` it stands, counted from 0.
    """
    if len(html) > MAX_HTML_CHARACTERS:
        return "", ()
    made = _Markdown()
    made.feed(html)
    made.close()
    return "\n".join(text for _, text in made.lines), tuple(number for number, _ in made.lines)


class _Markdown(HTMLParser):
    """Writes Markdown line by line while the tags go by."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[tuple[int, str]] = [(0, "")]
        self._lists: list[str] = []
        self._silent = 0
        self._in_item = False
        self._columns = 0
        self._rows = 0
        self._width = 1
        self._spanned: dict[int, int] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self._silent += 1
        elif tag in _LIST_TAGS:
            self._list_tag(tag)
        elif tag in _BLOCKS:
            if not self._in_item:
                self._blank()
            self._write(f"{_HEADINGS[tag]} " if tag in _HEADINGS else "")
            self._rows = 0
            self._spanned = {}
        elif tag == "tr":
            self._line("|")
            self._columns = 0
        elif tag in {"td", "th"}:
            self._cell(dict(attrs))
        elif tag == "input" and dict(attrs).get("type") == "checkbox":
            self._write("[x] " if "checked" in dict(attrs) else "[ ] ")
        elif tag in {"br", "dd", "dt"}:
            self._line("**" if tag == "dt" else "")
        elif tag in _BOLD:
            self._write("**")

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag in _LIST_TAGS:
            self._list_end(tag)
        elif tag in {"td", "th"}:
            self._columns += self._width
            self._write(" | " * self._width)
        elif tag == "tr":
            self._rows += 1
            if self._rows == 1:
                self._line("|" + " --- |" * self._columns)
        elif tag in _BLOCKS and not self._in_item:
            self._blank()
        elif tag in _BOLD:
            self._write("**")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            words = " ".join(data.split())
            before = " " if data[:1].isspace() and words else ""
            after = " " if data[-1:].isspace() and words else ""
            self._write(f"{before}{words}{after}" if self.lines[-1][1].strip() else f"{words}{after}")

    def _cell(self, attributes: dict[str, str | None]) -> None:
        """Leave the places blank that a cell of a row above reaches into."""
        while self._spanned.get(self._columns):
            self._spanned[self._columns] -= 1
            self._columns += 1
            self._write(" | ")
        high, wide = (_span(attributes.get(name)) for name in ("rowspan", "colspan"))
        self._width = wide
        self._spanned |= {self._columns + place: high - 1 for place in range(wide) if high > 1}

    def _list_tag(self, tag: str) -> None:
        if tag == "li":
            indent = "   " * min(max(0, len(self._lists) - 1), _DEEPEST_LIST)
            self._line(indent + ("1. " if self._lists[-1:] == ["ol"] else "- "))
            self._in_item = True
            return
        if not self._lists:
            self._blank()
        self._lists.append(tag)

    def _list_end(self, tag: str) -> None:
        if tag == "li":
            self._in_item = False
            return
        if self._lists:
            self._lists.pop()
        if not self._lists:
            self._blank()

    def _write(self, text: str) -> None:
        number, line = self.lines[-1]
        self.lines[-1] = (number if line else self.getpos()[0] - 1), line + text

    def _line(self, start: str) -> None:
        if self.lines[-1][1]:
            self.lines.append((self.getpos()[0] - 1, ""))
        self._write(start)

    def _blank(self) -> None:
        if self.lines[-1][1]:
            self.lines += [(self.getpos()[0] - 1, "")] * 2


def _span(stated: str | None) -> int:
    return min(int(stated), _WIDEST_SPAN) if stated and stated.isascii() and stated.isdigit() and int(stated) else 1
