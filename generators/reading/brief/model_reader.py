"""Open fields of a brief, filled by a language model that may only quote: `--reader llm:MODEL`.

The model is asked, by schema, for nothing but the fields that the reader left open, and for the words of the brief that
state them. A quote counts only if it stands in the text literally, white space aside, and if the readers of this
package can read a value in it; it comes with its line as a warning, so that a person can look. What the model makes up
stands nowhere and is dropped.
"""

import importlib
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from generators.errors import GeneratorError, UsageFault
from generators.reading.amounts import hours_in, level_in, price_in
from generators.reading.brief.fields import person_name, title_in
from generators.reading.brief.model import Brief
from generators.reading.text import TextFile
from generators.reading.warning import ReadingWarning

_MAX_CHARACTERS = 60_000
_SYSTEM = """\
You read the brief of a course. For each field of the schema, quote the words of the brief that state it, letter by
letter, in the language of the brief. Leave a field out where the brief does not state it. Never translate, sum up or
guess. Answer with one JSON object.
"""
_READERS: dict[str, Callable[[str], Any]] = {
    "title": title_in,
    "instructor": person_name,
    "duration_hours": hours_in,
    "level": level_in,
    "price": price_in,
}


class UnknownReader(UsageFault):
    pass


class ModelSilent(GeneratorError):
    pass


def model_of(name: str) -> Any:
    """The model of a `--reader` option.

    Raises:
        UnknownReader: no such reader or model, or the optional package is not installed.
    """
    kind, _, model = name.partition(":")
    if kind != "llm" or not model:
        raise UnknownReader(f"there is no reader “{name}”; use “llm:MODEL”, or leave the option out")
    try:
        package: Any = importlib.import_module("llm")
    except ImportError as exc:
        raise UnknownReader("--reader llm:… needs the optional package; pip install 'creatoros-outbox[llm]'") from exc
    try:
        return package.get_model(model)
    except Exception as exc:  # the package's own error class is not known when it is missing
        raise UnknownReader(f"llm knows no model “{model}”; “llm models” lists those it knows") from exc


def fill_open_fields(brief: Brief, file: TextFile, model: Any) -> Brief:
    """The brief with what the model quotes for its open fields; the brief itself where it quotes nothing.

    Raises:
        ModelSilent: the model did not answer.
    """
    wanted = [name for name in _READERS if getattr(brief, name) is None]
    wanted += ["objectives"] if not brief.objectives else []
    if not wanted:
        return brief
    try:
        schema = _schema(wanted)
        if getattr(model, "supports_schema", True):
            reply = model.prompt(file.text[:_MAX_CHARACTERS], system=_SYSTEM, schema=schema)
        else:
            reply = model.prompt(file.text[:_MAX_CHARACTERS], system=f"{_SYSTEM}\nSchema: {json.dumps(schema)}")
        answer = reply.text()
    except Exception as exc:  # whatever a model's plugin raises, the brief was read without it
        raise ModelSilent(
            f"the model did not answer ({type(exc).__name__}); read the brief without --reader, or try again"
        ) from exc
    return _with_quotes(brief, file, _mapping(answer), wanted)


def _schema(wanted: list[str]) -> dict[str, Any]:
    kinds = {name: {"type": "string"} for name in _READERS} | {
        "objectives": {"type": "array", "items": {"type": "string"}}
    }
    return {"type": "object", "properties": {name: kinds[name] for name in wanted}, "additionalProperties": False}


def _mapping(answer: str) -> dict[str, Any]:
    try:
        value = json.loads(answer)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _with_quotes(brief: Brief, file: TextFile, answer: dict[str, Any], wanted: list[str]) -> Brief:
    values: dict[str, Any] = {}
    notes = []
    for name in wanted:
        given = answer.get(name)
        quotes = given if isinstance(given, list) else [given]
        found = [(quote, line) for quote in quotes if isinstance(quote, str) and (line := _line_of(quote, file.text))]
        if name == "objectives":
            value: Any = tuple(" ".join(quote.split()) for quote, _ in found)
        else:
            value = _READERS[name](found[0][0]) if found else None
        if not value and value != 0:
            continue
        values |= {"price": value.amount, "currency": value.currency} if name == "price" else {name: value}
        notes.append(
            ReadingWarning(
                line=found[0][1], message=f"{name}: quoted by the model; look whether it is meant", code="model"
            )
        )
    return replace(brief, **values, warnings=(*brief.warnings, *notes)) if values else brief


def _line_of(quote: str, text: str) -> int | None:
    """The line on which a quote begins, white space aside; None where it stands nowhere in the text."""
    words = quote.split()
    if not words:
        return None
    start = 0
    while (start := text.find(words[0], start)) != -1:
        if " ".join(text[start : start + 2 * len(quote) + len(words)].split()).startswith(" ".join(words)):
            return text.count("\n", 0, start) + 1
        start += 1
    return None
