"""What one chapter of a brief says about modules and lessons, while it is being read."""

from dataclasses import dataclass, field

from generators.brief.model import OutlineLesson, OutlineModule
from generators.brief.outline_lines import title_and_minutes
from generators.brief.zones import Zone
from generators.markdown import Line


@dataclass
class Lesson:
    number: str
    title: str
    minutes: int | None
    objective: str | None = None


@dataclass
class Module:
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

    def listed(self) -> tuple[OutlineLesson, ...]:
        """The lessons; a list without a word to it is one of lessons where the module says that it has so many."""
        lessons = list(self.lessons.values())
        if not lessons and self.items and self.declared == len(self.items):
            for place, text in enumerate(self.items, 1):
                title, minutes = title_and_minutes(text)
                if title is None:
                    return ()
                lessons.append(Lesson(f"{self.number}.{place}", title, minutes))
        return tuple(
            OutlineLesson(number=lesson.number, title=lesson.title, minutes=lesson.minutes, objective=lesson.objective)
            for lesson in lessons
        )


@dataclass
class Plan:
    """The modules that one chapter of the brief mentions."""

    zone: Zone
    modules: dict[int, Module] = field(default_factory=dict)

    @property
    def weight(self) -> tuple[int, bool, int, int]:
        lessons = sum(len(module.lessons) for module in self.modules.values())
        in_outline = self.zone in {Zone.OUTLINE, Zone.PEDAGOGY, Zone.OBJECTIVES}
        return (
            lessons,
            in_outline,
            sum(bool(module.title) for module in self.modules.values()),
            len(self.modules),
        )


def stated_module(module: Module) -> OutlineModule:
    """The module with what is stated about it."""
    lessons = module.listed()
    each = [lesson.minutes for lesson in lessons if lesson.minutes]
    return OutlineModule(
        number=module.number,
        title=module.title,
        # The sum is stated where every lesson states its part.
        minutes=module.minutes or (sum(each) if lessons and len(each) == len(lessons) else None),
        description=module.description,
        objectives=tuple(module.objectives),
        lessons=lessons,
    )
