"""`make demo`, as a newcomer runs it."""

import re
import subprocess
import sys
from pathlib import Path

DEMO = Path(__file__).parents[2] / "examples" / "demo.py"


def test_the_demo_proves_what_it_says_and_leaves_nothing_running() -> None:
    """Offline, outage, drain, agreement by hash, and a second import that says nothing new."""
    done = subprocess.run([sys.executable, str(DEMO)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    waiting = re.search(r"✔ (\d+) events wait", done.stdout)
    assert waiting is not None
    assert int(waiting[1]) >= 40
    assert f"✔ still {waiting[1]} events, none parked" in done.stdout
    assert "O Que É Fermentação Natural" in done.stdout
    assert re.search(r"26 course_lesson, 7 course_module, 2 course_outline", done.stdout)
    assert re.search(r"✔ (\d+) of \1 rows agree", done.stdout)
    assert "✔ no event was appended" in done.stdout
    assert "Nothing was left running." in done.stdout
