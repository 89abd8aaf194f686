"""The learning objectives of the course: the list that its author meant, not the lists around it."""

import re
from collections.abc import Iterator
from functools import lru_cache

from generators.languages import vocabulary
from generators.reading.brief.answers import answered, outermost
from generators.reading.brief.fields import Fields
from generators.reading.brief.prose import flat, listed_actions
from generators.reading.brief.zones import Zone
from generators.reading.markdown import Entry, Line
from generators.reading.markdown.label import label_key
from generators.reading.placeholder import stated

_ASIDE = re.compile(
    r"instruc|instruct|referenc|taxonom|exemplo|example|ejemplo|distribu|dicas?\b|tips|nota\b|obs|status|bloom s"
    r"|exercicio|exercise|metric|progress"
)
_NOT_THE_COURSE = re.compile(
    r"\bmodulos?\b(?!.*aprendiz)|\baula\b|declarado|\breal\b|negocio|marketing|comercia|lesson"
)
_COLUMN = re.compile(r"^(?:objetivos?|objectives?|resultado|ao final|learning)")
_MARK = re.compile(r"^(?:[✅✔☑☐☒✓•▸➤→🔹🔸⭐🎯👉]\ufe0f?\s*)+|^[a-h]\)\s+|^\d{1,2}\.\d{1,2}\.?\s+")
_CLOSED_ZONES = frozenset({Zone.ASIDE, Zone.OUTLINE})
_MAX_OBJECTIVES = 60
_MAX_PLAIN_WORDS = 16
_MAX_ROW_WORDS = 3


@lru_cache(maxsize=1)
def _lead() -> re.Pattern[str]:
    # "debe", "deve": what follows the lead before the colon is its own verb.
    return re.compile(rf"(?<!\w)(?:{'|'.join(vocabulary().all('prose', 'objectives'))})(?:\W+\w+){{0,2}}\W*$")


def read_objectives(fields: Fields) -> tuple[str, ...]:
    """Find the objectives; () if the brief states none for the course as a whole."""
    candidates = [
        entry
        for entry in fields.document.entries
        if entry.index not in fields.inside and fields.zones[entry.index] not in _CLOSED_ZONES and _is_about(entry)
    ]
    # A heading or sentence that introduces the list itself is closer to it than the chapter around it.
    candidates.sort(key=lambda entry: (entry.line.kind == "heading", "especific" not in entry.key))
    for entry in [*candidates, *_leading_lines(fields)]:
        found = _objectives_of(entry, fields)
        if found:
            return found[:_MAX_OBJECTIVES]
    told = fields.prose.objectives()
    if told:
        return tuple(told[0][:_MAX_OBJECTIVES])
    # A chapter of one sentence, or one value beside the label, is one objective.
    for entry in candidates:
        if _is_sentence_of_a_table(entry):
            continue
        texts = [line.text for line in answered(entry.body) if line.kind == "text" and not line.label]
        one = stated(entry.value or (texts[0] if len(texts) == 1 and entry.line.kind == "heading" else ""))
        if one:
            return (_without_mark(one),)
    return ()


def _is_sentence_of_a_table(entry: Entry) -> bool:
    """Whether what looks like a label is a sentence in a table about something else."""
    return entry.line.kind == "row" and len(entry.key.split()) > _MAX_ROW_WORDS


def _is_about(entry: Entry) -> bool:
    key = entry.key
    if _ASIDE.search(key):
        return False
    if _lead().search(flat(entry.line.label or entry.line.text)):
        return True
    return "objectives" in vocabulary().fields(key) and not _NOT_THE_COURSE.search(key)


def _leading_lines(fields: Fields) -> Iterator[Entry]:
    """Sentences without a colon that end in what introduces objectives: "people leave able to"."""
    lines = fields.document.lines
    for index, line in enumerate(lines):
        if (
            line.kind == "text"
            and not line.label
            and index not in fields.inside
            and _lead().search(flat(line.text[-80:]))
        ):
            yield Entry(key="", line=line, value="", body=lines[index + 1 : index + 60], path=(), index=index)


