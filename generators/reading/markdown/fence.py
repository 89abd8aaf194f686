"""Lines inside a code fence.

Forms keep their answers in fences, so the fence's content is not Markdown but lines that look like it. Each line stands
for itself; drawing characters of directory trees are taken off.
"""

import re
from collections.abc import Iterator

from generators.reading.markdown.label import split_label
from generators.reading.markdown.line import Line

_TREE = re.compile(r"^[\s│├└─┌┐┘┤┬┴┼|`+]*[│├└─┌┐┘┤┬┴┼][\s│├└─┌┐┘┤┬┴┼]*")
_BOX = re.compile(r"^[-*•+]?\s*(?:\[\s*([xX✓✔✅]?)\s*\]|\(([xX✓✔✅ ]?)\)|([☐☑☒✅✔]))\s*")
_BOX_INSIDE = re.compile(r"\[[xX✓ ]?\]|\([xX✓ ]?\)")
_BULLET = re.compile(r"^[-*•+–→▪►]\s+")
_ORDINAL = re.compile(r"^(\d{1,3})(?:[.)]|\s*[-–])(?:\s+|$)")
_HASHES = re.compile(r"^#{1,6}\s+")
_TICKED = frozenset("xX✓✔✅☑☒")


def fence_lines(content: str, first_number: int, block: int, language: str) -> Iterator[Line]:
    """Yield one line for each line of a fence; `first_number` is the file's line of the first of them."""
    for offset, raw in enumerate(content.split("\n")):
        yield _fence_line(raw.expandtabs(4), first_number + offset, block, language)


def _fence_line(raw: str, number: int, block: int, language: str) -> Line:
    stripped = raw.strip()
    if not stripped:
        return Line(number=number, kind="blank", text="", block=block, fenced=True, language=language)
    depth = len(raw) - len(raw.lstrip())
    tree = _TREE.match(raw)
    if tree:
        stripped, depth = raw[tree.end() :].strip(), tree.end()
    stripped = _HASHES.sub("", stripped).replace("**", "")
    ticked = None
    ordinal = None
    is_item = False
    counted = _ORDINAL.match(stripped)
    if counted:
        is_item, ordinal, stripped = True, int(counted[1]), stripped[counted.end() :]
    box = _BOX.match(stripped)
    if box and _BOX_INSIDE.search(stripped, box.end()):
        # A row of boxes is one answer with several options: none of them speaks for the line.
        is_item = True
    elif box:
        is_item, ticked = True, (box[1] or box[2] or box[3] or " ") in _TICKED
        stripped = stripped[box.end() :]
    elif not counted and (bullet := _BULLET.match(stripped)):
        is_item, stripped = True, stripped[bullet.end() :]
    if len(stripped) > 1 and stripped[0] == stripped[-1] == '"' and '"' not in stripped[1:-1]:
        stripped = stripped[1:-1]  # a text of YAML
    split = split_label(stripped)
    return Line(
        number=number,
        kind="item" if is_item else "text",
        text=stripped.strip(),
        label=split[0] if split else None,
        value=split[1] if split else stripped.strip(),
        depth=depth,
        ordinal=ordinal,
        ticked=ticked,
        block=block,
        fenced=True,
        language=language,
    )
