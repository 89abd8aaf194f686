"""What a file of a course folder is: decided by evidence that adds up, never by one sign alone.

A lesson is known by the folder that it lies in, by the number or word that its name starts with, by a heading
that calls it a lesson, by its frontmatter, and by the curriculum that lists it. Scripts, module overviews,
glossaries and reports carry some of these signs, and signs of their own against them.
"""

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from generators.course.lesson_file import LessonHead
from generators.course.lesson_number import has_lesson_word, names_lesson, number_in_name
from generators.languages import fold
from generators.markdown.label import label_key

LESSON_THRESHOLD = 4

_LESSON_FOLDER = re.compile(
    r"^(?:aulas?|lessons?|licoes|licao|videoaulas|conteudos?|content|chapters|capitulos|modulos?|modules?|curso|course)$"
)
_MODULE_FOLDER = re.compile(r"^(?:modulo|module|mod|m|unidade|unit|semana|week|bloco|parte)[-_. ]*\d{1,3}\b")
_NUMBERED_FOLDER = re.compile(r"^\d{1,2}(?:\.\d{1,2})?[-_. ]")
_OTHER_FOLDERS = re.compile(
    r"^(?:roteiros?|scripts?|mindmaps?|mapas?[-_ ]?mentais|templates?|modelos|resources?|recursos|materiais?|research"
    r"|pesquisas?|assessments?|avaliac\w+|quizz?es|sources?|fontes?|transcri\w+|legendas?|subtitles|drafts?|rascunhos?"
    r"|backups?|archived?|arquivados?|old|antig\w+|deprecated|assets|images?|imagens|checklists?|reports?|relatorios?"
    r"|validation|validacao|docs|anexos?|exercicios|slides|prompts?|references?|referencias?"
    r"|marketing|bonus[-_ ]materiais"
    r"|\w*legac\w*|tmp|temp|qa|notes?|notas|briefings?|audio|videos?|raw|glossar\w+)(?:[-_ ].*)?$"
)
_OTHER_NAMES = re.compile(
    r"^(?:readme|index|indice|sumario|toc|glossar|template|modelo[-_ ]|roteiro|script|checklist|relatorio|report|brief|"
    r"course[-_ ]?brief|validation|validac|quiz|gabarito|rubric|changelog|status|todo|notas?[-_ ]"
    r"|notes?[-_ ]|mapa[-_ ]|"
    r"mindmap|progress|generation|summary|resumo[-_ ]do|guia[-_ ]do|curriculum|ementa|plano[-_ ]de|course[-_ ]outline)"
)
_OTHER_NAME_WORDS = re.compile(
    r"(?:validation|validacao|quality|qa)[-_ ]?(?:report|relatorio)|relatorio[-_ ]de"
    r"|briefing[-_ ]?template|template[-_ ]?brief"
    r"|[-_ ](?:roteiro|transcri\w+|transcript|report|changelog|gabarito)$"
)
_OTHER_HEADINGS = re.compile(
    r"^(?:roteiro|script|template|modelo de|readme|glossario|glossary|relatorio|report|validation"
    r"|validac\w+ d[aoe]|brief"
    r"|course brief|briefing|quiz|gabarito|changelog|indice|sumario|mapa mental|mind ?map|rubric\w*"
    r"|modulo \d+|module \d+"
    r"|visao geral do (?:modulo|curso)|ementa|plano de aula|transcri\w+|answer key|production)\b"
)
_LESSON_HEAD_KEYS = frozenset({"lesson_id", "lesson_number", "lesson_title", "lesson_type"})
_GENERIC_STEMS = frozenset({"readme", "index", "aula", "lesson", "conteudo", "content", "texto", "script"})


def naming_part(relative: PurePosixPath) -> str:
    """The name that tells about a file: its stem, or its folder's name if the file is called `README` or `index`."""
    if fold(relative.stem) in _GENERIC_STEMS and relative.parent.name:
        number = number_in_name(relative.parent.name)
        if number and (number.is_pair or has_lesson_word(relative.parent.name)):
            return relative.parent.name
    return relative.stem


def in_other_folder(relative: PurePosixPath) -> bool:
    """Whether a folder above holds something else than lessons."""
    return any(_OTHER_FOLDERS.match(fold(part)) for part in relative.parent.parts)


def in_lesson_folder(relative: PurePosixPath) -> bool:
    """Whether a folder above holds lessons."""
    parts = [fold(part) for part in relative.parent.parts]
    return any(
        _LESSON_FOLDER.match(part) or _MODULE_FOLDER.match(part) or _NUMBERED_FOLDER.match(part) for part in parts
    )


def lesson_score(relative: PurePosixPath, head: LessonHead, listed: Sequence[bool]) -> int:
    """Add up what speaks for and against a file being a lesson.

    Args:
        relative: path in the course folder.
        head: the top of the file.
        listed: one flag for each way in which the curriculum lists the file (path, number with title).
    """
    name = naming_part(relative)
    number = number_in_name(name)
    folded = fold(name)
    heading = label_key(head.heading) if head.heading else ""
    raw_heading = re.sub(r"^\W+", "", fold(head.heading))
    score = 0
    score += 2 if in_lesson_folder(relative) else 0
    score -= 5 if in_other_folder(relative) else 0
    score += 2 if number is not None else 0
    score += 1 if has_lesson_word(name) else 0
    score += 2 if names_lesson(head.heading) else 0
    score += 2 if head.head and _LESSON_HEAD_KEYS & head.head.keys() else 0
    score += 3 if any(listed) else 0
    score -= 5 if _OTHER_NAMES.match(folded) or _OTHER_NAME_WORDS.search(folded) else 0
    score -= 3 if _OTHER_HEADINGS.match(raw_heading) or _OTHER_HEADINGS.match(heading) else 0
    return score


def is_module_overview(relative: PurePosixPath) -> bool:
    """Whether a file describes the module whose folder it lies in."""
    parent = fold(relative.parent.name)
    return fold(relative.stem) in {"readme", "index", "overview", "visao-geral"} and (
        _MODULE_FOLDER.match(parent) is not None or _NUMBERED_FOLDER.match(parent) is not None
    )
