"""Lines on a narrow terminal."""

import io
import sys

import pytest

from outbox.terminal import beside

TEXT = "wait: it is retried for ever and nothing is lost; or correct host and port (docs/runbook.md#outage)"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def on_a_terminal(monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    monkeypatch.setattr(sys, "stdout", Terminal())
    monkeypatch.setenv("COLUMNS", str(columns))


@pytest.mark.parametrize("columns", [40, 60, 80])
@pytest.mark.parametrize(("head", "indent"), [("fail    ", 8), (f"{'fail  database':<40}", 4), (" " * 40, 4)])
def test_no_word_is_broken_on_a_narrow_terminal(
    monkeypatch: pytest.MonkeyPatch, columns: int, head: str, indent: int
) -> None:
    """It goes on below its beginning, or begins on the next line, and no line is wider than the terminal."""
    on_a_terminal(monkeypatch, columns)
    if len(head) == 40 and columns == 80:
        indent = 40
    lines = beside(head, TEXT).split("\n")
    assert all(len(line) <= columns for line in lines)
    assert " ".join(line.strip() for line in lines).split() == [*head.split(), *TEXT.split()]
    assert all(line.startswith(" " * indent) and not line.startswith(" " * (indent + 1)) for line in lines[1:])
    assert all(line.strip() for line in lines)


def test_what_fits_stays_beside_its_head(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the room is small."""
    on_a_terminal(monkeypatch, 40)
    assert beside("x" * 36, "ext4") == "x" * 36 + "ext4"


def test_a_long_word_gets_a_line_that_takes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """An id is there to be copied."""
    on_a_terminal(monkeypatch, 60)
    word = "w" * 56
    assert beside("target    ", word) == f"target\n    {word}"


def test_a_pipe_gets_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scripts read lines."""
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    monkeypatch.setenv("COLUMNS", "40")
    assert beside("fail    ", TEXT) == f"fail    {TEXT}"
