"""Reading a curriculum file of any shape."""

import re
from pathlib import Path
from typing import Any

from generators.errors import BrokenYaml, NotACurriculum
from generators.languages import vocabulary
from generators.reading.amounts import count_in, level_in, money_in
from generators.reading.curriculum import keys
from generators.reading.curriculum.model import Curriculum, CurriculumModule
from generators.reading.curriculum.shapes import MAX_LESSONS, modules_of
from generators.reading.placeholder import scalar
from generators.reading.text import TextFile, read_text_file
from generators.reading.warning import ReadingWarning
from generators.reading.yaml import YamlFault, load_all

_ABOUT_KEYS = (
    "course", "course_metadata", "curso", "course_info", "curriculum", "metadata", "metadados", "info",
    "informacoes", "course_structure", "pedagogical", "overview", "meta", "programa", "program", "formacion",
    "formacao", "libro", "livro", "book", "workshop", "taller", "oficina", "settings", "asignatura", "disciplina",
    "materia", "trilha", "ruta", "path", "bootcamp", "academy", "academia", "school", "escola", "escuela",
)  # fmt: skip
_AMOUNTS = ("amount", "recommended", "price", "launch", "regular", "suggested", "base")
_MINUTES_PER_HOUR = 60
_MARKDOWN = frozenset({".md", ".markdown"})
_HEADING = re.compile(r"^#{2,6} \S", re.MULTILINE)


def read_curriculum(path: Path) -> Curriculum:
    """Read a curriculum.

    Raises:
        MissingPath: there is no such file.
        UnreadableFile: it cannot be decoded; `BrokenYaml` if it is not (acceptable) YAML, `NotACurriculum` if it
            holds neither modules nor lessons.
    """
    return parse_curriculum(read_text_file(path))


def parse_curriculum(file: TextFile) -> Curriculum:
    """Read a curriculum that is already decoded; see `read_curriculum`."""
    if file.path.suffix.lower() in _MARKDOWN and _HEADING.search(file.text):
        # Its lists are YAML by chance, and its headings comments there.
        raise NotACurriculum(file.path, "is Markdown; read it as a brief")
    try:
        documents = load_all(file.text)
    except YamlFault as exc:
        raise BrokenYaml(file.path, f"is not readable YAML: {exc}; correct it") from exc
    return curriculum_of(file.path, documents)


def curriculum_of(path: Path, documents: list[Any]) -> Curriculum:
    """Read a curriculum whose YAML is already loaded, by `load_all`; see `read_curriculum`."""
    # A file that is nothing but a list is the list of its modules.
    mappings = [
        keys.folded(document) if isinstance(document, dict) else {_listed_kind(document): document}
        for document in documents
        if isinstance(document, dict | list)
    ]
    if not mappings:
        raise NotACurriculum(path, "holds no mapping; a curriculum needs `modules:` with their lessons")
    # Documents that list lessons under the same key are parts of one course, each of them a module.
    parts = [mapping for mapping in mappings if any(keys.lists_lessons(key, value) for key, value in mapping.items())]
    if len(parts) > 1 and len(parts) >= len(mappings) - 1:
        mappings = [*(mapping for mapping in mappings if mapping not in parts), {"modules": parts}]
    root: dict[str, Any] = {}
    for mapping in mappings:
        # What several documents state, the first one decides; later ones add what it lacks.
        for key, value in mapping.items():
            if root.get(key) in (None, "", [], {}):
                root[key] = value
    modules = modules_of(root)
    if not modules:
        raise NotACurriculum(path, "holds neither modules nor lessons; a curriculum needs `modules:`")
    return _curriculum(root, modules)


def _listed_kind(items: list[Any]) -> str:
    """What a list without a name lists: lessons where each of its texts calls itself one, else modules."""
    texts = (next(iter(item)) if isinstance(item, dict) and len(item) == 1 else item for item in items)
    opened = [vocabulary().numbered(text) if isinstance(text, str) else None for text in texts]
    return "lessons" if opened and all(found and found.kind == "lesson" for found in opened) else "modules"


def _curriculum(root: dict[str, Any], modules: tuple[CurriculumModule, ...]) -> Curriculum:
    about = _about(root)
    lessons = [lesson for module in modules for lesson in module.lessons]
    minutes = sum(module.minutes or 0 for module in modules)
    declared = _declared_minutes(about)
    return Curriculum(
        title=_title(about),
        subtitle=_first_text(about, "subtitle"),
        description=_first_text(about, "description", "positioning"),
        slug=_first_text(about, "slug", "course_slug"),
        course_id=_first_text(about, "course_id", "id", "curso_id"),
        version=_first_text(about, "version", "versao"),
        instructor=_first_text(about, "instructor", "instructor_voice"),
        level=level_in(_first_text(about, "level") or ""),
        price=_price(about),
        objectives=_first_texts(about, "objectives"),
        prerequisites=_first_texts(about, "prerequisites"),
        modules=modules,
        total_minutes=minutes or declared,
        framework=_first_text(about, "framework"),
        style=_first_text(about, "style"),
        language=_first_text(about, "language", "lang"),
        target_audience=_audience(about),
        tags=_first_texts(about, "tags"),
        warnings=tuple(_warnings(about, modules, len(lessons), minutes, declared)),
    )


