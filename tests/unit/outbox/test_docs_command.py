"""`outbox docs`, the settings file, and a mistyped command: what somebody needs on a host without a browser."""

import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from outbox import ConfigurationError, OutboxError
from outbox.cli import cli as outbox
from outbox.settings import environment
from worker.cli import cli as worker


def run(*arguments: str) -> Result:
    return CliRunner().invoke(outbox, arguments, standalone_mode=False)


def test_the_pages_are_listed_with_their_titles() -> None:
    """Who knows no page finds it."""
    lines = run("docs").stdout.splitlines()
    assert any(line.split() == ["runbook", "Runbook"] for line in lines)
    assert any(line.startswith("adr/0001-a-log-not-a-queue ") for line in lines)


@pytest.mark.parametrize("page", ["runbook#disk-full", "docs/runbook.md#disk-full"])
def test_an_entry_is_shown_as_messages_name_it(page: str) -> None:
    """What a message ends with can be pasted; only that entry is shown."""
    told = run("docs", page).stdout
    assert told.startswith("### Disk full\n")
    assert told.count("\n### ") == 0
    assert "Symptom" in told


def test_every_entry_that_the_code_names_exists() -> None:
    """No message sends anybody to an entry that is not there."""
    root = Path(__file__).parents[3]
    named = {
        word.rstrip(".,;:)`'\"")
        for folder in ("outbox", "worker", "generators")
        for path in (root / folder).rglob("*.py")
        for word in path.read_text("utf-8").replace("(", " ").split()
        if word.startswith("docs/") and ".md#" in word and "{" not in word and "\\" not in word and "[" not in word
    }
    assert named
    for page in named:
        assert run("docs", page).exit_code == 0, page


@pytest.mark.parametrize(("page", "near"), [("runbok", "runbook"), ("runbook#disk-ful", "disk-full")])
def test_a_page_that_is_not_there_is_told_with_its_neighbours(page: str, near: str) -> None:
    """A typing error costs one more line, not a search."""
    ran = run("docs", page)
    assert isinstance(ran.exception, OutboxError)
    assert near in str(ran.exception)


def test_a_mistyped_command_is_told_with_its_neighbours() -> None:
    """All three commands answer alike."""
    for group, typed, meant in ((outbox, "staus", "status"), (worker, "migrat", "migrate")):
        ran = CliRunner().invoke(group, [typed])
        assert ran.exit_code == 2
        assert f"Did you mean {meant!r}?" in ran.stderr


def test_the_settings_file_is_named_by_option_or_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command typed by hand finds the settings of the service; the environment goes before them."""
    path = tmp_path / "service.env"
    path.write_text(f"OUTBOX_PATH={tmp_path}/service.db\nCREATOR_MIND_ID=from-file\n")
    monkeypatch.delenv("OUTBOX_PATH", raising=False)
    monkeypatch.setenv("CREATOR_MIND_ID", "from-env")
    monkeypatch.setenv("OUTBOX_ENV_FILE", "")
    monkeypatch.chdir(tmp_path)
    ran = run("--env-file", str(path), "status")
    assert f"{tmp_path}/service.db" in str(ran.exception)
    assert os.environ["OUTBOX_ENV_FILE"] == str(path)
    assert environment()["CREATOR_MIND_ID"] == "from-env"


def test_a_settings_file_that_is_named_must_be_readable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service with a misspelt path must not run on defaults."""
    monkeypatch.setenv("OUTBOX_ENV_FILE", str(tmp_path / "none.env"))
    with pytest.raises(ConfigurationError, match=r"none\.env cannot be read"):
        environment()
    (tmp_path / "latin.env").write_bytes("CREATOR_MIND_ID=João\n".encode("latin-1"))
    monkeypatch.setenv("OUTBOX_ENV_FILE", str(tmp_path / "latin.env"))
    with pytest.raises(ConfigurationError, match="UTF-8"):
        environment()
