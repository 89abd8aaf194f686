"""Finding values in a mapping whose keys nobody agreed on."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from generators.brief.amounts import hours_in, minutes_in
from generators.brief.placeholder import scalar
from generators.languages import fold

TITLE_KEYS = (
    "title",
    "name",
    "titulo",
    "nome",
    "course_title",
    "course_name",
    "titulo_do_curso",
    "nome_do_curso",
)
MODULE_LIST_KEYS = (
    "modules",
    "modulos",
    "units",
    "unidades",
    "sections",
    "secoes",
    "blocos",
    "semanas",
    "weeks",
)
LESSON_LIST_KEYS = ("lessons", "aulas", "licoes", "classes", "videos", "topics", "topicos")
# Names that mean many things: looked at only where none of the above is there.
LOOSE_MODULE_KEYS = (
    "parts",
    "partes",
    "chapters",
    "capitulos",
    "conteudo_programatico",
    "programa",
    "syllabus",
    "ementa",
    "content",
    "conteudo",
)
LOOSE_LESSON_KEYS = (
    "encontros",
    "sessions",
    "sessoes",
    "episodes",
    "episodios",
    "chapters",
    "capitulos",
    "content",
    "conteudo",
    "contents",
    "items",
    "itens",
    "steps",
)
MINUTE_KEYS = (
    "duration_minutes",
    "duracao_minutos",
    "minutes",
    "minutos",
    "estimated_minutes",
    "duration_min",
    "duracao_min",
    "total_minutes",
    "duration",
    "duracao",
    "estimated_duration",
    "tempo",
    "tempo_estimado",
    "estimated_time",
    "length",
    "total_duration",
    "duracao_total",
)
HOUR_KEYS = (
    "duration_hours",
    "duracao_horas",
    "hours",
    "horas",
    "total_hours",
    "carga_horaria",
    "estimated_hours",
)
_TEXT_IN_ITEM = (
    "objective",
    "objetivo",
    "text",
    "texto",
    "description",
    "descricao",
    "title",
    "name",
    "concept",
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z][a-z])")
_NUMBER = re.compile(r"^\d{1,5}(?:\.\d+)?$")
_MAX_ITEMS = 500
_MAX_KEY_CHARACTERS = 200
_MAX_TEXT_DEPTH = 4
_MINUTES_PER_HOUR = 60


def folded(mapping: dict[Any, Any]) -> dict[str, Any]:
    """The mapping with keys in lower case, without accents, words joined by underscores (camelCase too)."""
    return {_folded(str(key)[:_MAX_KEY_CHARACTERS]): value for key, value in mapping.items()}


@lru_cache(maxsize=1024)
def _folded(key: str) -> str:
    return re.sub(r"[\s\-]+", "_", fold(_CAMEL.sub("_", key)).strip())


def first(mapping: dict[str, Any], keys: Iterable[str]) -> Any:
    """The first value that is neither missing nor empty."""
    for key in keys:
        value = mapping.get(key)
        if value not in (None, "", [], {}):
            return value
    return None


def text(mapping: dict[str, Any], keys: Iterable[str]) -> str | None:
    """The first stated scalar under one of the keys; of a mapping there, its name."""
    for key in keys:
        value = mapping.get(key)
        if isinstance(value, dict):
            value = first(folded(value), ("name", "nome", "title", "titulo"))
        found = scalar(value)
        if found:
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
                main = text(folded(item), _TEXT_IN_ITEM)
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


def minutes(mapping: dict[str, Any]) -> int | None:
    """Minutes that a module or lesson states, whatever the key and unit."""
    for key in MINUTE_KEYS:
        if (found := _minutes(mapping.get(key), unit=1)) is not None:
            return found
    for key in HOUR_KEYS:
        if (found := _minutes(mapping.get(key), unit=_MINUTES_PER_HOUR)) is not None:
            return found
    parts = [_minutes(value, unit=1) for key, value in mapping.items() if key.startswith(("duration_", "duracao_"))]
    return sum(part for part in parts if part) or None


def _minutes(value: Any, unit: int) -> int | None:
    if isinstance(value, dict):
        return minutes(folded(value))
    stated_text = scalar(value)
    if stated_text is None:
        return None
    if _NUMBER.match(stated_text):
        return round(float(stated_text) * unit) or None
    return minutes_in(stated_text)


def hours(mapping: dict[str, Any], keys: Iterable[str]) -> float | None:
    """Hours stated under one of the keys."""
    for key in keys:
        stated_text = scalar(mapping.get(key))
        if stated_text is None:
            continue
        if _NUMBER.match(stated_text):
            return float(stated_text)
        found = hours_in(stated_text)
        if isinstance(found, float | int):
            return float(found)
    return None
