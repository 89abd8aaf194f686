"""Reading a curriculum file of any shape."""

from pathlib import Path
from typing import Any

from generators.brief.amounts import count_in, level_in, money_in
from generators.brief.placeholder import scalar
from generators.curriculum import keys
from generators.curriculum.lessons import MAX_LESSONS, modules_of
from generators.curriculum.model import Curriculum, CurriculumModule
from generators.errors import BrokenYaml, NotACurriculum
from generators.reading_warning import ReadingWarning
from generators.textfile import TextFile, read_text_file
from generators.yaml_safe import YamlFault, load_all

_ABOUT_KEYS = (
    "course",
    "course_metadata",
    "curso",
    "course_info",
    "curriculum",
    "metadata",
    "metadados",
    "info",
    "informacoes",
    "course_structure",
    "pedagogical",
    "overview",
)
_INSTRUCTOR_KEYS = (
    "instructor",
    "instrutor",
    "instrutora",
    "professor",
    "professora",
    "docente",
    "facilitador",
    "facilitadora",
    "instructor_name",
    "instructor_voice",
    "teacher",
    "author",
)
_PRICE_KEYS = ("price", "preco", "pricing", "commercial", "comercial", "distribution", "valor", "investment")
_AMOUNT_KEYS = ("amount", "recommended", "price", "preco", "valor", "launch", "regular", "suggested", "base")
_TOTAL_MINUTES = ("total_duration_minutes", "total_minutes", "duration_minutes", "duracao_total_minutos")
_TOTAL_HOURS = (
    "total_duration_hours",
    "total_hours",
    "duration_hours",
    "total_duration",
    "duration",
    "duracao_total",
    "carga_horaria",
    "total_de_horas",
)
_MINUTES_PER_HOUR = 60


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
    try:
        documents = load_all(file.text)
    except YamlFault as exc:
        raise BrokenYaml(file.path, f"is not readable YAML: {exc}; correct it") from exc
    return curriculum_of(file.path, documents)


def curriculum_of(path: Path, documents: list[Any]) -> Curriculum:
    """Read a curriculum whose YAML is already loaded, by `load_all`; see `read_curriculum`."""
    # A file that is nothing but a list is the list of its modules.
    mappings = [
        keys.folded(document) if isinstance(document, dict) else {"modules": document}
        for document in documents
        if isinstance(document, dict | list)
    ]
    if not mappings:
        raise NotACurriculum(path, "holds no mapping; a curriculum needs `modules:` with their lessons")
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


def _curriculum(root: dict[str, Any], modules: tuple[CurriculumModule, ...]) -> Curriculum:
    about = _about(root)
    lessons = [lesson for module in modules for lesson in module.lessons]
    minutes = sum(module.minutes or 0 for module in modules)
    declared = _declared_minutes(about)
    return Curriculum(
        title=_first_text(about, keys.TITLE_KEYS),
        subtitle=_first_text(about, ("subtitle", "subtitulo", "tagline")),
        description=_first_text(about, ("description", "descricao", "positioning", "summary")),
        slug=_first_text(about, ("slug", "course_slug")),
        course_id=_first_text(about, ("course_id", "id", "curso_id")),
        version=_first_text(about, ("version", "versao")),
        instructor=_first_text(
            about,
            _INSTRUCTOR_KEYS,
        ),
        level=level_in(_first_text(about, ("knowledge_level", "level", "nivel", "difficulty", "dificuldade")) or ""),
        price=_price(about),
        objectives=_first_texts(
            about,
            (
                "learning_objectives",
                "learning_outcomes",
                "objectives",
                "objetivos",
                "objetivos_de_aprendizagem",
            ),
        ),
        prerequisites=_first_texts(about, ("prerequisites", "pre_requisitos", "prerequisitos")),
        modules=modules,
        total_minutes=minutes or declared,
        framework=_first_text(about, ("pedagogical_framework", "framework", "metodologia")),
        style=_first_text(about, ("teaching_style", "estilo", "estilo_de_ensino")),
        language=_first_text(about, ("language", "idioma", "lang")),
        target_audience=_audience(about),
        tags=_first_texts(about, ("tags", "keywords", "palavras_chave")),
        warnings=tuple(_warnings(about, modules, len(lessons), minutes, declared)),
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


def _first_text(about: list[dict[str, Any]], names: tuple[str, ...]) -> str | None:
    return next((found for mapping in about if (found := keys.text(mapping, names))), None)


def _first_texts(about: list[dict[str, Any]], names: tuple[str, ...]) -> tuple[str, ...]:
    return next((found for mapping in about if (found := keys.texts(keys.first(mapping, names)))), ())


def _audience(about: list[dict[str, Any]]) -> str | None:
    for mapping in about:
        value = keys.first(mapping, ("target_audience", "publico_alvo", "audience", "publico"))
        if isinstance(value, dict):
            value = keys.first(keys.folded(value), ("primary", "primario", "description", "descricao", "name"))
        if found := scalar(value):
            return found
    return None


def _price(about: list[dict[str, Any]]) -> float | None:
    for mapping in about:
        for key in _PRICE_KEYS:
            value = mapping.get(key)
            if isinstance(value, dict):
                value = keys.first(keys.folded(value), _AMOUNT_KEYS)
            stated_price = scalar(value)
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
        duration = mapping.get("duration") or mapping.get("duracao")
        for candidate in (mapping, keys.folded(duration) if isinstance(duration, dict) else {}):
            for key in _TOTAL_MINUTES:
                value = candidate.get(key)
                if isinstance(value, int) and not isinstance(value, bool) and value > 0:
                    return value
            hours = keys.hours(candidate, _TOTAL_HOURS)
            if hours:
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
        stated_count = count_in(_first_text(about, names) or "")
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
