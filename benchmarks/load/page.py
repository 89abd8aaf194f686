"""The tables of docs/scaling.md: between markers, written from the JSON; the prose around them is by hand."""

import re
from collections.abc import Mapping
from typing import Any

from benchmarks.machine import described
from benchmarks.page import END, MARKER
from benchmarks.table import number

Kept = Mapping[str, Any]
_BLOCK = re.compile(rf"{MARKER.pattern}\n.*?{END}", re.DOTALL)
# Of each part: the key that heads the columns, and for each line what it is called and its key.
TABLES: dict[str, tuple[str, str, dict[str, str]]] = {
    "log": (
        "events",
        "events in the log",
        {
            "file, MB": "file_mb",
            "one append, p50 / in the small log": "append_ratio",
            "one append, p99 / in the small log": "append_p99_ratio",
            "reading the next 500 / in the small log": "read_500_ratio",
            "opening the file / the small one": "open_ratio",
            "`outbox status` / of the small log": "status_ratio",
            "`outbox events` / of the small log": "events_ratio",
            "`outbox events --aggregate` / of the small log": "aggregate_ratio",
            "`outbox show` / of the small log": "show_ratio",
            "start of a worker to its first commit, s": "first_commit_s",
        },
    ),
    "upkeep": (
        "events",
        "events in the log",
        {
            "`outbox check`, s": "check_s",
            "its memory, MB": "check_memory_mb",
            "an append beside the check, p50, ms": "check_beside_append_p50_ms",
            "an append beside the check, the longest, ms": "check_beside_append_longest_ms",
            "WAL meanwhile, MB": "check_beside_wal_mb",
            "`outbox backup`, s": "backup_s",
            "memory of the backup, MB": "backup_memory_mb",
            "an append beside the backup, p50, ms": "backup_beside_append_p50_ms",
            "an append beside the backup, the longest, ms": "backup_beside_append_longest_ms",
            "planning a prune, ms": "prune_plan_ms",
            "`outbox prune`, events/s": "prune_events_per_second",
            "memory of the prune, MB": "prune_memory_mb",
            "an append beside the prune, p50, ms": "prune_beside_append_p50_ms",
            "an append beside the prune, the longest, ms": "prune_beside_append_longest_ms",
        },
    ),
    "fleet": (
        "outboxes",
        "outboxes, a worker each",
        {
            "events/s of all": "events_per_second",
            "events/s of all, no row shared": "apart_events_per_second",
            "events for a second of one core of the server": "events_per_server_core",
            "events for a second of one core of the server, no row shared": "apart_events_per_server_core",
            "the slowest outbox / the fastest, time": "slowest_by_fastest",
            "the slowest outbox / the fastest, time, no row shared": "apart_slowest_by_fastest",
            "cores that the server used": "server_cores",
            "cores that all workers used": "worker_cores",
            "memory of a worker, the largest, MB": "worker_memory_mb",
            "connections": "connections",
            "transactions that went through": "attempts_applied",
            "… that met a lock of another worker": "attempts_contention",
            "… that met a row which another worker had just made": "attempts_poison",
            "… that were too slow": "attempts_overload",
            "… that lost the connection": "attempts_outage",
            "deadlocks": "deadlocks",
            "parked events": "parked",
            "rows": "rows",
            "… that differ from those of one worker at a time": "rows_differ",
        },
    ),
    "steady": (
        "asked_per_second",
        "events/s into 10 outboxes",
        {
            "appended, events/s": "appended_per_second",
            "append to visible, p50, ms": "late_p50_ms",
            "append to visible, p99, ms": "late_p99_ms",
            "the longest, ms": "late_longest_ms",
            "… of this the append itself, p50, ms": "append_p50_ms",
            "… p99, ms": "append_p99_ms",
            "never seen": "not_seen",
            "cores that the server used": "server_cores",
            "cores that all workers used": "worker_cores",
        },
    ),
}


def with_figures(page: str, kept: Kept) -> str:
    """Return the page with every block between markers written anew."""

    def written(block: re.Match[str]) -> str:
        return f"{block[0].splitlines()[0]}\n{table(block['what'], kept)}{END}"

    return _BLOCK.sub(written, page)


def table(what: str, kept: Kept) -> str:
    """Return one table, and when, on what machine and under what load it was measured."""
    key, head, lines = TABLES[what]
    part = kept["log" if what == "upkeep" else what]
    rows = part["rows"]
    cells = [f"| {head} | " + " | ".join(f"{row[key]:,}" for row in rows) + " |", "|---" * (len(rows) + 1) + "|"]
    for name, value in lines.items():
        cells.append(f"| {name} | " + " | ".join(_cell(row.get(value)) for row in rows) + " |")
    loads = part["load"]
    measured = f"{part['day']}, load {min(loads):g} .. {max(loads):g}, {described(part['machine'])}"
    return "\n".join([*cells, "", measured, ""])


def _cell(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,}" if isinstance(value, int) else number(value)
