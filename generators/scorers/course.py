from dataclasses import dataclass

from generators.scorers.didactics import DidacticsScore, score_didactics
from generators.scorers.gps import GpsScore, score_gps

PASS_SHARE = 0.80


@dataclass(frozen=True, slots=True, kw_only=True)
class LessonScore:
    """Both scores of one lesson."""

    name: str
    gps: GpsScore
    didactics: DidacticsScore

    @property
    def passed(self) -> bool:
        return self.gps.passed and self.didactics.passed

    @property
    def missing(self) -> tuple[str, ...]:
        return self.gps.missing + self.didactics.missing

    def as_dict(self) -> dict[str, object]:
        return {
            "lesson": self.name,
            "gps": self.gps.total,
            "didactics": self.didactics.total,
            "passed": self.passed,
            "missing": list(self.missing),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseScore:
    """Scores of all lessons of a course; it passes when 80 % of them pass both."""

    lessons: tuple[LessonScore, ...]

    @property
    def passing(self) -> int:
        return sum(lesson.passed for lesson in self.lessons)

    @property
    def passed(self) -> bool:
        return bool(self.lessons) and self.passing >= PASS_SHARE * len(self.lessons)


def score_lesson(name: str, markdown: str) -> LessonScore:
    return LessonScore(name=name, gps=score_gps(markdown), didactics=score_didactics(markdown))
