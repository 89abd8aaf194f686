from dataclasses import dataclass
from functools import cached_property

from generators.brief import Brief
from generators.curriculum import Curriculum, CurriculumLesson, CurriculumModule


@dataclass(frozen=True, kw_only=True)
class LessonRequest:
    """All that a writer may know when it writes one lesson.

    Attributes:
        brief: what the author stated.
        curriculum: as approved; it is the authority on titles, minutes, objectives and order.
        index: 0-based place of the lesson in the course.
    """

    brief: Brief
    curriculum: Curriculum
    index: int

    @cached_property
    def lessons(self) -> tuple[CurriculumLesson, ...]:
        return tuple(self.curriculum.lessons)

    @property
    def lesson(self) -> CurriculumLesson:
        return self.lessons[self.index]

    @property
    def module(self) -> CurriculumModule:
        wanted = self.lesson.lesson_id
        return next(m for m in self.curriculum.modules if any(item.lesson_id == wanted for item in m.lessons))

    @property
    def previous(self) -> CurriculumLesson | None:
        return self.lessons[self.index - 1] if self.index else None

    @property
    def following(self) -> CurriculumLesson | None:
        return self.lessons[self.index + 1] if self.index + 1 < len(self.lessons) else None
