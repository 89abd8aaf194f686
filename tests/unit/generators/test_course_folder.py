"""A course folder as a whole: what is found in it, what broken files cost, what is said about them."""

import unicodedata
from pathlib import Path

import pytest

from generators.errors import MissingPath, NotACourse, UnreadableFile
from generators.reading.course import find_courses, read_course

LESSON = "# Aula 1.1: Farinha\n"


def _write(folder: Path, files: dict[str, str | bytes]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def test_a_broken_file_costs_nobody_but_itself(tmp_path: Path) -> None:
    """Brief, curriculum and a lesson that cannot be read are named; what can be read is the course."""
    files: dict[str, str | bytes] = {
        "COURSE-BRIEF.md": "\n \n",
        "curriculum.yaml": "modules: [",
        "lessons/1.1-farinha.md": LESSON,
        "lessons/1.2-agua.md": b"\0\1",
    }
    course = read_course(_write(tmp_path / "pao-em-casa", files))
    assert [lesson.title for lesson in course.lessons] == ["Farinha"]
    assert (course.title, course.brief, course.curriculum, course.materials) == ("Pao em casa", None, None, ())
    assert [str(failure).split(":")[0].rpartition("/")[2] for failure in course.failures] == [
        "1.2-agua.md",
        "COURSE-BRIEF.md",
        "curriculum.yaml",
    ]


def test_the_second_brief_counts_where_the_first_is_broken(tmp_path: Path) -> None:
    """Of two files that may be the brief the likelier is tried first, the other is no failure."""
    files: dict[str, str | bytes] = {
        "COURSE-BRIEF.md": "\n",
        "brief.md": "# Course Brief: Pão em Casa\n",
        "curriculum.yaml": "instructor: Lia",
        "docs/curriculum-v2.yaml": "modules: [{title: A, lessons: [{id: '1.1', title: Farinha}]}]",
        "lessons/1.1-farinha.md": LESSON,
    }
    course = read_course(_write(tmp_path / "pao", files))
    assert course.title == "Pão em Casa"
    assert [lesson.lesson_id for lesson in course.listed.values()] == ["1.1"]
    assert [failure.path.name for failure in course.failures if isinstance(failure, UnreadableFile)] == [
        "COURSE-BRIEF.md",
        "curriculum.yaml",
    ]


def test_a_folder_of_which_nothing_can_be_read_is_refused(tmp_path: Path) -> None:
    """With the reason of the file that is there, or for being empty."""
    with pytest.raises(UnreadableFile, match=r"COURSE-BRIEF\.md"):
        read_course(_write(tmp_path / "quebrado", {"COURSE-BRIEF.md": b"\0\1"}))
    with pytest.raises(NotACourse, match="there is no text file in it"):
        read_course(_write(tmp_path / "fotos", {"capa.png": b"\0"}))


def test_a_lesson_whose_frontmatter_is_broken_is_kept_and_told(tmp_path: Path) -> None:
    """The text below it is a lesson all the same."""
    course = read_course(_write(tmp_path / "pao", {"lessons/1.1-farinha.md": f"---\ntitle: [\n---\n{LESSON}"}))
    assert [lesson.title for lesson in course.lessons] == ["Farinha"]
    (warning,) = course.warnings
    assert warning.startswith("lessons/1.1-farinha.md: the frontmatter is not YAML and was left out")


def test_a_lesson_is_numbered_and_titled_by_its_headings_where_its_name_says_nothing(tmp_path: Path) -> None:
    """The number may stand in a heading of its own, over the title."""
    files: dict[str, str | bytes] = {
        "lessons/farinha.md": "# Aula 1.2: Farinha\n",
        "lessons/agua.md": "# Aula 1.1\n\n## Água e sal\n",
    }
    course = read_course(_write(tmp_path / "pao", files))
    assert [(lesson.number.label, lesson.title) for lesson in course.lessons] == [
        ("1.1", "Água e sal"),
        ("1.2", "Farinha"),
    ]


def test_the_outline_names_a_course_that_nothing_else_names(tmp_path: Path) -> None:
    """What follows the colon of its heading is the title; a heading without one is the outline's own."""
    named = {"course-outline.md": "# Outline: Pão em Casa\n", "lessons/1.1-farinha.md": LESSON}
    assert read_course(_write(tmp_path / "pao", {**named})).title == "Pão em Casa"
    unnamed = {**named, "course-outline.md": "# Visão do curso\n"}
    assert read_course(_write(tmp_path / "pao-rapido", {**unnamed})).title == "Pao rapido"


@pytest.mark.parametrize(("listed", "joined"), [("IA", ["1.1"]), ("TI", [])])
def test_titles_too_short_to_compare_by_words_must_be_the_same(tmp_path: Path, listed: str, joined: list[str]) -> None:
    """Two letters carry a title as well."""
    plan = f"title: X\nmodules: [{{number: 1, lessons: [{{id: '1.1', title: {listed}}}]}}]"
    course = read_course(_write(tmp_path / "curso", {"curriculum.yaml": plan, "lessons/1.1-a.md": "# Aula 1.1: IA\n"}))
    assert [lesson.lesson_id for lesson in course.listed.values()] == joined


def test_courses_are_looked_for_as_deep_as_people_file_them(tmp_path: Path) -> None:
    """Numbered texts in the folder itself make it a course; four containers deep it is found, deeper it is not."""
    near = _write(tmp_path / "acervo" / "padaria" / "cursos antigos" / "pao", {"01-farinha.md": LESSON})
    _write(tmp_path / "a" / "b" / "c" / "d" / "e", {"01-farinha.md": LESSON})
    assert find_courses(tmp_path) == [near]


def test_a_name_that_no_system_takes_is_a_missing_folder() -> None:
    """A pasted text in place of a path is one line, not a traceback."""
    with pytest.raises(MissingPath, match="there is no such file or folder"):
        find_courses(Path("n" * 300))


def test_stray_control_bytes_among_prose_are_left_out_and_told(tmp_path: Path) -> None:
    """A text from which a program cut the emoji is a lesson; how much was left out is a warning, and nothing else is lost."""
    prose = "Olá! A irrigação é simples: água de manhã, à sombra.\n" * 200
    spoilt = ("# Aula 1.1: Irrigação \0\0\n\n" + prose).replace("simples", "simples \0\x01").encode("cp1252")
    files: dict[str, str | bytes] = {
        "lessons/1.1-agua.md": spoilt,
        "lessons/1.2-foto.md": b"\x89PNG\r\n\x1a\n\0\0" + prose.encode(),
    }
    course = read_course(_write(tmp_path / "horta", files))
    (lesson,) = course.lessons
    assert (lesson.title, lesson.file.encoding, lesson.file.dropped) == ("Irrigação", "cp1252", 402)
    assert lesson.file.text.count("irrigação é simples :") == 200
    assert course.warnings == ("lessons/1.1-agua.md: 402 control bytes that are no text were left out",)
    assert [failure.path.name for failure in course.failures if isinstance(failure, UnreadableFile)] == ["1.2-foto.md"]


def test_names_composed_and_decomposed_are_read_alike(tmp_path: Path) -> None:
    """A folder that passed through a Mac holds the same lessons as one that did not."""
    read = []
    for form in ("NFC", "NFD"):
        folder = tmp_path / form
        _write(folder, {unicodedata.normalize(form, "Módulo 1 - Água/Lição 02 - Irrigação.md"): "texto\n"})
        _write(folder, {unicodedata.normalize(form, "Módulo 1 - Água/Lição 01 - Poço.md"): "texto\n"})
        course = read_course(folder)
        read.append([(course.modules[0].title, lesson.number.label, lesson.title) for lesson in course.lessons])
    assert read[0] == read[1] == [("Água", "1.1", "Poço"), ("Água", "1.2", "Irrigação")]
