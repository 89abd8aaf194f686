"""Readers on hostile input: nothing but our own errors comes out, and soon.

By default each property sees a few hundred inputs; `make fuzz` is the long run.
"""

import os
import random
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generators.errors import GeneratorError
from generators.reading.brief import parse_brief
from generators.reading.course.name import number_in_heading, number_in_name
from generators.reading.course.page import read_head
from generators.reading.curriculum import parse_curriculum
from generators.reading.text import MAX_FILE_BYTES, decode_file

DATA = Path(__file__).parents[2] / "data"
EXAMPLES = int(os.environ.get("READER_FUZZ_EXAMPLES", "150"))
MAX_SECONDS = 60  # of processor time; a hang or a quadratic reader takes minutes, coverage makes seconds of it

fuzz = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
    derandomize=EXAMPLES < 1000,
)

SAMPLES = [path.read_bytes() for path in sorted(DATA.rglob("*")) if path.is_file() and path.stat().st_size < 20_000]

MARKDOWN_PIECES = (
    "# ",
    "## 1️⃣ ",
    "### 3.2. Objetivos de Aprendizagem\n",
    "#### Módulo 1: ",
    "- 1.1: Luz (10 min)\n",
    "```\n",
    "~~~",
    "**Título do Curso:**",
    "**Duração Total:** 5h20min\n",
    "| a | b |\n|---|---|\n",
    "| **Nível** | Intermediário |\n",
    "[X] ",
    "[ ] ",
    "> ",
    "1. ",
    "   ",
    "\t",
    "\r\n",
    "\n\n",
    "---\n",
    "R$ 1.997,00 ",
    "12x de R$ 97",
    "6-7 horas",
    "[AUTO-PREENCHIDO]",
    "____",
    "Exemplo: ",
    "├── MÓDULO 2: ",
    "<br>",
    "&#x0;",
    "\\",
    "`",
    "*",
    "_",
    "Aula 2.10 - ",
    "İ",
    "\ufb01",
    "\u2028",
    "\U0001f9c5",
)
MARKDOWN = st.lists(st.one_of(st.sampled_from(MARKDOWN_PIECES), st.text(max_size=12)), max_size=60).map("".join)

KEYS = (
    "title",
    "modules",
    "módulos",
    "lessons",
    "aulas",
    "id",
    "number",
    "lesson_id",
    "duration",
    "duration_minutes",
    "price",
    "course",
    "metadata",
    "objectives",
    "level",
    "instructor",
    "file_path",
    "order",
    "slug",
    "total_hours",
    "name",
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(["2.10", "m1-l2", "25 min", "1e999"]),
)
YAML_VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.sampled_from(KEYS), inner, max_size=5)),
    max_leaves=25,
)


def _read_everything(data: bytes) -> None:
    """Every reader on the same bytes; any error must be ours, on one line, and name the file."""
    said = []
    try:
        file = decode_file(Path("datei.md"), data)
        read_head(file)
    except GeneratorError as exc:
        said.append(str(exc))
    else:
        for reader in (parse_brief, parse_curriculum):
            try:
                reader(file)
            except GeneratorError as exc:
                said.append(str(exc))
    for message in said:
        assert message.startswith("datei.md: ")
        assert "\n" not in message


@fuzz
@given(st.binary(max_size=600))
def test_any_bytes_end_in_a_value_or_our_error(data: bytes) -> None:
    """No byte sequence makes a reader fail in a way of its own."""
    _read_everything(data)


@fuzz
@given(MARKDOWN)
def test_any_markdown_ends_in_a_value_or_our_error(text: str) -> None:
    """Pieces of real forms in any order, with any text between them."""
    _read_everything(text.encode("utf-8", "replace"))


@fuzz
@given(YAML_VALUES)
def test_any_yaml_value_ends_in_a_value_or_our_error(value: Any) -> None:
    """Keys that curricula use, over values of any type and nesting."""
    import yaml  # noqa: PLC0415 - only to write the input

    text = yaml.safe_dump(value, allow_unicode=True)
    _read_everything(text.encode("utf-8", "replace"))
    _read_everything(f"---\n{text}\n---\n# Aula 1.1: A\n".encode("utf-8", "replace"))


