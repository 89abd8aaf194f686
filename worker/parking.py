"""Parked and held events, kept alike in Postgres (the truth, in the position's transaction) and in the outbox file.

An event is *parked* when it is shown to be at fault. Whatever belongs to the same aggregate, or refers to one that is
parked or held, is *held*: it is passed over too, and applied in the order of the log once the parked one is resolved.
A crash between the two databases is mended on the next connection: what Postgres has and the file lacks is restored,
what the file calls resolved and Postgres no longer has is finished.
"""

from collections.abc import Iterable, Sequence
from uuid import UUID

from outbox import Event, EventNotFound, Outbox, ParkedState, Resolution
from worker.connection import Connection
from worker.errors import TargetRefused
from worker.position import Position
from worker.projection import Parking
from worker.queries import query


class Blocked:
    """Which aggregates wait, and behind which parked event."""

    def __init__(self, waiting: dict[UUID, int] | None = None) -> None:
        self._waiting = waiting or {}

    @classmethod
    def read(cls, box: Outbox) -> "Blocked":
        """Read it from the outbox file."""
        waiting: dict[UUID, int] = {}
        for row in box.parked.list():
            waiting.setdefault(row.aggregate_id, row.behind_seq or row.seq)
        return cls(waiting)

    def sort_out(self, events: Iterable[Event]) -> tuple[list[Event], list[Parking]]:
        """Split events into those to apply and those to hold, in order; the latter block their own dependants."""
        if not self._waiting:
            return list(events), []
        waiting = dict(self._waiting)
        free: list[Event] = []
        held: list[Parking] = []
        for event in events:
            behind = next((waiting[one] for one in (event.aggregate_id, *event.refs) if one in waiting), None)
            if behind is None:
                free.append(event)
                continue
            waiting.setdefault(event.aggregate_id, behind)
            held.append(
                Parking(
                    event=event,
                    state=ParkedState.HELD.value,
                    verdict="dependency",
                    reason=f"waits for event {behind}, which is parked",
                    behind_seq=behind,
                )
            )
        return free, held


def note(box: Outbox, parked: Sequence[Parking]) -> None:
    """Write into the outbox file what was committed in Postgres."""
    for parking in parked:
        if parking.behind_seq is not None:
            box.parked.hold(parking.event, behind_seq=parking.behind_seq)
        else:
            box.parked.park(
                parking.event,
                verdict=parking.verdict,
                reason=parking.reason,
                sqlstate=parking.sqlstate,
                attempts=parking.attempts,
            )


def reconcile(connection: Connection, box: Outbox, position: Position) -> None:
    """Make the outbox file's list agree with Postgres's, after a crash or a restored database.

    Raises:
        TargetRefused: an event is parked there that was resolved and then pruned here: nobody can apply it again.
    """
    rows = connection.execute(query("relay", "parked"), {"outbox_id": box.outbox_id}).fetchall()
    there = {int(str(row[0])): row for row in rows}
    here = {row.seq: row for row in box.parked.list()}
    for seq, row in here.items():
        if seq in there:
            continue
        if seq > position.seq:  # the database went back to before it was parked: it is tried anew
            _drop(box, seq)
        elif row.state is ParkedState.RELEASING:  # it went through, and we died before noting it
            box.parked.finish(seq)
            box.parked.release_held(seq)
    for seq, remote in there.items():
        if seq in here:
            continue
        try:
            event = box.event(seq)
        except EventNotFound:
            if seq < box.relay.pruned_below:
                raise _resolved_and_pruned(seq) from None
            continue  # lost by a salvage
        _, _, _, _, state, verdict, sqlstate, reason, attempts = remote
        behind = box.parked.blocking(event) if state == ParkedState.HELD.value else None
        if behind is not None:
            box.parked.hold(event, behind_seq=behind)
        else:
            box.parked.park(
                event,
                verdict=str(verdict),
                reason=str(reason),
                sqlstate=str(sqlstate) if sqlstate else None,
                attempts=int(str(attempts)),
            )


def _resolved_and_pruned(seq: int) -> TargetRefused:
    return TargetRefused(
        f"the database was restored from an older backup: event {seq} is parked there, and was resolved and then "
        "pruned here; move this outbox away and bring everything back with `generate import` "
        "(docs/runbook.md#pruned-events)"
    )


def _drop(box: Outbox, seq: int) -> None:
    row = box.parked.find(seq)
    if row is None:
        return
    if row.state is ParkedState.PARKED:
        box.parked.release(seq, Resolution.RETRY)
    elif row.state is ParkedState.HELD and row.behind_seq is not None:
        box.parked.release_held(row.behind_seq)
    box.parked.finish(seq)
