"""How far each course is delivered, without an index of its own.

An event names its course in its refs, or belongs to an aggregate that an earlier event said the course of: one step
back along `previous_seq` tells. So one pass over the log, from front to back, gives every event its course. The pass is
kept in memory (four bytes an event) and goes on where it stopped: a look at a log of a million events costs a slice of
it, and the next look goes on from there. A course's row is made again where something of it changed.
"""

from __future__ import annotations

import json
import sqlite3
from array import array
from collections import Counter
from dataclasses import dataclass
from uuid import UUID

from outbox.catalogue.event_types import STATE_SLOT
from outbox.catalogue.readable import as_fields
from outbox.log import log
from outbox.outbox import Outbox
from outbox.stored import stored

SLICE_EVENTS = 50_000
PARKED_AT_MOST = 10_000
_NO_COURSE = ""
_TWO = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseProgress:
    """How many events of one course are where.

    Attributes:
        slug: of its project; None for what belongs to no course.
        name: of its project, None if this outbox does not know it.
        applied: delivered, or decided about.
        waiting: after the position.
        parked: parked, held or being released.
    """

    slug: str | None
    name: str | None
    applied: int
    waiting: int
    parked: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Courses:
    """The progress of all courses, as far as the log was read.

    Attributes:
        rows: those with work left first, then by name.
        counted_seq: up to where the log was read.
        complete: whether that is all of it.
    """

    rows: tuple[CourseProgress, ...]
    counted_seq: int
    complete: bool


class CourseTally:
    """Counts the events of each course of one outbox; one object belongs to one thread at a time."""

    def __init__(self, outbox_id: UUID) -> None:
        self._outbox_id = outbox_id
        self._base = 0  # events up to here were pruned before the first look
        self._counted = 0
        self._course_of = array("I")
        self._numbers: dict[str, int] = {_NO_COURSE: 0}
        self._ids: list[str] = [_NO_COURSE]
        self._total: Counter[int] = Counter()
        self._applied: Counter[int] = Counter()
        self._applied_upto = 0
        self._parked_before: Counter[int] = Counter()
        self._changed: set[int] = set()
        self._rows: dict[int, CourseProgress] = {}
        self._sorted: tuple[CourseProgress, ...] = ()

    def is_of(self, box: Outbox) -> bool:
        """Tell whether this outbox is the one that was counted, and not an older copy of it that was put back."""
        return box.outbox_id == self._outbox_id and box.last_seq >= self._counted

    def look(self, connection: sqlite3.Connection, applied_seq: int, *, slice_events: int = SLICE_EVENTS) -> Courses:
        """Read on for at most one slice, and say how things stand."""
        last = log.last_seq(connection)
        self._read_on(connection, slice_events)
        self._move_to(min(applied_seq, self._counted))
        parked = self._parked(connection)
        self._changed |= {number for number, _ in parked.items() ^ self._parked_before.items()}
        self._parked_before = parked
        if self._changed:
            self._rows |= {number: self._row(connection, number, parked[number]) for number in self._changed}
            self._changed.clear()
            self._sorted = tuple(sorted(self._rows.values(), key=_place))
        return Courses(rows=self._sorted, counted_seq=self._counted, complete=self._counted >= last)

    def _read_on(self, connection: sqlite3.Connection, limit: int) -> None:
        rows = connection.execute(
            "select seq, aggregate_type, aggregate_id, previous_seq, refs from events"
            " where seq > ? order by seq limit ?",
            [self._counted, limit],
        )
        before = len(self._course_of)
        for seq, aggregate_type, aggregate_id, previous_seq, refs in rows:
            if not self._course_of:
                self._base = self._applied_upto = seq - 1
            # What was pruned between two looks leaves a gap.
            self._course_of.extend([0] * (seq - self._base - 1 - len(self._course_of)))
            self._course_of.append(self._find(connection, aggregate_type, aggregate_id, previous_seq, refs))
            self._counted = seq
        self._count(self._total, Counter(self._course_of[before:]))

    def _find(
        self, connection: sqlite3.Connection, kind: str, aggregate_id: str, previous_seq: int | None, refs: str
    ) -> int:
        if kind == "project":
            return self._number(aggregate_id)
        if kind != "content":
            return 0
        named = stored(json.loads, refs) if refs != "[]" else []
        # A content refers to its project, then to its parent; a lone ref may be either.
        if len(named) == _TWO or (named and named[0] in self._numbers):
            return self._number(named[0])
        if named and previous_seq is None:
            return self._of_parent(connection, named[0])
        return self._known(previous_seq)

    def _of_parent(self, connection: sqlite3.Connection, aggregate_id: str) -> int:
        seq, type_ = connection.execute(
            "select max(seq), type from heads where aggregate_id = ?", [aggregate_id]
        ).fetchone()
        if seq is None or type_.startswith("project."):  # what is not of this log is the project
            return self._number(aggregate_id)
        while seq is not None and seq > self._counted:  # newer than what is counted now: back along its chain
            row = connection.execute("select previous_seq from events where seq = ?", [seq]).fetchone()
            seq = row[0] if row else None
        return self._known(seq)

    def _known(self, seq: int | None) -> int:
        place = -1 if seq is None else seq - self._base - 1
        return self._course_of[place] if 0 <= place < len(self._course_of) else 0

    def _number(self, project_id: str) -> int:
        number = self._numbers.setdefault(project_id, len(self._ids))
        if number == len(self._ids):
            self._ids.append(project_id)
        return number

    def _move_to(self, applied_seq: int) -> None:
        """Count what lies between the last position and this one; it goes back if a database was restored."""
        applied_seq = max(applied_seq, self._base)
        low, high = sorted((self._applied_upto - self._base, applied_seq - self._base))
        between = Counter(self._course_of[low:high])
        if applied_seq < self._applied_upto:
            between = Counter({number: -count for number, count in between.items()})
        self._count(self._applied, between)
        self._applied_upto = applied_seq

    def _count(self, where: Counter[int], more: Counter[int]) -> None:
        where.update(more)
        self._changed |= more.keys()

    def _parked(self, connection: sqlite3.Connection) -> Counter[int]:
        rows = connection.execute("select seq from parked order by seq limit ?", [PARKED_AT_MOST])
        return Counter(self._known(seq) for (seq,) in rows if seq <= self._applied_upto)

    def _row(self, connection: sqlite3.Connection, number: int, parked: int) -> CourseProgress:
        slug, name = _called(connection, self._ids[number]) if number else (None, None)
        total, applied = self._total[number], self._applied[number]
        return CourseProgress(
            slug=slug, name=name, applied=max(0, applied - parked), waiting=total - applied, parked=parked
        )


def _place(row: CourseProgress) -> tuple[bool, bool, bool, str]:
    return not row.parked, not row.waiting, row.slug is None, row.name or row.slug or ""


def _called(connection: sqlite3.Connection, project_id: str) -> tuple[str, str | None]:
    row = connection.execute(
        "select payload from events where seq = (select seq from heads where aggregate_id = ? and slot = ?)",
        [project_id, STATE_SLOT],
    ).fetchone()
    fields = as_fields(row[0]) if row else {}
    return fields.get("slug", project_id), fields.get("name")