def _objectives_of(entry: Entry, fields: Fields) -> tuple[str, ...]:
    body = _until_outline(entry, fields)
    groups = _lists(entry, body)
    if not groups:
        block = next((line.block for line in body if line.fenced), None)
        if block is not None:
            # A form's fence may hold one objective a line, without bullets.
            fence = [line for line in body if line.fenced and line.block == block]
            if any(line.kind == "item" for line in fence):
                return ()
            lines = [line for line in answered(fence) if line.label is None]
            return tuple(text for text in (stated(line.text) for line in lines) if text)
        if stated(entry.value):
            return () if _is_sentence_of_a_table(entry) else listed_actions(entry.value)
        return _plain_lines(entry, body)
    first_label, first = groups[0]
    items = list(first)
    for label, group in groups[1:]:
        # Grouped objectives have a label on every group ("Compreender", "Aplicar"); a list that comes after an
        # unlabelled one is about something else, unless it continues it.
        if first_label is None and label is not None and not label.startswith("objetiv"):
            break
        items += group
    return tuple(text for text in (_text(line) for line in items) if text)


def _until_outline(entry: Entry, fields: Fields) -> list[Line]:
    """The lines of the entry before the outline begins."""
    kept = []
    for place, line in enumerate(entry.body, entry.index + 1):
        if place in fields.inside:
            break
        kept.append(line)
    return kept


def _plain_lines(entry: Entry, body: list[Line]) -> tuple[str, ...]:
    """Objectives as plain lines behind a label or sentence, each on a line of its own."""
    if entry.line.kind == "heading" and not _lead().search(flat(entry.line.text)):
        inner = [line for line in body if line.kind == "text"]
        if len(inner) < 2 or any(line.block != inner[0].block for line in inner):  # noqa: PLR2004 - one line is prose
            return ()
        body = inner
    found: list[str] = []
    block = None
    for line in body:
        if line.kind != "text" or (line.label and line.strong) or line.depth or (block not in {None, line.block}):
            break
        if len(line.text.split()) > _MAX_PLAIN_WORDS or vocabulary().fields(label_key(line.label or "")) - {
            "module_title",
            "column",
        }:
            break
        block = line.block
        text = stated(line.text)
        if text:
            found.append(_without_mark(text))
    return tuple(found) if len(found) > 1 else ()


def _lists(entry: Entry, body: list[Line]) -> list[tuple[str | None, list[Line]]]:
    """The lists below a label, each with the label that stands over it (None if that is the entry's own)."""
    groups: list[tuple[str | None, list[Line]]] = []
    block: int | None = None
    for label, line in _labelled_lines(entry, body):
        if line.kind not in {"item", "row"} or (line.kind == "row" and _objective_cell(line) is None):
            if line.kind == "text" and line.fenced and line.label and not line.value:
                block = None
            if line.kind == "text" and line.label and not line.strong and not line.fenced and not line.depth and groups:
                break
            continue
        if block != line.block or not groups:
            groups.append((label, []))
            block = line.block
        groups[-1][1].append(line)
    kept = []
    for label, lines in groups:
        answers = list(answered(lines))
        if not answers and all(line.ticked is False for line in lines):
            # A list of boxes of which none is ticked is a list to do, all of it: an option would be one of them.
            answers = [line for line in lines if stated(line.text)]
        kept.append((label, outermost([line for line in answers if line.kind != "text"])))
    return [(label, lines) for label, lines in kept if lines]


def _labelled_lines(entry: Entry, body: list[Line]) -> Iterator[tuple[str | None, Line]]:
    """The lines up to the first rule with the label over them; what an aside ("Instruções") covers is left out."""
    label: str | None = None
    aside_depth = 0
    for line in body:
        if line.kind == "rule" or (not entry.key and line.kind == "heading"):
            return
        if line.kind == "heading":
            label = label_key(line.text)
            if _ASIDE.search(label):
                aside_depth = aside_depth or line.depth
            elif line.depth <= aside_depth:
                aside_depth = 0
            continue
        if aside_depth:
            continue
        if line.kind == "text" and line.label and (_is_bold_label(line) or (line.fenced and not line.value)):
            label = label_key(line.label)
            label = None if _lead().search(flat(line.label)) else label
        if label is None or not _ASIDE.search(label):
            yield label, line


def _is_bold_label(line: Line) -> bool:
    return line.strong and not line.fenced and not line.depth


def _objective_cell(line: Line) -> str | None:
    for column, key in enumerate(line.header):
        if _COLUMN.match(label_key(key)) and column < len(line.cells):
            return stated(line.cells[column])
    return None


def _text(line: Line) -> str | None:
    text = _objective_cell(line) if line.kind == "row" else stated(line.text)
    return _without_mark(text) if text else None


def _without_mark(text: str) -> str:
    return _MARK.sub("", text).strip()
