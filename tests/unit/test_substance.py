"""The judge: what says something passes, what only sounds like a lesson does not."""

from pathlib import Path

import pytest

from generators.scorers import score_course, score_lesson

ROOT = Path(__file__).parents[2]
COURSES = ROOT.parent / "shared" / "data" / "courses"
BREAD = ROOT / "examples" / "courses" / "pao-fermentacao-natural" / "lessons"
BOILERPLATE = """# Aula {id}: {title}

Olá! Que bom ter você aqui. Nesta aula você vai dar um passo importante na sua jornada, e no fim vai olhar para trás e perceber
o quanto avançou. Muita gente trava exatamente neste ponto, e eu também já travei.

Respire fundo, porque o caminho é mais simples do que parece. Comece pelo começo, faça uma coisa de cada vez e não tenha medo de
errar. O erro faz parte do processo, e quem nunca errou nunca aprendeu nada de verdade.

Agora é com você: escolha um caso seu, aplique o que viu e observe o resultado com calma. Se algo não sair como esperava, volte um
passo e tente outra vez. Na próxima aula vamos ainda mais longe, com a mesma calma e a mesma vontade.
"""


def real(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text("utf-8", "replace") for path in sorted(folder.rglob("*.md"))}


def test_hand_written_lessons_pass() -> None:
    """The course that ships with the project, every lesson of it."""
    scored = score_course(real(BREAD))
    assert [one.name for one in scored.lessons if not one.passed] == []


@pytest.mark.skipif(not COURSES.is_dir(), reason="the open courses are not beside the project")
def test_the_real_lessons_of_the_open_courses_pass() -> None:
    """Whatever frame they have: 98 of 100 at least, and every course."""
    passing = total = 0
    for folder in sorted(COURSES.iterdir()):
        if not (folder / "lessons").is_dir():
            continue
        scored = score_course(real(folder / "lessons"))
        assert scored.passed, folder.name
        passing, total = passing + scored.passing, total + len(scored.lessons)
    assert total > 100
    assert passing >= 0.98 * total


def test_boilerplate_fails_with_its_title_in_it_or_not() -> None:
    """Nothing in it could be checked, and it is the same in every lesson."""
    titles = ["Vapor no forno", "Fermento natural", "Cortes na casca", "Dobras da massa"]
    scored = score_course({f"1.{n}.md": BOILERPLATE.format(id=f"1.{n}", title=title) for n, title in enumerate(titles)})
    assert scored.passing == 0
    for one in scored.lessons:
        assert any(reason.startswith("evidence") for reason in one.missing)
        assert any(reason.startswith("repetition") for reason in one.missing)
    assert not score_lesson("1.1", BOILERPLATE.format(id="1.1", title="Vapor no forno")).passed


def test_a_lesson_on_another_subject_fails() -> None:
    """However good it is."""
    lessons = real(BREAD)
    names = list(lessons)
    strange = (ROOT / "examples" / "sources" / "financas-para-freelancers" / "2-salario.md").read_text("utf-8")
    lessons[names[0]] = "# Aula 1.1: O que é fermentação natural\n\n" + strange.replace("# ", "## ")
    (first, *_) = score_course(lessons).lessons
    assert any(reason.startswith("subject") for reason in first.missing)


def test_another_language_than_the_courses_fails() -> None:
    """A Portuguese course with one English lesson."""
    lessons = real(BREAD)
    english = (ROOT / "examples" / "sources" / "first-tests-in-python" / "notes.md").read_text("utf-8")
    lessons["9.9-bread-tests.md"] = "# Aula 9.9: Assertion, fixture e fermentação\n\n" + english
    last = score_course(lessons).lessons[-1]
    assert any(reason.startswith("language") for reason in last.missing)


def test_a_marked_gap_fails_the_best_of_lessons() -> None:
    """An author who left something open is told so until it is closed; an emoji in a heading is no gap."""
    name, text = next(iter(real(BREAD).items()))
    assert score_lesson(name, text.replace("## ", "## ✍️ ", 1), language="pt").passed
    gap = score_lesson(name, f"{text}\n✍️ **Falta**: um exemplo com números\n", language="pt")
    assert gap.missing == ("gaps: 1 marked with ✍️",)


def test_an_empty_text_scores_nothing() -> None:
    """Neither does a heading alone."""
    for text in ("", "# Aula 1.1: Vapor\n", "---\ntitle: Vapor\n---\n\n# Aula 1.1: Vapor\n\n## G - GOAL\n"):
        assert not score_lesson("1.1", text).passed


def test_two_versions_of_one_lesson_do_not_fail_each_other() -> None:
    """A folder that holds an older copy is no course of boilerplate."""
    lessons = real(BREAD)
    name = next(iter(lessons))
    lessons[f"old-{name}"] = lessons[name]
    assert score_course(lessons).passing == len(lessons)