@fuzz
@given(st.integers(min_value=0, max_value=2**32))
def test_mutated_samples_end_in_a_value_or_our_error(seed: int) -> None:
    """Our own samples with bytes changed, cut, doubled and moved."""
    chance = random.Random(seed)
    data = bytearray(chance.choice(SAMPLES))
    for _ in range(chance.randint(1, 12)):
        at, length = chance.randrange(len(data) + 1), chance.randint(1, 200)
        piece = data[at : at + length]
        match chance.randrange(5):
            case 0:
                del data[at : at + length]
            case 1:
                data[at:at] = piece * chance.randint(1, 5)
            case 2:
                data[at:at] = bytes(chance.randrange(256) for _ in range(3))
            case 3:
                data[at:at] = bytes(chance.choice(SAMPLES))[at : at + length]
            case _:
                data[at:at] = chance.choice([b"- ", b"> ", b"```\n", b"  ", b"|", b"[X] ", b": ", b"\r\n", b"---\n"])
    _read_everything(bytes(data))


@fuzz
@given(st.text(max_size=60))
def test_any_name_and_heading_has_a_number_or_none(text: str) -> None:
    """Case folding may lengthen a text; places found in it must still be places in the original."""
    number_in_name(text)
    _, title = number_in_heading(text)
    assert title in text


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"a" * 900_000, id="one long word"),
        pytest.param(b"**a: " * 180_000, id="bold without end on one line"),
        pytest.param(b"[" * 900_000, id="brackets on one line"),
        pytest.param(b"> " * 400_000, id="nested quotes"),
        pytest.param(b"- " * 400_000, id="nested lists on one line"),
        pytest.param(b"".join(b" " * (i % 400) + b"- a\n" for i in range(4_000)), id="deep lists"),
        pytest.param(b"|a" * 4_000 + b"\n" + b"|-" * 4_000 + b"\n" + b"|b" * 4_000, id="wide table"),
        pytest.param(b"# a\n" * 40_000, id="many headings"),
        pytest.param(b"**A:** b\n\n" * 20_000, id="many labels"),
        pytest.param(b"**Dores:**\n" + b"- x\n" * 40_000, id="many items"),
        pytest.param(b"M\xc3\x93DULO 1: x\n\n" + b"1.1 - a (10 min)\n" * 30_000, id="many lessons"),
        pytest.param(b"R$ " + b"1" * 800_000, id="a huge number"),
        pytest.param(b"**Pre\xc3\xa7o:** " + b"1.000" * 100_000, id="a huge price"),
        pytest.param(b"a: " + b"{b: " * 100_000, id="deep flow mappings"),
        pytest.param(b"a: &a [x]\n" + b"b: [*a, *a, *a, *a]\n" * 1_000, id="aliases"),
        pytest.param(b"a: " + b"9" * 100_000, id="a huge integer"),
        pytest.param(b"modules:\n" + b"- {title: a, lessons: [{title: b}]}\n" * 30_000, id="many modules"),
        pytest.param(b"modules:\n- lessons:\n" + b"  - {id: 1.1, title: a}\n" * 40_000, id="many lessons in YAML"),
        pytest.param(b"\xe7\xe3" * 2_000_000, id="megabytes of single-byte letters"),
        pytest.param(b"_" * 500_000, id="underscores"),
        pytest.param(b"(" * 300_000 + b")" * 300_000, id="parentheses"),
        pytest.param(b"# Aula" + b" " * 600_000 + b"1", id="spaces in a heading"),
        pytest.param("\u2022 ".encode() * 200_000, id="bullets on one line"),
        pytest.param(b"```\n" + b"[X] a [X] b " * 50_000, id="boxes on one line"),
        pytest.param(b"```\n" + "│ ├── └── ".encode() * 20_000, id="a tree without end"),
        pytest.param(b"x" * (MAX_FILE_BYTES + 1), id="too large"),
    ],
)
def test_hostile_sizes_are_answered_in_bounded_time(data: bytes) -> None:
    """Megabytes on one line, deep nesting and endless lists take seconds at most."""
    start = time.process_time()
    _read_everything(data)
    assert time.process_time() - start < MAX_SECONDS
