"""Finding values in a mapping whose keys nobody agreed on: a key means what the vocabulary's labels mean."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from generators.languages import fold, vocabulary
from generators.reading.amounts import hours_in, minutes_in
from generators.reading.placeholder import scalar

_TEXT_IN_ITEM = ("objectives", "objective", "text", "texto", "description", "title", "concept")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z][a-z])")
_NUMBER = re.compile(r"^\d{1,5}(?:\.\d+)?$")
_RANGE = re.compile(r"^(\d{1,4})\s*[-–]\s*(\d{1,4})$")
_MAX_ITEMS = 500
_MAX_KEY_CHARACTERS = 200
_MAX_TEXT_DEPTH = 4
_MINUTES_PER_HOUR = 60
_OWN_WORDS = frozenset({"course", "curso", "module", "modulo", "lesson", "aula", "clase", "leccion", "unit", "unidade"})


def folded(mapping: dict[Any, Any]) -> dict[str, Any]:
    """The mapping with keys in lower case, without accents, words joined by underscores (camelCase too)."""
    return {_folded(str(key)[:_MAX_KEY_CHARACTERS]): value for key, value in mapping.items()}


@lru_cache(maxsize=4096)
def _folded(key: str) -> str:
    return re.sub(r"[\s\-]+", "_", fold(_CAMEL.sub("_", key)).strip())


@lru_cache(maxsize=4096)
def meanings(key: str) -> frozenset[str]:
    """What a folded key means: itself, and the fields that it is a label of, its own part's name aside."""
    words = key.split("_")
    own = words[1:] if len(words) > 1 and words[0] in _OWN_WORDS else words
    return frozenset({key}) | vocabulary().fields(" ".join(words)) | vocabulary().fields(" ".join(own))


def first(mapping: dict[str, Any], *wanted: str) -> Any:
    """The first value that is neither missing nor empty under a key of one of these meanings, in their order."""
    for meaning in wanted:
        for key, value in mapping.items():
            if meaning in meanings(key) and value not in (None, "", [], {}):
                return value
    return None


def lists_lessons(key: str, value: Any) -> bool:
    """Whether a key says that its list holds lessons."""
    return isinstance(value, list) and vocabulary().kind_of(key) == "lesson"


def text(mapping: dict[str, Any], *wanted: str) -> str | None:
    """The first stated scalar under a key of one of the meanings; of a mapping there, its name."""
    for meaning in wanted:
        for key, value in mapping.items():
            if meaning not in meanings(key):
                continue
            inner = first(folded(value), "title", "module_title") if isinstance(value, dict) else value
            if found := scalar(inner):
                return found
    return None


def texts(value: Any) -> tuple[str, ...]:
    """All texts in a value: a text, a list, a mapping of lists by Bloom level, a list of mappings."""
    return tuple(list(_texts(value, 0))[:_MAX_ITEMS])


def _texts(value: Any, depth: int) -> Iterator[str]:
    if depth > _MAX_TEXT_DEPTH:
        return
    if isinstance(value, list):
        for item in value[:_MAX_ITEMS]:
            if isinstance(item, dict):
                main = text(folded(item), *_TEXT_IN_ITEM)
                # An unquoted "Saber isto: aquilo" in a list is a mapping to YAML and a sentence to its author.
                pairs = (f"{key}: {part}" for key, part in item.items() if scalar(part))
                yield from [main] if main else pairs
            else:
                yield from _texts(item, depth + 1)
    elif isinstance(value, dict):
        for item in list(value.values())[:_MAX_ITEMS]:
            yield from _texts(item, depth + 1)
    elif found := scalar(value):
        yield found


@lru_cache(maxsize=4096)
def _unit(key: str) -> int | None:
    """Minutes in what a key counts: 1, 60, or 0 where its value must tell; None for a key about something else."""
    words = set(key.split("_"))
    if words & {*vocabulary().all("units", "minute")} - {"m"}:
        return 1
    if words & {*vocabulary().all("units", "hour"), "carga"}:
        return _MINUTES_PER_HOUR
    return 0 if "duration" in meanings(key) else None


def minutes(mapping: dict[str, Any]) -> int | None:
    """Minutes that a part of a course states, whatever the key and unit; several partial lengths add up."""
    for key, value in sorted(mapping.items(), key=lambda pair: _unit(pair[0]) or 99):
        unit = _unit(key)
        if unit is not None and (found := _minutes(value, unit or 1)) is not None:
            return found
    parts = [
        _minutes(value, 1) for key, value in mapping.items() if key.startswith(("duration_", "duracao_", "duracion_"))
    ]
    return sum(part for part in parts if part) or None


def _minutes(value: Any, unit: int) -> int | None:
    if isinstance(value, dict):
        return minutes(folded(value))
    stated_text = scalar(value)
    if stated_text is None:
        return None
    if _NUMBER.match(stated_text):
        return round(float(stated_text) * unit) or None
    if (between := _RANGE.match(stated_text)) and unit == _MINUTES_PER_HOUR:
        return round((int(between[1]) + int(between[2])) / 2 * unit)
    return minutes_in(stated_text)


def hours(mapping: dict[str, Any]) -> float | None:
    """Hours of the whole course; a range states none."""
    for key, value in mapping.items():
        unit = _unit(key)
        stated_text = scalar(value) if unit is not None else None
        if stated_text is None:
            continue
        if _NUMBER.match(stated_text):
            return float(stated_text) / (_MINUTES_PER_HOUR if unit == 1 else 1)
        found = hours_in(stated_text)
        if isinstance(found, float | int):
            return float(found)
    return None
