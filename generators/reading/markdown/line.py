from dataclasses import dataclass
from typing import Literal

LineKind = Literal["heading", "text", "item", "row", "rule", "blank"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of content, whatever block of the file it came from.

    Attributes:
        number: 1-based line in the file.
        kind: "row" is a row of a table, "rule" a horizontal rule; "blank" occurs inside code fences only.
        text: without any markup, numbering of lists and check boxes taken off.
        label: what stands before a colon, or all of a line in bold; None if there is no such thing.
        value: what follows the label; the whole text if there is no label.
        strong: the label is in bold.
        depth: heading level, nesting of a list item (0 = outermost), indentation inside a fence.
        ordinal: number of a numbered item.
        ticked: state of the check box, None without one.
        cells: of a row, plain text.
        header: of the table that the row belongs to.
        block: which list, table, fence or paragraph of the file this line belongs to.
        fenced: it stands inside a code fence.
        language: of the fence.
    """

    number: int
    kind: LineKind
    text: str
    label: str | None = None
    value: str = ""
    strong: bool = False
    depth: int = 0
    ordinal: int | None = None
    ticked: bool | None = None
    cells: tuple[str, ...] = ()
    header: tuple[str, ...] = ()
    block: int = 0
    fenced: bool = False
    language: str = ""
