"""The vocabulary: what words of course material mean in any of the languages."""

import tomllib
from pathlib import Path

import pytest

import generators.languages
from generators.languages import vocabulary

WORDS = vocabulary()
FOLDER = Path(generators.languages.__file__).parent


@pytest.mark.parametrize(
    ("line", "kind", "numbers", "rest"),
    [
        ("Módulo 2 – Maré", "module", (2,), "Maré"),
        ("2º Módulo: Maré", "module", (2,), "Maré"),
        ("SEMANA II", "module", (2,), ""),
        ("Semana três: Vento", "module", (3,), "Vento"),
        ("Third week: wind", "module", (3,), "wind"),
        ("Unit B - Wind", "module", (2,), "Wind"),
        ("Módulo 1: O arquivo __main__.py", "module", (1,), "O arquivo __main__.py"),
        ("🌊 Unidad 4 · Mareas", "module", (4,), "Mareas"),
        ("Sesión 3: Nudos (2 h)", "meeting", (3,), "Nudos (2 h)"),
        ("Aula nº 3 - Nós", "lesson", (3,), "Nós"),
        ("Aula 1.10: Nós", "lesson", (1, 10), "Nós"),
        ("Lesson 4a: Knots", "lesson", (4, 1), "Knots"),
        ("Tema 2.1 Cabos", "topic", (2, 1), "Cabos"),
    ],
)
def test_a_line_that_opens_a_part_says_which(line: str, kind: str, numbers: tuple[int, ...], rest: str) -> None:
    """Figures, ordinals, numerals, letters and words are numbers; the title is left as it was written."""
    found = WORDS.numbered(line)
    assert found is not None
    assert (found.kind, found.numbers, found.rest) == (kind, numbers, rest)


@pytest.mark.parametrize("line", ["Módulo X", "aula de 10 a 15 min", "parte por parte", "Maré 2", "12:30 almoço", ""])
def test_other_lines_open_nothing(line: str) -> None:
    """A form's blank, a duration or a sentence is no part of a course."""
    assert WORDS.numbered(line) is None


@pytest.mark.parametrize(
    ("text", "number"),
    [("vinte e cinco", 25), ("cento e vinte", 120), ("ciento veinte", 120), ("two hundred and ten", 210), ("7", 7)],
)
def test_numbers_are_read_in_figures_and_words(text: str, number: int) -> None:
    """Every language's number words add up as people say them."""
    assert WORDS.number(text) == number
    assert WORDS.number(f"{text} barcos") is None


@pytest.mark.parametrize(
    ("text", "stated", "language"),
    [
        ("Vela para quem nunca saiu da areia", None, "pt"),
        ("Vela en un fin de semana", None, "es"),
        ("Sailing for people who hate the water", None, "en"),
        ("Sailing for people who hate the water", "Português (Brasil)", "pt"),
        ("Sailing for people", "klingon", "en"),
        ("12345", None, None),
    ],
)
def test_the_stated_language_goes_before_the_words(text: str, stated: str | None, language: str | None) -> None:
    """A language that is stated and known counts; else small words tell it; no words tell nothing."""
    assert WORDS.language_of(text, stated) == language


def test_a_label_is_known_with_words_that_change_nothing() -> None:
    """Fillers are taken off; a word that does change the meaning keeps the label from being known."""
    assert "duration" in WORDS.fields("carga horaria total do curso")
    assert "price" in WORDS.fields("precio")
    assert "price" not in WORDS.fields("preco promocional")
    assert WORDS.nearest("durasao total") == ("duracao", "duration")
    assert WORDS.nearest("xilofone") is None


def test_every_language_has_the_same_tables() -> None:
    """A further language is one file: what one of them lacks would be missing without a word."""
    tables = [
        {(key, tuple(value) if key in {"labels", "zones", "prose", "outline"} else ()) for key, value in loaded.items()}
        for loaded in (tomllib.loads(path.read_text("utf-8")) for path in FOLDER.glob("*.toml"))
    ]
    assert len(tables) >= 3
    assert all(sorted(table) == sorted(tables[0]) for table in tables[1:])
