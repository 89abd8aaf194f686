from generators.course.find import find_courses, is_course
from generators.course.folder import read_course
from generators.course.lesson_file import LessonFile
from generators.course.lesson_number import LessonNumber
from generators.course.model import Course, CourseModule, Material

__all__ = [
    "Course",
    "CourseModule",
    "LessonFile",
    "LessonNumber",
    "Material",
    "find_courses",
    "is_course",
    "read_course",
]
