"""Outlines in the forms that people write and programs export, none of them Markdown made for the reader."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from generators.reading.amounts import minutes_in
from generators.reading.brief import parse_brief
from generators.reading.text import decode_file

CASES: dict[str, dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parents[2] / "data" / "outlines.yaml").read_text("utf-8")
)


@pytest.mark.parametrize("name", CASES)
def test_an_outline_is_read_in_the_form_it_comes_in(name: str) -> None:
    """Modules and lessons in their order with their minutes, and nothing that is no lesson."""
    brief = parse_brief(decode_file(Path("plan.txt"), CASES[name]["text"].encode()))
    read = [[module.title, [[lesson.title, lesson.minutes] for lesson in module.lessons]] for module in brief.outline]
    assert read == CASES[name]["outline"]


@pytest.mark.parametrize(("text", "minutes"), [("00:07:45", 8), ("01:05:00", 65), ("0:45", 45), ("12:30", 12)])
def test_seconds_are_no_minutes(text: str, minutes: int) -> None:
    """A length with three parts counts its seconds, one with two is told by its size."""
    assert minutes_in(text) == minutes
