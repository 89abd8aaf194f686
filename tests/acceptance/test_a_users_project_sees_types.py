"""A project of somebody's own, checked by mypy against the wheel as it would be installed."""

import os
import subprocess
import sys
from pathlib import Path

RIGHT = """
from collections.abc import Iterator
from pathlib import Path

import worker
from outbox import Event, Outbox, Result, __version__, catalogue, operating


def lessons(box: Outbox) -> Iterator[str]:
    event: Event
    for event in box.events(after=0, event_type="content.upserted"):
        yield str(event.payload["title"])


def deliver() -> tuple[int, bool]:
    done: worker.Drained = worker.drain(max_rate=100.0)
    found: worker.Verified = worker.verify()
    kinds: list[str] = [one.kind for one in found.differences]
    return done.remaining, done.ending is worker.Ending.EMPTY and not kinds


def look_after(box: Outbox) -> tuple[list[str], int, int]:
    wrong: list[str] = [one.detail for one in operating.run_checks(box) if not one.ok]
    plan: operating.PrunePlan = operating.plan_prune(box, keep_days=90)
    return wrong, operating.backup(box, Path("copy.db")), operating.prune(box, plan)


with Outbox.open("outbox.db") as box:
    kept: Result = box.append(catalogue.ContentTagged(slug="pao", tag="forno"))
    print(__version__, kept.appended[0].seq, *lessons(box))
"""
WRONG = """
import worker
from outbox import Outbox, catalogue

done = worker.drain(max_rat=100.0)
seq: str = Outbox.open("outbox.db").last_seq
catalogue.ContentTagged(slug="pao", tags=["forno"])
worker.drains()
"""


def checked(programs: Path, folder: Path, text: str) -> subprocess.CompletedProcess[str]:
    (folder / "project.py").write_text(text)
    (folder / "mypy.ini").write_text("[mypy]\nstrict = true\n")
    return subprocess.run(
        [sys.executable, "-m", "mypy", "--python-executable", programs / "python", "--cache-dir", folder / "cache", "project.py"],
        cwd=folder, capture_output=True, text=True, check=False, timeout=300,
        env={"PATH": os.environ["PATH"], "HOME": str(folder)},
    )  # fmt: skip


def test_what_the_faces_return_is_known_to_mypy(programs: Path, tmp_path: Path) -> None:
    """Strictly: no result of ours is Any, and no import is untyped."""
    found = checked(programs, tmp_path, RIGHT)
    assert found.returncode == 0, found.stdout + found.stderr
    ran = subprocess.run([programs / "python", "project.py"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert ran.stdout.split()[1:] == ["1"]


def test_a_wrong_name_or_type_is_told_before_anything_runs(programs: Path, tmp_path: Path) -> None:
    """Each mistake stands in a line of its own."""
    found = checked(programs, tmp_path, WRONG)
    assert found.returncode == 1, found.stdout + found.stderr
    lines = [line.split(":")[1] for line in found.stdout.splitlines() if ": error: " in line]
    assert sorted(set(lines)) == ["5", "6", "7", "8"], found.stdout
