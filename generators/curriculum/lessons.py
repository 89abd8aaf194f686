"""Modules and lessons of a curriculum, from any of the shapes they come in."""

import re
from collections.abc import Iterator
from typing import Any

from generators.brief.amounts import count_in, minutes_in
from generators.brief.outline_lines import LESSON_WORD, LETTERS, MODULE_WORD, title_and_minutes
from generators.brief.placeholder import scalar, stated
from generators.curriculum import keys
from generators.curriculum.model import CurriculumLesson, CurriculumModule

MAX_MODULES = 300
MAX_LESSONS = 5_000

_DOTTED = re.compile(r"(?<![\d.])(\d{1,3})\.(\d{1,3})(?![\d.]*\d)")
_LETTERED = re.compile(r"\bm(?:od(?:ulo)?)?[-_ ]?(\d{1,3})[-_ ./]*(?:l|a|aula|lesson|licao)[-_ ]?(\d{1,3})\b")
_DASHED = re.compile(r"(?:^|[a-z][-_])(\d{1,3})[-_](\d{1,3})$")
_MODULE_KEY = re.compile(r"^(?:module|modulo|unit|unidade|semana|week)_?\d{1,3}$")
_INTEGER = re.compile(r"(\d{1,3})\s*$")
_NUMBERED_TITLE = re.compile(
    r"^\s*(?:aula|lesson|li[cç][aã]o)?\s*(\d{1,3}\.\d{1,3})\s*[:.\-–—]*\s*(?=\S)", re.IGNORECASE
)
_MODULE_TITLE = re.compile(
    rf"^\s*(?:{MODULE_WORD}|cap[ií]tulo|chapter)\s*(?:\d{{1,3}}|{LETTERS})\s*[:.|\-–—·]+\s*(?=\S)", re.IGNORECASE
)
_LESSON_TITLE = re.compile(rf"^\s*{LESSON_WORD}\s*#?\d{{1,3}}\s*[:.|\-–—·]+\s*(?=\S)", re.IGNORECASE)
_NO_LESSON = re.compile(r"^(?:quiz|prova|exame?|test|teste|assessment|avaliacao|assignment)$", re.IGNORECASE)
_MINUTES_AT_END = re.compile(r"\s*[(\[]\s*~?\d+\s*(?:min(?:utos?)?|m|h)[^()\[\]]*[)\]]\s*$", re.IGNORECASE)
_MODULE_KEYS = ("module_number", "numero", "number", "order", "ordem", "module_id", "id", "modulo", "module")
_LESSON_KEYS = (
    "lesson_id",
    "id",
    "lesson_number",
    "numero",
    "number",
    "code",
    "codigo",
    "aula",
    "lesson",
    "order",
    "ordem",
)
_LESSON_TITLES = ("lesson_title", "title", "name", "titulo", "nome", "tema", "topic", "lesson_name")
_MODULE_TITLES = ("module_title", "title", "name", "titulo", "nome", "tema", "module_name")
_COUNT_KEYS = (
    *keys.LESSON_LIST_KEYS,
    "lesson_count",
    "num_lessons",
    "total_lessons",
    "numero_de_aulas",
    "lessons_count",
    "num_aulas",
    "qtd_aulas",
    "total_aulas",
    "total_de_aulas",
)
_OWNER_KEYS = ("module_id", "module", "modulo", "module_number", "modulo_id", "unit")
_PATH_KEYS = ("file_path", "file", "path", "arquivo", "caminho", "filename")


def modules_of(root: dict[str, Any]) -> tuple[CurriculumModule, ...]:
    """Find the modules of a curriculum; () if it has neither modules nor lessons."""
    raw = list(_raw_modules(root))[:MAX_MODULES]
    flat = _flat_lessons(root)
    modules = []
    used: set[int] = set()
    for position, (key, mapping) in enumerate(raw, start=1):
        number = _module_number(mapping, key)
        if number is None or number in used:
            number = next(n for n in range(position, position + len(raw) + len(used) + 1) if n not in used)
        used.add(number)
        own = _nested(mapping) or _owned(flat, mapping, key, number)
        modules.append(_module(mapping, number, own))
    if not modules and flat:
        modules = _modules_of_flat(flat)
    return tuple(modules)


