"""`python -m benchmarks` for whoever repeats the figures."""

import importlib
import platform
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks.__main__ import main
from benchmarks.finding import Reading
from benchmarks.machine import described, machine
from benchmarks.runs import THEMES, measured


@pytest.mark.parametrize("words", [["--slower", "30"], ["--accept"], ["apend"], ["--runs", "0"]])
def test_what_cannot_be_meant_is_a_usage_error(words: list[str]) -> None:
    """Nobody waits forty minutes to find that an option did nothing."""
    assert CliRunner().invoke(main, words).exit_code == 2


def test_help_names_every_theme_and_the_exit_code_of_a_regression() -> None:
    """What can be measured, and what CI may rely on, is told where it is looked for."""
    shown = CliRunner().invoke(main, ["--help"]).stdout
    assert all(theme in shown for theme in THEMES)
    assert "the exit code is 4" in " ".join(shown.split())


def test_the_machine_is_described_without_its_name_or_a_path(tmp_path: Path) -> None:
    """Enough to compare by, and nothing that tells whose it is."""
    found = machine(tmp_path)
    assert found["cores"] >= 1
    assert 0 <= found["fsync_p50_ms"] <= found["fsync_p99_ms"]
    assert str(found["postgresql"])[0].isdigit()
    assert found["python"] in described(found)
    assert "/" not in described(found)
    assert platform.node() not in described(found)


def test_themes_take_turns_run_by_run_on_fresh_folders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A load of minutes strikes one run of a theme, and no run finds what another left."""
    seen: list[tuple[str, Path]] = []

    class Theme:
        def __init__(self, name: str) -> None:
            self.name = name

        def run(self, folder: Path) -> list[Reading]:
            assert not list(folder.iterdir())
            seen.append((self.name, folder))
            return [Reading(theme=self.name, what="one", value=len(seen))]

    monkeypatch.setattr(importlib, "import_module", lambda path: Theme(path.rpartition(".")[2]))
    *_, last = measured(["append", "crowd"], 3, tmp_path)
    assert [name for name, _ in seen] == ["append", "crowd"] * 3
    assert len({folder for _, folder in seen}) == 6
    assert last["crowd"].findings[0].values == [2, 4, 6]
    assert last["append"].runs == len(last["append"].load) == 3
    assert not list(tmp_path.iterdir())
