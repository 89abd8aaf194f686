# ruff: noqa: ARG002  - what a relay tells, and is not needed here
"""What has come of one outbox and is not applied yet, as the log that the relay reads.

It is a window: events from `base` to `end`, without what came before. That is enough for the relay, which reads what
follows the position, and it is never read over a gap. Notes for people stay in memory; the parked list is true in
Postgres and is read from there, with what each event refers to (`outbox.parked.refs`).

People decide on the host, which has the outbox file. What they decided about events of the window came with them. What
they decided about an event that the position has passed comes as news, with that event; until then it waits
(`at_hand`). What became of it goes back with the word of the centre.
"""

import datetime as dt
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from itertools import takewhile
from typing import Any, NamedTuple
from uuid import NAMESPACE_OID, UUID

from outbox import (
    Decision,
    Decisions,
    Event,
    EventNotFound,
    Outcome,
    Resolution,
)
from outbox.relaying import AttemptNotes
from worker.apply.queries import query
from worker.bus.frames import Cargo, Head, News
from worker.carry.without_file import DIRECTLY, Notes, View
from worker.connect.connection import Connection
from worker.errors import TargetRefused


class Told(NamedTuple):
    """The message that told a decision: its number, and the store that counted it."""

    store: str
    number: int


class Came(NamedTuple):
    """A frame that came: up to which seq, where it began in the store, how large it is."""

    last: int
    number: int
    bytes: int


