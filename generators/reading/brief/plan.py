"""Modules and lessons while an outline is being read."""

from dataclasses import dataclass, field

from generators.reading.brief.zones import Zone
from generators.reading.curriculum.model import CurriculumLesson, CurriculumModule
from generators.reading.markdown import Line
from generators.reading.titles import title_and_minutes


@dataclass
class Lesson:
    number: str
    title: str
    minutes: int | None
    objective: str | None = None


@dataclass
class Module:
    """A module while it is being read; `items` are what stands below it without calling itself a lesson.

    `blank`: where its title should be, a form's blank is left.
    """

    number: int
    title: str
    minutes: int | None
    line: Line
    objectives: list[str] = field(default_factory=list)
    description: str | None = None
    lessons: dict[str, Lesson] = field(default_factory=dict)
    declared: int | None = None
    items: list[str] = field(default_factory=list)
    unnamed: bool = False
    blank: bool = False
    listed: bool = False
    headed: bool = False

    def add(self, title: str | None, minutes: int | None, number: str | None = None) -> Lesson | None:
        number = number or f"{self.number}.{len(self.lessons) + 1}"
        if title is None or number in self.lessons:
            return None
        self.lessons[number] = Lesson(number, title, minutes)
        return self.lessons[number]

    def take_items(self) -> None:
        """Make what is listed below the module its lessons, if each has a title and the module counts as many."""
        read = [title_and_minutes(text) for text in self.items]
        if self.lessons or any(title is None for title, _ in read) or self.declared not in {None, len(read)}:
            return
        for title, minutes in read:
            self.add(title, minutes)

    def stated(self) -> CurriculumModule:
        lessons = list(self.lessons.values())
        each = [lesson.minutes for lesson in lessons if lesson.minutes]
        return CurriculumModule(
            number=self.number,
            title=self.title,
            # The sum is stated where every lesson states its part.
            minutes=self.minutes or (sum(each) if lessons and len(each) == len(lessons) else None),
            description=self.description,
            objectives=tuple(self.objectives),
            lessons=tuple(
                CurriculumLesson(
                    lesson_id=lesson.number,
                    title=lesson.title,
                    minutes=lesson.minutes,
                    objectives=(lesson.objective,) if lesson.objective else (),
                )
                for lesson in lessons
            ),
        )


@dataclass
class Plan:
    """The modules that one chapter of the brief mentions; `word` is what they call themselves."""

    zone: Zone
    modules: dict[int, Module] = field(default_factory=dict)
    word: str = ""
    flat: bool = False

    @property
    def weight(self) -> tuple[int, bool, bool, int, int]:
        in_outline = self.zone in {Zone.OUTLINE, Zone.PEDAGOGY, Zone.OBJECTIVES}
        titled = sum(bool(module.title) for module in self.modules.values())
        lessons = sum(len(module.lessons) for module in self.modules.values())
        return lessons, in_outline, bool(self.word), titled, len(self.modules)
