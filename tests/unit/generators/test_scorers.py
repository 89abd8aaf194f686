"""Scores follow from what a lesson says, not from the words it drops."""

import pytest

from generators.scorers import CourseScore, score_didactics, score_gps, score_lesson

PROSE = (
    "Você vai perceber que este trecho explica alguma coisa com calma e com frases inteiras. "
    "Cada frase acrescenta um pouco ao que a anterior disse, sem repetir as mesmas palavras. "
    "No fim, quem lê consegue contar o assunto a outra pessoa com exemplos próprios."
)
KEYWORDS = """\
## G - GOAL (Destino)
## P - POSITION (Origem)
## S - STEPS (Rota)
Imagine, pense em, é como, analogia
[DIAGRAM: diagrama]
Você já? Por quê? Como? O quê?
### Conceito 1
### Conceito 2
### Conceito 3
Próxima aula, transição, a seguir
## O Que Você Dominou
recapitulando, resumo, revisão
## FAÇA AGORA
exercício, prática, ação, desafio
"""


def _framed(goal: str, position: str, steps: str) -> str:
    return f"# Aula\n\n## {goal}\n\n{PROSE}\n\n## {position}\n\n{PROSE}\n\n## {steps}\n\n{PROSE}\n"


@pytest.mark.parametrize(
    ("goal", "position", "steps"),
    [
        ("🎯 G - GOAL (Destino)", "🗺️ P - POSITION (Origem)", "🛤️ S - STEPS (Rota)"),
        ("DESTINO", "ORIGEM", "ROTA"),
        ("G: onde chegar", "P: de onde sair", "S: por onde ir"),
        ("🎯 Goal", "Position", "Steps"),
    ],
)
def test_sections_are_known_by_letter_or_word(goal: str, position: str, steps: str) -> None:
    """The letter stands as a word; DESTINO, ORIGEM and ROTA do as well."""
    score = score_gps(_framed(goal, position, steps))
    assert (score.goal, score.position, score.steps, score.passed) == (10, 10, 10, True)


def test_a_letter_inside_a_word_is_no_section() -> None:
    """Gestão, Planejamento and Segurança start with the letters and are no GPS."""
    assert score_gps(_framed("Gestão do tempo", "Planejamento", "Segurança")).total == 0


def test_headings_in_a_code_fence_do_not_count() -> None:
    """What stands in a fence is an example, not the lesson."""
    assert score_gps("```markdown\n" + _framed("G - Goal", "P - Position", "S - Steps") + "```\n").total == 0


def test_a_list_of_keywords_scores_nothing() -> None:
    """Fourteen lines of the right words are no lesson."""
    assert score_gps(KEYWORDS).total == 0
    assert score_didactics(KEYWORDS).total == 0


def test_keywords_repeated_a_hundred_times_score_nothing() -> None:
    """Repeating a list does not make it prose."""
    assert score_didactics(KEYWORDS * 100).total == 0


def test_one_sentence_repeated_does_not_fill_a_section() -> None:
    """A sentence counts once however often it is said."""
    filler = "## G - Goal\n\n" + "Você vai aprender muita coisa boa nesta aula. " * 30
    assert score_gps(filler).goal == 0


def test_one_section_does_not_serve_as_two() -> None:
    """A heading that names all three is one section."""
    assert score_gps(f"## GOAL, POSITION, STEPS\n\n{PROSE}\n").total == 10


def test_windows_line_ends_change_nothing() -> None:
    """The score does not depend on line ends."""
    text = _framed("G - Goal", "P - Position", "S - Steps")
    assert score_gps(text.replace("\n", "\r\n")) == score_gps(text)


def test_what_is_missing_is_named() -> None:
    """The author learns which element to add."""
    score = score_lesson("1.1", f"# Aula\n\n{PROSE}\n")
    assert not score.passed
    assert any(text.startswith("goal") for text in score.advice)
    assert any(text.startswith("hook") for text in score.advice)


def test_a_course_passes_with_four_fifths_of_its_lessons() -> None:
    """An empty course does not pass."""
    assert not CourseScore(lessons=()).passed
