"""The events of a generated course, made by the importer's own hand.

The course is assembled from the texts that are about to be published, as if they lay in its folder already; importing
the finished folder therefore says nothing new.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import PurePosixPath

from generators.course import course_of
from generators.course.lesson_file import LessonHead, read_head
from generators.course_folder import CourseFolder
from generators.importing import Minds
from generators.importing.payloads import CoursePayloads
from generators.textfile import TextFile, decode_file
from outbox import OutboxSettings, Payload

_MADE = ("lessons/", "assessments/")

# Our lessons state all that an import looks for in their frontmatter and first heading; what follows is prose.
_TOP_LINES = 5


class PlannedCourse:
    """A course as it will be once these files are in its folder.

    Args:
        settings: for the minds.
        folder: where the course will be.
        files: bytes by name relative to the folder.
    """

    def __init__(self, settings: OutboxSettings, folder: CourseFolder, files: Mapping[str, bytes]) -> None:
        self._minds = Minds(creator=settings.creator_mind, persona=settings.persona_mind)
        self._folder = folder
        self._files = {PurePosixPath(name): self._decoded(name, data) for name, data in files.items()}
        self._heads = {path: _head(file) for path, file in self._files.items() if path.parts[0] == "lessons"}
        self._drafts = self._made()

    @property
    def structure(self) -> list[Payload]:
        """Audience, project, outline, modules, brief and curriculum: everything but lessons and assessments."""
        return [payload for name, payload in self._drafts if name is None or not name.startswith(_MADE)]

    def of_file(self, name: str, data: bytes) -> list[Payload]:
        """The events of one lesson or assessment, as planned or with another text."""
        path = PurePosixPath(name)
        if self._files.get(path) is None or self._decoded(name, data).sha256 != self._files[path].sha256:
            self._files[path] = self._decoded(name, data)
            self._heads.pop(path, None)
            self._drafts = self._made()
        return [payload for own, payload in self._drafts if own == name]

    def _made(self) -> list[tuple[str | None, Payload]]:
        course = course_of(self._folder.path, self._files, self._heads)
        payloads = CoursePayloads(course, self._folder.slug, self._folder.relative(""), self._minds)
        return [(draft.relative.as_posix() if draft.relative else None, draft.payload) for draft in payloads.drafts()]

    def _decoded(self, name: str, data: bytes) -> TextFile:
        return decode_file(self._folder.path / name, data)


def _head(file: TextFile) -> LessonHead:
    """The top of a lesson of our own, read from its first lines: title, number and minutes stand nowhere else in it."""
    frontmatter_end = file.text.find("\n---\n", 4)
    top = file.text[frontmatter_end:].splitlines()[:_TOP_LINES]
    return read_head(replace(file, text=file.text[:frontmatter_end] + "\n".join(top) + "\n"))
