"""The typed curriculum: modules and lessons of a course, whatever keys its file used; the outline of a brief, too.

The encoded names are those of the curriculum.yaml that we write, so that such a file is decoded into these types as it
stands and a value of the wrong type is an error with its path. The tolerant reader maps every other shape onto them.
"""

from collections.abc import Iterator

from msgspec import Struct

from generators.reading.amounts import Level
from generators.reading.warning import ReadingWarning

_LESSON_NAMES = {
    "title": "lesson_title",
    "description": "lesson_description",
    "minutes": "duration_minutes",
    "objectives": "learning_objectives",
}
_MODULE_NAMES = {
    "number": "module_number",
    "title": "module_title",
    "description": "module_description",
    "minutes": "duration_minutes",
    "objectives": "module_objectives",
}


class CurriculumLesson(Struct, frozen=True, kw_only=True, rename=_LESSON_NAMES):
    """One lesson of a curriculum.

    Attributes:
        lesson_id: "i.j" as text (2.10 is not 2.1); made from the place in the list where the author gives
            no such number.
        minutes: None where the file states none.
        file_path: as written, relative to the course folder; it need not exist.
    """

    lesson_id: str
    title: str | None = None
    slug: str | None = None
    description: str | None = None
    minutes: int | None = None
    file_path: str | None = None
    objectives: tuple[str, ...] = ()
    bloom_level: str | None = None
    prerequisites: tuple[str, ...] = ()
    key_concepts: tuple[str, ...] = ()
    activities: tuple[str, ...] = ()
    lesson_type: str | None = None

    @property
    def number(self) -> int:
        return int(self.lesson_id.partition(".")[2])


class CurriculumModule(Struct, frozen=True, kw_only=True, rename=_MODULE_NAMES):
    """One module.

    Attributes:
        minutes: of the module: the sum of its lessons where they state any, else what the module declares.
        lesson_count: lessons listed, or the number declared where the file gives a bare count.
    """

    number: int
    title: str | None = None
    slug: str | None = None
    description: str | None = None
    minutes: int | None = None
    objectives: tuple[str, ...] = ()
    lessons: tuple[CurriculumLesson, ...] = ()
    declared_lessons: int | None = None

    @property
    def lesson_count(self) -> int:
        return len(self.lessons) if self.lessons else self.declared_lessons or 0


class Curriculum(Struct, frozen=True, kw_only=True):
    """A curriculum.

    Attributes:
        total_minutes: sum over the lessons where they state minutes, else over the modules, else what
            is declared.
        price: in reais.
        warnings: where declared numbers and the lists disagree, with both.
    """

    title: str | None = None
    subtitle: str | None = None
    description: str | None = None
    slug: str | None = None
    course_id: str | None = None
    version: str | None = None
    instructor: str | None = None
    level: Level | None = None
    price: float | None = None
    objectives: tuple[str, ...] = ()
    prerequisites: tuple[str, ...] = ()
    modules: tuple[CurriculumModule, ...] = ()
    total_minutes: int | None = None
    framework: str | None = None
    style: str | None = None
    language: str | None = None
    target_audience: str | None = None
    tags: tuple[str, ...] = ()
    warnings: tuple[ReadingWarning, ...] = ()

    @property
    def lessons(self) -> Iterator[CurriculumLesson]:
        """Every lesson, in order."""
        for module in self.modules:
            yield from module.lessons
