"""Which files stand beside an outbox file."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class OutboxPaths:
    """The outbox file and what belongs to it, all in one directory.

    Make it with `of`: beside a name that is a link, others would look for them elsewhere.
    """

    database: Path

    @classmethod
    def of(cls, path: Path | str) -> OutboxPaths:
        """Return what belongs to the file that this name leads to."""
        return cls(Path(os.path.realpath(path)))

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
    def notified(self) -> Path:
        return self._beside("notified")

    @property
    def wal(self) -> Path:
        return self.database.with_name(self.database.name + "-wal")

    @property
    def wal_index(self) -> Path:
        return self.database.with_name(self.database.name + "-shm")

    def _beside(self, suffix: str) -> Path:
        return self.database.with_name(f"{self.database.name}.{suffix}")


def wal_bytes(paths: OutboxPaths) -> int:
    """Return the size of the WAL in bytes, 0 if there is none."""
    try:
        return paths.wal.stat().st_size
    except FileNotFoundError:
        return 0
