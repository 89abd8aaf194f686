"""The parked list as the relay works with it: one door in, one door out.

What is parked stands in Postgres (`outbox.parked`), and changes only in a transaction that holds the position's lock.
What was decided stands in the audit trail of the outbox file. The list in memory is made of both at the start of every
session, and the view in the file is written from it (`parked_view`). So there is no order of steps to get wrong: a
process that dies between its commit there and its note here leaves a view that the next session replaces.

- *In*: `sort_out` says which events of a batch are to be passed over; the batch writes them there, in the transaction
  of the position, and `passed` takes them in here.
- *Out*: `ready` says which are to be taken up next; the batch that applies them removes them there, `released` here.

The list always speaks of events that the position has passed. A row beyond it (a version before this one left such rows
in a replay) is dropped: its event is read again, as anything after the position is.
"""

import gc
from bisect import bisect_right, insort
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from time import monotonic
from typing import NamedTuple
from uuid import UUID

from outbox import Decision, Decisions, Event, Outcome, ParkedState, Passed, Resolution
from outbox.catalogue import active
from outbox.relaying import DEPENDENCY, SET_ASIDE, UNCLAIMED, Log, Shown, shown, standing
from worker.apply.position import Position, history
from worker.apply.projection import Parking
from worker.apply.queries import query
from worker.connect.connection import Connection
from worker.errors import TargetRefused
from worker.faults.parked_view import ParkedView
from worker.logs import get_log
from worker.notes import best_effort


class Facts(NamedTuple):
    """What Postgres says of an event that the position has passed without effect."""

    blamed: bool
    verdict: str
    sqlstate: str | None
    reason: str
    attempts: int


WAITING = Facts(
    blamed=False, verdict=DEPENDENCY, sqlstate=None, reason="waited for an event that was parked", attempts=0
)


