"""Everything on the page, read from the outbox file in a few bounded looks."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from outbox import Outbox, ParkedEvent, Status, read_status
from outbox.operating import (
    Assessment,
    AuditRecord,
    Courses,
    CourseTally,
    OutageRecord,
    assess,
    list_outages,
    named,
    trail,
)
from worker.console.chart import Chart, chart
from worker.console.headline import Headline, headline

PARKED_SHOWN = 10
COURSES_SHOWN = 25
OUTAGES_SHOWN = 6
OUTAGES_DRAWN = 200
ACTS_SHOWN = 6
HELD_COUNTED = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class ParkedRow:
    """A parked event with what it is about, and how many wait behind it (at most HELD_COUNTED are counted)."""

    event: ParkedEvent
    key: str
    behind: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The page."""

    status: Status
    found: Assessment
    headline: Headline
    chart: Chart
    parked: tuple[ParkedRow, ...]
    more_parked: bool
    courses: Courses
    outages: tuple[OutageRecord, ...]
    acts: tuple[AuditRecord, ...]
    now: dt.datetime


def read_overview(box: Outbox, tally: CourseTally, *, span: str) -> Overview:
    """Read it.

    Args:
        box: the outbox.
        tally: of the courses; it reads on by one slice.
        span: of the backlog's picture, see `chart.SPANS`.
    """
    now = box.clock.now()
    status = read_status(box, now)
    outages = list_outages(box.connection, limit=OUTAGES_DRAWN)
    rows = box.parked.awaiting_decision(limit=PARKED_SHOWN + 1)
    shown = rows[:PARKED_SHOWN]
    found = assess(status)
    return Overview(
        status=status,
        found=found,
        headline=headline(found, status),
        chart=chart(box, outages, now, span),
        parked=tuple(_parked_row(box, row) for row in shown),
        more_parked=len(rows) > PARKED_SHOWN,
        courses=tally.look(box.connection, status.applied_seq),
        outages=tuple(outages[:OUTAGES_SHOWN]),
        acts=tuple(reversed(trail(box.connection, limit=ACTS_SHOWN))),
        now=now,
    )


def _parked_row(box: Outbox, row: ParkedEvent) -> ParkedRow:
    return ParkedRow(
        event=row,
        key=named(row.type, box.event(row.seq).payload_json),
        behind=box.parked.count_behind(row.seq, limit=HELD_COUNTED),
    )
