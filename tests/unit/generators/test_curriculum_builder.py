"""A curriculum from a brief's outline, its file, and what is checked before approval."""

from pathlib import Path

import pytest
import yaml

from generators.making.builder import IncompleteBrief, build_curriculum, course_slug
from generators.making.check import check
from generators.reading.brief import Brief, read_brief
from generators.reading.curriculum import CurriculumLesson, CurriculumModule, read_curriculum
from generators.reading.curriculum.own_file import BrokenCurriculum, dump_curriculum, load_curriculum

BRIEF = Path(__file__).parents[2] / "data" / "briefs" / "fotografia-com-celular.md"


def _brief(*modules: CurriculumModule, **values: object) -> Brief:
    stated: dict[str, object] = {"title": "Curso de teste", "objectives": ("Medir o efeito",), "outline": modules}
    return Brief(**(stated | values))  # type: ignore[arg-type]


def _module(number: int, *lessons: CurriculumLesson, minutes: int | None = None) -> CurriculumModule:
    return CurriculumModule(number=number, title=f"Módulo {number}", lessons=lessons, minutes=minutes)


def _lesson(number: str, minutes: int | None = None) -> CurriculumLesson:
    return CurriculumLesson(lesson_id=number, title=f"Tema {number}", minutes=minutes)


def _document() -> dict[str, object]:
    loaded: dict[str, object] = yaml.safe_load(dump_curriculum(build_curriculum(read_brief(BRIEF)).curriculum))
    return loaded


def test_the_outline_becomes_the_curriculum() -> None:
    """Modules, lessons, titles and minutes are the author's."""
    curriculum = build_curriculum(read_brief(BRIEF)).curriculum
    lessons = list(curriculum.lessons)
    assert (len(curriculum.modules), len(lessons), curriculum.total_minutes) == (8, 40, 489)
    assert (lessons[-1].lesson_id, lessons[-1].title) == ("8.5", "Projeto final: doze imagens e uma história")
    stated = {
        objective for module in read_brief(BRIEF).outline for own in module.lessons for objective in own.objectives
    }
    assert {objective for lesson in lessons for objective in lesson.objectives} == stated


def test_the_file_reads_back_as_it_was_written() -> None:
    """What the checkpoint shows is what the writer will get."""
    curriculum = build_curriculum(read_brief(BRIEF)).curriculum
    assert load_curriculum(dump_curriculum(curriculum)) == curriculum


def test_the_general_reader_reads_it_too(tmp_path: Path) -> None:
    """Our own shape is one of those that an import understands."""
    path = tmp_path / "curriculum.yaml"
    path.write_bytes(dump_curriculum(build_curriculum(read_brief(BRIEF)).curriculum))
    read = read_curriculum(path)
    assert (read.total_minutes, sum(1 for _ in read.lessons)) == (489, 40)
    assert read.warnings == ()


def test_lessons_without_minutes_share_those_of_their_module() -> None:
    """What the outline leaves open follows from what it says."""
    built = build_curriculum(_brief(_module(1, _lesson("1.1", 10), _lesson("1.2"), _lesson("1.3"), minutes=40)))
    assert [lesson.minutes for lesson in built.curriculum.lessons] == [10, 15, 15]


def test_lessons_without_any_minutes_share_the_duration_of_the_course() -> None:
    """The assumption is told to the author."""
    built = build_curriculum(_brief(_module(1, _lesson("1.1"), _lesson("1.2")), duration_hours=(0.5, 1.5)))
    assert [lesson.minutes for lesson in built.curriculum.lessons] == [30, 30]
    assert "30 minutes each" in built.warnings[0]


def test_numbers_follow_the_place_and_the_change_is_told() -> None:
    """Gaps and repeats in the outline's numbers do not reach the file names."""
    built = build_curriculum(_brief(_module(3, _lesson("3.2"), _lesson("3.2"))))
    assert [lesson.lesson_id for lesson in built.curriculum.lessons] == ["1.1", "1.2"]
    assert any("becomes 1.1" in text for text in built.warnings)


@pytest.mark.parametrize(
    ("brief", "says"),
    [
        (_brief(), "needs an outline"),
        (_brief(_module(1)), "needs an outline"),
        (_brief(_module(1, _lesson("1.1")), _module(2)), "module 2"),
        (_brief(_module(1, _lesson("1.1")), title="Oi"), "title of at least 5"),
        (_brief(_module(1, _lesson("1.1")), objectives=()), "objective"),
    ],
)
def test_an_incomplete_brief_is_told_what_to_add(brief: Brief, says: str) -> None:
    """No course is made from guesses."""
    with pytest.raises(IncompleteBrief, match=says):
        build_curriculum(brief)


