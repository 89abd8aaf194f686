"""`python -m benchmarks.draw`: writes docs/performance.svg and the tables of docs/performance.md from the kept JSON."""

import json
from pathlib import Path

from benchmarks.chart import chart
from benchmarks.page import with_figures
from benchmarks.quick import BASELINE
from benchmarks.results import COMMITTED, load

DOCS = Path(__file__).parent.parent / "docs"
DRAWING, PAGE = DOCS / "performance.svg", DOCS / "performance.md"


def drawn() -> dict[Path, str]:
    """Return what the drawing and the page are to hold."""
    kept = {file.stem: load(file) for file in COMMITTED}
    baseline = json.loads(BASELINE.read_text(encoding="utf-8"))
    page = PAGE.read_text(encoding="utf-8")
    return {DRAWING: chart(kept["reference"].findings()), PAGE: with_figures(page, kept, baseline)}


def main() -> None:
    for path, text in drawn().items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
