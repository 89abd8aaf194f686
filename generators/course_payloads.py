from generators.brief import Brief
from generators.course_folder import CourseFolder
from generators.curriculum import Curriculum
from outbox import OutboxSettings, Payload, catalogue


class CoursePayloads:
    """The events that a generated course makes."""

    def __init__(self, settings: OutboxSettings, folder: CourseFolder, brief: Brief, curriculum: Curriculum) -> None:
        self._settings, self._folder, self._brief = settings, folder, brief
        self.curriculum = curriculum

    def structure(self, files: dict[str, bytes]) -> list[Payload]:
        """Project, outline and modules."""
        slug = self._folder.slug
        made: list[Payload] = [
            catalogue.ProjectUpserted(
                slug=slug,
                name=self.curriculum.title or slug,
                creator_mind=self._settings.creator_mind,
                persona_mind=self._settings.persona_mind,
            ),
            catalogue.ContentUpserted(
                slug=f"{slug}--outline",
                title=self.curriculum.title or slug,
                content_type="course_outline",
                project=slug,
                body=files["course-outline.md"].decode(),
            ),
        ]
        for module in self.curriculum.modules:
            made.append(
                catalogue.ContentUpserted(
                    slug=f"{slug}--modulo-{module.number}",
                    title=module.title or f"Módulo {module.number}",
                    content_type="course_module",
                    project=slug,
                    parent=f"{slug}--outline",
                    sequence_order=module.number,
                )
            )
        return made

    def file(self, name: str, data: bytes) -> list[Payload]:
        """The event of one lesson or assessment."""
        stem = name.rpartition("/")[2].rpartition(".")[0]
        slug = self._folder.slug
        return [
            catalogue.ContentUpserted(
                slug=f"{slug}--{stem.replace('.', '-')}",
                title=stem,
                content_type="course_lesson" if name.startswith("lessons/") else "other",
                project=slug,
                body=data.decode(),
                file_path=self._folder.relative(name),
            )
        ]
