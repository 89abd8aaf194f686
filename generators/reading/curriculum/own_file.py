"""`curriculum.yaml` in the shape that we write, and back: what the author approves and may edit."""

from functools import lru_cache
from typing import Any

import msgspec
import yaml
from msgspec import Struct
from msgspec.structs import replace

from generators.errors import GeneratorError
from generators.reading.amounts import Level
from generators.reading.curriculum import Curriculum, CurriculumLesson, CurriculumModule
from generators.reading.yaml import YamlFault, load_all


class BrokenCurriculum(GeneratorError):
    """A curriculum.yaml that cannot be read back; the message says where and what to do."""


class _Dumper(yaml.SafeDumper):
    """Block style with indented lists, so that an author can edit the file by eye."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002
        super().increase_indent(flow, indentless=False)


def dump_curriculum(curriculum: Curriculum, *, mode: str = "greenfield") -> bytes:
    """The file's bytes; the same curriculum always gives the same bytes."""
    lessons = list(curriculum.lessons)
    document: dict[str, Any] = {
        "course_id": curriculum.course_id or curriculum.slug,
        "title": curriculum.title,
        "subtitle": curriculum.subtitle,
        "slug": curriculum.slug,
        "version": curriculum.version,
        "instructor": {"name": curriculum.instructor},
        "metadata": {
            "mode": mode,
            "total_duration_hours": round((curriculum.total_minutes or 0) / 60, 2),
            "num_modules": len(curriculum.modules),
            "num_lessons": len(lessons),
            "knowledge_level": curriculum.level,
            "target_audience": curriculum.target_audience,
            "pedagogical_framework": curriculum.framework,
            "teaching_style": curriculum.style,
            "language": curriculum.language,
        },
        "learning_objectives": list(curriculum.objectives),
        "prerequisites": list(curriculum.prerequisites),
        "modules": [_module(module) for module in curriculum.modules],
        "assessments": [
            {"type": "quiz", "module": module.number, "file_path": f"assessments/quiz-module-{module.number}.yaml"}
            for module in curriculum.modules
        ]
        + [{"type": "project", "file_path": "assessments/final-project.md"}],
        "tags": list(curriculum.tags),
    }
    text = yaml.dump(document, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=100)
    return str(text).encode()


def _module(module: CurriculumModule) -> dict[str, Any]:
    return {
        "module_id": f"module-{module.number}",
        "module_number": module.number,
        "module_title": module.title,
        "module_description": module.description,
        "duration_minutes": module.minutes,
        "module_objectives": list(module.objectives),
        "lessons": [_lesson(lesson) for lesson in module.lessons],
    }


def _lesson(lesson: CurriculumLesson) -> dict[str, Any]:
    return {
        "lesson_id": lesson.lesson_id,
        "lesson_number": lesson.number,
        "lesson_title": lesson.title,
        "lesson_description": lesson.description,
        "file_path": lesson.file_path,
        "duration_minutes": lesson.minutes,
        "learning_objectives": list(lesson.objectives),
        "bloom_level": lesson.bloom_level,
        "prerequisites": list(lesson.prerequisites),
        "key_concepts": list(lesson.key_concepts),
        "activities": list(lesson.activities),
    }


@lru_cache(maxsize=2)  # a run checks, shows, approves and plans the same file
def load_document(data: bytes) -> dict[str, Any]:
    """The YAML of a curriculum as plain values, which nobody may change.

    Raises:
        BrokenCurriculum: not UTF-8, not YAML, or no mapping at the top.
    """
    try:
        documents = load_all(data.decode())
    except UnicodeDecodeError as exc:
        raise BrokenCurriculum("curriculum.yaml is not UTF-8; save it as UTF-8") from exc
    except YamlFault as exc:
        raise BrokenCurriculum(f"curriculum.yaml is not valid YAML: {exc}; correct that place") from exc
    if len(documents) != 1 or not isinstance(documents[0], dict):
        raise BrokenCurriculum("curriculum.yaml must hold one mapping with title and modules")
    return documents[0]


def load_curriculum(data: bytes) -> Curriculum:
    """Read back what `dump_curriculum` wrote and an author may have edited.

    Raises:
        BrokenCurriculum: see `load_document`; what else is wrong with it, `generators.making.check` says.
    """
    return curriculum_in(load_document(data))


class _Named(Struct, frozen=True):
    name: str | None = None


class _About(Struct, frozen=True):
    knowledge_level: Level | None = None
    target_audience: str | None = None
    pedagogical_framework: str | None = None
    teaching_style: str | None = None
    language: str | None = None


class _File(Struct, frozen=True, kw_only=True):
    """The file as `dump_curriculum` writes it; keys that are not read here may be there."""

    title: str | None = None
    subtitle: str | None = None
    slug: str | None = None
    course_id: str | None = None
    version: str | None = None
    instructor: _Named = _Named()
    metadata: _About = _About()
    learning_objectives: tuple[str, ...] = ()
    prerequisites: tuple[str, ...] = ()
    modules: tuple[CurriculumModule, ...] = ()
    tags: tuple[str, ...] = ()


def curriculum_in(document: dict[str, Any]) -> Curriculum:
    """Read what `load_document` loaded; see `load_curriculum`.

    Raises:
        BrokenCurriculum: a value is of the wrong type, or a number is missing; the message has its path.
    """
    try:
        file = msgspec.convert(_as_text(document), _File, strict=False)
    except msgspec.ValidationError as exc:
        what, _, path = str(exc).partition(" - at `$.")
        place = path.rstrip("`") or "the file"
        raise BrokenCurriculum(f"{place}: {what[:1].lower()}{what[1:]}; correct it in curriculum.yaml") from exc
    modules = tuple(_summed(module) for module in file.modules)
    return Curriculum(
        title=file.title,
        subtitle=file.subtitle,
        slug=file.slug,
        course_id=file.course_id,
        version=file.version,
        instructor=file.instructor.name,
        level=file.metadata.knowledge_level,
        objectives=file.learning_objectives,
        prerequisites=file.prerequisites,
        modules=modules,
        total_minutes=sum(module.minutes or 0 for module in modules),
        framework=file.metadata.pedagogical_framework,
        style=file.metadata.teaching_style,
        language=file.metadata.language,
        target_audience=file.metadata.target_audience,
        tags=file.tags,
    )


def _summed(module: CurriculumModule) -> CurriculumModule:
    lessons = tuple(
        replace(lesson, slug=lesson.file_path.rpartition("/")[2].removesuffix(".md")) if lesson.file_path else lesson
        for lesson in module.lessons
    )
    summed = sum(lesson.minutes or 0 for lesson in lessons)
    return replace(module, lessons=lessons, minutes=summed or module.minutes)


def _as_text(value: Any) -> Any:
    """Numbers as text, which the types turn back where they want numbers; what is null or empty as not there."""
    if isinstance(value, dict):
        return {str(key): _as_text(item) for key, item in value.items() if item is not None and item != ""}
    if isinstance(value, list):
        return [_as_text(item) for item in value]
    if isinstance(value, str):
        return value.strip()
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value
