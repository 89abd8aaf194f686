"""Lines on a narrow terminal."""

import io
import sys

import pytest

from outbox.terminal import hung

TEXT = "wait: it is retried for ever and nothing is lost; or correct host and port (docs/runbook.md#outage)"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("columns", [40, 60, 80])
def test_no_word_is_broken_on_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    """It goes on below its beginning, and no line is wider than the terminal."""
    monkeypatch.setattr(sys, "stdout", Terminal())
    monkeypatch.setenv("COLUMNS", str(columns))
    first, *others = hung(TEXT, 8).split("\n")
    assert all(line.startswith(" " * 8) and not line.startswith(" " * 9) for line in others)
    assert " ".join([first, *(line.strip() for line in others)]) == TEXT
    assert all(len(line) <= columns for line in (" " * 8 + first, *others))


def test_a_pipe_gets_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scripts read lines."""
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    monkeypatch.setenv("COLUMNS", "40")
    assert hung(TEXT, 8) == TEXT
