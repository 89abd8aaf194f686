"""The parked list as the relay works with it: one door in, one door out.

What is parked stands in Postgres (`outbox.parked`), and changes only in a transaction that holds the position's lock.
What was decided stands in the audit trail of the outbox file. The list in memory is made of both at the start of every
session, and the view in the file is written from it (`outbox.parked` says how). So there is no order of steps to get
wrong: a process that dies between its commit there and its note here leaves a view that the next session replaces.

- *In*: `sort_out` says which events of a batch are to be passed over; the batch writes them there, in the transaction
  of the position, and `passed` takes them in here.
- *Out*: `ready` says which are to be taken up next; the batch that applies them removes them there, `released` here.

The list always speaks of events that the position has passed. A row beyond it (a version before this one left such rows
in a replay) is dropped: its event is read again, as anything after the position is.
"""

import datetime as dt
from bisect import insort
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from outbox import Decisions, Event, Outbox, Outcome, ParkedEvent, ParkedState, Passed, Resolution
from outbox.relaying import DEPENDENCY, SET_ASIDE, shown, standing
from worker.apply.position import Position
from worker.apply.projection import Parking
from worker.apply.queries import query
from worker.connect.connection import Connection
from worker.errors import TargetRefused
from worker.logs import get_log
from worker.run.notes import only_a_note

# Generators get through the gate between two steps.
ROWS_AT_ONCE = 2000