@pytest.mark.parametrize(
    ("slug", "title", "made"),
    [
        ("meu-curso", "Curso", "meu-curso"),
        ("Meu Curso!", "Curso", "meu-curso"),
        (None, "Ação & Reação: física no dia a dia", "acao-reacao-fisica-no-dia-a-dia"),
        ("x" * 80, "Curso", "x" * 50),
    ],
)
def test_a_slug_is_always_one(slug: str | None, title: str, made: str) -> None:
    """3 to 50 letters, digits and hyphens."""
    assert course_slug(_brief(slug=slug, title=title)) == made


def test_a_title_without_letters_gives_no_folder() -> None:
    """The error says what to state."""
    with pytest.raises(IncompleteBrief, match="state a slug"):
        course_slug(_brief(title="??? !!!"))


def test_our_own_curriculum_has_no_errors() -> None:
    """What the builder makes can be approved."""
    found = check(dump_curriculum(build_curriculum(read_brief(BRIEF)).curriculum))
    assert (found.errors, found.warnings) == ([], [])


def _changed(change: str) -> bytes:
    document = _document()
    modules: list[dict[str, object]] = document["modules"]  # type: ignore[assignment]
    first: list[dict[str, object]] = modules[0]["lessons"]  # type: ignore[assignment]
    if change == "no modules":
        document["modules"] = []
    elif change == "no lessons":
        modules[2]["lessons"] = []
    elif change == "bad number":
        first[0]["lesson_id"] = "um"
    elif change == "wrong module":
        first[0]["lesson_id"] = "4.9"
    elif change == "duplicate":
        first[1]["lesson_id"] = "1.1"
    elif change == "escaping path":
        first[0]["file_path"] = "lessons/../../etc/x.md"
    elif change == "no title":
        document["title"] = None
    return yaml.safe_dump(document, allow_unicode=True).encode()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("no modules", "no modules"),
        ("no lessons", "has no lessons"),
        ("bad number", "not numbered"),
        ("wrong module", "stands in module 1"),
        ("duplicate", "occurs 2 times"),
        ("escaping path", "needs a file_path"),
        ("no title", "no title"),
    ],
)
def test_errors_forbid_approval(change: str, says: str) -> None:
    """Each is named, so that the author can mend it."""
    assert any(says in text for text in check(_changed(change)).errors)


@pytest.mark.parametrize("data", [b"a: [", b"- a\n- b\n", b"\xff\xfe\x00", b"a: 1\n---\nb: 2\n", b""])
def test_a_file_that_is_no_curriculum_is_an_error_not_a_crash(data: bytes) -> None:
    """Whatever the editor left behind, the checkpoint says what is wrong."""
    assert check(data).errors
    with pytest.raises(BrokenCurriculum):
        load_curriculum(data)


def test_odd_lengths_are_warnings() -> None:
    """The author may have a reason."""
    document = _document()
    modules: list[dict[str, object]] = document["modules"]  # type: ignore[assignment]
    document["modules"] = modules[:1]
    lessons: list[dict[str, object]] = modules[0]["lessons"]  # type: ignore[assignment]
    lessons[0]["duration_minutes"], lessons[1]["duration_minutes"] = 2, "121"
    lessons[2]["lesson_title"] = None
    del lessons[3:]
    found = check(yaml.safe_dump(document).encode())
    assert found.errors == []
    assert [text.split()[1] for text in found.warnings[:3]] == ["1.1", "1.2", "1.3"]


def test_a_course_is_made_of_all_modules_or_none() -> None:
    """An outline that lists fewer modules than the brief states would leave part of the course out without a word."""
    brief = Brief(
        title="Redes de pesca",
        objectives=("Atar",),
        modules=3,
        outline=(
            CurriculumModule(number=1, title="Fio", lessons=(CurriculumLesson(lesson_id="1.1", title="Fibra"),)),
            CurriculumModule(number=2, title="Malha", lessons=(CurriculumLesson(lesson_id="2.1", title="Agulha"),)),
        ),
    )
    with pytest.raises(IncompleteBrief, match="states 3 modules and its outline lists 2"):
        build_curriculum(brief)
