"""What the outbox file says, read at each scrape: the numbers of `outbox status`.

Each scrape opens the file for itself (SQLite's connections belong to one thread) and reads what costs the same whatever
the size of the log. A file that cannot be read says so, and leaves the other numbers out rather than tell old ones.
"""

import datetime as dt
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from outbox import Outbox, OutboxError, Status, WorkerState, read_status

_Number = Callable[[Status], float | None]


def _outage_seconds(status: Status) -> float:
    if status.outage is None:
        return 0.0
    return max(0.0, (status.read_at - dt.datetime.fromisoformat(status.outage.began_at)).total_seconds())


_NUMBERS: tuple[tuple[str, str, _Number], ...] = (
    ("outbox_backlog_events", "Events that wait for delivery.", lambda s: s.backlog),
    (
        "outbox_oldest_pending_seconds",
        "Age of the oldest event that waits; 0 where none does.",
        lambda s: s.oldest_pending_seconds or 0.0,
    ),
    ("outbox_last_seq", "Seq of the newest event.", lambda s: s.last_seq),
    ("outbox_applied_seq", "Seq of the last event known to be delivered.", lambda s: s.applied_seq),
    ("outbox_outage", "1 while the database is away or needs a person.", lambda s: float(s.outage is not None)),
    ("outbox_outage_seconds", "How long the outage has lasted; 0 where there is none.", _outage_seconds),
    ("outbox_paused", "1 while an operator has paused delivery.", lambda s: float(s.paused)),
    ("outbox_file_bytes", "Size of the outbox file and its WAL.", lambda s: s.bytes),
    ("outbox_wal_bytes", "Size of the WAL alone.", lambda s: s.wal_bytes),
    ("outbox_free_bytes", "Room beside the outbox file.", lambda s: s.free_bytes),
)


class FileGauges(Collector):
    """Collects from one outbox file.

    Args:
        outbox: its path.
        now: the time, in UTC.
    """

    def __init__(self, outbox: Path, *, now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)) -> None:
        self._outbox = outbox
        self._now = now

    def describe(self) -> list[GaugeMetricFamily]:
        """Name nothing beforehand: the registry must not open the file to learn what is in it."""
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Read the file."""
        yield GaugeMetricFamily(
            "outbox_told_at_seconds",
            "When these numbers were told, in seconds since 1970.",
            value=self._now().timestamp(),
        )
        readable = GaugeMetricFamily("outbox_file_readable", "1 where the outbox file could be read.")
        try:
            with Outbox.open(self._outbox, create=False) as box:
                box.connection.execute("pragma query_only = on")  # a look, whatever is read here one day
                status = read_status(box, self._now())
        except (OutboxError, sqlite3.Error, OSError):
            readable.add_metric([], 0)
            yield readable
            return
        readable.add_metric([], 1)
        yield readable
        for name, meaning, number in _NUMBERS:
            value = number(status)
            if value is not None:
                yield GaugeMetricFamily(name, meaning, value=value)
        parked = GaugeMetricFamily("outbox_parked_events", "Events on the parked list, by state.", labels=["state"])
        for state in ("parked", "held", "releasing"):
            parked.add_metric([state], getattr(status.parked_list, state))
        yield parked
        state_of = GaugeMetricFamily("outbox_worker_state", "1 for the state that the worker is in.", labels=["state"])
        for worker_state in WorkerState:
            state_of.add_metric([worker_state.value], float(worker_state.value == status.worker.state))
        yield state_of
