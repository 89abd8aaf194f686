"""Labelled entries: the form that is hidden in any brief.

Whatever the author used, a bold line over a code fence, a bullet, a heading, a row of a table, it comes down to a
label, a value beside it and lines that belong to it. Readers of fields look at entries only.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from generators.reading.markdown.label import label_key
from generators.reading.markdown.line import Line

MAX_BODY_LINES = 400
_SAMPLES = frozenset({"exemplo", "exemplos", "ex", "example", "examples", "por exemplo"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A label with what it labels.

    Attributes:
        key: the label reduced by `label_key`.
        line: the labelled line.
        value: text beside the label, "" if there is none.
        body: the lines below that belong to the label.
        path: keys of the headings above, outermost first; a heading's own key is not in its path.
        index: place of the line in the document.
    """

    key: str
    line: Line
    value: str
    body: tuple[Line, ...]
    path: tuple[str, ...]
    index: int


def entries_of(lines: Sequence[Line], paths: Sequence[tuple[str, ...]]) -> Iterator[Entry]:
    """Yield the entry of every labelled line and of every heading."""
    for index, line in enumerate(lines):
        if line.kind == "heading":
            end = _heading_end(lines, index)
            yield _entry(lines, index, end, line.text, "", paths[index][:-1])
        elif line.label:
            yield _entry(lines, index, _label_end(lines, index), line.label, line.value, paths[index])


def _entry(lines: Sequence[Line], index: int, end: int, label: str, value: str, path: tuple[str, ...]) -> Entry:
    return Entry(
        key=label_key(label),
        line=lines[index],
        value=value,
        body=tuple(lines[index + 1 : end]),
        path=path,
        index=index,
    )


def _heading_end(lines: Sequence[Line], index: int) -> int:
    for end in range(index + 1, min(len(lines), index + MAX_BODY_LINES)):
        if lines[end].kind == "heading" and lines[end].depth <= lines[index].depth:
            return end
    return min(len(lines), index + MAX_BODY_LINES)


def _label_end(lines: Sequence[Line], index: int) -> int:
    first = lines[index]
    limit = min(len(lines), index + MAX_BODY_LINES)
    if first.kind == "row":
        return index + 1
    for end in range(index + 1, limit):
        if _ends(first, lines[end]):
            return end
    return limit


def _ends(first: Line, line: Line) -> bool:
    """Whether `line` is past what the label of `first` covers."""
    if line.kind in {"heading", "rule"}:
        return True
    if first.fenced:
        if not line.fenced or line.block != first.block:
            return True
        if first.kind == "item":
            return line.kind != "blank" and line.depth <= first.depth
        # In a fence a new label over nothing, or beside a value but not an item, starts the next field.
        starts_field = line.kind == "text" and line.label is not None and line.depth <= first.depth
        return starts_field and label_key(line.label or "") not in _SAMPLES
    if first.kind == "item" or first.depth:
        return line.block != first.block or line.depth <= first.depth
    return line.kind == "text" and not line.fenced and line.depth == 0 and line.label is not None and line.strong
