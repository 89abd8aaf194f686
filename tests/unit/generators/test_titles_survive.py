"""Titles with characters that Markdown knows come through every reader as their authors wrote them."""

from pathlib import Path

import pytest

from generators.making.builder import build_curriculum
from generators.reading.brief import parse_brief
from generators.reading.curriculum import parse_curriculum
from generators.reading.markdown import read_document
from generators.reading.text import decode_file

TITLES = [
    "C# no barco",
    "De C# a F#",
    "Escolher o #tema",
    "Testar com assert_cmd",
    "Ler o __init__.py",
    "Para que servem _ e __",
    "Contas: 2 * 3 e 4*5",
    "Nomes a_b_c e x_y",
    "Listas List<T> e Map<K, V>",
    "Aproximar com ~x~",
    "Usar *args e **kwargs",
    "Custo em R$ e US$",
    "Barras \\ | e /",
    "Menor que < e maior que >",
    "Colchetes x[0] e f(x)",
    "A tecla ^ e o sinal =",
    "Um + um - um",
    "E-mail a@b.org & companhia",
    "100% de {chaves}",
    "Ponto.e.vírgula; fim",
    "Aspas “curvas” no meio",
]


def _escaped(title: str) -> str:
    return title.replace("\\", "\\\\")


@pytest.mark.parametrize("title", TITLES)
def test_a_title_in_a_heading_or_list_survives(title: str) -> None:
    """Of the brief, its modules and its lessons, and in the curriculum that is built from them."""
    text = (
        f"# {_escaped(title)}\n\n## Objetivos\n\n- Ler\n\n## Conteúdo\n\n"
        f"### Módulo 1: {_escaped(title)}\n\n- 1.1 {_escaped(title)} (10 min)\n"
    )
    brief = parse_brief(decode_file(Path("brief.md"), text.encode()))
    assert (brief.title, brief.outline[0].title, brief.outline[0].lessons[0].title) == (title, title, title)
    built = build_curriculum(brief).curriculum
    assert (built.title, built.modules[0].title, built.modules[0].lessons[0].title) == (title, title, title)


@pytest.mark.parametrize("title", TITLES)
def test_a_title_in_yaml_survives(title: str) -> None:
    """YAML is no Markdown: nothing is taken off."""
    quoted = title.replace("'", "''")
    text = f"title: '{quoted}'\nmodules:\n- title: '{quoted}'\n  lessons: ['{quoted}']\n"
    read = parse_curriculum(decode_file(Path("curriculum.yaml"), text.encode()))
    assert (read.title, read.modules[0].title, read.modules[0].lessons[0].title) == (title, title, title)


def test_markup_is_taken_off_and_code_is_not_read_as_markup() -> None:
    """Bold, emphasis and links are markup; what stands in backticks is as written; what is crossed out is not said."""
    lines = read_document(
        "**Nome** _do_ [curso](x)\n\n`a_b_c` e `__x__`\n\n~~10~~ 20\n\n**Título:** __forte__ e __Muito forte__\n"
    ).lines
    assert [line.text for line in lines] == ["Nome do curso", "a_b_c e __x__", "20", "Título: __forte__ e Muito forte"]
