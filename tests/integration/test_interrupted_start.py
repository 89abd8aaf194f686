"""Ctrl-C while a command starts: one line and exit 130, whatever is imported at that moment."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
# Presses Ctrl-C as a module is about to be imported, then starts the command as its script does.
START = """
import os, signal, sys

_, module, command, handler, *arguments = sys.argv

class Pressed:
    def find_spec(self, name, *rest):
        if name == module:
            os.kill(os.getpid(), signal.SIGINT)

signal.signal(signal.SIGINT, getattr(signal, handler))
sys.meta_path.insert(0, Pressed())
import creatoros_outbox
sys.argv[:] = [command, *arguments]
getattr(creatoros_outbox, command)()
"""


def started(module: str, command: str, *arguments: str, handler: str = "default_int_handler") -> tuple[int, str]:
    ran = subprocess.run(
        [sys.executable, "-c", START, module, command, handler, *arguments],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return ran.returncode, ran.stderr


@pytest.mark.parametrize(
    ("module", "command", "arguments"),
    [
        ("click", "outbox", ["status"]),
        ("outbox.errors", "outbox", ["status"]),
        ("outbox.commands.status", "outbox", ["status"]),
        ("outbox", "worker", ["doctor"]),
        ("worker.errors", "worker", ["doctor"]),
        ("psycopg", "worker", ["doctor"]),
        ("generators.errors", "generate", ["sync"]),
        ("generators.commands.sync", "generate", ["sync"]),
    ],
)
def test_an_interrupt_during_an_import_is_one_line_and_130(module: str, command: str, arguments: list[str]) -> None:
    code, told = started(module, command, *arguments)
    assert (code, told.strip()) == (130, "interrupted")


def test_whoever_ignores_interrupts_goes_on_ignoring_them() -> None:
    """A job in the background of a script is not ended by the Ctrl-C of another."""
    code, told = started("click", "outbox", "--version", handler="SIG_IGN")
    assert (code, told) == (0, "")


def test_nothing_is_loaded_before_an_interrupt_is_heard() -> None:
    """Whatever is imported before that shows a traceback if Ctrl-C strikes it."""
    loaded = "import sys; before = set(sys.modules); import creatoros_outbox; print(*sorted({*sys.modules} - before))"
    ran = subprocess.run([sys.executable, "-c", loaded], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["creatoros_outbox"]


def test_the_scripts_begin_there() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["scripts"] == {name: f"creatoros_outbox:{name}" for name in ("generate", "outbox", "worker")}
