"""`python -m benchmarks.load.draw`: writes docs/scaling.svg and the tables of docs/scaling.md from the kept JSON."""

import json
from pathlib import Path
from typing import Any

from benchmarks.load.page import with_figures
from benchmarks.load.plot import Panel, drawing
from benchmarks.results import FOLDER

DOCS = Path(__file__).parents[2] / "docs"
DRAWING, PAGE = DOCS / "scaling.svg", DOCS / "scaling.md"
KEPT = FOLDER / "scaling.json"
Rows = list[dict[str, Any]]


def drawn() -> dict[Path, str]:
    """Return what the drawing and the page are to hold."""
    kept = json.loads(KEPT.read_text(encoding="utf-8"))
    page = PAGE.read_text(encoding="utf-8")
    return {DRAWING: drawing(panels(kept), "Where it ends: measured curves"), PAGE: with_figures(page, kept)}


def panels(kept: dict[str, Any]) -> list[Panel]:
    log, fleet, steady = (kept[part]["rows"] for part in ("log", "fleet", "steady"))
    return [
        Panel(
            title="One log: × the same in a log of 1,000 events",
            x="events",
            lines={
                "append, p50": _line(log, "events", "append_ratio"),
                "read the next 500": _line(log, "events", "read_500_ratio"),
                "outbox status": _line(log, "events", "status_ratio"),
            },
        ),
        Panel(
            title="One log: what reads all of it, seconds",
            x="events",
            lines={
                "outbox check": _line(log, "events", "check_s"),
                "outbox backup": _line(log, "events", "backup_s"),
            },
        ),
        Panel(
            title="One database: events/s of all outboxes, backlogs draining",
            x="outboxes",
            lines={
                "all": _line(fleet, "outboxes", "events_per_second"),
                "no row shared": _line(fleet, "outboxes", "apart_events_per_second"),
                "all, for each core used": _line(fleet, "outboxes", "events_per_server_core"),
                "each": [(row["outboxes"], row["events_per_second"] / row["outboxes"]) for row in fleet],
            },
        ),
        Panel(
            title="Ten outboxes: append to visible, ms",
            x="events/s",
            lines={
                "p50": _line(steady, "asked_per_second", "late_p50_ms"),
                "p99": _line(steady, "asked_per_second", "late_p99_ms"),
            },
        ),
    ]


def _line(rows: Rows, x: str, y: str) -> list[tuple[float, float]]:
    return [(row[x], row[y]) for row in rows if y in row]


def main() -> None:
    for path, text in drawn().items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