def _raw_modules(root: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    found = _find(root, keys.MODULE_LIST_KEYS, depth=3) or _loose_modules(root)
    if found is None:
        found = {key: value for key, value in root.items() if _MODULE_KEY.match(key) and isinstance(value, dict)}
    if isinstance(found, list):
        for item in found:
            if isinstance(item, dict):
                yield "", keys.folded(item)
            elif name := scalar(item):
                yield "", {"title": name}
    else:
        for key, item in found.items():
            if isinstance(item, dict):
                yield str(key), keys.folded(item)
            elif isinstance(item, list):
                yield str(key), {"title": str(key), "lessons": item}


def _loose_modules(root: dict[str, Any]) -> Any:
    """What a word of many meanings holds, where it is modules: each with a list of its own."""
    found = _find(root, keys.LOOSE_MODULE_KEYS, depth=2)
    if (
        isinstance(found, list)
        and found
        and all(isinstance(item, dict) and _nested(keys.folded(item)) for item in found)
    ):
        return found
    is_named = isinstance(found, dict) and found and all(isinstance(item, list) for item in found.values())
    return found if is_named else None


def _find(root: dict[str, Any], wanted: tuple[str, ...], depth: int) -> Any:
    """The first list or mapping of mappings under a wanted key, nearest to the top."""
    level: list[dict[str, Any]] = [root]
    for _ in range(depth):
        below: list[dict[str, Any]] = []
        for mapping in level:
            for key in wanted:
                value = mapping.get(key)
                if isinstance(value, list | dict) and value:
                    return value
            below += [keys.folded(value) for value in mapping.values() if isinstance(value, dict)]
        level = below[:MAX_MODULES]
    return None


def _flat_lessons(root: dict[str, Any]) -> list[Any]:
    for mapping in (root, *(keys.folded(value) for value in root.values() if isinstance(value, dict))):
        for key in keys.LESSON_LIST_KEYS:
            value = mapping.get(key)
            if isinstance(value, list) and value and any(isinstance(item, dict) for item in value):
                return value[:MAX_LESSONS]
    return []


def _nested(mapping: dict[str, Any]) -> list[Any]:
    for key in (*keys.LESSON_LIST_KEYS, *keys.MODULE_LIST_KEYS):
        value = mapping.get(key)
        if isinstance(value, list):
            return value[:MAX_LESSONS]
        if isinstance(value, dict):
            return [{"id": key_of, **item} if isinstance(item, dict) else item for key_of, item in value.items()][
                :MAX_LESSONS
            ]
    return next((found for key in keys.LOOSE_LESSON_KEYS if (found := _loose_lessons(mapping.get(key)))), [])


def _loose_lessons(value: Any) -> list[Any]:
    """What a word of many meanings holds, where it is lessons: mappings, or texts that call themselves one."""
    if not isinstance(value, list):
        return []
    kept = [item for item in value[:MAX_LESSONS] if not (isinstance(item, dict) and _is_test(item))]
    are_lessons = all(isinstance(item, dict) or _LESSON_TITLE.match(scalar(item) or "") for item in kept)
    return kept if are_lessons else []


def _is_test(item: dict[Any, Any]) -> bool:
    return _NO_LESSON.match(keys.text(keys.folded(item), ("type", "tipo")) or "") is not None


def _owned(flat: list[Any], mapping: dict[str, Any], key: str, number: int) -> list[Any]:
    names = {scalar(mapping.get(name)) for name in (*_MODULE_KEYS, *_MODULE_TITLES, "slug")} | {key or None}
    owned = []
    for item in flat:
        if not isinstance(item, dict):
            continue
        lesson = keys.folded(item)
        owner = keys.text(lesson, _OWNER_KEYS)
        if owner is not None:
            digits = _INTEGER.search(owner)
            if owner in names or (digits and int(digits[1]) == number):
                owned.append(item)
        elif (pair := _numbers(lesson)) and pair[0] == number:
            owned.append(item)
    return owned


def _modules_of_flat(flat: list[Any]) -> list[CurriculumModule]:
    groups: dict[int, list[Any]] = {}
    for item in flat:
        pair = _numbers(keys.folded(item)) if isinstance(item, dict) else None
        groups.setdefault(pair[0] if pair else 1, []).append(item)
    return [_module({}, number, lessons) for number, lessons in sorted(groups.items())]


def _module(mapping: dict[str, Any], number: int, raw: list[Any]) -> CurriculumModule:
    found = (_lesson(item, number, position) for position, item in enumerate(raw, start=1))
    lessons = tuple(lesson for lesson in found if lesson)
    declared = keys.minutes(mapping)
    summed = sum(lesson.minutes or 0 for lesson in lessons)
    title = keys.text(mapping, _MODULE_TITLES)
    count = keys.first(mapping, [key for key in _COUNT_KEYS if isinstance(mapping.get(key), int | str)])
    return CurriculumModule(
        number=number,
        title=_MODULE_TITLE.sub("", title) if title else None,
        slug=keys.text(mapping, ("slug",)),
        description=keys.text(mapping, ("module_description", "description", "descricao", "subtitle", "tagline")),
        minutes=summed or declared,
        objectives=keys.texts(
            keys.first(
                mapping,
                ("module_objectives", "learning_objectives", "objectives", "objetivos", "learning_outcomes"),
            )
        ),
        lessons=lessons,
        declared_lessons=count if isinstance(count, int) else count_in(count or ""),
        declared_minutes=declared,
    )


def _lesson(item: Any, module: int, position: int) -> CurriculumLesson | None:
    if not isinstance(item, dict):
        name = scalar(item)
        if not name:
            return None
        title, minutes = title_and_minutes(name)
        return _lesson({"title": title or name, "minutes": str(minutes or minutes_in(name) or "")}, module, position)
    mapping = keys.folded(item)
    if len(mapping) == 1:
        # `- "1.1": Título` or `- 1.1 Título: {...}`
        ((key, value),) = item.items()
        if _DOTTED.search(str(key)):
            details = value if isinstance(value, dict) else {"title": value}
            return _lesson({"id": str(key), **details}, module, position)
    title = keys.text(mapping, _LESSON_TITLES)
    pair = _numbers(mapping)
    if title and (numbered := _NUMBERED_TITLE.match(title)):
        pair = pair or _pair(numbered[1])
        title = title[numbered.end() :]
    if title:
        title = _LESSON_TITLE.sub("", title)
        title = stated(_MINUTES_AT_END.sub("", title))
    number = pair or (module, position)
    objectives = keys.first(
        mapping, ("learning_objectives", "objectives", "objetivos", "learning_outcomes", "objective")
    )
    return CurriculumLesson(
        lesson_id=f"{number[0]}.{number[1]}",
        title=title,
        slug=keys.text(mapping, ("slug",)),
        description=keys.text(mapping, ("lesson_description", "description", "descricao", "summary", "resumo")),
        minutes=keys.minutes(mapping),
        file_path=keys.text(mapping, _PATH_KEYS),
        objectives=keys.texts(objectives),
        bloom_level=keys.text(mapping, ("bloom_level", "bloom", "nivel_bloom")),
        prerequisites=keys.texts(keys.first(mapping, ("prerequisites", "pre_requisitos"))),
        key_concepts=keys.texts(
            keys.first(mapping, ("key_concepts", "conceitos", "conceitos_chave", "concepts", "topics"))
        ),
        activities=keys.texts(keys.first(mapping, ("activities", "atividades", "exercises", "exercicios"))),
        lesson_type=keys.text(mapping, ("lesson_type", "type", "tipo")),
    )


def _pair(text: str) -> tuple[int, int] | None:
    for pattern in (_DOTTED, _LETTERED, _DASHED):
        if found := pattern.search(text.casefold()):
            return int(found[1]), int(found[2])
    return None


def _numbers(mapping: dict[str, Any]) -> tuple[int, int] | None:
    """Module and lesson number that a lesson states; a bare number says nothing about its module."""
    for key in _LESSON_KEYS:
        value = scalar(mapping.get(key))
        if value and (found := _pair(value)):
            return found
    return None


def _module_number(mapping: dict[str, Any], key: str) -> int | None:
    for value in (*(scalar(mapping.get(name)) for name in _MODULE_KEYS), key):
        if value and (found := _INTEGER.search(value)):
            return int(found[1])
    return None
