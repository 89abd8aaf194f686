from generators.scorers.course import PASS_SHARE, CourseScore, LessonScore, score_lesson
from generators.scorers.didactics import PASS_POINTS, DidacticsScore, score_didactics
from generators.scorers.gps import GpsScore, score_gps

__all__ = [
    "PASS_POINTS",
    "PASS_SHARE",
    "CourseScore",
    "DidacticsScore",
    "GpsScore",
    "LessonScore",
    "score_didactics",
    "score_gps",
    "score_lesson",
]
