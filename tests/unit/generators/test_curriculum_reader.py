from pathlib import Path

import pytest

from generators.errors import BrokenYaml, NotACurriculum
from generators.reading.curriculum import Curriculum, parse_curriculum
from generators.reading.text import decode_file


def _read(text: str) -> Curriculum:
    return parse_curriculum(decode_file(Path("curriculum.yaml"), text.encode()))


def _ids(curriculum: Curriculum) -> list[tuple[str, str | None]]:
    return [(lesson.lesson_id, lesson.title) for lesson in curriculum.lessons]


def test_template_keys_are_read() -> None:
    """The shape that we write ourselves: module_id, module_title, lesson_id, lesson_title."""
    curriculum = _read(
        "title: Horta\nslug: horta\nmetadata: {knowledge_level: beginner, total_duration_hours: 1.5, num_lessons: 3}\n"
        "instructor: {name: Lia}\nmodules:\n- module_id: 1\n  module_number: Módulo 1\n  module_title: Começar\n  lessons:\n"
        "  - {lesson_id: '1.1', lesson_title: Luz, duration_minutes: 10, file_path: lessons/1.1-luz.md}\n"
        "  - {lesson_id: 1.10, lesson_title: Água, duration_minutes: 20 min}\n"
    )
    assert (curriculum.title, curriculum.slug, curriculum.level, curriculum.instructor) == (
        "Horta",
        "horta",
        "beginner",
        "Lia",
    )
    assert _ids(curriculum) == [("1.1", "Luz"), ("1.10", "Água")]
    assert curriculum.total_minutes == 30
    assert {warning.message for warning in curriculum.warnings} == {
        "3 lessons are declared, 2 are listed",
        "90 minutes are declared, the lessons sum to 30",
    }


def test_counts_with_a_flat_list_are_joined_by_module() -> None:
    """`lessons: 2` beside a flat list of lessons that name their module."""
    curriculum = _read(
        "course: {title: Pão}\nmodules:\n- {id: modulo-1, title: Massa, lessons: 2}\n- {id: modulo-2, title: Forno, lessons: 1}\n"
        "lessons:\n- {id: '1.1', module: modulo-1, title: Farinha, duration: 25 min}\n"
        "- {id: '2.1', module: modulo-2, title: Calor, duration: 1h}\n- {id: '1.2', module: modulo-1, title: Água}\n"
    )
    assert [(m.title, m.lesson_count, m.minutes) for m in curriculum.modules] == [("Massa", 2, 25), ("Forno", 1, 60)]
    assert _ids(curriculum) == [("1.1", "Farinha"), ("1.2", "Água"), ("2.1", "Calor")]


def test_only_counts_are_enough() -> None:
    """A plan that counts lessons without listing them has counts and no lessons."""
    curriculum = _read("nome: Violão\nmodulos:\n- {numero: 1, titulo: Mãos, aulas: 4, duracao: 2 horas}\n")
    assert (curriculum.title, curriculum.modules[0].lesson_count, curriculum.total_minutes) == ("Violão", 4, 120)
    assert list(curriculum.lessons) == []


def test_lettered_ids_and_names_become_numbers() -> None:
    """`m1-l2` is lesson 1.2; `name` is a title."""
    curriculum = _read(
        "course: {name: Foto}\nmodules:\n- id: m1\n  name: Luz\n  lessons:\n  - {id: m1-l1, name: Janela}\n  - {id: m1-l2, name: Tarde}\n"
    )
    assert _ids(curriculum) == [("1.1", "Janela"), ("1.2", "Tarde")]


def test_plain_titles_and_mappings_of_modules_are_read() -> None:
    """Lessons may be bare texts, modules a mapping; numbers in titles are taken off."""
    curriculum = _read(
        "title: X\nmodules:\n  module_2:\n    title: 'Módulo 2: Dois'\n    lessons: ['2.1 - Um (15 min)', Outro]\n"
    )
    assert curriculum.modules[0].title == "Dois"
    assert _ids(curriculum) == [("2.1", "Um"), ("2.2", "Outro")]
    assert curriculum.total_minutes == 15


def test_several_documents_are_one_curriculum() -> None:
    """A trailing `---` or a second document with metadata is no error."""
    curriculum = _read("---\nmodules:\n- title: A\n  lessons: [{title: B}]\n---\ntitle: Depois\n---\n")
    assert (curriculum.title, _ids(curriculum)) == ("Depois", [("1.1", "B")])


def test_unquoted_lesson_numbers_are_not_floats() -> None:
    """2.10 follows 2.9; it is not 2.1."""
    curriculum = _read(
        "modules:\n- number: 2\n  lessons:\n  - {lesson_number: 2.1, title: a}\n  - {lesson_number: 2.10, title: b}\n"
    )
    assert [lesson.lesson_id for lesson in curriculum.lessons] == ["2.1", "2.10"]


@pytest.mark.parametrize(
    "text",
    [
        "a: [1, 2",
        "a: &x [1]\nb: *x\n",
        "[" * 5000,
        "a: !!python/object/apply:os.system ['true']",
        "chave: valor " * 20 + "\x01",
        "a: 'b\n",
        "- " * 3000 + "x",
        "x: " + "9" * 6000,
    ],
)
def test_broken_and_hostile_yaml_is_a_typed_error(text: str) -> None:
    """Aliases, depth, tags of Python and broken syntax end in one line that names the file."""
    with pytest.raises((BrokenYaml, NotACurriculum), match=r"curriculum\.yaml"):
        _read(text)


def test_yaml_without_modules_or_lessons_is_no_curriculum() -> None:
    """Any other YAML file of a course is told from its curriculum."""
    for text in ("", "just text", "instructor: {name: Lia}", "modules: []"):
        with pytest.raises(NotACurriculum):
            _read(text)


