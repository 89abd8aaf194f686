from generators.lesson_writer.lesson import Lesson, write_lesson
from generators.lesson_writer.request import LessonRequest

__all__ = ["Lesson", "LessonRequest", "write_lesson"]
