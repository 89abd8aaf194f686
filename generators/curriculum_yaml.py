"""`curriculum.yaml` in the shape that we write, and back: what the author approves and may edit."""

from typing import Any

import yaml

from generators.curriculum import Curriculum, CurriculumLesson, CurriculumModule
from generators.errors import GeneratorError
from generators.yaml_safe import YamlFault, load_all


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


def load_document(data: bytes) -> dict[str, Any]:
    """The YAML of a curriculum as plain values, for checking before it is read.

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
        BrokenCurriculum: see `load_document`; what else is wrong with it, `curriculum_check.check` says.
    """
    return curriculum_in(load_document(data))


def curriculum_in(document: dict[str, Any]) -> Curriculum:
    """Read what `load_document` loaded; see `load_curriculum`."""
    about = _mapping(document.get("metadata"))
    modules = tuple(_read_module(item) for item in _mappings(document.get("modules")))
    return Curriculum(
        title=_text(document.get("title")),
        subtitle=_text(document.get("subtitle")),
        slug=_text(document.get("slug")),
        course_id=_text(document.get("course_id")),
        version=_text(document.get("version")),
        instructor=_text(_mapping(document.get("instructor")).get("name")),
        level=about.get("knowledge_level"),
        objectives=_texts(document.get("learning_objectives")),
        prerequisites=_texts(document.get("prerequisites")),
        modules=modules,
        total_minutes=sum(module.minutes or 0 for module in modules),
        framework=_text(about.get("pedagogical_framework")),
        style=_text(about.get("teaching_style")),
        language=_text(about.get("language")),
        target_audience=_text(about.get("target_audience")),
        tags=_texts(document.get("tags")),
    )


def _read_module(item: dict[str, Any]) -> CurriculumModule:
    lessons = tuple(_read_lesson(lesson) for lesson in _mappings(item.get("lessons")))
    return CurriculumModule(
        number=whole(item.get("module_number")) or 0,
        title=_text(item.get("module_title")),
        description=_text(item.get("module_description")),
        minutes=sum(lesson.minutes or 0 for lesson in lessons) or whole(item.get("duration_minutes")),
        objectives=_texts(item.get("module_objectives")),
        lessons=lessons,
    )


def _read_lesson(item: dict[str, Any]) -> CurriculumLesson:
    path = _text(item.get("file_path"))
    return CurriculumLesson(
        lesson_id=_text(item.get("lesson_id")) or "",
        title=_text(item.get("lesson_title")),
        slug=path.rpartition("/")[2].removesuffix(".md") if path else None,
        description=_text(item.get("lesson_description")),
        minutes=whole(item.get("duration_minutes")),
        file_path=path,
        objectives=_texts(item.get("learning_objectives")),
        bloom_level=_text(item.get("bloom_level")),
        prerequisites=_texts(item.get("prerequisites")),
        key_concepts=_texts(item.get("key_concepts")),
        activities=_texts(item.get("activities")),
    )


def whole(value: Any) -> int | None:
    """A whole number, also where it came as text; None otherwise."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    return int(value) if isinstance(value, str) and value.strip().isdecimal() else None


def _text(value: Any) -> str | None:
    return str(value).strip() or None if isinstance(value, str | int) and not isinstance(value, bool) else None


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(text for text in map(_text, value) if text) if isinstance(value, list) else ()


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _mappings(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
