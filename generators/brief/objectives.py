"""The learning objectives of the course: the list that its author meant, not the lists around it."""

import re
from collections.abc import Iterator

from generators.brief.answers import answered, outermost
from generators.brief.placeholder import stated
from generators.brief.zones import Zone
from generators.markdown import Document, Entry, Line
from generators.markdown.label import label_key

_HEADING = re.compile(
    r"objetivos?(?: gerais| especificos| principais)?(?: de)?(?: aprendizagem| aprendizado| curso"
    r"| do curso| de ensino)*$"
    r"|objetivos\b.*|learning (?:objectives|outcomes|goals)|(?:course )?objectives|resultados de aprendizagem"
    r"|o que (?:voce|o aluno|os alunos|o participante|os participantes|se) (?:vai|vao|ira|irao)"
    r" (?:aprender|dominar|saber|conseguir|levar|ser capaz).*|what (?:you|students|they)(?: wi)?ll (?:learn|be able).*"
    r"|(?:aprendizagens|resultados|aprendizados) esperad[oa]s|competencias a desenvolver"
)
_SENTENCE = re.compile(r"(?:capaz(?:es)? de|sera capaz|will be able to|vai ser capaz|saberao?|voce vai conseguir)\W*$")
_NOT_THE_COURSE = re.compile(
    r"\bmodulos?\b(?!.*aprendiz)|\baula\b|declarado|\breal\b|negocio|marketing|comercia|lesson"
)
_ASIDE = re.compile(
    r"instruc|instruct|referenc|taxonom|exemplo|example|distribu|dicas?\b|tips|nota\b|obs|status|bloom s|competenc"
    r"|exercicio|metric|progress"
)
_COLUMN = re.compile(r"^(?:objetivos?|objectives?|resultado|ao final|learning)")
_MAX_OBJECTIVES = 60


def read_objectives(document: Document, zones: tuple[Zone, ...], inside: frozenset[int]) -> tuple[str, ...]:
    """Find the objectives; () if the brief states none for the course as a whole."""
    candidates = [
        entry
        for entry in document.entries
        if entry.index not in inside and zones[entry.index] not in {Zone.ASIDE, Zone.OUTLINE} and _is_about(entry)
    ]
    # A heading or sentence that introduces the list itself is closer to it than the chapter around it.
    candidates.sort(key=lambda entry: (entry.line.kind == "heading", "especific" not in entry.key))
    for entry in candidates:
        found = _objectives_of(entry)
        if found:
            return found[:_MAX_OBJECTIVES]
    return ()


def _is_about(entry: Entry) -> bool:
    key = entry.key
    if entry.value and not entry.body:
        return False
    if _ASIDE.search(key):
        return False
    if _SENTENCE.search(key):
        return True
    return _HEADING.match(key) is not None and not _NOT_THE_COURSE.search(key)


def _objectives_of(entry: Entry) -> tuple[str, ...]:
    groups = _lists(entry)
    if not groups:
        # A form's fence may hold one objective a line, without bullets.
        block = next((line.block for line in entry.body if line.fenced), None)
        fence = [line for line in entry.body if line.fenced and line.block == block]
        if any(line.kind == "item" for line in fence):
            return ()
        lines = [line for line in answered(fence) if line.label is None]
        return tuple(text for text in (stated(line.text) for line in lines) if text)
    first_label, first = groups[0]
    items = list(first)
    for label, group in groups[1:]:
        # Grouped objectives have a label on every group ("Compreender", "Aplicar"); a list that comes after an
        # unlabelled one is about something else, unless it continues it.
        if first_label is None and label is not None and not label.startswith("objetiv"):
            break
        items += group
    return tuple(text for text in (_text(line) for line in items) if text)


def _lists(entry: Entry) -> list[tuple[str | None, list[Line]]]:
    """The lists below a label, each with the label that stands over it (None if that is the entry's own)."""
    groups: list[tuple[str | None, list[Line]]] = []
    block: int | None = None
    for label, line in _labelled_lines(entry):
        if line.kind not in {"item", "row"} or (line.kind == "row" and _objective_cell(line) is None):
            if line.kind == "text" and line.fenced and line.label and not line.value:
                block = None
            continue
        if block != line.block or not groups:
            groups.append((label, []))
            block = line.block
        groups[-1][1].append(line)
    kept = ((label, outermost([line for line in answered(lines) if line.kind != "text"])) for label, lines in groups)
    return [(label, lines) for label, lines in kept if lines]


def _labelled_lines(entry: Entry) -> Iterator[tuple[str | None, Line]]:
    """The lines up to the first rule with the label over them; what an aside ("Instruções") covers is left out."""
    label: str | None = None
    aside_depth = 0
    for line in entry.body:
        if line.kind == "rule":
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
            label = None if _SENTENCE.search(label) else label
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
    if line.kind == "row":
        return _objective_cell(line)
    return stated(line.text)