def _title(about: list[dict[str, Any]]) -> str | None:
    """What calls itself a title or name, wherever it stands; else the text of the key that says "course"."""
    plain = (
        "title",
        "titulo",
        "name",
        "nome",
        "nombre",
        "course_title",
        "course_name",
        "titulo_do_curso",
        "nome_do_curso",
    )
    for mapping in about:
        for key in (*plain, *(key for key in mapping if key.startswith(("titulo_", "nombre_", "nome_", "title_of")))):
            if found := scalar(mapping.get(key)):
                return found
    return next(
        (
            found
            for mapping in about
            for key, value in mapping.items()
            if ("title" in keys.meanings(key) or key in _ABOUT_KEYS)
            and (found := scalar(value))
            and not (key == "path" and "/" in found)
        ),
        None,
    )


def _about(root: dict[str, Any]) -> list[dict[str, Any]]:
    """The mappings that speak about the course as a whole, most telling first."""
    found = [root]
    for key in _ABOUT_KEYS:
        value = root.get(key)
        if isinstance(value, dict):
            inner = keys.folded(value)
            found.append(inner)
            found += [
                keys.folded(part) for name, part in inner.items() if name in _ABOUT_KEYS and isinstance(part, dict)
            ]
    return found


def _first_text(about: list[dict[str, Any]], *wanted: str) -> str | None:
    return next((found for mapping in about if (found := keys.text(mapping, *wanted))), None)


def _first_texts(about: list[dict[str, Any]], *wanted: str) -> tuple[str, ...]:
    return next((found for mapping in about if (found := keys.texts(keys.first(mapping, *wanted)))), ())


def _audience(about: list[dict[str, Any]]) -> str | None:
    for mapping in about:
        value = keys.first(mapping, "audience")
        if isinstance(value, dict):
            value = keys.first(keys.folded(value), "primary", "primario", "description", "title")
        if found := scalar(value):
            return found
    return None


def _price(about: list[dict[str, Any]]) -> float | None:
    for mapping in about:
        for key, value in mapping.items():
            if "price" not in keys.meanings(key) and key not in {"commercial", "comercial", "distribution"}:
                continue
            stated_price = scalar(keys.first(keys.folded(value), *_AMOUNTS) if isinstance(value, dict) else value)
            if stated_price is None:
                continue
            try:
                return float(stated_price) if abs(float(stated_price)) < float("inf") else None
            except ValueError:
                if (found := money_in(stated_price)) is not None:
                    return found
    return None


def _declared_minutes(about: list[dict[str, Any]]) -> int | None:
    for mapping in about:
        length = next((v for key, v in mapping.items() if "duration" in keys.meanings(key) and isinstance(v, dict)), {})
        for candidate in (mapping, keys.folded(length)):
            for key, value in candidate.items():
                is_minutes = key.endswith(("minutes", "minutos"))
                if is_minutes and isinstance(value, int) and not isinstance(value, bool) and value > 0:
                    return value
            if hours := keys.hours(candidate):
                return round(hours * _MINUTES_PER_HOUR)
    return None


def _warnings(
    about: list[dict[str, Any]],
    modules: tuple[CurriculumModule, ...],
    lessons: int,
    minutes: int,
    declared: int | None,
) -> list[ReadingWarning]:
    said: list[str] = []
    counts = (
        ("modules", ("total_modules", "num_modules", "numero_de_modulos"), len(modules)),
        ("lessons", ("total_lessons", "num_lessons", "numero_de_aulas"), lessons),
    )
    for name, names, listed in counts:
        stated_count = count_in(_first_text(about, *names) or "")
        if stated_count and listed and stated_count != listed:
            said.append(f"{stated_count} {name} are declared, {listed} are listed")
    if declared and minutes and declared != minutes:
        said.append(f"{declared} minutes are declared, the lessons sum to {minutes}")
    seen: set[str] = set()
    for module in modules:
        if not module.lessons:
            said.append(f"module {module.number} lists no lessons")
        for lesson in module.lessons:
            if lesson.lesson_id in seen:
                said.append(f"lesson {lesson.lesson_id} is listed more than once")
            seen.add(lesson.lesson_id)
            if lesson.title is None:
                said.append(f"lesson {lesson.lesson_id} has no title")
    if lessons >= MAX_LESSONS:
        said.append(f"only the first {MAX_LESSONS} lessons were read")
    return [ReadingWarning(line=0, message=message) for message in said]
