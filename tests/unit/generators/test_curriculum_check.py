"""What keeps a curriculum from being approved, and what its author should weigh."""

import pytest

from generators.making.check import check
from generators.reading.curriculum.own_file import BrokenCurriculum, load_curriculum

LESSON = "{lesson_id: '1.1', lesson_title: Luz, file_path: lessons/1.1-luz.md, duration_minutes: 60}"


def _plan(modules: str) -> bytes:
    return f"title: Foto\nmodules:\n{modules}\n".encode()


def _module(lesson: str) -> bytes:
    return _plan(f"- {{module_number: 1, module_title: Ver, lessons: [{lesson}]}}")


def test_a_sound_curriculum_has_no_findings() -> None:
    """The case that all others differ from."""
    findings = check(_module(LESSON))
    assert (findings.errors, findings.warnings) == ([], [])


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"title: F\xf3to\n", "curriculum.yaml is not UTF-8; save it as UTF-8"),
        (b"- 1\n", "curriculum.yaml must hold one mapping with title and modules"),
        (f"modules: [{{module_number: 1, module_title: V, lessons: [{LESSON}]}}]".encode(), "the course has no title"),
        (_plan("- Ver"), "modules[0]: expected `object`, got `str`; correct it in curriculum.yaml"),
        (
            _plan(f"- {{module_number: um, module_title: V, lessons: [{LESSON}]}}"),
            "modules[0].module_number: expected `int`, got `str`; correct it in curriculum.yaml",
        ),
        (
            _plan(f"- {{module_number: true, module_title: V, lessons: [{LESSON}]}}"),
            "modules[0].module_number: expected `int`, got `bool`; correct it in curriculum.yaml",
        ),
        (
            _plan("- {module_number: 3, module_title: V, lessons: []}"),
            "module 3 has no lessons; list at least one or take the module out",
        ),
        (
            _module(f"{LESSON}, Sombra"),
            "modules[0].lessons[1]: expected `object`, got `str`; correct it in curriculum.yaml",
        ),
        (_module(LESSON.replace("'1.1'", "um")), "lesson “um” is not numbered i.j, like 1.2"),
        (_module(LESSON.replace("'1.1'", "'2.3'")), "lesson 2.3 stands in module 1; number it 1.3 or move it"),
        (
            _module(LESSON.replace("lessons/1.1-luz.md", "../luz.md")),
            "lesson 1.1 needs a file_path like lessons/1.1-title.md, not “../luz.md”",
        ),
        (
            _module(f"{LESSON}, {LESSON.replace('1.1-luz', '1.1-sol')}"),
            "the lesson number 1.1 occurs 2 times",
        ),
    ],
)
def test_what_cannot_be_made_into_a_course_is_an_error(data: bytes, error: str) -> None:
    """Each error names the place and says what to do."""
    assert error in check(data).errors


@pytest.mark.parametrize(
    ("data", "warning"),
    [
        (_plan(f"- {{module_number: 1, lessons: [{LESSON}]}}"), "module 1 has no title"),
        (_module(LESSON.replace("lesson_title: Luz, ", "")), "lesson 1.1 has no title"),
        (_module(LESSON.replace(", duration_minutes: 60", "")), "lesson 1.1 states no minutes"),
        (_module(LESSON.replace("60", "240")), "lesson 1.1 takes 240 minutes; usual are 5 to 120"),
        (_module(LESSON.replace("60", "30")), "the course takes 30 minutes; usual are 60 to 3000"),
    ],
)
def test_what_is_unusual_is_a_warning_and_no_error(data: bytes, warning: str) -> None:
    """The author may want it so."""
    findings = check(data)
    assert (findings.errors, warning in findings.warnings) == ([], True)


def test_a_number_in_quotes_is_a_number_and_a_yes_is_an_error_with_its_path() -> None:
    """An editor's quotes do no harm; what is no number says where it stands."""
    (lesson,) = load_curriculum(_module(LESSON.replace("60", "'60'"))).lessons
    assert lesson.minutes == 60
    for value in ("true", "sixty"):
        with pytest.raises(BrokenCurriculum, match=r"modules\[0\]\.lessons\[0\]\.duration_minutes: expected `int"):
            load_curriculum(_module(LESSON.replace("60", value)))
