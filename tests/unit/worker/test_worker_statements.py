"""Statements of the worker's SQL files reach psycopg as it needs them."""

import re
from importlib import resources

import pytest

from worker.apply.queries import query, statements

_BOUND_BY_NAME = ["relay", "projection", "verify"]


@pytest.mark.parametrize("file", _BOUND_BY_NAME)
def test_a_comment_is_never_taken_for_a_placeholder(file: str) -> None:
    """psycopg reads `100 %` in a comment as a placeholder; a right statement would fail, and its events be parked."""
    for name in statements(file):
        assert "--" not in query(file, name)


@pytest.mark.parametrize("file", _BOUND_BY_NAME)
def test_every_value_is_bound_by_name(file: str) -> None:
    """A lone per cent sign outside a comment would be caught here, not by a parked event."""
    for name in statements(file):
        assert not re.search(r"%(?!\(\w+\)s)", query(file, name)), name


def test_statements_keep_their_names_apart_from_the_rest_of_the_file() -> None:
    text = (resources.files("worker.sql") / "relay.sql").read_text(encoding="utf-8")
    assert list(statements("relay")) == re.findall(r"^-- name: (\w+)$", text, re.MULTILINE)
