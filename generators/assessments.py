"""What a course is checked with: a quiz for each module and a final project."""

from collections.abc import Iterator

from generators.brief import Brief
from generators.curriculum import Curriculum
from generators.final_project import write_final_project
from generators.quiz import write_quiz


def write_assessments(brief: Brief, curriculum: Curriculum) -> Iterator[tuple[str, str]]:
    """Every assessment as (path relative to the course folder, text), in the order of the modules."""
    for module in curriculum.modules:
        yield f"assessments/quiz-module-{module.number}.yaml", write_quiz(brief, curriculum, module)
    yield "assessments/final-project.md", write_final_project(brief, curriculum)