class ParkedList:
    """What the position has passed without effect, and what was decided about it.

    Args:
        box: the outbox.
        clock: tells seconds.

    Attributes:
        decisions: what stands for each event.
    """

    def __init__(self, box: Log, clock: Callable[[], float] = monotonic) -> None:
        self._box = box
        self.decisions = Decisions()
        self._rows: dict[int, Passed] = {}
        self._view = ParkedView(box, clock)
        self._ready: list[int] = []
        self._blocked: dict[UUID, int] = {}  # aggregate -> the parked event that it waits for
        self._last_of: dict[
            UUID, int
        ] = {}  # aggregate -> its last row: what is appended later waits for that, whatever its state
        self._replayed_to: UUID | None = None

    def load(self, connection: Connection, position: Position) -> list[int]:
        """Make the list, and the view of it, from Postgres and the decisions; at the start of a session.

        Returns:
            The events that were decided about, are not on the list, and are behind the position, if nobody noted what
            became of that, or the database went back since: see `settle`.

        Raises:
            TargetRefused: an event is parked there that was resolved and then pruned here: nobody can apply it again.
        """
        with _without_collector():
            return self._load(connection, position)

    def _load(self, connection: Connection, position: Position) -> list[int]:
        names = {"outbox_id": self._box.outbox_id}
        found = connection.execute(query("relay", "parked"), names).fetchall()
        (held,) = connection.execute(query("relay", "held"), names).fetchone() or (None,)
        passed: dict[int, Facts] = {int(seq): WAITING for seq in str(held or "").split(",") if seq}
        for seq, verdict, sqlstate, reason, attempts in found:
            passed[int(str(seq))] = Facts(
                blamed=True,
                verdict=str(verdict),
                sqlstate=str(sqlstate) if sqlstate else None,
                reason=str(reason),
                attempts=int(str(attempts)),
            )
        if any(seq > position.seq for seq in passed):
            connection.execute(query("relay", "forget_beyond"), names)
            get_log().warning("relay.parked_beyond_position", seq=position.seq)
        self.stands({seq: facts for seq, facts in passed.items() if seq <= position.seq})
        return sorted({*self._lost(connection, position), *self.late(position)})

    def stands(self, passed: Mapping[int, Facts]) -> None:
        """Make the list, and the view of it, from what Postgres says of the events on it, and the decisions.

        Raises:
            TargetRefused: see `load`.
        """
        self._view.write()  # what became of decisions and could not be noted
        self._rows = self._known(passed)
        self.decisions = self._box.decisions()
        self._view.read()
        self._derive()

    def late(self, position: Position) -> list[int]:
        """Return the events behind the position of which nobody has noted what became of the decision about them."""
        return self._to_settle(self.decisions.unsettled(), position)

    def _lost(self, connection: Connection, position: Position) -> list[int]:
        """Return those that took effect otherwise than by themselves, if the database went back since."""
        self._replayed_to, written_at = history(connection, self._box)
        settled_at = self._box.relay.settled_at if self.decisions.any() else None
        if settled_at is None or written_at >= settled_at:
            return []
        get_log().warning("relay.decisions_lost", seq=position.seq)
        return self._to_settle(self.decisions.applied(), position)

    def _to_settle(self, seqs: Iterable[int], position: Position) -> list[int]:
        found = [seq for seq in seqs if seq <= position.seq and seq not in self._rows]
        return [seq for seq in found if self._box.at_hand(seq, whole=True)]

    def take_in(self) -> None:
        """Read what was decided since; and write the view, where that could not be done before."""
        news = self.decisions.take_in()
        if self._view.is_stale:
            self._view.read_again()
            self._derive()
        elif news:
            self._decided(news)
            self._derive()

    def _decided(self, news: set[int]) -> None:
        """These were decided about: a decision is written into the view as well, by whoever makes it."""
        if news:
            self._view.read_these(sorted(news))

    def __contains__(self, seq: object) -> bool:
        return seq in self._rows

    def row(self, seq: int) -> Passed | None:
        """Return one row, None if the event is not on the list."""
        return self._rows.get(seq)

    def is_blamed(self, seq: int) -> bool:
        """Whether the event is at fault itself, and nobody has decided about it since."""
        view = self._view.shown.get(seq)
        return view is not None and view.state == ParkedState.PARKED.value

    def blamed(self) -> list[Passed]:
        """Return the rows that are a person's to decide, in order."""
        return [row for seq, row in sorted(self._rows.items()) if self.is_blamed(seq)]

    def ready(self, *, limit: int) -> list[int]:
        """Return the seqs that the worker takes up next, in order."""
        return self._ready[:limit]

    def ready_after(self, after: int, limit: int) -> list[int]:
        """Return the seqs of those that the worker takes up once it is through with this event, in order."""
        start = bisect_right(self._ready, after)
        return self._ready[start : start + limit]

    def obeyed(self, events: list[Event]) -> list[Event]:
        """Return the events as they are to be applied, without those that are not."""
        return self.decisions.obeyed(events)

    @property
    def ready_count(self) -> int:
        """How many the worker has to take up."""
        return len(self._ready)

    def sort_out(self, events: Iterable[Event]) -> tuple[list[Event], list[Parking]]:
        """Split events into those to apply, as was decided about them, and those to pass over, in order.

        Whatever is discarded is in neither.
        """
        if not self._rows and not self.decisions.any():
            return list(events), []
        waiting: dict[UUID, int] = {}
        free: list[Event] = []
        passed: list[Parking] = []
        for event in events:
            applied = self.decisions.as_decided(event)
            if applied is None:
                continue
            decision = self.decisions.of(event.seq)
            if decision is not None and decision.sets_aside:
                reason = "set aside by an operator"
                if (view := self._view.shown.get(event.seq)) is not None:
                    reason = view.reason
                verdict = SET_ASIDE if event.type in active().contracts else UNCLAIMED
                passed.append(Parking(event=event, state=ParkedState.PARKED.value, verdict=verdict, reason=reason))
                waiting.setdefault(event.aggregate_id, event.seq)
                continue
            behind = self._behind(event, waiting)
            if behind is None:
                free.append(applied)
                continue
            waiting.setdefault(event.aggregate_id, behind)
            passed.append(
                Parking(
                    event=event,
                    state=ParkedState.HELD.value,
                    verdict=DEPENDENCY,
                    reason=f"waits for event {behind}, which is parked",
                    behind_seq=behind,
                )
            )
        return free, passed

    def passed(self, position: Position, events: Sequence[Event], parkings: Sequence[Parking]) -> None:
        """The position has passed these events, and these of them without effect: committed in Postgres."""
        outcomes = self._outcomes(events, parkings) if self.decisions.any() else {}
        if not parkings and not outcomes:
            return
        self._settle(outcomes)  # first: how a row stands follows from that
        changed, before = [], {}
        for parking in parkings:
            row = self._row_of(parking)
            self._rows[row.seq] = row
            self._last_of[row.aggregate_id] = row.seq
            before[row.seq] = self._view.shown.get(row.seq)
            self._stand(row)
            changed.append(row.seq)
        with best_effort(self._box):  # first: a row beyond the position that is noted would look as if it could not be
            self._box.relay.remember_position(position.destination_id, position.seq, position.event_id)
        self._view.write(changed, before, self._rows)

    def released(self, seqs: Iterable[int], *, again: Parking | None = None) -> None:
        """These were taken up, and have left the list in Postgres; or one was refused `again` and is parked again."""
        if again is not None:
            row = self._row_of(again)
            self._rows[row.seq] = row
            found = self.decisions.of(row.seq)
            if found is not None:
                self._settle({row.seq: Outcome.SET_ASIDE if found.how is Resolution.PARK else Outcome.REFUSED})
            self._derive()
            return
        gone = list(seqs)
        outcomes = {
            seq: Outcome.DISCARDED if found.discarded else Outcome.APPLIED
            for seq, found in self.decisions.among(gone).items()
            if not self._only_rows_tell(found, self._rows[seq].event_id)
        }
        left = set(gone)
        for seq in gone:
            row = self._rows.pop(seq)
            self._view.left(row)
            if self._last_of.get(row.aggregate_id) == seq:
                del self._last_of[row.aggregate_id]
        if self._ready[: len(gone)] == gone:
            del self._ready[: len(gone)]
        else:
            self._ready = [seq for seq in self._ready if seq not in left]
        self._settle(outcomes)
        self._view.write_soon(is_last=not self._ready)

    def note_meanwhile(self) -> None:
        """Write what is not written yet, if it is time: the next batch is on its way, and the server works on it."""
        self._view.write_meanwhile()

    def note(self) -> None:
        """Write what is not written yet: the session is over, or waits."""
        self._view.write()

    def settled(self, outcomes: dict[int, Outcome]) -> None:
        """Note what became of decisions about events that are not on the list.

        Raises:
            OutboxError: it cannot be written.
        """
        self._box.parked.rewrite(decisions=self.decisions, outcomes=outcomes)
        self._decided(self.decisions.settled(outcomes))
        self._derive()

    def withdraw(self, seqs: Iterable[int], reason: str) -> list[int]:
        """Take back the blame of events that were refused for no fault of theirs: they are tried again."""
        back = [seq for seq in seqs if self.is_blamed(seq)]
        for seq in back:
            self._box.parked.release(seq, Resolution.RETRY, reason=reason, who="worker")
        self.take_in()
        return back

    def release_claimed(self) -> None:
        """Take up what was set aside because no catalogue claimed its type, if one does now."""
        unclaimed = [row for row in self._rows.values() if row.verdict == UNCLAIMED]
        claimed = [row.seq for row in unclaimed if row.type in active().contracts and self.is_blamed(row.seq)]
        if not claimed:
            return
        with best_effort(self._box):
            back = self.withdraw(claimed, "a catalogue of this worker claims its type now")
            get_log().info("relay.type_claimed", seqs=back)

    def _behind(self, event: Event, waiting: dict[UUID, int]) -> int | None:
        for one in (event.aggregate_id, *event.refs):
            behind = self._blocked.get(one) or self._last_of.get(one) or waiting.get(one)
            if behind is not None:
                return behind
        return None

    def _outcomes(self, events: Sequence[Event], parkings: Sequence[Parking]) -> dict[int, Outcome]:
        states = {parking.event.seq: parking for parking in parkings}
        outcomes: dict[int, Outcome] = {}
        for event in events:
            decision = self.decisions.of(event.seq)
            if decision is None:
                continue
            parking = states.get(event.seq)
            if parking is None:
                if self._only_rows_tell(decision, event.event_id):
                    continue
                became = Outcome.DISCARDED if decision.discarded else Outcome.APPLIED
            elif parking.verdict == SET_ASIDE:
                became = Outcome.SET_ASIDE
            elif parking.behind_seq is None:
                became = Outcome.SET_ASIDE if decision.how is Resolution.PARK else Outcome.REFUSED
            else:  # it is held, and carried out later
                continue
            if decision.outcome is not became:
                outcomes[event.seq] = became
        return outcomes

    def _only_rows_tell(self, decision: Decision, event_id: UUID) -> bool:
        """Whether what became of a decision is left to `settle`, which asks the rows at the end of the log.

        A replay came by again: the event may have taken effect before, the row remembers that one, and it does not take
        effect once more as it was decided since. Or a person set the event aside while it was on its way: too late.
        """
        if decision.how is Resolution.PARK:
            return True
        decided_anew = decision.outcome is None and decision.differs
        return decided_anew and self._replayed_to is not None and event_id <= self._replayed_to

    def _stand(self, row: Passed) -> None:
        """Say how a row stands that comes after all others."""
        decision = self.decisions.of(row.seq)
        state, behind = standing(row, decision, self._blocked)
        self._view.shown[row.seq] = shown(row, state, behind, decision)
        if state is ParkedState.RELEASING:
            insort(self._ready, row.seq)

    def _derive(self) -> None:
        """Say how every row stands, and write the view where it says something else."""
        before, self._ready = self._without_strangers(), []
        self._view.shown, self._blocked, self._last_of = {}, {}, {}
        for seq in sorted(self._rows):
            row = self._rows[seq]
            self._last_of[row.aggregate_id] = seq
            self._stand(row)
        # What a person set aside and the position has not passed is shown as well.
        for seq, view in before.items():
            if seq not in self._rows and view.verdict == SET_ASIDE:
                decision = self.decisions.of(seq)
                if decision is not None and decision.sets_aside and decision.outcome is None:
                    self._view.shown[seq] = view
        self._view.write_all(before, self._rows)

    def _without_strangers(self) -> dict[int, Shown]:
        """Take away what the file says, if it speaks of other events than the log: what waits for those cannot stay."""
        before = self._view.shown
        if all(view.is_its_own for view in before.values()):
            return before
        kept = {seq: view for seq, view in before.items() if view.is_its_own and view.verdict == SET_ASIDE}
        self._view.write(gone=[seq for seq in before if seq not in kept])
        return kept

    def _settle(self, outcomes: dict[int, Outcome]) -> None:
        """Know what became of the decisions about these events; it is noted with the next write."""
        for seq, outcome in outcomes.items():
            decision = self.decisions.of(seq)
            if decision is not None and decision.outcome is not outcome:
                self._view.owe(decision.id, outcome)
        self.decisions.settled(outcomes)

    def _known(self, passed: Mapping[int, Facts]) -> dict[int, Passed]:
        """Join what Postgres has with what the log says of these events."""
        if not passed:
            return {}
        said, now = self._box.outlines(list(passed)), self._box.now()
        rows: dict[int, Passed] = {}
        for seq, facts in passed.items():
            outline = said.get(seq)
            if outline is None:
                if seq < self._box.relay.pruned_below:
                    raise _resolved_and_pruned(seq)
                continue  # lost by a salvage
            event_id, type_, aggregate_id, refs = outline
            rows[seq] = Passed(
                seq=seq,
                event_id=event_id,
                type=type_,
                aggregate_id=aggregate_id,
                refs=refs,
                blamed=facts.blamed,
                verdict=facts.verdict,
                sqlstate=facts.sqlstate,
                reason=facts.reason,
                attempts=facts.attempts,
                parked_at=now,
            )
        return rows

    def _row_of(self, parking: Parking) -> Passed:
        event = parking.event
        return Passed(
            seq=event.seq,
            event_id=event.event_id,
            type=event.type,
            aggregate_id=event.aggregate_id,
            refs=event.refs,
            blamed=parking.behind_seq is None,
            verdict=parking.verdict,
            sqlstate=parking.sqlstate,
            reason=parking.reason,
            attempts=parking.attempts,
            parked_at=self._box.now(),
        )


@contextmanager
def _without_collector() -> Iterator[None]:
    """While a long list is made: all of it stays, and the collector would walk over it again and again."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _resolved_and_pruned(seq: int) -> TargetRefused:
    return TargetRefused(
        f"the database was restored from an older backup: event {seq} is parked there, and was resolved and then "
        "pruned here; move this outbox away and bring everything back with `generate import` "
        "(docs/runbook.md#pruned-events)"
    )
