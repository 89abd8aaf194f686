"""Decisions about events that are not on the parked list any more: what became of them, by the evidence of the rows.

Usually the worker died between the commit that carried a decision out and its note of that. But the list that a person
decided from may have been out of date: a backup of the outbox file was put back, or the database went back and forth,
and the event had been applied long ago. Then the decision was answered with success, and has to take effect or be told.

The rows say which it was. If they stand as the log says with the decision, it was carried out. If an edited event
was applied as it had been said, its row is written again from the log, as `worker verify --repair` does it. So it is
with what was set aside while a replay came by again: its row was there already, and bears the name of this very event;
and with what was discarded, and let go after all when the position had passed it: nobody had applied it.
What a discarded event has changed cannot be taken back: that is reported, and the event counts as applied.

The position tells nothing of a row that was written again here: it stays. So the database notes when that was, in the
same transaction, and the file remembers it. If the database says less later, it was put back, and whatever was applied
as decided is looked at again.
"""

from collections.abc import Sequence

from outbox import EventNotFound, Outcome, Resolution
from outbox.relaying import Log
from worker.apply.position import Position, history
from worker.connect.connection import Connection
from worker.faults.parking import ParkedList
from worker.logs import get_log
from worker.proof.expected import Expected, fold_one
from worker.proof.repair import say_again
from worker.proof.verify import differing


def settle(
    connection: Connection,
    box: Log,
    parked: ParkedList,
    position: Position,
    seqs: Sequence[int],
    *,
    rights: bool = False,
) -> None:
    """Find out what became of the decisions about these events, and note it.

    Args:
        connection: outside a transaction.
        box: the outbox.
        parked: its list; none of the events stands on it.
        position: beyond all of them.
        seqs: of the events.
        rights: whether to ask what this outbox may write.

    Raises:
        psycopg.Error, PositionMoved: it could not be found out; the next session asks again.
    """
    if not seqs:
        return
    outcomes = {seq: _outcome(connection, box, parked, position, seq, rights=rights) for seq in seqs}
    _, written_at = history(connection, box)
    box.relay.remember_settled(written_at)  # first: what is noted as settled is looked at again only if this says so
    parked.settled(outcomes)
    for seq, outcome in outcomes.items():
        if outcome is Outcome.TOO_LATE:
            get_log().error("relay.decision_too_late", seq=seq, outcome=outcome.value)
        else:
            get_log().info("relay.decision_settled", seq=seq, outcome=outcome.value)


def _outcome(
    connection: Connection, box: Log, parked: ParkedList, position: Position, seq: int, *, rights: bool
) -> Outcome:
    decision = parked.decisions.of(seq)
    assert decision is not None  # noqa: S101 - the caller found it there
    if not decision.differs:
        return Outcome.APPLIED
    if decision.how is Resolution.PARK:
        return Outcome.TOO_LATE
    try:
        event = box.event(seq)
    except EventNotFound:  # pruned, so it was proven to be there; or lost by a salvage
        return Outcome.DISCARDED if decision.discarded else Outcome.APPLIED
    events = [
        one for one in box.events(aggregate_id=event.aggregate_id) if one.seq <= position.seq and one.seq not in parked
    ]
    as_decided = parked.decisions.obeyed(events)
    if decision.discarded:
        others = [event if one.seq == seq else parked.decisions.as_decided(one) for one in events]
        as_said = fold_one(event, [one for one in others if one is not None])
        without = fold_one(event, as_decided)
        told_apart = as_said.said != without.said
        return Outcome.TOO_LATE if told_apart and _stands(connection, box, as_said) else Outcome.DISCARDED
    expected = fold_one(event, as_decided)
    if not _stands(connection, box, expected):
        reason = say_again(connection, box, as_decided, expected, position, rights=rights)
        if reason is not None or not _stands(connection, box, expected):
            return Outcome.TOO_LATE
    return Outcome.APPLIED


def _stands(connection: Connection, box: Log, one: Expected) -> bool:
    """Whether the row is as these events leave it, or another outbox wrote it later."""
    return not differing(connection, box, one)
