"""What a course folder becomes: project, audience, outline, modules, lessons and materials, as payloads in order."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from generators.publishing.metadata import (
    description_of,
    known,
    lesson_metadata,
    objectives_of,
    project_metadata,
    tags_of,
)
from generators.publishing.slugs import Slugs, lesson_part, material_part, module_part
from generators.reading.course import Course, CourseModule, LessonFile, Material
from generators.reading.text import TextFile
from outbox.catalogue import (
    AudienceUpserted,
    ContentMindLinked,
    ContentTagged,
    ContentUpserted,
    Payload,
    ProjectUpserted,
)

OUTLINE_TYPE = "course_outline"
MODULE_TYPE = "course_module"
LESSON_TYPE = "course_lesson"
_CONTENT_TYPES = {"transcript": "raw_source", "source": "raw_source"}
_MAX_ORDER = 32_767


@dataclass(frozen=True, slots=True)
class Draft:
    """A payload with the file that it comes from, if any (relative to the course folder)."""

    payload: Payload
    relative: PurePosixPath | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Minds:
    """Minds to name: ids or slugs in the `minds` table; None links nobody."""

    creator: str | None = None
    persona: str | None = None


class CoursePayloads:
    """Makes the payloads of one course.

    Args:
        course: as read.
        project: slug of its project.
        prefix: what file paths in the events start with, before the path in the course folder.
        minds: creator and persona.
    """

    def __init__(self, course: Course, project: str, prefix: str, minds: Minds) -> None:
        self._course = course
        self._project = project
        self._prefix = prefix
        self._minds = minds
        self._slugs = Slugs(project)
        self._outline = self._slugs.fixed("outline")
        self._modules: dict[str | None, str] = {
            module.key: self._slugs.fixed(module_part(module.key))
            for module in course.modules
            if module.key is not None
        }

    def drafts(self) -> Iterator[Draft]:
        """Yield everything, parents before children."""
        audience = self._audience()
        if audience is not None:
            yield Draft(audience)
        yield Draft(self._project_payload(audience))
        yield self._outline_draft()
        yield from (Draft(payload) for payload in self._outline_links())
        lesson_slugs = {
            lesson.relative: self._slugs.of(lesson_part(lesson), lesson.relative)
            for lesson in sorted(self._course.lessons, key=lambda lesson: lesson.relative)
        }
        position = 0
        for module in self._course.modules:
            position += 1
            parent = self._modules.get(module.key, self._outline)
            if module.key is not None:
                yield self._module_draft(module, parent, position)
            # Lessons of no module stand between the modules, below the outline like them.
            before = 0 if module.key is not None else position
            for order, lesson in enumerate(module.lessons, start=1):
                yield self._lesson_draft(lesson, parent, before + order, lesson_slugs[lesson.relative])
            if module.key is None:
                position += len(module.lessons)
        extra = [self._course.brief_file, self._course.curriculum_file]
        materials = [material for material in extra if material is not None] + list(self._course.materials)
        for material in sorted(materials, key=lambda material: material.relative):
            yield self._material_draft(material)

    def file_path(self, relative: PurePosixPath) -> str:
        """The path of a file as events name it."""
        return f"{self._prefix}{relative.as_posix()}"

    def _audience(self) -> AudienceUpserted | None:
        brief = self._course.brief
        if brief is None:
            return None
        who = brief.audience
        psychographics: dict[str, Any] = dict(who.psychographics)
        if brief.pains:
            psychographics["dores"] = [
                {"text": pain.text, "consequence": pain.consequence} if pain.consequence else {"text": pain.text}
                for pain in brief.pains
            ]
        for key, states in (("antes", brief.before), ("depois", brief.after)):
            if states:
                psychographics[key] = list(states)
        if not (who.description or who.demographics or psychographics or who.technical_level):
            return None
        return AudienceUpserted(
            slug=f"{self._project}--publico",
            name=f"Público de {self._course.title}"[:500],
            description=who.description,
            demographics=dict(who.demographics),
            psychographics=psychographics,
            technical_level=who.technical_level,
        )

    def _project_payload(self, audience: AudienceUpserted | None) -> ProjectUpserted:
        course = self._course
        framework = (course.brief.framework if course.brief else None) or (
            course.curriculum.framework if course.curriculum else None
        )
        optional: dict[str, Any] = {}
        if audience is not None:
            optional["target_audience"] = audience.slug
        if framework:
            optional["default_frameworks"] = [framework]
        if self._minds.creator:
            optional["creator_mind"] = self._minds.creator
        if self._minds.persona and self._names_persona():
            optional["persona_mind"] = self._minds.persona
        return ProjectUpserted(
            slug=self._project,
            name=course.title,
            description=description_of(course),
            project_type="course",
            metadata=project_metadata(course),
            **optional,
        )

    def _names_persona(self) -> bool:
        voice = self._course.brief.voice if self._course.brief else None
        return voice is not None and bool(voice.persona or voice.persona_slug)

    def _outline_draft(self) -> Draft:
        course = self._course
        outline = course.outline
        metadata: dict[str, Any] = {
            "modules": sum(module.key is not None for module in course.modules),
            "lessons": len(course.lessons),
            "objectives": list(objectives_of(course)),
        }
        if outline is not None:
            metadata["source"] = self._source(outline.relative, outline.file)
        payload = ContentUpserted(
            slug=self._outline,
            title=course.title,
            content_type=OUTLINE_TYPE,
            project=self._project,
            parent=None,
            body=outline.file.text if outline else None,
            file_path=self.file_path(outline.relative) if outline else None,
            metadata=metadata,
        )
        return Draft(payload, outline.relative if outline else None)

    def _outline_links(self) -> Iterator[Payload]:
        for tag in tags_of(self._course):
            yield ContentTagged(slug=self._outline, tag=tag)
        if self._minds.creator:
            yield ContentMindLinked(slug=self._outline, mind=self._minds.creator, role="creator")
        if self._minds.persona and self._names_persona():
            yield ContentMindLinked(slug=self._outline, mind=self._minds.persona, role="author")

    def _module_draft(self, module: CourseModule, slug: str, position: int) -> Draft:
        overview = module.overview
        metadata = known(
            module_number=module.number,
            description=module.description,
            duration_minutes=module.minutes,
            lessons=len(module.lessons),
            source=self._source(overview.relative, overview.file) if overview else None,
        )
        payload = ContentUpserted(
            slug=slug,
            title=module.title,
            content_type=MODULE_TYPE,
            project=self._project,
            parent=self._outline,
            sequence_order=min(position, _MAX_ORDER),
            body=overview.file.text if overview else module.description,
            file_path=self.file_path(overview.relative) if overview else None,
            metadata=metadata,
        )
        return Draft(payload, overview.relative if overview else None)

    def _lesson_draft(self, lesson: LessonFile, parent: str, order: int, slug: str) -> Draft:
        listed = self._course.listed.get(lesson.relative)
        metadata = lesson_metadata(lesson, listed)
        metadata["source"] = self._source(lesson.relative, lesson.file)
        payload = ContentUpserted(
            slug=slug,
            title=lesson.title,
            content_type=LESSON_TYPE,
            project=self._project,
            parent=parent,
            sequence_order=min(order, _MAX_ORDER),
            body=lesson.file.text,
            file_path=self.file_path(lesson.relative),
            metadata=metadata,
        )
        return Draft(payload, lesson.relative)

    def _material_draft(self, material: Material) -> Draft:
        payload = ContentUpserted(
            slug=self._slugs.of(material_part(material.relative), material.relative),
            title=material.title,
            content_type=_CONTENT_TYPES.get(material.kind, "other"),
            project=self._project,
            parent=self._outline,
            body=material.file.text,
            file_path=self.file_path(material.relative),
            metadata={"kind": material.kind, "source": self._source(material.relative, material.file)},
        )
        return Draft(payload, material.relative)

    def _source(self, relative: PurePosixPath, file: TextFile) -> dict[str, str]:
        return {
            "path": self.file_path(relative),
            "sha256": file.sha256,
            "encoding": file.encoding,
            "newline": file.newline,
        }
