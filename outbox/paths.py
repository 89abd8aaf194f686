"""Which files stand beside an outbox file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class OutboxPaths:
    """The outbox file and what belongs to it, all in one directory."""

    database: Path

    @property
    def gate(self) -> Path:
        return self._beside("lock")

    @property
    def bell(self) -> Path:
        return self._beside("bell")

    @property
    def worker_lock(self) -> Path:
        return self._beside("worker.lock")

    @property
    def wal(self) -> Path:
        return self.database.with_name(self.database.name + "-wal")

    def _beside(self, suffix: str) -> Path:
        return self.database.with_name(f"{self.database.name}.{suffix}")
