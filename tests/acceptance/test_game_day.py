"""`make game-day`, and the page that is its transcript."""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
GAME_DAY = ROOT / "examples" / "game_day.py"


def told(page: str) -> list[str]:
    """Headings, commands and proofs, without the numbers that depend on who was faster."""
    lines = [line for line in page.splitlines() if line.startswith(("## ", "$ ", "✔ ", "✘ "))]
    return [re.sub(r"\d+", "N", line) for line in lines]


def test_six_bad_days_lose_nothing_and_go_as_the_page_says(tmp_path: Path) -> None:
    """Every proof holds, nothing is left behind, and docs/game-day.md shows what was played (`make docs`)."""
    done = subprocess.run(
        [sys.executable, str(GAME_DAY), "--transcript"],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert told(done.stdout) == told((ROOT / "docs" / "game-day.md").read_text())
    agreed = re.findall(r"^✔ (\d+) of (\d+) rows agree$", done.stdout, re.MULTILINE)
    assert len(agreed) == 8  # a calm day, six bad ones, and the second host
    assert all(some == all_ for some, all_ in agreed)
    assert list(tmp_path.glob("outbox-game-day-*")) == []


def test_a_transcript_tells_nothing_of_this_machine() -> None:
    """No path, no id, no time of the run."""
    page = (ROOT / "docs" / "game-day.md").read_text()
    assert tempfile.gettempdir() + "/" not in page
    assert set(re.findall(r"\b[0-9a-f]{8}-[0-9a-f-]{27}\b", page)) <= {"0198c0de-0000-7000-8000-000000000000"}
    assert set(re.findall(r"\b\d\d:\d\d:\d\d\b", page)) == {"09:00:00"}
