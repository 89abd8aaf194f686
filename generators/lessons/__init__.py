"""Lessons from what is known: facts of a course, the offline kit, a model's writer, quizzes and cards."""

from generators.errors import WriterStopped
from generators.lessons.assessments import quiz_path, write_assessments
from generators.lessons.cards import write_cards
from generators.lessons.choice import UnknownWriter, writer_for
from generators.lessons.facts import CourseFacts, LessonFacts
from generators.lessons.frame import UnknownLanguage, language_of
from generators.lessons.kit import Lesson, write_kit
from generators.lessons.writer import Estimate, OfflineWriter, Writer

__all__ = [
    "CourseFacts",
    "Estimate",
    "Lesson",
    "LessonFacts",
    "OfflineWriter",
    "UnknownLanguage",
    "UnknownWriter",
    "Writer",
    "WriterStopped",
    "language_of",
    "quiz_path",
    "write_assessments",
    "write_cards",
    "write_kit",
    "writer_for",
]
