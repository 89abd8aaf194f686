"""Inline Markdown reduced to plain text, with the bold lead of a line known as its label."""

import re
from dataclasses import dataclass

from markdown_it.token import Token

from generators.languages import vocabulary
from generators.reading.markdown.label import MAX_LABEL_CHARACTERS, label_key, split_label
from generators.reading.markdown.tree import PARSER

MAX_INLINE_CHARACTERS = 4_000
"""Above this a paragraph is taken as it stands: some inline constructs take quadratic time to resolve."""


_DASHES = ("–", "—", "-", "=", "→", "➜", "⇒")
_BOLD_TAGS = ("<b>", "<strong>", "</b>", "</strong>")
_TAG = re.compile(
    r"</?(?:a|abbr|b|big|blockquote|br|center|cite|code|del|details|div|em|font|h[1-6]|hr|i|img|ins|kbd|li|mark|ol|p|q|s"
    r"|samp|small|span|strike|strong|sub|summary|sup|table|tbody|td|th|thead|tr|tt|u|ul|var|wbr|aside|section|input|label"
    r"|video|iframe|source|figure|figcaption)(?=[\s/>])|<!--",
    re.IGNORECASE,
)
_BETWEEN_FIELDS = re.compile(r"\s+[·•|–—/]\s+|\s*[;\t]\s+")
_IDENTIFIER = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class InlineLine:
    """A source line of a paragraph: its plain text and how much of its start is bold."""

    text: str
    label: str | None
    value: str
    strong: bool
    offset: int


def inline_lines(content: str) -> list[InlineLine]:
    """Parse the inline content of one block into its source lines."""
    if len(content) > MAX_INLINE_CHARACTERS:
        return [_as_line([(False, part)], offset) for offset, part in enumerate(content.split("\n")) if part.strip()]
    tokens: list[Token] = []
    PARSER.inline.parse(content, PARSER, {}, tokens)
    rows = _Rows(tokens)
    lines = (_as_line(row, offset) for offset, row in rows.read() if any(part.strip() for _, part in row))
    return [field for line in lines for field in _fields_of(line)]


def _fields_of(line: InlineLine) -> list[InlineLine]:
    """The fields that stand on one line: `Host: Ana · Cost: 40 EUR · Level: all`."""
    parts = [part for part in _BETWEEN_FIELDS.split(line.text) if part]
    if len(parts) < 2 or len(line.text) > MAX_LABEL_CHARACTERS * 4:  # noqa: PLR2004 - one field is the line itself
        return [line]
    split = [split_label(part) for part in parts]
    if not all(found and found[1] and vocabulary().fields(label_key(found[0])) - {"column"} for found in split):
        return [line]
    labels = [found for found in split if found]
    return [
        InlineLine(part, *found, strong=line.strong, offset=line.offset)
        for part, found in zip(parts, labels, strict=True)
    ]


class _Rows:
    """The source lines of a paragraph: pieces of text, each with whether it is bold."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._rows: list[tuple[int, list[tuple[bool, str]]]] = [(0, [])]
        self._bold = self._struck = 0

    def read(self) -> list[tuple[int, list[tuple[bool, str]]]]:
        for place, token in enumerate(self._tokens):
            match token.type:
                case "strong_open" | "strong_close":
                    if _is_name(self._tokens, place):
                        self._write(token.markup)
                    else:
                        self._bold += token.nesting
                case "s_open" | "s_close":
                    self._struck += token.nesting
                case "softbreak" | "hardbreak":
                    self._rows.append((self._rows[-1][0] + 1, []))
                case "text" | "code_inline" | "text_special" | "image":
                    self._write(token.content)
                case "html_inline":
                    self._html(token.content)
        return self._rows

    def _write(self, text: str) -> None:
        if not self._struck:  # what its author crossed out is not said
            self._rows[-1][1].append((self._bold > 0, text))

    def _html(self, content: str) -> None:
        tag = content.lower()
        if tag.startswith("<br"):
            self._rows.append((self._rows[-1][0], []))
        elif tag in _BOLD_TAGS:
            self._bold = max(0, self._bold + (-1 if tag.startswith("</") else 1))
        elif not _TAG.match(tag):
            self._write(content)  # `List<T>` is text


def _is_name(tokens: list[Token], place: int) -> bool:
    """Whether two underscores belong to a name, as in `__init__.py`, and mark nothing as bold."""
    if tokens[place].markup != "__":
        return False
    inner = place + tokens[place].nesting
    other = inner + tokens[place].nesting
    return (
        0 <= other < len(tokens)
        and tokens[inner].type == "text"
        and _IDENTIFIER.fullmatch(tokens[inner].content) is not None
        and tokens[other].markup == "__"
    )


def plain(content: str) -> str:
    """The plain text of inline content, on one line."""
    return " ".join(line.text for line in inline_lines(content))


def _as_line(runs: list[tuple[bool, str]], offset: int) -> InlineLine:
    text = "".join(part for _, part in runs).strip()
    lead = ""
    rest_from = 0
    for index, (bold, part) in enumerate(runs):
        # An emoji or bullet before the bold run still leaves it the lead of the line.
        if not bold and lead:
            rest_from = index
            break
        if not bold and any(char.isalnum() for char in part):
            break
        lead += part if bold else ""
        rest_from = index + 1
    rest = "".join(part for _, part in runs[rest_from:]).strip() if lead else ""
    lead = lead.strip()
    if lead and len(lead) <= MAX_LABEL_CHARACTERS * 2:
        if lead.endswith((":", "?")) or rest.startswith(":") or not rest:
            return InlineLine(text, lead.rstrip(": "), rest.lstrip(": "), strong=True, offset=offset)
        inner = split_label(lead)
        if inner and inner[1]:
            return InlineLine(text, inner[0], f"{inner[1]} {rest}".strip(), strong=True, offset=offset)
        if rest.startswith(_DASHES):
            return InlineLine(text, lead, rest.lstrip("–—-=→➜⇒> "), strong=True, offset=offset)
    split = split_label(text)
    if split:
        return InlineLine(text, split[0], split[1], strong=False, offset=offset)
    if text.endswith("?") and len(text) <= MAX_LABEL_CHARACTERS and vocabulary().fields(label_key(text)) - {"column"}:
        return InlineLine(text, text, "", strong=False, offset=offset)  # a question for a field, answered below
    return InlineLine(text, None, text, strong=False, offset=offset)
