from generators.reading.curriculum.model import Curriculum, CurriculumLesson, CurriculumModule
from generators.reading.curriculum.reader import curriculum_of, parse_curriculum, read_curriculum

__all__ = ["Curriculum", "CurriculumLesson", "CurriculumModule", "curriculum_of", "parse_curriculum", "read_curriculum"]
