from generators.reading.course.find import explain_folder, find_courses, is_course
from generators.reading.course.folder import course_of, read_course
from generators.reading.course.folders import Verdict, kinds_seen
from generators.reading.course.model import Course, CourseModule, Material
from generators.reading.course.name import LessonNumber
from generators.reading.course.page import LessonFile

__all__ = [
    "Course",
    "CourseModule",
    "LessonFile",
    "LessonNumber",
    "Material",
    "Verdict",
    "course_of",
    "explain_folder",
    "find_courses",
    "is_course",
    "kinds_seen",
    "read_course",
]
