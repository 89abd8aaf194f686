from generators.course.find import find_courses, is_course
from generators.course.folder import course_of, read_course
from generators.course.lesson_file import LessonFile
from generators.course.lesson_number import LessonNumber
from generators.course.model import Course, CourseModule, Material

__all__ = [
    "Course",
    "CourseModule",
    "LessonFile",
    "LessonNumber",
    "Material",
    "course_of",
    "find_courses",
    "is_course",
    "read_course",
]
