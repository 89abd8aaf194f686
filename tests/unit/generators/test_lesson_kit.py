"""The offline lesson: what is known, quoted; what is not, a gap."""

import runpy
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from generators.languages.stems import stems_of
from generators.lessons import CourseFacts, UnknownLanguage, language_of, write_assessments, write_cards, write_kit
from generators.lessons.facts import topics_of_title
from generators.making.builder import build_curriculum
from generators.reading.brief import Brief, Pain, Voice, read_brief
from generators.reading.curriculum import Curriculum, CurriculumLesson, CurriculumModule
from generators.scorers import score_course
from generators.scorers.document import sections, words_of
from generators.sources import Passage, Sources, read_sources

EXAMPLES = Path(__file__).parents[3] / "examples"
SAMPLES = {"financas-para-freelancers": "pt", "first-tests-in-python": "en", "legumbres-desde-cero": "es"}


def lesson(number: str, title: str, **values: object) -> CurriculumLesson:
    return CurriculumLesson(lesson_id=number, title=title, minutes=10, file_path=f"lessons/{number}.md", **values)  # type: ignore[arg-type]


def course(*lessons: CurriculumLesson, sources: tuple[str, ...] = (), brief: Brief | None = None) -> CourseFacts:
    module = CurriculumModule(number=1, title="Módulo de teste", lessons=lessons)
    passages = [
        Passage(source="notas.md", place=str(at), order=at, heading="", text=text) for at, text in enumerate(sources)
    ]
    return CourseFacts(
        brief=brief or Brief(),
        curriculum=Curriculum(title="Curso", slug="curso", modules=(module,)),
        language="pt",
        sources=Sources(passages=tuple(passages)),
    )


def sample(name: str) -> CourseFacts:
    brief = read_brief(EXAMPLES / "briefs" / f"{name}.md")
    sources = read_sources(None, [EXAMPLES / "sources" / name])
    return CourseFacts(
        brief=brief, curriculum=build_curriculum(brief).curriculum, language=SAMPLES[name], sources=sources
    )


def text_of(facts: CourseFacts, index: int = 0) -> str:
    return write_kit(facts, facts.lessons[index]).text


def test_without_sources_everything_that_is_missing_is_marked_and_counted() -> None:
    """No greeting, no promise, no filler: the author sees what to add."""
    facts = course(lesson("1.1", "O vapor do forno"))
    written = write_kit(facts, facts.lessons[0])
    assert (written.head["status"], written.head["gaps"]) == ("draft", 4)
    assert written.text.count("✍️ **Falta**") == 4
    body = written.text.partition("\n---\n\n")[2]
    prose = [line for line in body.splitlines() if line and not line.startswith(("#", "*", "-", "✍️"))]
    assert prose == []


def test_passages_are_quoted_with_their_place_and_fill_the_gaps() -> None:
    """What a source says about a topic stands in the lesson, word for word."""
    said = "O vapor do forno mantém a casca macia por 12 minutos."
    facts = course(lesson("1.1", "O vapor do forno", objectives=("Fazer vapor sem forno a lenha",)), sources=(said,))
    text = text_of(facts)
    assert f"> {said}\n>\n> — *notas.md:0*" in text
    assert "um exemplo com números" not in text
    assert "um exercício" in text


def test_the_authors_words_are_used_and_nobody_elses() -> None:
    """Objectives, activities, a story and a pain that fit stand there; what fits another lesson does not."""
    brief = Brief(
        pains=(Pain(text="A casca racha no lugar errado"), Pain(text="O forno não esquenta")),
        voice=Voice(stories=("O dia em que o vapor queimou o pano",)),
        before=("Assa pão pálido",),
    )
    facts = course(
        lesson("1.1", "Vapor no forno", activities=("Ferver meio litro de água",)),
        lesson("1.2", "Cortes na casca"),
        brief=brief,
    )
    first, second = text_of(facts), text_of(facts, 1)
    assert "> O forno não esquenta" in first
    assert "O dia em que o vapor queimou o pano" in first
    assert "1. Ferver meio litro de água" in first
    assert "- Assa pão pálido" in first
    assert "> A casca racha no lugar errado" in second
    assert "queimou" not in second


def test_terms_come_back_in_later_lessons() -> None:
    """A term is asked for in the lesson that defines it, in the next one, and after that ever more seldom."""
    sources = tuple(f"**Termo{n}**: a coisa número {n} que o assunto{n} explica." for n in range(9))
    facts = course(*(lesson(f"1.{n + 1}", f"Assunto{n}") for n in range(9)), sources=sources)
    asked = [[review.ask for review in one.reviews] for one in facts.lessons]
    assert asked[0] == []
    assert asked[1] == ["Termo0"]
    assert asked[8] == ["Termo7", "Termo5", "Termo1"]


