"""The events of a generated course, made by the importer's own hand.

The course is assembled from the texts that are about to be published, as if they lay in its folder already; importing
the finished folder therefore says nothing new.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

from generators.publishing import Minds
from generators.publishing.course_folder import CourseFolder
from generators.publishing.payloads import CoursePayloads
from generators.reading.brief import Brief
from generators.reading.course import course_of
from generators.reading.course.page import LessonHead, known_head, read_head
from generators.reading.curriculum import curriculum_of
from generators.reading.text import TextFile, decode_file
from outbox import OutboxSettings, Payload

_CURRICULUM = PurePosixPath("curriculum.yaml")
_MADE = ("lessons/", "assessments/")
_OPEN_WITH_TITLE = frozenset({"course-outline.md", "final-project.md"})


class PlannedCourse:
    """A course as it will be once these files are in its folder.

    Args:
        settings: for the minds.
        folder: where the course will be.
        files: bytes by name relative to the folder.
        brief: what the brief among them says.
        heads: what the frontmatter of a lesson says, by name, where that is known.
        curriculum: the YAML of the curriculum among them, loaded.
    """

    def __init__(
        self,
        settings: OutboxSettings,
        folder: CourseFolder,
        *,
        files: Mapping[str, bytes],
        brief: Brief,
        heads: Mapping[str, dict[str, Any]],
        curriculum: dict[str, Any],
    ) -> None:
        self._brief = brief
        self._curricula = {_CURRICULUM: curriculum_of(folder.path / _CURRICULUM, [curriculum])}
        self._minds = Minds(creator=settings.creator_mind, persona=settings.persona_mind)
        self._folder, self._place = folder, folder.path
        self._bytes = dict(files)
        self._files = {PurePosixPath(name): self._decoded(name, data) for name, data in files.items()}
        self._heads = {
            path: head for path, file in self._files.items() if (head := _head(file, heads.get(path.as_posix())))
        }
        self._drafts = self._made()

    @property
    def structure(self) -> list[Payload]:
        """Audience, project, outline, modules, brief and curriculum: everything but lessons and assessments."""
        return [payload for name, payload in self._drafts if name is None or not name.startswith(_MADE)]

    def without(self, names: Iterable[str]) -> list[Payload]:
        """The structure again, of the course without some of its files."""
        for name in names:
            self._files.pop(PurePosixPath(name), None)
            self._bytes.pop(name, None)
        self._drafts = self._made()
        return self.structure

    def of_file(self, name: str, data: bytes) -> list[Payload]:
        """The events of one lesson or assessment, as planned or with another text."""
        if self._bytes.get(name) != data:
            path = PurePosixPath(name)
            self._files[path] = self._decoded(name, data)
            self._bytes[name] = data
            self._heads.pop(path, None)
            self._drafts = self._made()
        return [payload for own, payload in self._drafts if own == name]

    def _made(self) -> list[tuple[str | None, Payload]]:
        course = course_of(self._place, self._files, self._heads, self._brief, self._curricula)
        payloads = CoursePayloads(course, self._folder.slug, self._folder.relative(""), self._minds)
        return [(draft.relative.as_posix() if draft.relative else None, draft.payload) for draft in payloads.drafts()]

    def _decoded(self, name: str, data: bytes) -> TextFile:
        return decode_file(self._place / name, data)


def _head(file: TextFile, values: dict[str, Any] | None) -> LessonHead | None:
    """The top of a text of our own, which opens with its title; None for others, which are read when needed."""
    if values is not None:
        _, _, body = file.text.partition("\n---\n\n# ")
        return known_head(values, body.partition("\n")[0])
    if file.path.name in _OPEN_WITH_TITLE:
        return read_head(replace(file, text=file.text.partition("\n\n")[0]))
    return None
