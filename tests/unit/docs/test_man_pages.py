"""Man pages and shell completion."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from docs.man import COMMANDS, write
from tests.support.processes import ROOT


@pytest.mark.filterwarnings("ignore:'click.utils.make_default_short_help':DeprecationWarning")  # of click-man's
def test_every_command_has_a_man_page(tmp_path: Path) -> None:
    """Those of groups within groups, too, although they are imported late; each says what its help says."""
    names = {page.name for page in write(tmp_path)}
    assert {"outbox.1", "outbox-parked-retry.1", "worker-migrate-up.1", "generate-course.1"} <= names
    page = (tmp_path / "man1" / "outbox-parked-retry.1").read_text()
    assert "Try parked events again" in page
    assert "--sqlstate" in page.replace("\\-", "-")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
@pytest.mark.parametrize("command", COMMANDS)
def test_a_shell_is_told_how_to_complete(command: str, shell: str) -> None:
    """What is to be sourced names the command, and nothing but that is printed."""
    done = run(command, {f"_{command.upper()}_COMPLETE": f"{shell}_source"})
    assert (done.returncode, done.stderr) == (0, "")
    assert f"_{command.upper()}_COMPLETE" in done.stdout


def test_commands_are_completed() -> None:
    """Of a group, and of a group within a group."""
    first = run("outbox", {"_OUTBOX_COMPLETE": "bash_complete", "COMP_WORDS": "outbox par", "COMP_CWORD": "1"})
    assert first.stdout.split() == ["plain,parked"]
    words = {"_WORKER_COMPLETE": "bash_complete", "COMP_WORDS": "worker migrate ", "COMP_CWORD": "2"}
    assert "plain,up" in run("worker", words).stdout.split()


def run(command: str, variables: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    script = str(Path(sys.executable).with_name(command))
    return subprocess.run(
        [script], env={**os.environ, **variables}, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
