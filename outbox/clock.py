"""The clock, as something that can be handed in."""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass
from typing import Protocol


class Clock(Protocol):
    """Tells the time of day; durations are measured elsewhere, with a monotonic clock."""

    def now(self) -> dt.datetime:
        """Return the time in UTC, aware."""


@dataclass(frozen=True, slots=True)
class SystemClock:
    """The clock of this machine."""

    def now(self) -> dt.datetime:
        return dt.datetime.fromtimestamp(time.time(), tz=dt.UTC)


def as_text(moment: dt.datetime) -> str:
    """Write a time as the outbox stores it: ISO 8601, UTC, microseconds.

    Raises:
        ValueError: the time has no zone.
    """
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone")
    if moment.tzinfo is not dt.UTC:
        moment = moment.astimezone(dt.UTC)
    return moment.isoformat(timespec="microseconds")
