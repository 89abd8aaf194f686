"""A language model may fill what the reader left open, and only with words that stand in the brief."""

import json
import sys
import types
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from generators.cli import cli
from generators.reading.brief import Brief, parse_brief
from generators.reading.brief.model_reader import ModelSilent, UnknownReader, fill_open_fields, model_of
from generators.reading.text import decode_file

TEXT = "Sobre velas\n\na ideia toda:   Vela para Medrosos,\nfica nas mãos de Rui Bastos; dura o sábado, 6 horas\n"
FILE = decode_file(Path("brief.md"), TEXT.encode())


class Model:
    """Answers what it was given, and keeps what it was asked."""

    def __init__(self, answer: Any) -> None:
        self._answer = answer
        self.asked: dict[str, Any] = {}

    def prompt(self, text: str, *, system: str, schema: dict[str, Any]) -> Any:
        self.asked = {"text": text, "system": system, "schema": schema}
        if isinstance(self._answer, Exception):
            raise self._answer
        return types.SimpleNamespace(text=lambda: self._answer)


def _filled(answer: object, brief: Brief | None = None) -> Brief:
    return fill_open_fields(brief or Brief(), FILE, Model(json.dumps(answer)))


def test_a_quote_of_the_brief_fills_an_open_field_with_its_line() -> None:
    """White space may differ; the value is read by the same readers as any other."""
    filled = _filled({"title": "Vela para Medrosos", "instructor": "Rui Bastos", "duration_hours": "o sábado, 6 horas"})
    assert (filled.title, filled.instructor, filled.duration_hours) == ("Vela para Medrosos", "Rui Bastos", 6.0)
    assert [(warning.line, warning.code) for warning in filled.warnings] == [(3, "model"), (4, "model"), (4, "model")]


def test_what_stands_nowhere_in_the_brief_is_dropped() -> None:
    """A model that makes something up, or answers no JSON, changes nothing."""
    assert _filled({"title": "Vela para Corajosos", "price": "R$ 90", "objectives": ["Velejar"]}) == Brief()
    assert fill_open_fields(Brief(), FILE, Model("Claro! O título é…")) == Brief()


def test_a_stated_field_is_not_asked_for() -> None:
    """Only open fields are in the schema; with none open the model is left alone."""
    model = Model("{}")
    fill_open_fields(Brief(title="Velas", objectives=("Velejar",)), FILE, model)
    assert set(model.asked["schema"]["properties"]) == {"instructor", "duration_hours", "level", "price"}
    full = replace(parse_brief(FILE), title="Velas", instructor="Rui", duration_hours=6, level="beginner", price=1)
    silent = Model(RuntimeError("asked"))
    assert fill_open_fields(replace(full, objectives=("Velejar",)), FILE, silent).title == "Velas"


def test_a_model_that_does_not_answer_is_one_line() -> None:
    """Whatever its plugin raises."""
    with pytest.raises(ModelSilent, match="did not answer"):
        fill_open_fields(Brief(), FILE, Model(ConnectionError()))


def test_the_command_takes_a_model_that_llm_knows(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`--reader llm:MODEL`; another reader or an unknown model is a wrong use."""

    def get_model(name: str) -> Model:
        if name != "known":
            raise KeyError(name)
        return Model(json.dumps({"title": "Vela para Medrosos"}))

    monkeypatch.setitem(sys.modules, "llm", types.SimpleNamespace(get_model=get_model))
    brief = tmp_path / "brief.md"
    brief.write_text(TEXT)
    result = CliRunner().invoke(cli, ["inspect", "brief", str(brief), "--json", "--reader", "llm:known"])
    assert json.loads(result.stdout)[str(brief)]["title"] == "Vela para Medrosos"
    for name in ("llm:other", "gpt"):
        with pytest.raises(UnknownReader):
            model_of(name)
