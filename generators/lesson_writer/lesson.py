from dataclasses import dataclass
from typing import Any

from generators.lesson_writer.budget import budget
from generators.lesson_writer.closing import write_closing
from generators.lesson_writer.draft import Draft
from generators.lesson_writer.frontmatter import frontmatter, lesson_head
from generators.lesson_writer.goal import write_goal
from generators.lesson_writer.position import write_position
from generators.lesson_writer.request import LessonRequest
from generators.lesson_writer.steps import write_steps


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """A lesson as it is going to be published.

    Attributes:
        text: Markdown with frontmatter, ending in a newline.
        head: what the frontmatter says.
    """

    text: str
    head: dict[str, Any]


def write_lesson(request: LessonRequest) -> Lesson:
    """One lesson in Brazilian Portuguese: the GPS frame around the seven elements of Didática Lendária.

    The same request gives the same text, byte for byte; nothing is read but the phrase banks.
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
    head = lesson_head(request, draft.kind, share)
    text = "\n\n".join([frontmatter(head), *draft.fit(blocks, share.words)])
    # A third pitfall, where there is room for it, belongs to the list of the other two.
    text = text.replace("\n\n- ⚠️ ", "\n- ⚠️ ").replace("comuns\n- ⚠️ ", "comuns\n\n- ⚠️ ") + "\n"
    return Lesson(text=text, head=head)
