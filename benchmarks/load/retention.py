"""`outbox prune` of half a log (a million events at most), on a copy of it, with appends going on beside."""

import datetime as dt
import time
from pathlib import Path
from typing import Any
from uuid import UUID

from benchmarks.load import beside, command
from outbox import Outbox
from outbox.operating import plan_prune

THERE = UUID(int=1)
MOST_EVENTS = 1_000_000  # what one costs is known by then


def retention(path: Path, size: int) -> dict[str, Any]:
    """Prune the older half of the log at `path`, as if it were a year old and proven to be delivered."""
    goes = min(size // 2, MOST_EVENTS)
    before = path.stat().st_size
    with Outbox.open(path, clock=_NextYear()) as box:
        last = box.event(goes)
        box.relay.remember_position(THERE, last.seq, last.event_id)
        box.relay.remember_verified(THERE, last.seq)
        began = time.perf_counter()
        plan_prune(box)
        planned = time.perf_counter() - began
    with beside.appends(path) as noticed:
        done = command.run("outbox", "prune", "--keep-days", "0", outbox=path)
    return {
        "prune_plan_ms": planned * 1000,
        "prune_events": goes - 1,
        "prune_s": done.seconds,
        "prune_events_per_second": (goes - 1) / done.seconds,
        "prune_memory_mb": done.memory_mb,
        "prune_file_ratio": path.stat().st_size / before,
        **{f"prune_beside_{key}": value for key, value in noticed.as_dict().items()},
    }


class _NextYear:
    def now(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC) + dt.timedelta(days=365)
