"""Chats, mails and transcripts as the text that their author wrote, line for line.

Every line keeps its number: what was the program's (the time and name before a chat message, the headers of a mail, a
quoted answer, a signature) becomes blank. Lines that stand alone as the name of a section become headings.
"""

import csv
import re
import unicodedata
from functools import lru_cache

from generators.languages import fold, vocabulary
from generators.reading.amounts import minutes_in
from generators.reading.brief.corrections import corrected, without_dropped
from generators.reading.brief.listing import as_markdown
from generators.reading.brief.prose import NAME
from generators.reading.brief.turns import asked_field, conversation, counted_field, value_of
from generators.reading.markdown.label import label_key

_NUMBERED_CAPITALS = re.compile(r"^(?:\d{1,2}|[IVX]{1,4})(?:\s*[.)–-]+)+\s*([^\Wa-zà-ý][^a-zà-ý]{2,59})$")
_RECORDED = re.compile(r"^\s*\[\d{1,2}:\d{2}(?::\d{2})?\]\s*(?![^\n:]{1,25}:)")
_BOX_SIGN = re.compile("[☐☒☑]")
_ROMAN = re.compile(r"^(\s*)(?:i{1,3}|iv|vi{0,3}|ix)[.)]\s+(?=\S)")
_JOINT = re.compile(r"^\s*(?:[-*•]\s+)?([^\W\d_][^\n:=|]{1,30}?)\s*(?:=|\s[-–—]{1,2}\s)\s*(\S[^\n|]*?)\s*$")
_WEAK = frozenset({"column", "number", "module_title"})
_COLON = re.compile(r"^\s*(?:[-*•]\s+|\d{1,2}[.)]\s+)?([^\W_][^\n:|]{3,40}?)\s*:\s*(\S[^\n|]*)$")
_SHORTCODE = re.compile(r"(?<![\w:]):[a-z][a-z0-9_+-]{1,30}:(?![\w:])")  # :wave: of a chat
_LEADER = re.compile(r"^(\s*[^\s.:_][^.:_\n]{0,80}?)\s*(?:\.{4,}|…{2,}|_{4,})\s*(?=[^\s.…_])(?!\w{1,8}\s*$)")
_NAMED_LEADER = re.compile(r"^\s*([^\W\d_][^.:_\n]{0,60}?)\s*(?:\.{4,}|…{2,})\s*([^\s.…_].*)$")
_SHEET_ROW = re.compile(r"^([^\W\d_][^,;:|\t]{1,40})[,;\t](\S.*)$")
_QUOTES = '"'
_FEWEST_ROWS = 3
_QUOTE = re.compile(r"^\s*>")
_HEADING = re.compile(r"^(?:#{1,6}\s|[-*+|>=`~]|\d{1,2}[.)]\s|\s{4})")
_ITEM = re.compile(r"^(?:[-*+•▸▪►◦‣●○✅✔☐☑☒–—➤➜→]|\[|\d{1,2}[.)]\s|[a-z]\))")
_MAX_HEADING = 60
_MAX_HEADING_WORDS = 8
_MAX_PLAIN_WORDS = 4
_MIN_HEADERS = 2


@lru_cache(maxsize=1)
def _patterns() -> tuple[re.Pattern[str], ...]:
    words = vocabulary()
    headers = words.pattern("chat", "headers")
    return (
        re.compile(rf"^(?:{headers})\s*:", re.IGNORECASE),
        re.compile("|".join([*words.all("chat", "quoted"), *words.all("chat", "forwarded")])),
        re.compile(rf"^\W*(?:{words.pattern('chat', 'media')})\b"),
        re.compile(rf"^\s*(\S[^\n:?]{{0,60}}?)\s+(?:{'|'.join(words.all('asks', 'is'))})\s+([^\n:?.]{{3,40}})\.?\s*$"),
        re.compile("|".join(words.all("chat", "forwarded"))),
    )


def plain_text(body: str) -> str:
    """The body of a brief without what a mail or chat program put around it."""
    lines = [_with_plain_marks(line) for line in body.split("\n")]
    lines = as_markdown(_sheet_table(lines))
    lines = _labelled(without_dropped(corrected(conversation(lines, _author(lines)))))
    lines = _sheet_table(_sheet_rows(lines))
    lines = [_without_leader(_SHORTCODE.sub("", line)) for line in _without_mail(lines)]
    return "\n".join(_indented_lists(_sections(lines)))


