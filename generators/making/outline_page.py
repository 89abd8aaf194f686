from generators.lessons.frame import frame_of
from generators.reading.curriculum import Curriculum


def write_outline(curriculum: Curriculum, language: str) -> str:
    """`course-outline.md`: the course at a glance, for people."""
    frame = frame_of(language)
    say = frame["outline"]
    lines = [f"# {curriculum.title or say['untitled_course']}"]
    if curriculum.subtitle:
        lines.append(f"*{curriculum.subtitle}*")
    sizes = {
        "module": len(curriculum.modules),
        "lesson": sum(1 for _ in curriculum.lessons),
        "minute": curriculum.total_minutes or 0,
    }
    lines.append(" · ".join(f"{size} {say[name].split('|')[size != 1]}" for name, size in sizes.items()))
    if curriculum.objectives:
        lines += [f"## {say['objectives']}", _list(curriculum.objectives)]
    if curriculum.prerequisites:
        lines += [f"## {say['prerequisites']}", _list(curriculum.prerequisites)]
    for module in curriculum.modules:
        lines.append(f"## {frame['module']} {module.number}: {module.title or frame['untitled']}")
        if module.objectives:
            lines.append(_list(module.objectives))
        lines.append(
            "\n".join(
                f"{place}. **{lesson.lesson_id}** {lesson.title or frame['untitled']} ({lesson.minutes or 0} min)"
                for place, lesson in enumerate(module.lessons, 1)
            )
        )
    return "\n\n".join(lines) + "\n"


def _list(items: tuple[str, ...]) -> str:
    return "\n".join(f"- {item}" for item in items)
