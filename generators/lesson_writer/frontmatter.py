from typing import Any

import yaml

from generators.lesson_writer.budget import Budget
from generators.lesson_writer.request import LessonRequest

MMOS_FIDELITY = 0.90
MANUAL_FIDELITY = 0.85
_TYPES = {
    "concept": "conceitual",
    "practice": "prática",
    "setup": "preparação",
    "compare": "comparativa",
    "troubleshoot": "diagnóstico",
    "plan": "planejamento",
    "project": "projeto",
}


def frontmatter(head: dict[str, Any]) -> str:
    """The YAML head of a lesson, with its fences."""
    return "---\n" + yaml.safe_dump(head, allow_unicode=True, sort_keys=False, width=110) + "---"


def lesson_head(request: LessonRequest, kind: str, budget: Budget) -> dict[str, Any]:
    """What the frontmatter of a lesson says."""
    lesson = request.lesson
    return {
        "lesson_id": lesson.lesson_id,
        "title": lesson.title or f"Aula {lesson.lesson_id}",
        "module": request.module.title or f"Módulo {request.module.number}",
        "duration_minutes": budget.minutes,
        "lesson_type": _TYPES[kind],
        "difficulty": request.curriculum.level or request.brief.level or "beginner",
        "prerequisites": [request.previous.lesson_id] if request.previous else [],
        "learning_objectives": list(lesson.objectives),
        "gps_validation": {"goal": True, "position": True, "steps": True},
        "voice_fidelity_target": MMOS_FIDELITY if request.brief.voice.mode == "mmos" else MANUAL_FIDELITY,
    }
