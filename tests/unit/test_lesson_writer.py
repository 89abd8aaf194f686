"""Lessons are made from the brief alone, vary, and read well."""

import itertools
import re
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from generators.brief import Brief, OutlineLesson, OutlineModule, Pain, Voice, read_brief
from generators.course.lesson_file import known_head
from generators.curriculum_builder import build_curriculum
from generators.lesson_writer import LessonRequest, write_lesson
from generators.lesson_writer.fields import place_fields, touches
from generators.lesson_writer.kind import kind_of
from generators.lesson_writer.phrases import bank
from generators.outline_page import write_outline
from generators.scorers import score_lesson

BRIEF = Path(__file__).parent.parent / "data" / "briefs" / "fotografia-com-celular.md"
MOST_SHARED = 0.40


@pytest.fixture(scope="module")
def brief() -> Brief:
    return read_brief(BRIEF)


@pytest.fixture(scope="module")
def lessons(brief: Brief) -> list[str]:
    return _lessons(brief)


def _lessons(brief: Brief) -> list[str]:
    curriculum = build_curriculum(brief).curriculum
    count = sum(1 for _ in curriculum.lessons)
    return [write_lesson(LessonRequest(brief=brief, curriculum=curriculum, index=index)).text for index in range(count)]


def _body(lesson: str) -> str:
    return lesson.split("---\n", 2)[2]


def _sentences(lesson: str, *, masked: bool) -> set[str]:
    text = "\n".join(line for line in _body(lesson).splitlines() if not line.startswith(("#", "| ---")))
    if masked:
        text = re.sub(r"“[^”]*”|\[DIAGRAM[^\]]*\]", "“…”", text)
    parts = re.split(r"(?<=[.!?…:])\s+|\n+|\|", text)
    return {part.strip() for part in parts if len(part.split()) >= 3}


def test_forty_lessons_are_written(lessons: list[str]) -> None:
    """Every lesson of the outline is written."""
    assert len(lessons) == 40


def test_every_lesson_passes_both_scorers(lessons: list[str]) -> None:
    """What we write, we would accept from others."""
    scores = [score_lesson(str(number), lesson) for number, lesson in enumerate(lessons)]
    assert [score.name for score in scores if not score.passed] == []


@pytest.mark.parametrize("masked", [False, True])
def test_no_two_lessons_share_more_than_two_fifths_of_their_sentences(lessons: list[str], *, masked: bool) -> None:
    """Lessons differ in more than their titles: masked, quoted names count as the same."""
    found = [_sentences(lesson, masked=masked) for lesson in lessons]
    shared = [len(one & two) / min(len(one), len(two)) for one, two in itertools.combinations(found, 2)]
    assert max(shared) <= MOST_SHARED


def test_the_same_brief_gives_the_same_bytes(brief: Brief, lessons: list[str]) -> None:
    """Nothing but the brief and the place in the course decides on a lesson."""
    assert _lessons(brief) == lessons


def test_nothing_is_left_unfilled(lessons: list[str]) -> None:
    """No name in braces, no empty quotes, no double space or stop survives into a lesson."""
    for lesson in lessons:
        assert not re.search(r"\{\w*\}|“”|\.\.(?!\.)|[^\s]  +[^\s]| ,| \.|\bNone\b", _body(lesson)), lesson


def test_prepositions_and_articles_are_contracted(lessons: list[str]) -> None:
    """ "De o", "em a" and the like are never written."""
    for lesson in lessons:
        assert not re.search(r"\b(?:de|em|por|a) (?:o|os) (?:tema|plano|projeto|ambiente)\b", _body(lesson))
        assert not re.search(r"\b(?:de|em) a prática\b", _body(lesson))


def test_the_minutes_of_a_lesson_add_up(lessons: list[str]) -> None:
    """Told part at 150 words a minute, exercise and closing action make up the stated minutes, give or take two."""
    for lesson in lessons:
        minutes = yaml.safe_load(lesson.split("---\n")[1])["duration_minutes"]
        exercise = int(re.search(r"\*\*(\d+) minutos\*\*", _body(lesson))[1])  # type: ignore[index]
        told = len(_body(lesson).split()) / 150
        assert abs(told + exercise + 2 - minutes) <= 3