def _with_plain_marks(line: str) -> str:
    """A line without a recording's times, and with boxes and Roman items as Markdown has them."""
    line = _RECORDED.sub("", line)
    if len(_BOX_SIGN.findall(line)) > 1:
        line = line.replace("☐", "[ ]").replace("☒", "[x]").replace("☑", "[x]")
    return _ROMAN.sub(r"\1- ", line)


def _author(lines: list[str]) -> str | None:
    """Who sent a mail, by its first header."""
    header = _patterns()[0]
    for line in lines[:4]:
        if header.match(fold(line)) and (name := NAME.match(line.partition(":")[2].strip())):
            return name[0]
    return None


def _labelled(lines: list[str]) -> list[str]:
    """Write `title - Kites`, `lessons = 9` and `9 is the number of lessons` as a label and its value."""
    return [_as_label(line) or line for line in lines]


def _as_label(line: str) -> str | None:
    copula = _patterns()[3]
    if joint := _JOINT.match(line):
        label, value = joint[1], joint[2]
    elif turned := copula.match(line):
        label, value = turned[2], turned[1]
    elif (counted := _COLON.match(line)) and not vocabulary().fields(label_key(counted[1])) - _WEAK:
        # "Nº de unidades: 2" counts by a word that is the outline's.
        label, value = counted[1], counted[2]
        return f"{field}: {answer}" if (field := counted_field(label)) and (answer := value_of(field, value)) else None
    else:
        return None
    field = asked_field(label)
    if field is None or field not in vocabulary().fields(label_key(label)):
        return None
    answer = value_of(field, value, label)
    return f"{field}: {answer}" if answer is not None else None


def _sheet_rows(lines: list[str]) -> list[str]:
    """The rows of a sheet, `Duration,3 hours`, as labels and values: where most lines are such rows."""
    rows = [_SHEET_ROW.match(line) for line in lines]
    known = [row for row in rows if row and vocabulary().fields(label_key(row[1])) - {"column"}]
    if len(known) < _FEWEST_ROWS or len(known) * 2 < sum(bool(line.strip()) for line in lines):
        return lines
    return [
        f"{row[1]}: {row[2].strip(_QUOTES)}" if row and row in known else line
        for row, line in zip(rows, lines, strict=True)
    ]


def _cells(row: str, mark: str) -> list[str]:
    try:
        return next(csv.reader([row], delimiter=mark), [])
    except csv.Error:  # a line end inside the row, or a cell without end
        return []


def _sheet_table(lines: list[str]) -> list[str]:
    """A plan that a sheet was saved as, `No;Module;Lesson` over its rows, as a table of Markdown.

    The rule below its head takes the place of a blank line beside the table, so that other lines keep their numbers.
    """
    for first, line in enumerate(lines):
        mark = next((mark for mark in ";\t," if line.count(mark) > 1), None)
        if mark is None or line.lstrip().startswith(("|", "-", "#")):
            continue
        cells = [label_key(cell) for cell in _cells(line, mark)]
        columns = sum(
            bool(vocabulary().fields(cell) or vocabulary().kind_of(cell.split(" ")[0]) or minutes_in(f"1 {cell}"))
            for cell in cells
        )
        end = first + 1
        while end < len(lines) and len(_cells(lines[end], mark)) == len(cells):
            end += 1
        # A comma parts a sentence too: all of the row are names of columns then.
        if columns * 2 <= len(cells) or (mark == "," and columns < len(cells)) or end - first < _FEWEST_ROWS:
            continue
        rows = [f"| {' | '.join(cell.strip() for cell in _cells(row, mark))} |" for row in lines[first:end]]
        table = [rows[0], "|---" * len(cells) + "|", *rows[1:]]
        before, after = lines[:first], lines[end:]
        if before and not before[-1].strip():
            before = before[:-1] if len(before) > 1 and not before[-2].strip() else before
        if len(before) == first and after and not after[0].strip():
            table, after = [*table, ""], after[1:]
        return [*before, *table, *after]
    return lines


def _without_leader(line: str) -> str:
    """`Duration ...... 14 hours` as label and value, `Sun paths ...... 20 min` as text and length."""
    named = _NAMED_LEADER.match(line)
    if named and vocabulary().fields(label_key(named[1])) - {"column", "module_title"}:
        return f"{named[1]}: {named[2]}"
    found = _LEADER.match(line)
    if found is None:
        return line
    joint = ": " if vocabulary().fields(label_key(found[1])) - {"column"} else " - "
    return found[1] + joint + line[found.end() :]


