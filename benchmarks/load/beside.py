"""Appends that go on beside something long: what a generator notices of it."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.lesson import lesson
from benchmarks.measure import p50_ms, p99_ms
from outbox import Outbox, OutboxPaths
from outbox.relaying import wal_bytes

EVERY_SECONDS = 0.02


@dataclass(slots=True)
class Beside:
    """How long each append took, in seconds, and the largest WAL that was seen."""

    taken: list[float] = field(default_factory=list)
    wal_bytes: int = 0

    def as_dict(self) -> dict[str, Any]:
        if len(self.taken) < 2:
            return {"appends": len(self.taken)}
        return {
            "appends": len(self.taken),
            "append_p50_ms": p50_ms(self.taken),
            "append_p99_ms": p99_ms(self.taken),
            "append_longest_ms": max(self.taken) * 1000,
            "wal_mb": self.wal_bytes / 1e6,
        }


@contextmanager
def appends(path: Path) -> Iterator[Beside]:
    """Append a lesson of 8 KB fifty times a second while the block runs."""
    found, ended = Beside(), threading.Event()
    paths = OutboxPaths(path)

    def go_on() -> None:
        number = time.monotonic_ns() // 1_000_000  # other slugs than any time before
        with Outbox.open(path, patience_seconds=3_600) as box:
            while not ended.wait(EVERY_SECONDS):
                number += 1
                began = time.perf_counter()
                box.append(lesson(number))
                found.taken.append(time.perf_counter() - began)
                found.wal_bytes = max(found.wal_bytes, wal_bytes(paths))

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        yield found
    finally:
        ended.set()
        thread.join()
