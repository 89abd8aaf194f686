"""The ideal customer profile: who the course is for, what hurts, and what changes."""

import re
from itertools import chain

from generators.languages import vocabulary
from generators.reading.amounts import Level, level_in
from generators.reading.brief.answers import answered, first_answer, list_answers, outermost, whole_answer
from generators.reading.brief.fields import Fields
from generators.reading.brief.model import Audience, Pain
from generators.reading.brief.zones import Zone
from generators.reading.markdown import Entry, Line
from generators.reading.markdown.label import label_key
from generators.reading.placeholder import stated

_ARROW = re.compile(r"\s+(?:→|->|=>|⇒)\s+")
_DASH = re.compile(r"\s+(?:→|->|=>|⇒|–|—)\s+")
_MAX_ITEMS = 40
_MAX_VALUE_CHARACTERS = 1_000


def read_audience(fields: Fields) -> Audience:
    """Read who the course is for."""
    stated_levels: list[tuple[Level, Entry]] = fields.all_of("technical_level", None, _technical_level)
    return Audience(
        description=_description(fields),
        technical_level=stated_levels[0][0] if stated_levels else None,
        demographics=_labelled(fields, "demographics"),
        psychographics=_labelled(fields, "psychographics"),
    )


def read_pains(fields: Fields) -> tuple[Pain, ...]:
    """Read the pains, each with its consequence where the brief gives one."""
    in_tables = _table_pains(fields)
    if in_tables:
        return in_tables
    entries = [*fields.entries("pains", {Zone.AUDIENCE, Zone.COURSE})]
    # The field of the form is closer to its list than the chapter around it.
    entries.sort(key=lambda entry: entry.line.kind == "heading")
    for entry in entries:
        items = outermost([line for line in answered(entry.body) if line.kind == "item"])
        if items:
            pains = (_pain(line.text) for line in items[:_MAX_ITEMS])
            return tuple(pain for pain in pains if pain)
    depths = fields.all_of("one_pain", {Zone.AUDIENCE, Zone.COURSE}, whole_answer)
    return tuple(Pain(text=value) for value, entry in depths if entry.line.kind != "heading")


def read_transformation(fields: Fields) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Read the states before and after the course."""
    before, after = _state(fields, "before"), _state(fields, "after")
    if before or after:
        return before, after
    rows = [line for line in fields.document.lines if line.kind == "row" and len(line.cells) > 1]
    pairs = [
        line.cells
        for line in rows
        if len(line.header) > 1
        and all(
            meaning in vocabulary().fields(label_key(cell))
            for meaning, cell in zip(("before", "after"), line.header, strict=False)
        )
    ]
    return (
        tuple(text for text in (stated(pair[0]) for pair in pairs) if text),
        tuple(text for text in (stated(pair[1]) for pair in pairs) if text),
    )


def read_prerequisites(fields: Fields) -> tuple[str, ...]:
    """Read what one has to know beforehand; options of a form ("nenhum", "básico") are no prerequisite."""
    entries = list(fields.entries("prerequisites", {Zone.PREREQUISITES, Zone.COURSE, Zone.PEDAGOGY, Zone.ASIDE}))
    entries.sort(key=lambda entry: entry.line.kind == "heading")
    for entry in entries:
        items = [line for line in answered(entry.body) if line.kind == "item" and line.ticked is None]
        if items:
            texts = (stated(line.text) for line in outermost(items))
            return tuple(text for text in texts if text)[:_MAX_ITEMS]
        if entry.value and (answers := list_answers(entry)):
            return answers[:_MAX_ITEMS]
    return ()


def _description(fields: Fields) -> str | None:
    for value, entry in fields.all_of("audience", None, _prose):
        if entry.line.kind != "heading":
            return value[:_MAX_VALUE_CHARACTERS]
    return None


def _technical_level(entry: Entry) -> Level | None:
    return level_in(first_answer(entry) or "")


def _prose(entry: Entry) -> str | None:
    return whole_answer(entry)


def _labelled(fields: Fields, label: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for entry in fields.entries(label, {Zone.AUDIENCE}):
        if entry.line.kind == "heading" or entry.line.label is None:
            continue
        value = whole_answer(entry) if not entry.value else first_answer(entry)
        if value and entry.line.label not in found and len(found) < _MAX_ITEMS:
            found[entry.line.label] = value[:_MAX_VALUE_CHARACTERS]
    return found


def _table_pains(fields: Fields) -> tuple[Pain, ...]:
    found: list[Pain] = []
    block = None
    for line in fields.document.lines:
        if line.kind != "row" or (block is not None and line.block != block):
            continue
        keys = [label_key(cell) for cell in line.header]
        text = _column(line, keys, "pains", "one_pain")
        if text and len(keys) > 1 and not any("before" in vocabulary().fields(key) for key in keys):
            block = line.block
            found.append(Pain(text=text, consequence=_column(line, keys, "pain_cost")))
    return tuple(found[:_MAX_ITEMS])


def _column(line: Line, keys: list[str], *wanted: str) -> str | None:
    for column, key in enumerate(keys):
        if vocabulary().fields(key).intersection(wanted) and column < len(line.cells):
            return stated(line.cells[column])
    return None


def _pain(text: str) -> Pain | None:
    parts = _ARROW.split(text, maxsplit=1)
    if len(parts) == 1:
        parts = _DASH.split(text, maxsplit=1)
    pain = stated(parts[0])
    return Pain(text=pain, consequence=stated(parts[1]) if len(parts) > 1 else None) if pain else None


def _state(fields: Fields, label: str) -> tuple[str, ...]:
    for entry in fields.entries(label, {Zone.AUDIENCE}):
        answers = list_answers(entry) if not entry.value else tuple(chain([first_answer(entry) or ""]))
        answers = tuple(answer for answer in answers if answer)
        if answers:
            return answers[:_MAX_ITEMS]
    return ()