def test_modules_under_keys_of_their_own_and_bare_lists_are_read() -> None:
    """`module_1:` at the top, lessons keyed by number, running numbers, a file that is only a list."""
    keyed = _read(
        "module_1: {title: A, lessons: {lesson_1_1: {title: aa}, lesson_1_2: {title: bb}}}\nmodule_2: {title: B, lessons: [{2.1: cc}]}\n"
    )
    assert _ids(keyed) == [("1.1", "aa"), ("1.2", "bb"), ("2.1", "cc")]
    running = _read(
        "modulos:\n- {modulo: 1, aulas: [{aula: 1, titulo: a}]}\n- {modulo: 2, aulas: [{aula: 2, titulo: b, duracao: 8}]}\n"
    )
    assert (_ids(running), running.total_minutes) == ([("1.1", "a"), ("2.1", "b")], 8)
    assert _ids(_read("- {module: 1, lessons: [{title: um}]}\n")) == [("1.1", "um")]


def test_flat_lessons_find_their_module_by_number_and_loose_texts_have_none() -> None:
    """A lesson numbered 2.1 is of module 2, though it does not say so; a text among lessons is a remark."""
    curriculum = _read(
        "title: Pão\nmodules: [{id: 1, title: Massa}, {id: 2, title: Forno}]\n"
        "lessons:\n- {id: '1.1', title: Farinha}\n- a rever com a turma\n- {id: '2.1', title: Calor}\n"
    )
    assert [(m.title, [lesson.title for lesson in m.lessons]) for m in curriculum.modules] == [
        ("Massa", ["Farinha"]),
        ("Forno", ["Calor"]),
    ]


def test_lengths_are_read_from_mappings_and_not_from_ranges() -> None:
    """`duration: {minutes: 20}` states a length; a list of numbers or a range of hours does not."""
    curriculum = _read(
        "title: Pão\ntotal_hours: 6-7 horas\nmodules:\n- title: Massa\n  lessons:\n"
        "  - {title: Farinha, duration: {minutes: 20}}\n  - {title: Água, duration: [10, 15]}\n"
    )
    assert [lesson.minutes for lesson in curriculum.lessons] == [20, None]
    assert (curriculum.total_minutes, curriculum.warnings) == (20, ())


def test_of_several_documents_the_first_decides() -> None:
    """A later document adds what is lacking and changes nothing."""
    curriculum = _read("title: Antes\n---\ntitle: Depois\nversion: 2\nmodules: [{title: A, lessons: [B]}]\n")
    assert (curriculum.title, curriculum.version) == ("Antes", "2")


def test_a_price_in_words_is_looked_for_further_on() -> None:
    """Where a key says that the price is open, another may state it."""
    plan = "title: Pão\nprice: a combinar\n{}modules: [{{title: A, lessons: [B]}}]\n"
    assert _read(plan.format("valor: R$ 97\n")).price == 97
    assert _read(plan.format("")).price is None


def test_lists_in_lists_without_end_are_no_objectives() -> None:
    """What is nested deeper than people write is left out, the rest is read."""
    curriculum = _read(
        "title: Pão\nobjectives: [Amassar, [[[[[fundo demais]]]]]]\nmodules: [{title: A, lessons: [B]}]\n"
    )
    assert curriculum.objectives == ("Amassar",)


def test_lessons_that_are_listed_twice_or_beyond_the_limit_are_told() -> None:
    """The author learns of both before anything is made of the plan."""
    twice = _read("title: Pão\nmodules: [{number: 1, lessons: [{id: '1.1', title: A}, {id: '1.1', title: B}]}]\n")
    assert [w.message for w in twice.warnings] == ["lesson 1.1 is listed more than once"]
    many = _read("title: Pão\nmodules:\n- lessons: [" + ", ".join(f"L{n}" for n in range(5001)) + "]\n")
    assert [w.message for w in many.warnings] == ["only the first 5000 lessons were read"]
    assert len(list(many.lessons)) == 5000


def test_lessons_without_modules_are_grouped_by_their_numbers() -> None:
    """A flat list is a curriculum too; what has no number is of the first module, and a blank item is no lesson."""
    curriculum = _read(
        "title: Pão\nlessons:\n- {id: '2.1', title: Calor}\n- {id: '1.1', title: Farinha}\n- {title: Sobras}\n-\n"
    )
    assert [(m.number, [lesson.title for lesson in m.lessons]) for m in curriculum.modules] == [
        (1, ["Farinha", "Sobras"]),
        (2, ["Calor"]),
    ]


def test_objectives_audience_and_price_are_read_from_mappings() -> None:
    """By level of Bloom, with a sentence that YAML takes for a mapping; a price with its currency."""
    curriculum = _read(
        "title: Pão\nobjectives:\n  lembrar: [Saber o sal]\n  aplicar:\n  - {objective: Amassar}\n  - Assar bem: sem queimar\n"
        "target_audience: {primary: Quem nunca assou}\nprice: {amount: 97.5, currency: BRL}\n"
        "modules: [{title: A, horas: 2, lessons: [B]}]\n"
    )
    assert curriculum.objectives == ("Saber o sal", "Amassar", "Assar bem: sem queimar")
    assert (curriculum.target_audience, curriculum.price) == ("Quem nunca assou", 97.5)
    assert curriculum.modules[0].minutes == 120


def test_markdown_is_not_read_as_yaml() -> None:
    """A list in Markdown is YAML by chance; its modules, which are headings, would be lost."""
    text = b"# Laces\n\n## Module 1: Thread\n- Lesson 1: Cotton\n- Lesson 2: Silk\n"
    with pytest.raises(NotACurriculum):
        parse_curriculum(decode_file(Path("plan.md"), text))
