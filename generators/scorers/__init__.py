from generators.scorers.course import PASS_SHARE, CourseScore, LessonScore, lesson_text, score_course, score_lesson
from generators.scorers.didactics import PASS_POINTS, DidacticsScore, score_didactics
from generators.scorers.gps import GpsScore, score_gps
from generators.scorers.substance import LessonText, Substance, weigh

__all__ = [
    "PASS_POINTS",
    "PASS_SHARE",
    "CourseScore",
    "DidacticsScore",
    "GpsScore",
    "LessonScore",
    "LessonText",
    "Substance",
    "lesson_text",
    "score_course",
    "score_didactics",
    "score_gps",
    "score_lesson",
    "weigh",
]
