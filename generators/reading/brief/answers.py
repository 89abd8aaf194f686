"""The answers below a label: the form's prompts, samples and unticked options taken out."""

import re
from collections.abc import Iterable, Iterator

from generators.reading.markdown import Entry, Line
from generators.reading.placeholder import is_example, stated

_QUOTED = re.compile(r"[\"“«]([^\"“”«»]{2,300})[\"”»]")


def answered(lines: Iterable[Line]) -> Iterator[Line]:
    """Lines that hold an answer.

    A sample answer ("Exemplo: …") covers the lines up to the next blank one; in a fence its list is part of it.
    """
    in_example = False
    for line in lines:
        if line.kind in {"blank", "heading", "rule"}:
            in_example = False
            continue
        if is_example(line.text):
            in_example = line.fenced
            continue
        # A numbered form under a sample begins again at "1."; its answers are not part of the sample.
        if in_example and line.ordinal != 1:
            continue
        in_example = False
        if line.ticked is False or stated(line.text) is None:
            continue
        yield line


def first_answer(entry: Entry) -> str | None:
    """The value beside the label, or else the first answer below it."""
    if entry.value:
        return None if is_example(entry.value) else stated(entry.value)
    for line in answered(entry.body):
        return stated(line.text)
    return None


def whole_answer(entry: Entry) -> str | None:
    """The value beside the label, or else all answers below it as one text."""
    if entry.value:
        return first_answer(entry)
    lines = [line for line in answered(entry.body) if not (line.label and not line.value)]
    texts = [stated(line.text) for line in lines]
    separator = "; " if any(line.kind == "item" for line in lines) else " "
    return stated(separator.join(text for text in texts if text))


def list_answers(entry: Entry) -> tuple[str, ...]:
    """The items below the label, outermost ones only; or the value beside it, split at commas or semicolons."""
    items = [line for line in answered(entry.body) if line.kind in {"item", "row"}]
    if items:
        return tuple(text for text in (stated(line.text) for line in outermost(items)) if text)
    if entry.value:
        value = first_answer(entry)
        if value is None:
            return ()
        quoted = _QUOTED.findall(entry.value)
        if len(quoted) > 1:
            return tuple(text for text in map(stated, quoted) if text)
        separator = ";" if ";" in value else ","
        return tuple(text for text in (stated(part) for part in value.split(separator)) if text)
    return _paragraphs(answered(entry.body))


def _paragraphs(lines: Iterable[Line]) -> tuple[str, ...]:
    """Answers written as prose: the lines under an inner label ("História 1:") are one answer."""
    found: list[str] = []
    labelled = False
    for line in lines:
        text = stated(line.text) or ""
        if line.label and not line.value:
            labelled = True
            found.append("")
        elif labelled:
            found[-1] = f"{found[-1]} {text}".strip()
        else:
            found.append(text)
    return tuple(text for text in found if text)


def outermost(items: list[Line]) -> list[Line]:
    """Of the items of one or more lists, those that are not nested in another."""
    least: dict[int, int] = {}
    for line in items:
        least[line.block] = min(line.depth, least.get(line.block, line.depth))
    return [line for line in items if line.depth <= least[line.block] + (1 if line.fenced else 0)]