def test_a_topic_that_nothing_speaks_of_is_a_gap_and_one_that_is_touched_is_not() -> None:
    """The gap names the topic."""
    facts = course(
        lesson("1.1", "Massas", key_concepts=("Sova", "Dobras", "Bancada")),
        sources=("A sova da massa leva dez minutos, e as dobras vêm depois dela.",),
    )
    assert [gap for gap in facts.lessons[0].gaps if gap[0] == "topic"] == [("topic", "Bancada")]


@pytest.mark.parametrize(
    ("language", "title", "topics"),
    [
        (
            "pt",
            "Farinha, Água e Sal - a Porcentagem do Padeiro",
            ("Farinha", "Água", "Sal", "a Porcentagem do Padeiro"),
        ),
        ("pt", "Agulha, fio e tensão", ("Agulha", "Fio", "Tensão")),
        ("pt", "O que é fermentação natural e o que não é de jeito nenhum", ()),
        ("en", "Fixtures", ()),
        ("en", "C#: Classes and Records", ("C#", "Classes", "Records")),
        ("en", "Watering: little by little", ()),
        ("en", "Measuring and Replacing the Chain", ()),
        ("es", "Riego: poco y siempre igual", ()),
    ],
)
def test_a_title_names_its_topics(language: str, title: str, topics: tuple[str, ...]) -> None:
    """Its parts and the items of a short list; a clause or half of one is none, nor is what a colon adds to a name."""
    assert topics_of_title(title, stems_of(language)) == topics


@pytest.mark.parametrize(
    ("stated", "text", "code"),
    [
        ("pt-BR", "", "pt"),
        ("English", "", "en"),
        ("español", "", "es"),
        (None, "El pan de cada día con los niños", "es"),
    ],
)
def test_the_language_is_the_stated_one_else_the_spoken_one(stated: str | None, text: str, code: str) -> None:
    """A brief need not say what everybody sees."""
    assert language_of(stated, text) == code


def test_a_language_without_a_frame_is_refused_with_the_list() -> None:
    """Not answered in another language without a word."""
    with pytest.raises(UnknownLanguage, match="en, es, pt"):
        language_of("Deutsch", "")


@pytest.mark.parametrize("name", SAMPLES)
def test_the_samples_say_what_their_authors_said(name: str) -> None:
    """At least 60 % of the words are the brief's or the sources'; hardly a sentence is shared; no other language."""
    facts = sample(name)
    texts = {one.lesson.lesson_id: write_kit(facts, one).text for one in facts.lessons}
    known = " ".join(
        words_of((EXAMPLES / "briefs" / f"{name}.md").read_text("utf-8"))
        + [word for passage in facts.sources.passages for word in words_of(f"{passage.text} {passage.source}")]
    )
    own = total = 0
    for text in texts.values():
        for block in sections(text)[0].all_blocks:
            words = words_of(block)
            total += len(words)
            own += len(words) if " ".join(words) in known else 0  # only what stands there word for word
    assert own >= 0.6 * total
    # Nothing lies beside them: what they cite is what their heads name.
    scored = score_course(texts, language=facts.language, citable=())
    assert not any(one.substance.invented for one in scored.lessons)
    assert max(one.substance.repeated for one in scored.lessons) <= 0.15
    assert max(one.substance.foreign for one in scored.lessons) == 0
    assert sum(one.passed for one in scored.lessons) >= len(texts) - 1


@pytest.mark.parametrize("name", SAMPLES)
def test_the_same_facts_give_the_same_bytes(name: str) -> None:
    """Lessons, quizzes, project and cards alike."""

    def everything() -> list[str | None]:
        facts = sample(name)
        lessons = [write_kit(facts, one).text for one in facts.lessons]
        return [*lessons, *(text for _, text in write_assessments(facts)), write_cards(facts)]

    assert everything() == everything()


def test_a_quiz_asks_for_what_the_sources_define() -> None:
    """Right and wrong answers are true things of the course; the explanation cites; letters vary."""
    facts = sample("financas-para-freelancers")
    known = {found.text for one in facts.lessons for found in one.terms} | {
        found.term for one in facts.lessons for found in one.terms
    }
    letters = set()
    for name, text in write_assessments(facts):
        if not name.endswith(".yaml"):
            continue
        quiz = yaml.safe_load(text)
        assert quiz["questions"]
        for question in quiz["questions"]:
            options = question["options"]
            assert len(set(options.values())) == 4
            assert all(any(option.lstrip("… ") in text for text in known) for option in options.values())
            assert ".md" in question["explanation"]
            letters.add(question["correct_answer"])
    assert len(letters) > 1


