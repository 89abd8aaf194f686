from generators.lesson_writer.budget import budget
from generators.lesson_writer.closing import write_closing
from generators.lesson_writer.draft import Draft
from generators.lesson_writer.frontmatter import frontmatter
from generators.lesson_writer.goal import write_goal
from generators.lesson_writer.position import write_position
from generators.lesson_writer.request import LessonRequest
from generators.lesson_writer.steps import write_steps


def write_lesson(request: LessonRequest) -> str:
    """One lesson in Brazilian Portuguese: the GPS frame around the seven elements of Didática Lendária.

    The same request gives the same text, byte for byte; nothing is read but the phrase banks.

    Returns:
        Markdown with frontmatter, ending in a newline.
    """
    share = budget(request.lesson.minutes)
    draft = Draft(request, share)
    lesson, module = request.lesson, request.module
    blocks = [
        f"# Aula {lesson.lesson_id}: {lesson.title or 'Sem título'}",
        f"*Módulo {module.number}: {module.title or 'sem título'} · {share.minutes} minutos*",
        *write_goal(draft),
        *write_position(draft),
        *write_steps(draft),
        *write_closing(draft),
    ]
    text = "\n\n".join([frontmatter(request, draft.kind, share), *draft.fit(blocks, share.words)])
    # A third pitfall, where there is room for it, belongs to the list of the other two.
    return text.replace("\n\n- ⚠️ ", "\n- ⚠️ ").replace("comuns\n- ⚠️ ", "comuns\n\n- ⚠️ ") + "\n"