def test_elements_keep_to_their_measure(lessons: list[str]) -> None:
    """Each lesson has three outcomes, one to three analogies, a diagram, two to four questions, two or three pitfalls."""
    for lesson in lessons:
        body = _body(lesson)
        assert body.count("- ✅") == 3
        assert 1 <= body.count("**Uma analogia.**") <= 3
        assert body.count("[DIAGRAM: ") == 1
        assert 2 <= body.count("🤔") <= 4
        assert 2 <= body.count("- ⚠️") <= 3
        assert len(yaml.safe_load(lesson.split("---\n")[1])["learning_objectives"]) <= 3


def test_pains_and_phrases_of_the_brief_are_heard(brief: Brief, lessons: list[str]) -> None:
    """Each pain and each saying of the brief occurs in the course."""
    course = "\n".join(lessons)
    for said in [pain.text for pain in brief.pains] + ["Luz primeiro, botão depois.", "Olá, gente curiosa!"]:
        assert said in course


def test_a_bare_brief_is_enough() -> None:
    """Without pains, phrases, minutes or voice a lesson is still whole."""
    brief = Brief(
        title="Curso mínimo de teste",
        objectives=("Entender o básico",),
        outline=(OutlineModule(number=1, title="Único", lessons=(OutlineLesson(number="1.1", title="Só uma"),)),),
    )
    (lesson,) = _lessons(brief)
    assert score_lesson("1.1", lesson).passed
    assert "## ➡️ Próximo Passo" in lesson


def test_words_the_voice_must_never_say_are_not_said() -> None:
    """A phrase that holds a banned expression is never drawn."""
    brief = Brief(
        title="Curso mínimo de teste",
        objectives=("Entender o básico",),
        voice=Voice(never=("mágica", "receita")),
        pains=(Pain(text="Falta tempo"),),
        outline=(
            OutlineModule(
                number=1,
                title="Único",
                lessons=tuple(OutlineLesson(number=f"1.{n}", title=f"Aula {n} de teste") for n in range(1, 21)),
            ),
        ),
    )
    course = "\n".join(_lessons(brief)).casefold()
    assert "mágica" not in course
    assert "receita" not in course


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("Por que a câmera não faz a foto", "concept"),
        ("Instalando o aplicativo", "setup"),
        ("RAW vs JPEG", "compare"),
        ("Erros que todo mundo comete", "troubleshoot"),
        ("Planejamento de uma sessão", "plan"),
        ("Projeto final: doze imagens", "project"),
        ("Criando um estilo", "practice"),
        ("Primeiro plano, meio e fundo", "concept"),
        ("A importância do sono", "concept"),
    ],
)
def test_a_title_tells_the_kind_of_lesson(title: str, kind: str) -> None:
    """The steps of a lesson follow from what its title asks for."""
    assert kind_of(title) == kind


def test_every_bank_can_be_used_without_optional_names() -> None:
    """A brief that states little must leave enough to choose from in every bank."""
    known = {"title", "topic", "course", "module", "minutes", "exercise_minutes", "concept", "one", "two", "three"}
    for name in ("goal", "position", "closing", "route"):
        for slot, options in bank(name).items():
            if slot.endswith("_pain") or slot in {"previous", "next", "transition", "mastered", "promise_after"} | {
                "place",
                "place_only",
                "step_aim",
            }:
                continue
            if isinstance(options, list) and slot != "closing_phrase":
                usable = [text for text in options if set(re.findall(r"\{(\w+)\}", str(text))) <= known]
                assert usable, (name, slot)


def test_a_pain_is_promised_an_answer_only_where_the_lesson_has_to_do_with_it() -> None:
    """“Fotos tremidas” belongs to the lesson on focus, not to the one on image rights."""
    brief = read_brief(BRIEF)
    curriculum = build_curriculum(brief).curriculum
    related = {
        lesson.lesson_id: touches(LessonRequest(brief=brief, curriculum=curriculum, index=index))
        for index, lesson in enumerate(curriculum.lessons)
    }
    assert 0 < sum(related.values()) < len(related)


