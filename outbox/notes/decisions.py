"""What operators decided about events: facts in the audit trail, and what became of each.

The log keeps what was said; what is applied is what was decided about it. A decision is appended and never changed, and
it wins over whatever is read again: in a replay, in a database that went back, in the comparison of rows with the log,
an edited event stays edited and a discarded one stays discarded. An event that is parked again although its decision
was carried out was brought back by a restore: the decision is carried out once more, without being asked for.

`docs/state_machine.md` draws it.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

import msgspec

from outbox.catalogue.event import Event
from outbox.clock import as_text
from outbox.stored import stored

_QUERY = """
select
  a.id, a.seq, a.action, a.after,
  (select o.outcome from outcomes as o where o.decision_id = a.id order by o.id desc limit 1)
from audit as a
where a.id > ? and a.seq is not null and a.action in ('retry', 'edit', 'discard', 'supersede', 'park')
order by a.id
"""


class Resolution(StrEnum):
    """What an operator decided."""

    RETRY = "retry"
    EDIT = "edit"
    DISCARD = "discard"
    SUPERSEDE = "supersede"
    PARK = "park"  # an event that was not delivered yet is set aside


class Outcome(StrEnum):
    """What became of a decision; repeated as a CHECK on table outcomes."""

    APPLIED = "applied"
    DISCARDED = "discarded"
    REFUSED = "refused"  # tried, and parked again
    SET_ASIDE = "set_aside"
    TOO_LATE = "too_late"  # the event had taken effect already, and that cannot be taken back


# Repeated as a trigger on table outcomes.
OUTCOMES: dict[Resolution, frozenset[Outcome]] = {
    Resolution.RETRY: frozenset({Outcome.APPLIED, Outcome.REFUSED, Outcome.TOO_LATE}),
    Resolution.EDIT: frozenset({Outcome.APPLIED, Outcome.REFUSED, Outcome.TOO_LATE}),
    Resolution.SUPERSEDE: frozenset({Outcome.APPLIED, Outcome.REFUSED, Outcome.TOO_LATE}),
    # Refused: of a file from before there were outcomes, if the event was parked again since.
    Resolution.DISCARD: frozenset({Outcome.DISCARDED, Outcome.REFUSED, Outcome.TOO_LATE}),
    Resolution.PARK: frozenset({Outcome.SET_ASIDE, Outcome.TOO_LATE}),
}
_CARRIED_OUT = frozenset({None, Outcome.APPLIED, Outcome.DISCARDED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What stands for one event.

    Attributes:
        id: of the newest decision.
        how: what that was.
        outcome: what became of it, None before it was carried out.
        payload_json: the payload to apply, None if the event's own stands.
        discarded: whether the event is not to be applied.
        was_discarded: whether it was not to be applied before, and is now.
    """

    id: int
    how: Resolution
    outcome: Outcome | None = None
    payload_json: str | None = None
    discarded: bool = False
    was_discarded: bool = False

    @property
    def releases(self) -> bool:
        """Whether an event that is parked is to be taken up: it was decided about, and not refused since."""
        return self.how is not Resolution.PARK and self.outcome in _CARRIED_OUT

    @property
    def differs(self) -> bool:
        """Whether the event takes effect otherwise than it would have done by itself."""
        return self.how is not Resolution.RETRY or self.payload_json is not None or self.was_discarded

    @property
    def sets_aside(self) -> bool:
        """Whether an event that is not delivered yet is to be parked when its turn comes."""
        return self.how is Resolution.PARK


