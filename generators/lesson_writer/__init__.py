from generators.lesson_writer.lesson import write_lesson
from generators.lesson_writer.request import LessonRequest

__all__ = ["LessonRequest", "write_lesson"]
