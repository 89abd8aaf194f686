"""Inline Markdown reduced to plain text, with the bold lead of a line known as its label."""

from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.token import Token

from generators.markdown.label import MAX_LABEL_CHARACTERS, split_label

MAX_INLINE_CHARACTERS = 4_000
"""Above this a paragraph is taken as it stands: some inline constructs take quadratic time to resolve."""


_DASHES = ("–", "—", "-", "=", "→", "➜", "⇒")
_BREAKS = frozenset({"softbreak", "hardbreak"})
_BOLD_TAGS = ("<b>", "<strong>", "</b>", "</strong>")


@dataclass(frozen=True, slots=True)
class InlineLine:
    """A source line of a paragraph: its plain text and how much of its start is bold."""

    text: str
    label: str | None
    value: str
    strong: bool
    offset: int


def inline_lines(parser: MarkdownIt, content: str) -> list[InlineLine]:
    """Parse the inline content of one block into its source lines."""
    if len(content) > MAX_INLINE_CHARACTERS:
        return [_as_line([(False, part)], offset) for offset, part in enumerate(content.split("\n")) if part.strip()]
    tokens: list[Token] = []
    parser.inline.parse(content, parser, {}, tokens)
    rows: list[tuple[int, list[tuple[bool, str]]]] = [(0, [])]
    bold = 0
    for token in tokens:
        if token.type == "strong_open":
            bold += 1
        elif token.type == "strong_close":
            bold -= 1
        elif token.type in _BREAKS:
            rows.append((rows[-1][0] + 1, []))
        elif token.type in {"text", "code_inline", "text_special"} or token.type == "image":
            rows[-1][1].append((bold > 0, token.content))
        elif token.type == "html_inline":
            tag = token.content.lower()
            if tag.startswith("<br"):
                rows.append((rows[-1][0], []))
            elif tag in _BOLD_TAGS:
                bold = max(0, bold + (-1 if tag.startswith("</") else 1))
    return [_as_line(row, offset) for offset, row in rows if any(part.strip() for _, part in row)]


def plain(parser: MarkdownIt, content: str) -> str:
    """The plain text of inline content, on one line."""
    return " ".join(line.text for line in inline_lines(parser, content))


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
    return InlineLine(text, None, text, strong=False, offset=offset)
