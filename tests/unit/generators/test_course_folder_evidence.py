from pathlib import Path, PurePosixPath

import pytest

from generators.errors import MissingPath, NotACourse, UnreadableFile
from generators.reading.course import LessonNumber, find_courses, read_course
from generators.reading.course.documents import brief_candidates, material_kind
from generators.reading.course.name import module_in_folder, number_in_heading, number_in_name


@pytest.mark.parametrize(
    ("stem", "number"),
    [
        ("1.2-massa", LessonNumber(1, 2)),
        ("aula-2.10-forno", LessonNumber(2, 10)),
        ("Aula 3.1 - Título", LessonNumber(3, 1)),
        ("m2-l3-corte", LessonNumber(2, 3)),
        ("modulo1_aula2", LessonNumber(1, 2)),
        ("02_03_dobra", LessonNumber(2, 3)),
        ("licao-07-fim", LessonNumber(None, 7)),
        ("05 Sal", LessonNumber(None, 5)),
        ("BONUS-extra", LessonNumber(bonus=True)),
        ("2024-10-02-nota", None),
        ("introducao", None),
    ],
)
def test_numbers_are_read_from_file_names(stem: str, number: LessonNumber | None) -> None:
    """Names number lessons in many ways; a date is none of them."""
    assert number_in_name(stem) == number


@pytest.mark.parametrize(
    ("heading", "number", "title"),
    [
        ("Aula 1.2: Massa", "1.2", "Massa"),
        ("🎯 Aula 1.2 – Massa", "1.2", "Massa"),
        ("1.2 - Massa", "1.2", "Massa"),
        ("2.1. Massa & Água", "2.1", "Massa & Água"),
        ("Lição 3 | Massa", "3", "Massa"),
        ("Módulo 2 - Aula 3: Massa", "2.3", "Massa"),
        ("Lesson 4.10: Dough", "4.10", "Dough"),
        ("Aula BÔNUS - Sobras", "BONUS", "Sobras"),
        ("Aula: Massa", None, "Massa"),
        ("Bonus Unit 2: Leftovers", None, "Bonus Unit 2: Leftovers"),
        ("DAY-9: Massa", "9", "Massa"),
        ("Sesión 04 - Masa", "4", "Masa"),
        ("M1A2 - Massa", "1.2", "Massa"),
        ("3 erros de quem começa", None, "3 erros de quem começa"),
    ],
)
def test_numbers_and_titles_are_read_from_headings(heading: str, number: str | None, title: str) -> None:
    """The number is taken off, the title stays as written."""
    found, rest = number_in_heading(heading)
    assert (found.label if found else None, rest) == (number, title)


def test_module_numbers_are_read_from_folders() -> None:
    """Folders name modules by word or by a leading number."""
    names = ("modulo-03", "Módulo 1 - Base", "m2", "04-forno", "extras")
    assert [module_in_folder(name) for name in names] == [3, 1, 2, 4, None]


def _write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def test_lessons_are_told_from_look_alikes(tmp_path: Path) -> None:
    """A script, an overview, a glossary, a template, a report and a quiz share signs with lessons and are none."""
    lessons = {
        "aulas/modulo-01/aula-1.1-quick-win.md": "# Aula 1.1: Primeiro pão\n",
        "aulas/modulo-01/aula-1.2-checklist.md": "# Checklist da massa\n",
        "aulas/modulo-02/aula-2.1-quick-win.md": "---\nlesson_id: '2.1'\ntitle: Corte\n---\n# Qualquer\n",
        "aulas/modulo-02/02-forno.md": "# Forno quente\n",
    }
    others = {
        "aulas/modulo-01/README.md": "# Módulo 1: Massa\n",
        "aulas/modulo-01/roteiro-1.1.md": "# Roteiro de Fala - Aula 1.1\n",
        "aulas/glossario.md": "# Glossário\n",
        "aulas/briefing-template.md": "# Briefing da aula X.Y\n",
        "aulas/1.2-validation-report.md": "# Validation Report - Aula 1.2\n",
        "aulas/.1.3-rascunho.md": "# Aula 1.3: Oculta\n",
        "aulas/1.3-rascunho.md~": "# Aula 1.3: Temporária\n",
        "roteiros/modulo-01/1.1-abertura.md": "# Aula 1.1: Abertura\n",
        "templates/01-receita.md": "# Receita\n",
        "mindmaps/02-modulo-01.md": "Modulo 1\n",
        "assessments/quiz-modulo-1.md": "# Quiz 1.1\n",
        "README.md": "# Curso de Pão\n",
    }
    course = read_course(_write(tmp_path / "pao", {**lessons, **others}))
    assert {lesson.relative.as_posix() for lesson in course.lessons} == set(lessons)
    assert [(lesson.number.label, lesson.title) for lesson in course.lessons] == [
        ("1.1", "Primeiro pão"),
        ("1.2", "Checklist da massa"),
        ("2.1", "Corte"),
        ("2.2", "Forno quente"),
    ]
    assert [module.title for module in course.modules] == ["Massa", "Módulo 2"]
    kinds = {material.relative.as_posix(): material.kind for material in course.materials}
    assert kinds["roteiros/modulo-01/1.1-abertura.md"] == "script"
    assert kinds["assessments/quiz-modulo-1.md"] == "assessment"


