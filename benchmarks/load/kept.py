"""What was measured, as JSON: for each part its day, its machine, the load of the machine, and a row per point."""

import datetime as dt
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmarks.finding import rounded

Row = dict[str, Any]


def keep(path: Path | None, machine: Row, part: str, rows: Iterable[Row]) -> Row:
    """Return the part with its rows; write it after each row, so that an interrupted run keeps what it has.

    Parts that stand in the file and are not measured now stay as they are.
    """
    found: Row = {"day": dt.datetime.now(dt.UTC).date().isoformat(), "machine": machine, "load": [], "rows": []}
    _write(path, {part: found})
    for row in rows:
        found["load"].append(round(os.getloadavg()[0], 1))  # at the end of each point, our own included
        found["rows"].append({key: rounded(value) if isinstance(value, float) else value for key, value in row.items()})
        _write(path, {part: found})
    return found


def _write(path: Path | None, parts: Row) -> None:
    if path is None:
        return
    before = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    path.write_text(json.dumps({**before, **parts}, indent=1, ensure_ascii=False) + "\n")
