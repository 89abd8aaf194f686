"""Outlines of briefs: modules and lessons in lists, headings, tables and fences."""

from pathlib import Path

from generators.reading.brief import Brief, parse_brief
from generators.reading.text import decode_file


def _brief(*lines: str) -> Brief:
    text = "\n".join(["# Course Brief: Curso de Nós", "", *lines, ""])
    return parse_brief(decode_file(Path("brief.md"), text.encode()))


def _outline(*lines: str) -> list[tuple[str, list[tuple[str, str, int | None]]]]:
    """Titles of modules with number, title and minutes of their lessons."""
    return [
        (module.title, [(lesson.lesson_id, lesson.title, lesson.minutes) for lesson in module.lessons])
        for module in _brief("## Estrutura do curso", "", *lines).outline
    ]


def test_a_numbered_heading_inside_a_named_module_opens_no_module() -> None:
    """Where modules are called modules, "2. Dicas" among them is a heading of the text."""
    outline = _outline("### Módulo 1: Ver", "", "- 1.1 Luz (10 min)", "", "#### 2. Dicas", "", "Nada de mais.")
    assert outline == [("Ver", [("1.1", "Luz", 10)])]


def test_fields_of_a_module_stay_with_it() -> None:
    """Description, objectives and length below a module's heading are the module's, the lesson's own below the lesson."""
    (module,) = _brief(
        "## Estrutura do curso",
        "",
        "### Módulo 1: Ver",
        "",
        "**Descrição:** Aprender a olhar",
        "**Objetivo:** Ver a luz",
        "**Duração:** 1h",
        "",
        "- 1.1 Luz",
        "  - Objetivo: Achar a janela",
        "  - Duração: 25 min",
    ).outline
    assert (module.description, module.objectives, module.minutes) == ("Aprender a olhar", ("Ver a luz",), 60)
    assert [(lesson.objectives, lesson.minutes) for lesson in module.lessons] == [(("Achar a janela",), 25)]


def test_titles_below_a_list_of_lessons_are_lessons() -> None:
    """In a fence `titulo:` names the module above "aulas:" and a lesson below it."""
    outline = _outline(
        "```yaml",
        "modulos:",
        "  - modulo: 1",
        "    titulo: O caderno",
        "    aulas:",
        "      - titulo: As quatro colunas",
        "        duracao: 40 min",
        "      - titulo: O vencimento",
        "        duracao: 30 min",
        "```",
    )
    assert outline == [("O caderno", [("1.1", "As quatro colunas", 40), ("1.2", "O vencimento", 30)])]


def test_items_of_a_list_called_lessons_are_lessons_and_what_is_nested_in_them_is_not() -> None:
    """A list needs no numbers where its label says that it holds the lessons."""
    outline = _outline(
        "### Módulo 1: Ver", "", "**Aulas:**", "", "- Luz", "  - da manhã", "  - da tarde", "- Sombra (12 min)"
    )
    assert outline == [("Ver", [("1.1", "Luz", None), ("1.2", "Sombra", 12)])]


def test_a_table_of_numbered_lessons_fills_the_modules_named_before_it() -> None:
    """The number of a lesson tells its module, the columns its title and length; the first of two counts."""
    outline = _outline(
        "- **Módulo 1: Ver**",
        "- **Módulo 2: Pintar**",
        "",
        "| Aula | Título | Duração |",
        "|---|---|---|",
        "| 1.1 | Luz | 10 min |",
        "| 1.2 | Sombra | 15 |",
        "| 1.3 | | 15 |",
        "| 1.1 | Luz, de novo | 20 min |",
        "| 2.1 Cor | | 20 min |",
        "| 3.1 | Moldura | 5 min |",
    )
    assert outline == [
        ("Ver", [("1.1", "Luz", 10), ("1.2", "Sombra", 15)]),
        ("Pintar", [("2.1", "Cor", 20)]),
        ("", [("3.1", "Moldura", 5)]),
    ]


def test_a_table_below_a_module_counts_within_it() -> None:
    """Bare numbers in the first column are places in the module over the table; a row of its length is none."""
    (module,) = _brief(
        "## Estrutura do curso",
        "",
        "### Módulo 2: Cor",
        "",
        "| Nº | O que se vê | Minutos |",
        "|---|---|---|",
        "| 1 | Quente | 10 |",
        "| 2 | Fria | 12 min |",
        "| Duração | 25 min | |",
    ).outline
    assert [(lesson.lesson_id, lesson.title, lesson.minutes) for lesson in module.lessons] == [
        ("2.1", "Quente", 10),
        ("2.2", "Fria", 12),
    ]
    assert module.minutes == 25


def test_one_table_for_all_names_its_modules_by_number_or_by_title() -> None:
    """An empty cell goes on with the module above; a title that was there is the same module again."""
    outline = _outline(
        "| Módulo | Aula | Duração |",
        "|---|---|---|",
        "| | Sem módulo | 5 min |",
        "| Ver | Luz | 10 min |",
        "| | Aula 2: Sombra | 12 min |",
        "| | | |",
        "| Pintar | 1 | 15 min |",
        "| Pintar | Fundo | 20 min |",
        "| Ver | Contraluz | 8 min |",
    )
    assert outline == [
        ("Ver", [("1.1", "Luz", 10), ("1.2", "Sombra", 12), ("1.3", "Contraluz", 8)]),
        ("Pintar", [("2.1", "Fundo", 20)]),
    ]


def test_a_row_without_number_or_title_is_no_module() -> None:
    """Of a table of modules only rows that name one count: notes and blanks below them do not."""
    rows = ("| 1 | Ver |", "| Notas | Levar lápis |", "| | Pintar |", "| 3 | |", "| 4 | [Nome do Módulo] |")
    assert _outline("| Módulo | Título |", "|---|---|", *rows) == [("Ver", [])]


def test_what_cannot_be_a_title_keeps_a_bare_list_from_being_lessons() -> None:
    """A module that counts two lessons over a list of two has lessons only if both have a title."""
    assert _outline("### Módulo 1: Ver (2 aulas)", "", "- Luz", "- Sombra") == [
        ("Ver", [("1.1", "Luz", None), ("1.2", "Sombra", None)])
    ]
    assert _outline("### Módulo 1: Ver (2 aulas)", "", "- Luz", "- [Nome da aula]") == [("Ver", [])]


def test_a_paragraph_behind_a_number_is_no_lesson() -> None:
    """More than 500 characters, or an objective, are text that happens to begin with a number."""
    assert _outline("### Módulo 1: Ver", "", "- 1.1 Luz", "- 1.2 " + "muito " * 100, "- 1.2 Objetivo: ver") == [
        ("Ver", [("1.1", "Luz", None)])
    ]
