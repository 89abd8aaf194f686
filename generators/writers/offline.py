from generators.lesson_writer import LessonRequest, write_lesson
from generators.writers.writer import Estimate

_SECONDS_PER_LESSON = 0.02


class OfflineWriter:
    """Lessons from the brief and the phrase banks alone: no network, no cost, the same bytes every time."""

    name = "offline"
    lessons_per_unit = 10

    def estimate(self, lessons: int, minutes: int) -> Estimate:  # noqa: ARG002 - the interface of every writer
        return Estimate(seconds=lessons * _SECONDS_PER_LESSON, tokens=0, note="nothing (offline)")

    def write(self, request: LessonRequest) -> str:
        return write_lesson(request).text
