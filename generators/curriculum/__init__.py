from generators.curriculum.model import Curriculum, CurriculumLesson, CurriculumModule
from generators.curriculum.reader import parse_curriculum, read_curriculum

__all__ = ["Curriculum", "CurriculumLesson", "CurriculumModule", "parse_curriculum", "read_curriculum"]
