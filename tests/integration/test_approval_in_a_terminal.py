"""The checkpoint as a person meets it: a real terminal, typed answers, a real editor."""

import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support.measured import measured
from tests.support.processes import DEADLINE_SECONDS

BRIEF = Path(__file__).resolve().parents[2] / "examples" / "briefs" / "financas-para-freelancers.md"
REPOSITORY = Path(__file__).resolve().parents[2]
ASKED = "cancel: "
CTRL_C = b"\x03"
AGAIN_AFTER_SECONDS = 5


def _at_a_terminal(folder: Path, typed: Sequence[bytes], *arguments: str, editor: str = "true") -> tuple[int, str]:
    """Run `generate course` in a terminal of its own; each answer is typed when the question is there.

    Ctrl-C that does nothing is pressed again, as anybody would: CPython lets one pass that comes after the question
    and before it waits for the answer (its handler only takes a note, and the read that follows blocks).
    """
    ours, theirs = pty.openpty()
    environment = {
        "PATH": "/usr/bin:/bin",
        "TERM": "xterm",
        "EDITOR": editor,
        "PYTHONPATH": str(REPOSITORY),
        "OUTBOX_PATH": str(folder / "outbox.db"),
        "CONTENT_ROOT": str(folder / "root"),
        **measured(),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "generators", "course", str(BRIEF), *arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=folder,
        env=environment,
        preexec_fn=lambda: os.login_tty(theirs),  # noqa: PLW1509 - nothing here has threads
    )
    os.close(theirs)
    shown, answered, waiting, last = "", 0, list(typed), b""
    deadline = time.monotonic() + DEADLINE_SECONDS
    try:
        while time.monotonic() < deadline:
            if not select.select([ours], [], [], AGAIN_AFTER_SECONDS)[0]:
                if last == CTRL_C:
                    os.write(ours, last)
                continue
            try:
                read = os.read(ours, 65536)
            except OSError:  # Linux says so when nobody holds the other end any more
                break
            shown += read.decode("utf-8", "replace")
            if waiting and ASKED in shown[answered:]:
                answered = len(shown)
                last = waiting.pop(0)
                os.write(ours, last)
        return process.wait(DEADLINE_SECONDS), shown
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def _published(folder: Path) -> list[Path]:
    return list((folder / "root").rglob("lessons/*.md"))


def test_the_plan_is_read_and_approved(tmp_path: Path) -> None:
    """A person sees title, totals, cost and every lesson; a half-hearted answer is asked again; a bar shows the work."""
    code, shown = _at_a_terminal(tmp_path, [b"y\n", b"yes\n"])
    assert code == 0
    for seen in (
        "3 modules, 10 lessons, 160 minutes",
        "costs nothing",
        "Module 2:",
        "3.3  A Revisão",
        "the whole word",
    ):
        assert seen in shown
    assert "━" in shown
    assert len(_published(tmp_path)) == 10


def test_what_was_edited_is_shown_before_it_can_be_approved(tmp_path: Path) -> None:
    """The editor's result is the plan; starting over says where the edited one is kept."""
    longer = "sed -i 's/duration_minutes: 12/duration_minutes: 200/'"
    code, shown = _at_a_terminal(tmp_path, [b"edit\n", b"regenerate\n", b"cancel\n"], editor=longer)
    assert code == 1
    assert "lesson 1.2 takes 200 minutes" in shown
    (kept,) = (tmp_path / "root").rglob("backups/*.yaml")
    assert kept.name in shown.replace("\r\n", "")
    assert "duration_minutes: 200" in kept.read_text("utf-8")
    assert _published(tmp_path) == []


def test_an_editor_that_fails_decides_nothing(tmp_path: Path) -> None:
    """The author is told, and asked again."""
    code, shown = _at_a_terminal(tmp_path, [b"edit\n", b"yes\n"], editor="false")
    assert "set EDITOR" in shown.replace("\r\n", "")
    assert (code, len(_published(tmp_path))) == (0, 10)


@pytest.mark.parametrize("key", [b"\x03", b"\x04"])
def test_leaving_is_cancelling(tmp_path: Path, key: bytes) -> None:
    """Ctrl-C and Ctrl-D publish nothing, and the trail tells them from a typed “cancel”."""
    code, shown = _at_a_terminal(tmp_path, [key])
    assert code == 1
    assert "nothing was published" in shown
    assert _published(tmp_path) == []
    (trail,) = (tmp_path / "root").rglob("approvals.jsonl")
    assert "interrupted or end of input" in trail.read_text("utf-8")


def test_no_bar_is_drawn_into_a_file(tmp_path: Path) -> None:
    """Where nobody watches, stderr holds messages alone."""
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(
        [sys.executable, "-m", "generators", "course", str(BRIEF), "--approve"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "━" not in done.stderr
    assert "\x1b" not in done.stderr
