"""Does somebody have to get up? One yes or no for cron, Nagios and health checks, with the reasons.

What needs a person is what `assessment` names under "needs you". Two things that it leaves to time are added here: an
outage and a backlog are nobody's work while they are young, and somebody's when they are old.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from outbox.ops.assessment import troubles
from outbox.ops.status import Status
from outbox.ops.wording import age

PARKED_ENTRY = "parked-events"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What is still no alarm.

    Attributes:
        outage_seconds: an outage may last this long.
        backlog_seconds: the oldest event that waits may be this old.
        parked: this many events may be parked.
    """

    outage_seconds: float = 900.0
    backlog_seconds: float = 900.0
    parked: int = 0


LIMITS = Limits()  # as docs/operations.md advises


def alarms(status: Status, limits: Limits) -> list[str]:
    """Return what needs a person, the worst first; nothing if nothing does."""
    return [*_needs(status, limits), *_too_old(status, limits)]


def _needs(status: Status, limits: Limits) -> Iterator[str]:
    for trouble, need in troubles(status):
        if need is None:
            continue
        text = trouble.text
        if need.entry == PARKED_ENTRY:
            if status.parked_list.parked <= limits.parked:
                continue
            text = f"{status.parked_list.parked:,} parked, {limits.parked:,} allowed"
        how = f" (`{need.command}`)" if need.command else ""
        yield f"{text}: {need.what}{how}"


def _too_old(status: Status, limits: Limits) -> Iterator[str]:
    if (outage := status.away) is not None:
        seconds = (status.read_at - dt.datetime.fromisoformat(outage.began_at)).total_seconds()
        if seconds > limits.outage_seconds:
            yield f"the outage has lasted {age(seconds)}: {outage.cause}"
    oldest = status.oldest_pending_seconds
    if oldest is not None and oldest > limits.backlog_seconds:
        yield f"{status.backlog:,} events wait, the oldest for {age(oldest)}"
