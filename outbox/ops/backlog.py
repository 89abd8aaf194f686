"""The backlog over a span of time, reckoned from what the file knows anyway; no samples are stored.

How much had been appended at a moment is exact: an event id begins with its time and grows with the log, so halving the
log finds the last event before any moment in some twenty looks. How much had been applied by then is known

- during an outage: nothing moves, so the number is the one at its beginning;
- while an outage's backlog drains: from there to "everything", taken to be even;
- since the position was noted last: the number noted;
- at other times everything was delivered as it came: the backlog counts as nothing.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from outbox.log import log
from outbox.log.moment import last_until
from outbox.notes.outages import OutageRecord
from outbox.stored import a_time, stored

_TURNS = 60  # so many stretches are drawn to the point; older ones as the samples meet them


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stretch:
    """From `start` to `end` the number of applied events went evenly from `low` to `high`."""

    start: dt.datetime
    end: dt.datetime
    low: float
    high: float

    def at(self, moment: dt.datetime) -> float:
        share = (moment - self.start) / (self.end - self.start) if self.end > self.start else 1.0
        return self.low + (self.high - self.low) * share


@dataclass(frozen=True, slots=True, kw_only=True)
class Reckoned:
    """How far the log and its delivery were at one moment.

    Attributes:
        at: the moment.
        appended: the last event appended by then.
        applied: how many of them were applied by then.
        even: whether it is one of the evenly spaced moments, and not a turn between two of them.
    """

    at: dt.datetime
    appended: int
    applied: float
    even: bool = True

    @property
    def backlog(self) -> float:
        """How many events waited."""
        return max(0.0, self.appended - self.applied)


def history(
    connection: sqlite3.Connection,
    outages: Sequence[OutageRecord],
    *,
    now: dt.datetime,
    span: dt.timedelta,
    samples: int,
    until: dt.datetime | None = None,
) -> list[Reckoned]:
    """Return what was appended and applied at evenly spaced moments and where outages turned, in order.

    Args:
        connection: of the outbox.
        outages: of the ledger, in any order.
        now: the present.
        until: where the curve ends; None: now.
        span: how far it goes back.
        samples: how many points; each costs as many looks by key as the log has binary digits.
    """
    end = now if until is None else min(until, now)
    stretches = _applied(connection, outages, now)
    even = {end - span + span * place / (samples - 1) for place in range(samples)}
    turns = [moment for one in stretches[-_TURNS:] for moment in (one.start, one.end)]
    points: list[Reckoned] = []
    moments = even.union(turn for turn in turns if end - span < turn < end)
    for moment in sorted(one for one in moments if one < now):
        appended = last_until(connection, moment)
        inside = [one for one in stretches if one.start <= moment <= one.end]
        applied = min(float(appended), inside[-1].at(moment)) if inside else float(appended)
        points.append(Reckoned(at=moment, appended=appended, applied=applied, even=moment in even))
    if end < now:
        return points
    last, noted = log.last_seq(connection), _noted(connection)
    return [*points, Reckoned(at=now, appended=last, applied=float(min(last, noted[0] if noted else 0)))]


def _applied(connection: sqlite3.Connection, outages: Sequence[OutageRecord], now: dt.datetime) -> list[_Stretch]:
    found: list[_Stretch] = []
    for row in sorted(outages, key=lambda row: row.began_at):
        began = _time(row.began_at)
        ended = _time(row.ended_at) if row.ended_at else now
        still = max(0, last_until(connection, began) - row.backlog_at_begin)
        found.append(_Stretch(start=began, end=ended, low=still, high=still))
        if row.drained_at:
            drained = _time(row.drained_at)
            found.append(_Stretch(start=ended, end=drained, low=still, high=last_until(connection, drained)))
    noted = _noted(connection)
    if noted is None:  # no destination was ever reached: nothing is applied
        return [_Stretch(start=dt.datetime.min.replace(tzinfo=dt.UTC), end=now, low=0, high=0)]
    seq, at = noted
    undrained = [row for row in outages if row.ended_at and not row.drained_at]
    if undrained:  # it drains now: from where it stood to where it is
        ended = max(_time(str(row.ended_at)) for row in undrained)
        found.append(_Stretch(start=ended, end=max(at, ended), low=found[-1].high, high=seq))
    found.append(_Stretch(start=at, end=now, low=seq, high=seq))
    return found


def _noted(connection: sqlite3.Connection) -> tuple[int, dt.datetime] | None:
    row = connection.execute(
        "select applied_seq, updated_at from destinations"
        " where destination_id = (select value from meta where key = 'destination_id')"
    ).fetchone()
    return (int(row[0]), _time(row[1])) if row else None


def _time(text: str) -> dt.datetime:
    return stored(a_time, text)
