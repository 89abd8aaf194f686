from generators.curriculum.model import Curriculum, CurriculumLesson, CurriculumModule

__all__ = ["Curriculum", "CurriculumLesson", "CurriculumModule"]