def _without_mail(lines: list[str]) -> list[str]:
    _, quoted, media, _, forwarded = _patterns()
    kept = list(lines)
    first = next((place for place, line in enumerate(kept) if line.strip()), 0)
    end = _past_headers(kept, first)
    is_mail = end - first >= _MIN_HEADERS
    if is_mail:
        kept[first:end] = [""] * (end - first)
    for place, line in enumerate(kept):
        folded = fold(line).strip()
        if forwarded.search(folded) and not any(vocabulary().numbered(above) for above in kept[:place]):
            # What is forwarded is meant where only a note stands above it.
            inner = _past_headers(kept, place + 1)
            kept[place:inner] = [""] * (inner - place)
            is_mail = True
        elif is_mail and quoted.search(folded) and _is_answered_inside(kept[place + 1 :]):
            kept[place] = ""
        elif is_mail and (quoted.search(folded) or line.rstrip() in {"--", "-- "}):
            return kept[:place] + [""] * (len(kept) - place)
        if media.match(folded) or (is_mail and _QUOTE.match(line)):
            kept[place] = ""
    return kept


def _past_headers(lines: list[str], place: int) -> int:
    while place < len(lines) and _patterns()[0].match(fold(lines[place])):
        place += 1
    return place


def _is_answered_inside(lines: list[str]) -> bool:
    """Whether answers stand among what a mail quotes, rather than above it."""
    return any(line.strip() and not _QUOTE.match(line) for line in lines) and not any(
        _patterns()[0].match(fold(line)) for line in lines[:_MIN_HEADERS]
    )


def _sections(lines: list[str]) -> list[str]:
    """Make headings of lines that name a section: with an emoji before them, in capitals, or a known name alone."""
    kept = list(lines)
    fenced = False
    first = next((place for place, line in enumerate(lines) if line.strip()), 0)
    form = re.compile("|".join(vocabulary().all("form_titles")))
    for place, line in enumerate(lines):
        if line.lstrip().startswith(("```", "~~~")):
            fenced = not fenced
        text = line.strip()
        following = lines[place + 1].strip() if place + 1 < len(lines) else ""
        if (
            not fenced
            and (numbered := _NUMBERED_CAPITALS.match(text))
            and _names_section(numbered[1], blank_before=True)
        ):
            kept[place] = f"## {numbered[1]}"
            continue
        if fenced or not text or len(text) > _MAX_HEADING or _HEADING.match(line) or following[:3] in {"---", "==="}:
            continue
        if place == first and text.isupper() and form.fullmatch(label_key(text)):
            kept[place] = f"# {text}"  # "PLANO DE ENSINO" heads the whole
        elif _names_section(text, blank_before=place == 0 or not lines[place - 1].strip()):
            kept[place] = f"## {text}"
    return kept


def _names_section(text: str, *, blank_before: bool) -> bool:
    if text[-1] in ".,;!…" or (":" in text and not text.endswith(":")) or len(text.split()) > _MAX_HEADING_WORDS:
        return False
    if "|" in text or "**" in text or text.startswith(("✅", "✔", "☐", "☑", "•")):
        return False
    decorated = unicodedata.category(text[0]) == "So"
    letters = [char for char in text if char.isalpha()]
    capitals = len(letters) > 3 and all(char.isupper() for char in letters)  # noqa: PLR2004 - "CH" is an abbreviation
    if text.endswith(":") and not (decorated or capitals):
        return False  # a label is an entry as it stands
    if vocabulary().numbered(text) or _is_form(text):
        return False
    key = label_key(text)
    words = vocabulary()
    known = bool(words.fields(key) - {"column", "module_title", "number", "clock"})
    if decorated or capitals:
        return known or words.names_section(key)
    return (
        blank_before
        and not text[0].islower()
        and (known or words.zone(key) in {"outline", "objectives"})
        and len(key.split()) <= _MAX_PLAIN_WORDS
    )


def _is_form(text: str) -> bool:
    """Whether a line in capitals is the name of the form itself, which opens no section."""
    key = label_key(text)
    return text.isupper() and key.startswith(("plano de", "plan de", "course plan", "ficha", "formulario"))


def _indented_lists(lines: list[str]) -> list[str]:
    """Make items of lines that are indented below a module or another such line in plain text."""
    kept = list(lines)
    below = False
    for place, line in enumerate(lines):
        indent = len(line) - len(line.lstrip())
        text = line.strip()
        if not text:
            continue
        if indent and below and not line.startswith("\t\t") and not _ITEM.match(text) and text[0] not in "|`#>":
            kept[place] = "- " + text
        elif not indent:
            below = vocabulary().numbered(text) is not None and not _ITEM.match(text)
    return kept