class ParkedList:
    """What the position has passed without effect, and what was decided about it.

    Args:
        box: the outbox.

    Attributes:
        decisions: what stands for each event.
    """

    def __init__(self, box: Outbox) -> None:
        self._box = box
        self.decisions = Decisions()
        self._rows: dict[int, Passed] = {}
        self._view: dict[int, ParkedEvent] = {}  # as the file shows it
        self._ready: list[int] = []
        self._blocked: dict[UUID, int] = {}  # aggregate -> the parked event that it waits for
        self._last_of: dict[
            UUID, int
        ] = {}  # aggregate -> its last row: what comes anew waits for that, whatever its state
        self._is_stale = False  # the disk was full when the view was to be written

    def load(self, connection: Connection, position: Position) -> list[int]:
        """Make the list, and the view of it, from Postgres and the decisions; at the start of a session.

        Returns:
            The events that were decided about, are not on the list, and are behind the position: see `settle`.

        Raises:
            TargetRefused: an event is parked there that was resolved and then pruned here: nobody can apply it again.
        """
        names = {"outbox_id": self._box.outbox_id}
        found = connection.execute(query("relay", "parked"), names).fetchall()
        if any(int(str(row[0])) > position.seq for row in found):
            connection.execute(query("relay", "forget_beyond"), names)
            get_log().warning("relay.parked_beyond_position", seq=position.seq)
        self.decisions = Decisions(self._box.connection)
        self._view = {row.seq: row for row in self._box.parked.list()}
        self._rows = self._known([row for row in found if int(str(row[0])) <= position.seq])
        self._derive()
        return [seq for seq in self.decisions.unsettled() if seq <= position.seq and seq not in self._rows]

    def take_in(self) -> None:
        """Read what was decided since; and write the view, where that could not be done before."""
        news = self.decisions.take_in()
        if self._is_stale and not news:
            self._view = {row.seq: row for row in self._box.parked.list()}
            self._is_stale = False
            self._derive()
        for seq in news:  # whoever decided wrote into the view as well
            if (row := self._box.parked.find(seq)) is not None:
                self._view[seq] = row
        if news:
            self._derive()

    def __contains__(self, seq: object) -> bool:
        return seq in self._rows

    def row(self, seq: int) -> Passed | None:
        """Return one row, None where the event is not on the list."""
        return self._rows.get(seq)

    def is_blamed(self, seq: int) -> bool:
        """Whether the event is at fault itself, and nobody has decided about it since."""
        view = self._view.get(seq)
        return view is not None and view.state is ParkedState.PARKED

    def blamed(self) -> list[Passed]:
        """Return the rows that are a person's to decide, in order."""
        return [row for seq, row in sorted(self._rows.items()) if self.is_blamed(seq)]

    def ready(self, *, limit: int) -> list[int]:
        """Return the seqs that the worker takes up next, in order."""
        return self._ready[:limit]

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
                if (view := self._view.get(event.seq)) is not None:
                    reason = view.reason
                passed.append(Parking(event=event, state=ParkedState.PARKED.value, verdict=SET_ASIDE, reason=reason))
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
        changed = []
        for parking in parkings:
            row = self._row_of(parking)
            self._rows[row.seq] = row
            self._last_of[row.aggregate_id] = row.seq
            changed.append(self._stand(row))
        with only_a_note(self._box):  # first: a row beyond the position that is noted would look as if it could not be
            self._box.relay.remember_position(position.destination_id, position.seq, position.event_id)
        self._write(changed, outcomes=outcomes)

    def released(self, seqs: Iterable[int], *, again: Parking | None = None) -> None:
        """These were taken up, and have left the list in Postgres; or one was refused `again` and is parked anew."""
        if again is not None:
            row = self._row_of(again)
            self._rows[row.seq] = row
            if self.decisions.of(row.seq) is not None:
                self._write([], outcomes={row.seq: Outcome.REFUSED})
            self._derive()
            return
        gone = list(seqs)
        outcomes = {
            seq: Outcome.DISCARDED if found.discarded else Outcome.APPLIED
            for seq in gone
            if (found := self.decisions.of(seq)) is not None
        }
        left = set(gone)
        for seq in gone:
            row = self._rows.pop(seq)
            self._view.pop(seq, None)
            if self._last_of.get(row.aggregate_id) == seq:
                del self._last_of[row.aggregate_id]
        self._ready = [seq for seq in self._ready if seq not in left]
        self._write([], gone=gone, outcomes=outcomes)

    def settled(self, outcomes: dict[int, Outcome]) -> None:
        """Note what became of decisions about events that are not on the list.

        Raises:
            OutboxError: it cannot be written.
        """
        self._box.parked.rewrite(decisions=self.decisions, outcomes=outcomes)
        self.decisions.settled(outcomes)
        self._derive()

    def withdraw(self, seqs: Iterable[int], reason: str) -> list[int]:
        """Take back the blame of events that were refused for no fault of theirs: they are tried again."""
        back = [seq for seq in seqs if self.is_blamed(seq)]
        for seq in back:
            self._box.parked.release(seq, Resolution.RETRY, reason=reason, who="worker")
        self.take_in()
        return back

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
                became = Outcome.DISCARDED if decision.discarded else Outcome.APPLIED
            elif parking.verdict == SET_ASIDE:
                became = Outcome.SET_ASIDE
            elif parking.behind_seq is None:
                became = Outcome.REFUSED
            else:  # it is held, and carried out later
                continue
            if decision.outcome is not became:
                outcomes[event.seq] = became
        return outcomes

    def _stand(self, row: Passed) -> ParkedEvent:
        """Say how a row stands that comes after all others."""
        decision = self.decisions.of(row.seq)
        state, behind = standing(row, decision, self._blocked)
        view = shown(row, state, behind, decision)
        self._view[row.seq] = view
        if state is ParkedState.RELEASING:
            insort(self._ready, row.seq)
        return view

    def _derive(self) -> None:
        """Say how every row stands, and write the view where it says something else."""
        before, self._view, self._ready = self._view, {}, []
        self._blocked, self._last_of = {}, {}
        for seq in sorted(self._rows):
            row = self._rows[seq]
            self._last_of[row.aggregate_id] = seq
            self._stand(row)
        # What a person set aside and the position has not passed is shown as well.
        for seq, view in before.items():
            if seq not in self._rows and view.verdict == SET_ASIDE:
                decision = self.decisions.of(seq)
                if decision is not None and decision.sets_aside and decision.outcome is None:
                    self._view[seq] = view
        changed = [view for seq, view in self._view.items() if before.get(seq) != view]
        self._write(changed, gone=[seq for seq in before if seq not in self._view])

    def _write(
        self, rows: Sequence[ParkedEvent], *, gone: Sequence[int] = (), outcomes: dict[int, Outcome] | None = None
    ) -> None:
        """Write into the file; where that cannot be, deliveries go on, and it is written later."""
        if not rows and not gone and not outcomes:
            return
        was_stale, self._is_stale = self._is_stale, True
        with only_a_note(self._box):
            for start in range(0, max(1, len(rows), len(gone)), ROWS_AT_ONCE):
                end = start + ROWS_AT_ONCE
                self._box.parked.rewrite(
                    rows[start:end],
                    gone=gone[start:end],
                    decisions=self.decisions,
                    outcomes=outcomes if not start else None,
                )
            self._is_stale = was_stale
        if outcomes:
            self.decisions.settled(outcomes)

    def _known(self, found: Sequence[tuple[Any, ...]]) -> dict[int, Passed]:
        """Join what Postgres has with what the log says of these events."""
        if not found:
            return {}
        said = self._box.outlines([int(str(row[0])) for row in found])
        rows: dict[int, Passed] = {}
        for seq, _, _, _, state, verdict, sqlstate, reason, attempts in found:
            outline = said.get(int(str(seq)))
            if outline is None:
                if int(str(seq)) < self._box.relay.pruned_below:
                    raise _resolved_and_pruned(int(str(seq)))
                continue  # lost by a salvage
            event_id, type_, aggregate_id, refs = outline
            rows[int(str(seq))] = Passed(
                seq=int(str(seq)),
                event_id=event_id,
                type=type_,
                aggregate_id=aggregate_id,
                refs=refs,
                blamed=state == ParkedState.PARKED.value,
                verdict=str(verdict),
                sqlstate=str(sqlstate) if sqlstate else None,
                reason=str(reason),
                attempts=int(str(attempts)),
                parked_at=self._since(int(str(seq))),
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
            parked_at=self._since(event.seq),
        )

    def _since(self, seq: int) -> dt.datetime:
        shown_already = self._view.get(seq)
        return shown_already.parked_at if shown_already is not None else self._box.clock.now()


def _resolved_and_pruned(seq: int) -> TargetRefused:
    return TargetRefused(
        f"the database was restored from an older backup: event {seq} is parked there, and was resolved and then "
        "pruned here; move this outbox away and bring everything back with `generate import` "
        "(docs/runbook.md#pruned-events)"
    )
