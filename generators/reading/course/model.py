from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from generators.errors import GeneratorError
from generators.reading.brief import Brief
from generators.reading.course.folders import Verdict
from generators.reading.course.page import LessonFile
from generators.reading.curriculum import Curriculum, CurriculumLesson
from generators.reading.text import TextFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """A file of a course that is no lesson.

    Attributes:
        kind: transcript, source, assessment, research, resource, script, mindmap, report or document.
        title: its first heading, or its name.
    """

    relative: PurePosixPath
    file: TextFile
    kind: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseModule:
    """A module that has lessons on disk.

    Attributes:
        key: tells it from the other modules for good; None gathers lessons of no module, which hang below the
            outline itself.
        number: where its number tells it from the others.
        overview: the text that describes it (`README.md` in its folder).
    """

    key: str | None
    number: int | None
    title: str
    description: str | None
    minutes: int | None
    overview: Material | None
    lessons: tuple[LessonFile, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """A course folder, read.

    Attributes:
        folder: the folder, absolute.
        modules: in order; lessons that belong to none come last.
        listed: what the curriculum says about a lesson, by the lesson's path.
        missing: lessons that the curriculum lists and no file holds.
        outline: the written outline, if there is one.
        verdicts: what each file is, and why, by its path.
        order: what the order of the lessons was taken from, where a site states it.
        failures: files that could not be taken in; the rest is complete without them.
        warnings: one-line messages for the author.
    """

    folder: Path
    title: str
    stated_slug: str | None
    brief: Brief | None
    brief_file: Material | None
    curriculum: Curriculum | None
    curriculum_file: Material | None
    modules: tuple[CourseModule, ...]
    listed: dict[PurePosixPath, CurriculumLesson]
    missing: tuple[CurriculumLesson, ...]
    outline: Material | None
    materials: tuple[Material, ...]
    verdicts: dict[PurePosixPath, Verdict]
    order: PurePosixPath | None
    failures: tuple[GeneratorError, ...]
    warnings: tuple[str, ...]

    @property
    def lessons(self) -> tuple[LessonFile, ...]:
        """Every lesson in order."""
        return tuple(lesson for module in self.modules for lesson in module.lessons)