def test_modules_are_named_by_their_folders_where_nothing_else_names_them(tmp_path: Path) -> None:
    """Running numbers count within the folder's module; the folder's words are its title."""
    files = {
        "Módulo 1 - Fundamentos/Aula 1 - Massa.md": "# Massa\n",
        "02-modulo-forno/01-calor.md": "# Calor\n",
        "glossario.md": "# Glossário\n",
    }
    course = read_course(_write(tmp_path / "pao", files))
    assert [(module.number, module.title) for module in course.modules] == [(1, "Fundamentos"), (2, "Forno")]
    assert [(lesson.number.label, lesson.title) for lesson in course.lessons] == [("1.1", "Massa"), ("2.1", "Calor")]


def test_lessons_in_folders_of_their_own_are_found(tmp_path: Path) -> None:
    """The folder's name speaks for a file that is only called README."""
    files = {"lessons/1.1-luz/README.md": "# Luz\n", "lessons/1.2-agua/index.md": "# Aula 1.2: Água\n"}
    course = read_course(_write(tmp_path / "horta", files))
    assert [(lesson.number.label, lesson.title) for lesson in course.lessons] == [("1.1", "Luz"), ("1.2", "Água")]


def test_a_number_that_is_there_twice_keeps_both_lessons(tmp_path: Path) -> None:
    """Two drafts of one lesson are two lessons until somebody deletes one; a warning names them."""
    files = {"lessons/5.1-a.md": "# Aula 5.1: A\n", "lessons/5.1-b.md": "# Aula 5.1: B\n"}
    course = read_course(_write(tmp_path / "dobro", files))
    assert len(course.lessons) == 2
    assert any("5.1" in warning for warning in course.warnings)


def test_curriculum_lessons_are_joined_by_title_and_number(tmp_path: Path) -> None:
    """Paths that do not exist are a warning; a lesson without file is missing, not a lesson."""
    plan = (
        "title: Pão\nmodules:\n- module_number: 1\n  title: Massa\n  lessons:\n"
        "  - {lesson_id: '1.1', title: Farinha e água, file_path: lessons/nada.md}\n"
        "  - {lesson_id: '1.2', title: Sal}\n  - {lesson_id: '1.3', title: Tempo}\n"
    )
    files = {
        "curriculum.yaml": plan,
        "lessons/1.1-farinha.md": "# Aula 1.1: A farinha e a água\n",
        "lessons/1.2-outro.md": "# Aula 1.2: Assunto bem diverso\n",
    }
    course = read_course(_write(tmp_path / "pao", files))
    assert [lesson.lesson_id for lesson in course.listed.values()] == ["1.1"]
    assert [lesson.title for lesson in course.missing] == ["Sal", "Tempo"]
    assert any("lessons/nada.md" in warning for warning in course.warnings)


def test_container_folders_yield_their_courses(tmp_path: Path) -> None:
    """Courses are found inside folders that only hold courses, and not inside courses."""
    _write(tmp_path / "trilhas" / "um", {"COURSE-BRIEF.md": "# B\n", "lessons/1.1-a.md": "# Aula 1.1: A\n"})
    _write(tmp_path / "trilhas" / "dois", {"aulas/modulo-1/aula-1.1.md": "# Aula 1.1: A\n"})
    _write(tmp_path / "avulso", {"notas.md": "# Notas\n"})
    assert [path.name for path in find_courses(tmp_path)] == ["dois", "um"]


def test_folders_without_courses_are_typed_errors(tmp_path: Path) -> None:
    """Missing, empty, a file: each says what to give instead."""
    (tmp_path / "vazia").mkdir()
    (tmp_path / "f.md").write_text("x")
    with pytest.raises(MissingPath):
        find_courses(tmp_path / "nada")
    with pytest.raises(NotACourse, match="vazia"):
        find_courses(tmp_path / "vazia")
    with pytest.raises(UnreadableFile):
        find_courses(tmp_path / "f.md")


def test_links_out_of_the_folder_are_not_followed(tmp_path: Path) -> None:
    """A link to a file elsewhere is left out with a warning; one inside the folder is read."""
    (tmp_path / "segredo.md").write_text("# Aula 9.9: Segredo\n")
    course = _write(tmp_path / "curso", {"lessons/1.1-a.md": "# Aula 1.1: A\n"})
    (course / "lessons" / "9.9-fora.md").symlink_to(tmp_path / "segredo.md")
    (course / "lessons" / "volta").symlink_to(tmp_path)
    read = read_course(course)
    assert [lesson.number.label for lesson in read.lessons] == ["1.1"]
    assert any("9.9-fora.md" in warning for warning in read.warnings)


def test_documents_are_known_by_name_and_place() -> None:
    """Reports about a brief are no brief; folders tell what files are."""
    names = (
        "validation-brief-report.md",
        "course-brief-pao.md",
        "COURSE-BRIEF.md",
        "x/y/z/brief.md",
        "brief-template.md",
    )
    found = brief_candidates(tuple(PurePosixPath(name) for name in names))
    assert [str(path) for path in found] == ["COURSE-BRIEF.md", "course-brief-pao.md"]
    kinds = ("fala.vtt", "sources/a-transcription.txt", "research/r.md", "resources/g.md", "x.txt", "NOTAS.md")
    assert [material_kind(PurePosixPath(kind)) for kind in kinds] == [
        "transcript",
        "transcript",
        "research",
        "resource",
        "source",
        "document",
    ]