class BusLog:
    """The window on one outbox's log; a `Log`.

    Args:
        outbox_id: whose.
        attempts: its start records.

    Attributes:
        base: the seq that the window follows; what is in it comes without a gap after that.
        end: the last seq that it covers.
        is_known: whether Postgres was asked where this outbox stands.
        session: the connection on which the relay asks for parked events.
    """

    def __init__(self, outbox_id: UUID, attempts: AttemptNotes) -> None:
        self.outbox_id = outbox_id
        self.relay = Notes()
        self.parked = View()
        self.attempts = attempts
        self.session: Connection | None = None
        self.base = self.end = 0
        self.is_known = False  # whether `base` is what Postgres said, rather than where the first frame began
        self.news: News | None = None
        self.is_stirred = False  # whether news came that nobody has looked at
        self._news_at: tuple[int, UUID | None] = (0, None)  # where the host knew the position to be
        self._decided: dict[int, Decision] = {}
        self._told: dict[int, Told] = {}  # by which message
        self._passed: dict[int, UUID] = {}  # of the parked list
        self._base_id: UUID | None = None
        self._events: list[Event] = []
        self._seqs: list[int] = []
        self._came: list[Came] = []

    @property
    def bytes(self) -> int:
        """How much of it came, as it travelled."""
        return sum(came.bytes for came in self._came)

    @property
    def is_empty(self) -> bool:
        return not self._events

    @property
    def is_plain(self) -> bool:
        """Whether there is something, it follows the position, and nobody decided about any of it."""
        at = self.relay.position
        follows = at is not None and (at.applied_seq, at.applied_event_id) == (self.base, self._base_id)
        return bool(self._events) and follows and not self._decided and not self.is_stirred and not self.relay.paused

    def oldest_after(self, seq: int) -> int | None:
        """Where the oldest frame in the store began that is not all behind this seq; None: there is none here."""
        return next((came.number for came in self._came if came.last > seq), None)

    def hear(self, head: Head, news: News, decisions: Mapping[int, Decision], told: Told) -> None:
        """Take in what was decided about events that the position has passed."""
        self.news, self.is_stirred = news, True
        self._news_at = head.last, head.last_id
        # What was carried out of it is not carried out again because its news came again.
        same = {one.id for seq, one in decisions.items() if self._decided.get(seq) == one}
        self.parked.outcomes = {id_: became for id_, became in self.parked.outcomes.items() if id_ in same}
        self._decide(decisions, told)

    def take(self, head: Head, cargo: Cargo, told: Told, size: int) -> bool:
        """Append a frame to the window; False where it leaves a gap, and is left out.

        Raises:
            TargetRefused: it does not go on where the window ends: another copy of this outbox wrote it.
        """
        if self.is_empty and not self.is_known:
            self.base = self.end = head.first - 1
            self._base_id = head.before
        if head.first > self.end + 1:
            return False
        if head.last <= self.end:
            return True
        fresh = [event for event in cargo.events if event.seq > self.end]
        before = head.before
        if head.first <= self.end:
            before = max((event.event_id for event in cargo.events if event.seq <= self.end), default=before)
        mine = self._events[-1].event_id if self._events else self._base_id
        if before is not None and mine is not None and before != mine:
            raise _cloned(self.end, before, mine)
        self._decide(cargo.decisions, told)
        self._events += fresh
        self._seqs += [event.seq for event in fresh]
        self._came.append(Came(head.last, told.number, size))
        self.end = head.last
        return True

    def _decide(self, decisions: Mapping[int, Decision], told: Told) -> None:
        self._decided |= decisions
        self._told |= dict.fromkeys(decisions, told)

    def carried_out(self, seq: int) -> dict[str, Any] | None:
        """Which decision about this event is carried out now, for the row that parks it; None: there is none."""
        if (one := self._decided.get(seq)) is None:
            return None
        return {"decision": one.id, **self._told[seq]._asdict()}

    def _refused_before(self, seq: int, carried_out: Mapping[str, Any] | None) -> None:
        """Know that a decision was carried out before this process heard of it, though its message was read again."""
        if carried_out is None or (one := self._decided.get(seq)) is None:
            return
        told = self._told[seq]
        is_older = told.store == carried_out["store"] and told.number <= carried_out["number"]
        if is_older or one.id == carried_out["decision"]:  # or it was told once more, before the host had our word
            became = Outcome.SET_ASIDE if one.how is Resolution.PARK else Outcome.REFUSED
            self.parked.outcomes.setdefault(one.id, became)

    def stands_at(self, seq: int, event_id: UUID | None) -> None:
        """Postgres is at this seq: what is behind it goes. A window that begins beyond it is left as it is."""
        self.is_known = True
        told = self.news.ready | self.news.late if self.news is not None else frozenset()
        self._decided = {at: one for at, one in self._decided.items() if at > seq or at in told}
        self._told = {at: self._told[at] for at in self._decided}
        if self.is_empty or seq >= self.end:
            self._events, self._seqs, self._came = [], [], []
            self.base = self.end = seq
            self._base_id = event_id
        elif seq >= self.base:
            cut = bisect_right(self._seqs, seq)
            if cut and self._seqs[cut - 1] == seq:
                self._base_id = self._events[cut - 1].event_id
            elif seq != self.base:
                self._base_id = None
            self.base = seq
            del self._events[:cut], self._seqs[:cut]
            self._came = [came for came in self._came if came.last > seq]

    def forget(self) -> None:
        """Drop what is in the window: it is asked for again."""
        position = self.relay.position
        self._events, self._seqs, self._came = [], [], []
        self.is_known = position is not None
        self.base = self.end = position.applied_seq if position is not None else 0
        self._base_id = position.applied_event_id if position is not None else None

    @property
    def last_seq(self) -> int:
        return self.end

    def read(
        self, *, after: int = 0, limit: int = 500, event_type: str | None = None, most_bytes: int | None = None
    ) -> list[Event]:
        if after < self.base:  # there is a gap between
            return []
        found: list[Event] = []
        total = 0
        for event in self._events[bisect_right(self._seqs, after) :]:
            if event_type not in {None, event.type}:
                continue
            total += len(event.payload_json)
            if len(found) == limit or (found and most_bytes is not None and total > most_bytes):
                break
            found.append(event)
        return found

    def at_hand(self, seq: int, *, whole: bool = False) -> bool:
        """Whether the host brought it; a whole aggregate is one only up to where the host knew the position to be."""
        if self.news is None:
            return False
        if whole:
            return seq in self.news.late and self._news_at == (self.base, self._base_id)
        return seq in self.news.ready

    def read_these(self, seqs: Sequence[int], *, most_bytes: int | None = None) -> list[Event]:
        """Return those that were released and came, in order, up to the first that did not.

        Raises:
            TargetRefused: another event stands there in Postgres: another copy of this outbox sent it.
        """
        brought = {event.seq: event for event in self.news.events} if self.news is not None else {}
        found = [brought[seq] for seq in takewhile(self.at_hand, seqs) if seq in brought]
        for event in found:
            if event.event_id != self._passed.get(event.seq):
                raise _cloned(event.seq, event.event_id, self._passed.get(event.seq))
        return found

    def event(self, seq: int) -> Event:
        at = bisect_right(self._seqs, seq) - 1
        if at >= 0 and self._seqs[at] == seq:
            return self._events[at]
        if self.news is not None:
            for event in self.news.events:
                if event.seq == seq:
                    return event
        if seq == self.base and self._base_id is not None:
            return _named_only(seq, self._base_id)
        raise EventNotFound(f"event {seq} is not at hand")

    def events(self, *, after: int = 0, aggregate_id: UUID | None = None) -> Iterator[Event]:
        """Yield those of the window; of one aggregate also those that came with the news (see `at_hand`)."""
        found = self._events[bisect_right(self._seqs, after) :]
        if aggregate_id is not None and self.news is not None:
            found = [*(event for event in self.news.events if after < event.seq <= self.base), *found]
        return (event for event in found if aggregate_id in {None, event.aggregate_id})

    def outlines(self, seqs: Sequence[int]) -> dict[int, tuple[UUID, str, UUID, tuple[UUID, ...]]]:
        """Read them from the parked list, which is where all that is asked for stands.

        Raises:
            TargetRefused: one was parked by a worker that had the outbox file, and nobody here knows what it refers to.
        """
        if self.session is None:
            return {}
        names = {"outbox_id": self.outbox_id, "seqs": list(seqs)}
        found: dict[int, tuple[UUID, str, UUID, tuple[UUID, ...]]] = {}
        rows: list[tuple[Any, ...]] = self.session.execute(query("bus", "outlines"), names).fetchall()
        for seq, event_id, type_, aggregate_id, refs, carried_out in rows:
            if refs is None:
                raise TargetRefused(
                    f"event {seq} was parked by a worker on its host, and what waits for it is known there alone",
                    remedy=DIRECTLY,
                    kind="parked_directly",
                )
            self._refused_before(int(seq), carried_out)
            found[int(seq)] = (UUID(str(event_id)), str(type_), UUID(str(aggregate_id)), tuple(refs))
        self._passed = {seq: outline[0] for seq, outline in found.items()}
        return found

    def holds(self, event_id: UUID) -> bool:
        return any(event.event_id == event_id for event in self._events)

    def decisions(self) -> Decisions:
        became = self.parked.outcomes
        now = {seq: replace(one, outcome=became.get(one.id, one.outcome)) for seq, one in self._decided.items()}
        return Decisions.told({seq: one for seq, one in now.items() if one.outcome is not Outcome.TOO_LATE})

    def now(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC)

    def patience(self, seconds: float) -> AbstractContextManager[None]:
        return nullcontext()

    def fault(self, error: Exception) -> Exception:
        return error

    def keep_small(self) -> None:
        """It is as small as it can be."""


def _cloned(seq: int, sent: UUID, known: UUID | None) -> TargetRefused:
    return TargetRefused(
        f"two copies of one outbox were both used: event {seq} is {known}, and {sent} in another frame",
        kind="cloned_outbox",
        entry="cloned-outbox",
    )


def _named_only(seq: int, event_id: UUID) -> Event:
    """The event before the window, of which its id is all that is known: enough to compare a position with."""
    return Event(
        seq=seq,
        event_id=event_id,
        type="",
        version=0,
        aggregate_type="",
        aggregate_id=NAMESPACE_OID,
        previous_seq=None,
        refs=(),
        payload_json="",
        payload_sha256="",
        occurred_at=dt.datetime.fromtimestamp(0, dt.UTC),
    )