def test_a_lesson_says_where_in_its_module_it_stands() -> None:
    """Place and number of lessons are facts; what the module is for is said only where the author said it."""
    brief = read_brief(BRIEF)
    curriculum = build_curriculum(brief).curriculum
    request = LessonRequest(brief=brief, curriculum=curriculum, index=2)
    assert place_fields(request) == {"nth": "terceira", "of": "cinco", "number": "1"}
    outline = tuple(replace(module, objectives=("Treinar o olhar",)) for module in brief.outline)
    stated = LessonRequest(brief=replace(brief, outline=outline), curriculum=curriculum, index=2)
    assert place_fields(stated)["module_can"] == "treinar o olhar"


def _small_brief(**values: object) -> Brief:
    lessons = tuple(OutlineLesson(number=f"1.{n}", title=f"A luz da janela {n}", minutes=30) for n in range(1, 8))
    stated: dict[str, object] = {"title": "Curso de teste", "objectives": ("Medir a luz",)}
    return Brief(**(stated | {"outline": (OutlineModule(number=1, title="Luz", lessons=lessons),)} | values))  # type: ignore[arg-type]


def test_what_a_pain_costs_is_said_where_the_brief_says_it() -> None:
    """The consequence is told as the stake of a lesson that has to do with the pain; one too long to quote is not."""
    said = "a cliente desiste do retrato"
    with_cost = _small_brief(pains=(Pain(text="A luz da janela engana", consequence=said),))
    too_long = _small_brief(pains=(Pain(text="A luz da janela engana", consequence="perde tempo " * 20),))
    assert any(said in lesson for lesson in _lessons(with_cost))
    assert not any("perde tempo perde tempo" in lesson for lesson in _lessons(too_long))


def test_an_outcome_that_is_no_action_is_listed_as_it_stands() -> None:
    """Bold is the verb that a learner will be able to do; an author may write none."""
    brief = _small_brief()
    curriculum = build_curriculum(brief).curriculum
    (module,) = curriculum.modules
    first = replace(module.lessons[0], objectives=("A luz da manhã.", "Medir a luz."))
    edited = replace(curriculum, modules=(replace(module, lessons=(first, *module.lessons[1:])),))
    text = write_lesson(LessonRequest(brief=brief, curriculum=edited, index=0)).text
    assert "- ✅ A luz da manhã\n- ✅ **Medir** a luz\n" in text


def test_an_outline_says_only_what_is_stated() -> None:
    """Neither subtitle nor prerequisites are made up for the page of a course that has none."""
    bare = build_curriculum(_small_brief()).curriculum
    full = replace(bare, subtitle="Da janela à rua", prerequisites=("Ter uma janela",))
    page, other = write_outline(bare), write_outline(full)
    assert page.splitlines()[2] == "1 módulo · 7 aulas · 210 minutos"
    assert "Pré-requisitos" not in page
    assert "*Da janela à rua*" in other
    assert "## Pré-requisitos\n\n- Ter uma janela" in other
    (module,) = bare.modules
    silent = write_outline(replace(bare, modules=(replace(module, objectives=()),)))
    assert "## Módulo 1: Luz\n\n1. **1.1** A luz da janela 1 (30 min)\n" in silent
    assert "## Ao final" not in write_outline(replace(bare, objectives=()))


@pytest.mark.parametrize("lacking", ["title", "lesson_id", "duration_minutes", "module"])
def test_a_head_that_leaves_something_open_is_not_taken_for_the_whole_truth(lacking: str) -> None:
    """What the frontmatter does not say, the text below it may: it has to be read."""
    head = {"title": "Luz", "lesson_id": "1.1", "duration_minutes": 30, "module": "Ver"}
    assert known_head(head, "Aula 1.1: Luz") is not None
    del head[lacking]
    assert known_head(head, "Aula 1.1: Luz") is None
