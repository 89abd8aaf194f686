"""What a newer CPython refuses is found on the oldest one."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NUMBERED = re.compile(r"\b(?:select|insert|update|delete|values|where|set)\b.*\?\d", re.IGNORECASE | re.DOTALL)


def strings(source: str) -> list[str]:
    return [
        one.value for one in ast.walk(ast.parse(source)) if isinstance(one, ast.Constant) and type(one.value) is str
    ]


@pytest.mark.parametrize("package", ["outbox", "worker", "generators", "simulation", "examples"])
def test_no_statement_numbers_its_parameters(package: str) -> None:
    """`?1` with a list of values: CPython 3.12 warns, 3.14 raises ProgrammingError."""
    files = sorted((ROOT / package).rglob("*.py"))
    assert files
    found = [file for file in files for text in strings(file.read_text("utf-8")) if NUMBERED.search(text)]
    assert not found


def test_a_statement_that_numbers_its_parameters_would_be_found() -> None:
    assert NUMBERED.search(strings('execute("update outages set kind = ?1 where kind <> ?1")')[0])
