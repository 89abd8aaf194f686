"""Parked events that were released: taken up in the order of the log, before anything new."""

from typing import Any

import msgspec
import psycopg

from outbox import Event, Outbox, ParkedEvent, ParkedState, Resolution
from worker.connection import Connection
from worker.errors import NewerEvent, PositionMoved
from worker.evidence import Evidence, is_gone
from worker.exchange import Exchange
from worker.logs import get_log
from worker.missing import name_missing
from worker.outage import Interrupted
from worker.position import Position
from worker.projection import Batch, Parking
from worker.suspects import KILLER, Suspects
from worker.verdict import SECOND_LOOK, Judgement, Verdict, judge


class Releases:
    """Takes up what operators released, and what was held behind it."""

    def __init__(self, box: Outbox, exchange: Exchange, suspects: Suspects, evidence: Evidence) -> None:
        self._box = box
        self._evidence = evidence
        self._suspects = suspects
        self._exchange = exchange

    def first(self) -> ParkedEvent | None:
        """The next one to take up."""
        return next(iter(self._box.parked.list(state=ParkedState.RELEASING)), None)

    def take_up(self, connection: Connection, position: Position, row: ParkedEvent) -> bool:
        """Apply one released event, hold it behind another, or park it again; True where it went through.

        Raises:
            Interrupted: the session is over; the event is taken up again in the next.
        """
        event = _as_resolved(self._box.event(row.seq), row)
        behind = self._box.parked.blocking(event)
        if behind is not None:
            self._box.parked.hold(event, behind_seq=behind)
            return False
        if self._suspects.is_killer(row.seq):
            self._park_again(connection, position, row, KILLER)
            self._suspects.cleared()
            return False
        discarded = row.resolution is Resolution.DISCARD
        try:
            batch = Batch(apply=[] if discarded else [event], released=[row.seq])
            with self._suspects.watched(connection, row.seq, row.seq):
                self._apply(connection, batch, position)
        except Exception as error:
            if isinstance(error, (PositionMoved, NewerEvent)):
                raise
            judgement = judge(error, self._exchange.phase)
            lost = judgement.sqlstate is None and judgement.verdict is Verdict.OUTAGE
            if lost or is_gone(connection, error):
                raise Interrupted(judgement) from error
            self._evidence.search_began()
            judgement = self._evidence.weigh(connection, event, error, judgement, position)
            if judgement.verdict is not Verdict.POISON:
                raise Interrupted(judgement) from error
            self._park_again(connection, position, row, name_missing(judgement, error, event))
            return False
        self._box.parked.finish(row.seq)
        self._box.parked.release_held(row.seq)
        get_log().info("relay.event_released", seq=row.seq, resolution=row.resolution and row.resolution.value)
        return True

    def _apply(self, connection: Connection, batch: Batch, position: Position) -> None:
        try:
            self._exchange.apply(connection, batch, position)
        except psycopg.Error as error:
            if error.sqlstate not in SECOND_LOOK:
                raise
            self._exchange.apply(connection, batch, position)

    def _park_again(self, connection: Connection, position: Position, row: ParkedEvent, judgement: Judgement) -> None:
        """It was refused once more."""
        event = self._box.event(row.seq)
        parking = Parking(
            event=event,
            state=ParkedState.PARKED.value,
            verdict=judgement.verdict.value,
            reason=judgement.reason,
            sqlstate=judgement.sqlstate,
            attempts=row.attempts + 1,
        )
        self._exchange.apply(connection, Batch(parked=[parking], released=[row.seq]), position)
        self._box.parked.park(
            event, verdict=parking.verdict, reason=parking.reason, sqlstate=parking.sqlstate, attempts=1
        )
        get_log().error("relay.event_parked_again", seq=event.seq, sqlstate=parking.sqlstate, reason=parking.reason)


def _as_resolved(event: Event, row: ParkedEvent) -> Event:
    changes: dict[str, Any] = {} if row.payload_json is None else {"payload_json": row.payload_json}
    return msgspec.structs.replace(event, **changes)