class Decisions:
    """The decisions about events, by seq; of several about one event the newest counts, and the last payload stands.

    Args:
        connection: of the outbox file; None: there are none.
    """

    def __init__(self, connection: sqlite3.Connection | None = None) -> None:
        self._connection = connection
        self._standing: dict[int, Decision] = {}
        self._last_id = 0
        self.take_in()

    @classmethod
    def read(cls, connection: sqlite3.Connection) -> Decisions:
        """Read them all; there are as many as operators made."""
        return cls(connection)

    @classmethod
    def told(cls, standing: Mapping[int, Decision]) -> Decisions:
        """Return those that somebody told who has the outbox file."""
        made = cls()
        made._standing = dict(standing)
        return made

    def take_in(self) -> set[int]:
        """Read what was decided since; returns the seqs that it is about."""
        rows = self._connection.execute(_QUERY, [self._last_id]) if self._connection is not None else ()
        news: set[int] = set()
        for decision_id, seq, action, after, outcome in rows:
            self._last_id = decision_id
            how, became = stored(Resolution, action), stored(Outcome, outcome) if outcome else None
            if became is not Outcome.TOO_LATE:
                self._standing[seq] = _after(self._standing.get(seq), decision_id, how, after, became)
                news.add(seq)
        return news

    def of(self, seq: int) -> Decision | None:
        """Return what stands for one event, None if nobody decided about it."""
        return self._standing.get(seq)

    def among(self, seqs: Iterable[int]) -> dict[int, Decision]:
        """Return what stands for those of these events about which somebody decided, in order."""
        return {seq: self._standing[seq] for seq in sorted(self._standing.keys() & set(seqs))}

    def unsettled(self) -> list[int]:
        """Return the seqs whose newest decision was not carried out yet, in order."""
        return sorted(seq for seq, one in self._standing.items() if one.outcome is None)

    def applied(self) -> list[int]:
        """Return the seqs that were applied otherwise than by themselves, in order."""
        return sorted(seq for seq, one in self._standing.items() if one.outcome is Outcome.APPLIED and one.differs)

    def any(self) -> bool:
        """Whether there is one."""
        return bool(self._standing)

    def settle(self, outcomes: dict[int, Outcome], now: dt.datetime) -> None:
        """Append what became of the newest decisions about these events; the caller holds a write transaction."""
        for seq, outcome in outcomes.items():
            one = self._standing[seq]
            if self._connection is None or one.outcome is outcome:
                continue
            note_outcome(self._connection, one.id, outcome, now)

    def settled(self, outcomes: dict[int, Outcome]) -> set[int]:
        """Know what `settle` wrote, now that it is committed.

        Returns:
            The seqs about which decisions were read anew; some may have been made since `take_in`.
        """
        for seq, outcome in outcomes.items():
            self._standing[seq] = replace(self._standing[seq], outcome=outcome)
        if self._connection is None:  # nobody here knows what stood before
            self._standing = {seq: one for seq, one in self._standing.items() if one.outcome is not Outcome.TOO_LATE}
        elif Outcome.TOO_LATE in outcomes.values():  # what stood before stands again
            self._standing, self._last_id = {}, 0
            return self.take_in()
        return set()

    def obeyed(self, events: Iterable[Event]) -> list[Event]:
        """Return the events as they are to be applied, without those that are not."""
        events = list(events)
        if self._standing.keys().isdisjoint([event.seq for event in events]):
            return events
        return [one for event in events if (one := self.as_decided(event)) is not None]

    def as_decided(self, event: Event) -> Event | None:
        """Return the event as it is to be applied, None if it is not."""
        found = self._standing.get(event.seq)
        if found is None:
            return event
        if found.discarded:
            return None
        return event if found.payload_json is None else msgspec.structs.replace(event, payload_json=found.payload_json)


def is_discarded(connection: sqlite3.Connection, seq: int) -> bool:
    """Whether one event is discarded; no decision about another is read."""
    newest = "select action from decided where seq = ? order by id desc limit 1"
    return bool(connection.execute(newest, [seq]).fetchone() == (Resolution.DISCARD.value,))


def note_outcome(connection: sqlite3.Connection, decision_id: int, outcome: Outcome, now: dt.datetime) -> None:
    """Append what became of a decision; the caller holds a write transaction."""
    connection.execute(
        "insert into outcomes (decision_id, outcome, noted_at) values (?, ?, ?)",
        [decision_id, outcome.value, as_text(now)],
    )


def _after(
    before: Decision | None, decision_id: int, how: Resolution, payload_json: str | None, outcome: Outcome | None
) -> Decision:
    if how in {Resolution.EDIT, Resolution.SUPERSEDE}:
        payload = payload_json
    else:
        payload = before.payload_json if before is not None else None
    return Decision(
        id=decision_id,
        how=how,
        outcome=outcome,
        payload_json=payload,
        discarded=how is Resolution.DISCARD,
        was_discarded=before is not None and (before.discarded or before.was_discarded),
    )
