from generators.curriculum import Curriculum


def write_outline(curriculum: Curriculum) -> str:
    """`course-outline.md`: the course at a glance, for people."""
    lines = [f"# {curriculum.title or 'Curso sem título'}"]
    if curriculum.subtitle:
        lines.append(f"*{curriculum.subtitle}*")
    lessons = sum(1 for _ in curriculum.lessons)
    sizes = {"módulo": len(curriculum.modules), "aula": lessons, "minuto": curriculum.total_minutes or 0}
    lines.append(" · ".join(f"{size} {thing}" if size == 1 else f"{size} {thing}s" for thing, size in sizes.items()))
    if curriculum.objectives:
        lines += ["## Ao final do curso, você vai conseguir", _list(curriculum.objectives)]
    if curriculum.prerequisites:
        lines += ["## Pré-requisitos", _list(curriculum.prerequisites)]
    for module in curriculum.modules:
        lines.append(f"## Módulo {module.number}: {module.title or 'sem título'}")
        if module.objectives:
            lines.append(_list(module.objectives))
        lines.append(
            "\n".join(
                f"{place}. **{lesson.lesson_id}** {lesson.title or 'sem título'} ({lesson.minutes or 0} min)"
                for place, lesson in enumerate(module.lessons, 1)
            )
        )
    return "\n\n".join(lines) + "\n"


def _list(items: tuple[str, ...]) -> str:
    return "\n".join(f"- {item}" for item in items)
