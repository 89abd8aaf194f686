"""What the phrase banks may fill in for one lesson, all of it taken from the brief and the curriculum."""

from generators.brief import Pain
from generators.lesson_writer.budget import Budget
from generators.lesson_writer.request import LessonRequest
from generators.portuguese import infinitive, nameable, quotable, upper_first, with_article, without_notes
from generators.portuguese_case import sentence_case
from generators.word_stems import stems

MAX_CONCEPTS = 3
_ANY_TASK = "aplicar o conteúdo desta aula"
_LONGEST_QUOTE = 160
_NTH = ("primeira", "segunda", "terceira", "quarta", "quinta", "sexta", "sétima", "oitava", "nona", "décima")
_HOW_MANY = ("", "uma", "duas", "três", "quatro", "cinco", "seis", "sete", "oito", "nove", "dez", "onze", "doze")


def fields_of(request: LessonRequest, budget: Budget) -> dict[str, str]:
    """Names for the phrase banks; what is not known is left out, and so are the phrases that need it."""
    lesson, brief = request.lesson, request.brief
    title = lesson.title or f"Aula {lesson.lesson_id}"
    first = next((verb for verb in map(infinitive, lesson.objectives) if verb), _ANY_TASK)
    found = {
        "title": quotable(title),
        "topic": nameable(title) or next((name for name in concepts_of(request) if " " in name), ""),
        "course": quotable(request.curriculum.title or brief.title or "este curso"),
        "module": sentence_case(quotable(request.module.title or f"Módulo {request.module.number}")),
        "can": first,
        "Can": upper_first(first),
        "minutes": str(budget.minutes),
        "exercise_minutes": str(budget.exercise_minutes),
        "after": _turn(brief.after, request.index),
    }
    found["label"] = found["topic"] or found["title"]
    found["topic_said"] = said(request, found["topic"])
    if request.previous:
        found["previous"] = quotable(request.previous.title or "")
    if request.following:
        found["next"] = quotable(request.following.title or f"Aula {request.following.lesson_id}")
        found["next_id"] = request.following.lesson_id
    return {name: value for name, value in found.items() if value}


def pain_fields(request: LessonRequest, turn: int) -> dict[str, str]:
    """A pain of the audience and its consequence: the one nearest to the lesson, or else another at each turn."""
    pains = [pain for pain in request.brief.pains if 0 < len(_quote(pain.text)) <= _LONGEST_QUOTE]
    if not pains:
        return {}
    pain = _nearest(request, pains) or pains[turn % len(pains)]
    consequence = _quote(pain.consequence or "")
    found = {"pain": _quote(pain.text)}
    if 0 < len(consequence) <= _LONGEST_QUOTE:
        found["consequence"] = consequence
    return found


def touches(request: LessonRequest) -> bool:
    """Whether a pain of the audience shares words with the lesson: only then may the lesson promise to answer it."""
    return _nearest(request, list(request.brief.pains)) is not None


def _nearest(request: LessonRequest, pains: list[Pain]) -> Pain | None:
    lesson, module = request.lesson, request.module
    own = stems(" ".join((lesson.title or "", lesson.description or "", *lesson.key_concepts)))
    around = stems(" ".join((module.title or "", *module.objectives))) | own
    near = [
        (2 * len(own & words) + len(around & words), -place)
        for place, pain in enumerate(pains)
        if (words := stems(f"{pain.text} {pain.consequence or ''}"))
    ]
    best = max(near, default=(0, 0))
    return pains[-best[1]] if best[0] else None


def place_fields(request: LessonRequest) -> dict[str, str]:
    """Where in its module a lesson stands, and what the module is for."""
    module = request.module
    place = [lesson.lesson_id for lesson in module.lessons].index(request.lesson.lesson_id)
    if place >= len(_NTH) or len(module.lessons) >= len(_HOW_MANY) or len(module.lessons) == 1:
        return {}
    found = {"nth": _NTH[place], "of": _HOW_MANY[len(module.lessons)], "number": str(module.number)}
    # Only what the author said of the module; the curriculum's own objectives may be gathered from its lessons.
    said_of = [own for own in request.brief.outline if own.title == module.title]
    aim = next((verb for own in said_of for verb in map(infinitive, own.objectives) if verb), None)
    if aim:
        found["module_can"] = aim
    return found


def concepts_of(request: LessonRequest) -> list[str]:
    """One to three names for the steps of the lesson; one empty name where none reads well in a sentence."""
    named = [name for name in map(nameable, request.lesson.key_concepts) if name]
    return named[:MAX_CONCEPTS] or [""]


def said(request: LessonRequest, name: str) -> str:
    """A name of the lesson with the article that its author gave it; empty where there is none."""
    lesson = request.lesson
    objectives = (*lesson.objectives, *request.module.objectives, *request.brief.objectives)
    return (with_article(name, lesson.title or "", objectives) or "") if name else ""


def _quote(line: str) -> str:
    return quotable(without_notes(line))


def _turn(lines: tuple[str, ...], index: int) -> str:
    short = [_quote(line) for line in lines if 0 < len(_quote(line)) <= _LONGEST_QUOTE]
    return short[index % len(short)] if short else ""