def test_the_head_names_every_file_that_is_cited() -> None:
    """That of a term, too, of which nothing else is quoted."""
    facts = course(lesson("1.1", "Vapor"), sources=("**Vapor**: a água que o forno quente levanta.",))
    text = write_kit(facts, facts.lessons[0]).text
    assert "— *notas.md:0*" in text
    assert "sources:\n- notas.md\n" in text


def test_too_few_facts_make_no_quiz_and_it_says_so() -> None:
    """No generic phrase stands in for a question."""
    facts = course(lesson("1.1", "Vapor"), sources=("**Vapor**: a água que o forno quente levanta.",))
    quiz = yaml.safe_load(next(text for name, text in write_assessments(facts) if "quiz" in name))
    assert quiz["questions"] == []
    assert quiz["missing"].startswith("✍️ **Falta**")


def test_the_rubric_adds_up_to_a_hundred() -> None:
    """The course's own objectives share the points; what the project is about only its author can say."""
    project = dict(write_assessments(sample("financas-para-freelancers")))["assessments/final-project.md"]
    points = [
        int(row.split("|")[2])
        for row in project.splitlines()
        if row.startswith("|") and row.split("|")[2].strip().isdigit()
    ]
    assert sum(points) == 100
    assert project.count("✍️ **Falta**") == 1


def test_cards_are_a_line_for_each_term() -> None:
    """Tab-separated: term, definition, lesson, place."""
    facts = sample("first-tests-in-python")
    lines = (write_cards(facts) or "").splitlines()
    assert all(line.count("\t") == 3 for line in lines)
    assert any(line.startswith("Fixture\ta function that builds") for line in lines)
    assert write_cards(course(lesson("1.1", "Vapor"))) is None


def test_the_lessons_that_are_shown_are_those_that_are_made() -> None:
    """examples/lessons holds what the commands beside it give today."""
    made = runpy.run_path(str(EXAMPLES / "make_lessons.py"))["lessons"]()
    shown = {path.name: path.read_text("utf-8") for path in (EXAMPLES / "lessons").glob("[0-9]*.md")}
    assert shown == made


def test_what_terms_and_steps_tell_is_no_gap() -> None:
    """“No source speaks of it” stands only where none does, and a number may be spoken."""
    told = ("A colmena é uma caixa de dez quadros móveis para as abelhas.",)
    facts = course(lesson("1.1", "A colmena"), sources=told)
    assert [kind for kind, _ in facts.lessons[0].gaps] == ["objective", "practice"]
    assert "dez quadros" in text_of(facts)


def test_a_list_of_which_one_item_is_a_term_is_quoted_whole() -> None:
    """What stands beside a definition is lost to nobody."""
    text = "- **Alça**: a caixa que se põe em cima da câmara de cria.\n- Nunca abra a colmena quando chove."
    listed = Passage(source="notas.md", place="1", order=0, heading="A colmena", text=text, kind="list")
    facts = course(lesson("1.1", "A colmena"))
    facts = replace(facts, sources=Sources(passages=(listed,)))
    assert "Nunca abra a colmena quando chove." in text_of(facts)
    assert text_of(facts).count("a caixa que se põe") == 1


def test_an_objective_of_the_course_goes_to_the_lesson_that_it_fits_best() -> None:
    """One word in common is not enough where another lesson shares two."""
    module = CurriculumModule(number=1, lessons=(lesson("1.1", "A caixa e os quadros"), lesson("1.2", "Colher o mel")))
    curriculum = Curriculum(title="C", slug="c", modules=(module,), objectives=("Colher o mel sem ferir os quadros",))
    facts = CourseFacts(brief=Brief(), curriculum=curriculum, language="pt")
    assert [one.objectives for one in facts.lessons] == [(), ("Colher o mel sem ferir os quadros",)]


def test_a_gap_that_a_source_has_is_no_gap_of_the_lesson() -> None:
    """A kit that lies among the notes says what it lacks itself."""
    facts = course(lesson("1.1", "O vapor do forno"), sources=("✍️ **Falta**: um exercício para o vapor do forno",))
    assert text_of(facts).count("✍️") == len(facts.lessons[0].gaps)


def test_what_no_lesson_quotes_is_told() -> None:
    """An author who gave ten passages knows how many of them nobody will read."""
    facts = course(lesson("1.1", "O vapor do forno"), sources=("O vapor do forno deixa a casca fina por dez minutos.",))
    other = Passage(
        source="b.md", place="1", order=0, heading="", text="Uma frase sobre bicicletas e montanhas distantes."
    )
    facts = replace(facts, sources=Sources(passages=(*facts.sources.passages, other)))
    assert facts.left_out == ("1 of 2 passages are in no lesson: b.md (1)",)
