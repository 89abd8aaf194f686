"""In somebody's project, whose folders have the names that ours have."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

PROGRAM = """
from outbox import Outbox, catalogue

with Outbox.open("content/outbox.db") as box:
    box.append(catalogue.ContentTagged(slug="pao-caseiro", tag="forno"))
    print(box.last_seq)
"""

LAYOUTS = {
    "alembic": ["alembic.ini", "migrations/__init__.py", "migrations/env.py", "migrations/versions/0001_first.py"],
    "django": [
        "manage.py",
        "shop/__init__.py",
        "shop/migrations/__init__.py",
        "worker/__init__.py",
        "tests/__init__.py",
    ],
    "flat": ["migrations/__init__.py", "migrations/outbox/0001_not_ours.sql", "worker/__init__.py", "simulation.py"],
}


def _run(words: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "OUTBOX_PATH": "content/outbox.db",
        "CONTENT_ROOT": "content",
    }
    return subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_project_with_folders_of_our_names_appends_and_looks(layout: str, tmp_path: Path) -> None:
    """Its `migrations`, `worker` or `tests` come first on the path of its scripts, and are not taken for ours."""
    for name in LAYOUTS[layout]:
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("raise SystemExit('the folder of the project was taken for ours')\n")
    (tmp_path / "make_lessons.py").write_text(PROGRAM)

    appended = _run([sys.executable, "make_lessons.py"], tmp_path)
    assert (appended.returncode, appended.stdout) == (0, "1\n"), appended.stderr

    commands = Path(sys.executable).parent
    looked = _run([str(commands / "outbox"), "status"], tmp_path)
    assert looked.returncode == 0, looked.stdout + looked.stderr
    assert "1 event" in looked.stdout
    listed = _run([str(commands / "worker"), "migrate", "--help"], tmp_path)
    assert listed.returncode == 0, listed.stderr
