"""Outlines that no Markdown is in, as Markdown has them: org-mode, indented lines, letters, a player's times.

Every line keeps its number.
"""

import itertools
import re

from generators.languages import fold, vocabulary
from generators.reading.amounts import FEWEST_CLOCK_MINUTES
from generators.reading.markdown.label import label_key

_MAX_WORDS = 12
_FEWEST_PARTS = 2
_COLUMNS = frozenset({"column", "number", "module_title", "clock"})
_ORG_HEADING = re.compile(r"^(\*{1,5})\s+(?:(?:TODO|DONE|NEXT|WAITING)\s+)?(?:\[#\w\]\s+)?(\S.*?)(?:\s+:[\w:@]+:)?\s*$")
_ORG_KEYWORD = re.compile(r"^#\+(\w+):\s*(.*)$")
_ORG_PROPERTY = re.compile(r"^\s*:(\w+):\s*(.*)$")
_ENUMERATOR = re.compile(r"^(?:[IVX]{1,5}|[A-Z]|\d{1,2})\s*[.)]\s+(?=\S)")
_LETTER = re.compile(r"^(?:[IVX]{1,5}|[A-Z])\s*[.)]\s+\S")
_INNER = re.compile(r"^(?:[-*•–]\s+|(?:[a-zA-Z]|[ivx]{1,4}|\d{1,2}(?:\.\d{1,2})?)\s*[.)]\s+)(?=\S)")
_TIME = r"(?<![\d:.,h–-])(?<![–-] )(\d{1,2}):(\d{2})(?=\s*(?:[|)\];\t]|$))"
_TIMES = re.compile(_TIME)
_BREAK = re.compile(r"\s*<br\s*/?>\s*(?:[-•]\s*)?", re.IGNORECASE)
_MARKUP = re.compile(r"^\s*(?:#{1,6}\s|[|>`~<]|---|===)")


def as_markdown(lines: list[str]) -> list[str]:
    """The lines with what they list as headings and lists."""
    return _two_levels(_org(_player_times(_broken_cells(lines))))


def _broken_cells(lines: list[str]) -> list[str]:
    """Lines within the cells of a table that lists topics as the parts of a list that stands in one line."""
    made = list(lines)
    is_listing = False
    for place, line in enumerate(lines):
        if not line.lstrip().startswith("|"):
            is_listing = False
        elif place == 0 or not lines[place - 1].lstrip().startswith("|"):
            words = [label_key(cell).split(" ")[0] for cell in line.split("|")]
            is_listing = any(vocabulary().kind_of(word) in {"lesson", "topic", "meeting"} for word in words if word)
        elif is_listing:
            made[place] = _BREAK.sub("; ", line)
    return made


def _player_times(lines: list[str]) -> list[str]:
    """Lengths as a player shows them, `4:12` beside `12:30`, as hours, minutes and seconds.

    Alone, `1:30` is an hour and a half; where others would be too many hours for a lesson, all are minutes.
    """
    times = [int(found[1]) for line in lines for found in _TIMES.finditer(line)]
    if not times or min(times) >= FEWEST_CLOCK_MINUTES or max(times) < FEWEST_CLOCK_MINUTES:
        return lines
    return [_TIMES.sub(lambda found: f"0:{int(found[1]):02}:{found[2]}", line) for line in lines]


def _org(lines: list[str]) -> list[str]:
    """Headings of org-mode as those of Markdown; what it keeps about them as labels."""
    starred = [found for line in lines if (found := _ORG_HEADING.match(line))]
    keywords = [found for line in lines if (found := _ORG_KEYWORD.match(line))]
    if len(starred) < _FEWEST_PARTS or not (keywords or any(len(found[1]) > 1 for found in starred)):
        return lines
    made = []
    for line in lines:
        if heading := _ORG_HEADING.match(line):
            made.append(f"#{'#' * len(heading[1])} {heading[2]}")
        elif keyword := _ORG_KEYWORD.match(line):
            made.append(f"# {keyword[2]}" if keyword[1].upper() == "TITLE" else "")
        elif kept := _ORG_PROPERTY.match(line):
            known = kept[2] and vocabulary().fields(label_key(kept[1]))
            made.append(f"{kept[1].capitalize()}: {kept[2]}" if known else "")
        else:
            made.append(line)
    return made


def _two_levels(lines: list[str]) -> list[str]:
    """Lines over lines that are indented, `II. Water` or plain `Water` over `  Wells`, as modules and their lessons.

    Only where nothing else in the text says what a module is, and every part is that short.
    """
    words = vocabulary()
    if any(_MARKUP.match(line) or words.numbered(line.strip()) for line in lines):
        return lines
    heads = [
        place
        for place, (line, below) in enumerate(itertools.pairwise(lines))
        if line[:1].strip() and below[:1].isspace() and below.strip()
    ]
    # A list of errands has the same shape: unless letters count its parts, the text says that it is a course's.
    lettered = all(_LETTER.match(lines[head]) for head in heads)
    around = " ".join(fold(line) for line in lines if line[:1].strip())
    if not lettered and not re.search(rf"\b(?:{'|'.join(words.all('title_kinds'))})\b", around):
        return lines
    # One part may be called as a field is.
    if len(heads) < _FEWEST_PARTS or sum(not _is_part(lines[head]) for head in heads) * 3 > len(heads):
        return lines
    ends = {head: _end(lines, head) for head in heads}
    if any(end is None for end in ends.values()) or heads != [
        place for place in range(heads[0], heads[-1] + 1) if lines[place][:1].strip()
    ]:
        return lines
    made = list(lines)
    word = min(words.part_words("module"))
    for number, head in enumerate(heads, 1):
        made[head] = f"{word} {number}: {_ENUMERATOR.sub('', lines[head].strip()).rstrip(':')}"
        for place in range(head + 1, ends[head] or head):
            made[place] = f"- {_INNER.sub('', lines[place].strip())}" if lines[place].strip() else ""
    return made


def _is_part(line: str) -> bool:
    """Whether a line may name a part: short, no sentence, and no field of the form."""
    text = _ENUMERATOR.sub("", line.strip()).rstrip(":")
    key = label_key(text)
    is_lettered = text != line.strip().rstrip(":") and not line[:1].isdigit()
    is_known = not is_lettered and (
        vocabulary().fields(key) - _COLUMNS or vocabulary().zone(key) not in {None, "outline"}
    )
    return not is_known and ":" not in text and len(text.split()) <= _MAX_WORDS and text[-1:] not in ".!?,;"


def _end(lines: list[str], head: int) -> int | None:
    """Where the lines that are indented below a head end; None where they are more than a list of titles."""
    place = head + 1
    indent = len(lines[place]) - len(lines[place].lstrip())
    while place < len(lines) and (not lines[place].strip() or lines[place][:1].isspace()):
        text = lines[place].strip()
        if text and (
            len(lines[place]) - len(lines[place].lstrip()) != indent
            or len(text.split()) > _MAX_WORDS
            or text[-1] in ".!?,;"
            or vocabulary().fields(fold(text).partition(":")[0]) - _COLUMNS
        ):
            return None
        place += 1
    return place
