"""What a failed batch means, and what is done about it.

Only poison is ever charged to an event, and only on evidence: the batch is halved, every good half committed, until
the event stands alone; then it is tried once more on a connection that has just answered; then it is parked, in the
transaction that moves the position past it. Everything else is waited out: the caller gets `Interrupted`, or tries the
same events again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import psycopg

from outbox import Event, ParkedState
from outbox.relaying import UNCLAIMED, Log
from worker.apply.missing import name_missing
from worker.apply.position import Position
from worker.apply.projection import Batch, Parking
from worker.carry.batching import BatchSize
from worker.carry.exchange import Exchange
from worker.connect.connection import Connection, Limits, fit_for, longer
from worker.errors import DependencyFault, EventFault, KeptAsItWas, NewerEvent, PositionMoved, UnclaimedEvent
from worker.faults.epidemic import Epidemic
from worker.faults.evidence import Evidence, is_gone
from worker.faults.lost_sessions import TRIES, LostSessions
from worker.faults.outage import Interrupted
from worker.faults.parking import ParkedList
from worker.faults.verdict import SECOND_LOOK, Judgement, Verdict, judge
from worker.logs import get_log
from worker.meter import Meter, NoMeter
from worker.options import Waiting

CONTENTION_RETRIES = 5
SLOW_EVENT_TRIES = 3
BOOKKEEPING = frozenset({"sources", "parked"})
# Limits of the server that count the time on the line as well: of a statement, of a transaction, of its pauses.
LOCKED = "55P03"
TIME_IS_UP = frozenset({"57014", "25P03", "25P04"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """A batch that failed.

    Attributes:
        events: as they were read from the log.
        free: those of them that were sent to take effect, as was decided about them.
        held: those that were passed over.
        position: where it was read from.
        error: what was raised.
        released: whether these events stand on the parked list, and the position stays where it is.
    """

    events: Sequence[Event]
    free: Sequence[Event]
    held: Sequence[Parking] = ()
    position: Position
    error: Exception
    released: bool = False


@dataclass(slots=True)
class Failures:
    """Decides about failed batches, and remembers what was tried since the last one that went through.

    New events and released ones have each their own: one that is slow does not lose its time to a quick one.
    """

    box: Log
    exchange: Exchange
    size: BatchSize
    waker: Waiting
    epidemic: Epidemic
    evidence: Evidence
    parked: ParkedList
    hindered: Callable[[Judgement], None] = lambda _judgement: None
    meter: Meter = field(default_factory=NoMeter)
    limits: Limits = field(init=False)
    lost_sessions: LostSessions = field(init=False)
    _contended: int = field(default=0)
    _slow: int = field(default=0)
    _looked_twice: int | None = field(default=None)
    _searched_until: int = field(default=0)

    def __post_init__(self) -> None:
        self.limits = self.exchange.usual_limits
        self.lost_sessions = LostSessions(self.exchange, self.evidence)

    def trying(self) -> None:
        """A batch is about to be sent: it gets the time that those before it have shown to be needed."""
        self.exchange.limits = self.limits
        self.exchange.step_by_step = False

    def forgotten(self) -> None:
        """A batch is through: what was tried before no longer counts."""
        self._contended = self._slow = 0
        self._looked_twice = None
        self.limits = self.exchange.usual_limits
        self.lost_sessions.went_through()

    def decide(self, connection: Connection, failed: Failed) -> Event | None:
        """Decide what a failure means.

        Returns:
            The event that is through after all, applied or parked; None if the same is to be tried again, with the
            size that the next batch then has.

        Raises:
            Interrupted: the session is over.
            PositionMoved, NewerEvent: as they came.
        """
        error, events = failed.error, failed.events
        if isinstance(error, (PositionMoved, NewerEvent)):
            return self._not_now(connection, failed, error)
        judgement = judge(error, self.exchange.phase)
        # A server that gives up in the middle of a message resets the line, and its last words are lost with it.
        on_the_line = judgement.sqlstate in TIME_IS_UP or (
            judgement.sqlstate is None and judgement.verdict is Verdict.OUTAGE
        )
        if on_the_line and (taken := self.exchange.line_seconds) is not None:
            self._on_a_slow_line(connection, judgement, taken, error)
            return None
        # Without a SQLSTATE nobody refused anything: the line is gone.
        lost = judgement.sqlstate is None and judgement.verdict is Verdict.OUTAGE
        if lost or is_gone(connection, error):
            raise self._session_lost(failed, judgement) from error
        if isinstance(error, KeptAsItWas) and error.table in BOOKKEEPING:
            raise error
        if events[-1].seq > self._searched_until:
            self._searched_until = events[-1].seq
            self.evidence.search_began()
        if judgement.verdict in {Verdict.CONTENTION, Verdict.OVERLOAD}:
            self.hindered(
                judgement if judgement.sqlstate != LOCKED else self.exchange.named_holder(connection, judgement)
            )
        if judgement.verdict is Verdict.CONTENTION and self._contended < CONTENTION_RETRIES:
            self._contended += 1
            self.meter.failed(judgement.verdict)
            self.waker.sleep(0.01 * 2**self._contended)
            return None
        if judgement.verdict in {Verdict.CONTENTION, Verdict.OVERLOAD}:
            return self._overloaded(connection, failed, judgement)
        return self._refused(connection, failed, judgement)

    def _not_now(self, connection: Connection, failed: Failed, error: PositionMoved | NewerEvent) -> Event | None:
        """Nobody refused anything: the position is elsewhere, or this worker does not know an event yet."""
        first = failed.events[0]
        if isinstance(error, NewerEvent) and error.seq > first.seq:
            self.size.stop_before(_before(failed.events, error.seq), error.seq)
            return None
        if isinstance(error, UnclaimedEvent) and failed.released:  # let go too early: it holds up its dependants alone
            judgement = Judgement(verdict=Verdict.ENVIRONMENT, sqlstate=None, reason=error.what)
            self.park(connection, first, judgement, failed.position, attempts=0, released=True, verdict=UNCLAIMED)
            return first
        raise error

    def _session_lost(self, failed: Failed, judgement: Judgement) -> Interrupted:
        if len(failed.events) > 1 or not failed.free:
            return Interrupted(judgement)  # the next session begins with one event
        judgement = self.lost_sessions.lost(failed.events[0], failed.error, judgement)
        return Interrupted(judgement, soon=self.lost_sessions.is_searching)

    def ends_sessions(
        self, connection: Connection, event: Event, position: Position, *, released: bool = False
    ) -> bool:
        """Whether an event that is about to be tried alone ends the session each time; then it is parked.

        Raises:
            Interrupted: the session ended while others were tried; or it is the last of too many (`epidemic`).
        """
        self.exchange.step_by_step = self.lost_sessions.is_suspect(event.seq)
        try:
            judgement = self.lost_sessions.before(connection, event, position)
        except (psycopg.Error, OSError) as error:
            if not is_gone(connection, error):
                raise
            raise Interrupted(judge(error, self.exchange.phase), soon=self.lost_sessions.is_searching) from error
        if judgement is None:
            return False
        row = self.parked.row(event.seq) if released else None
        if row is None or not row.blamed:
            self.epidemic.check(event, judgement)
        self.park(connection, event, judgement, position, attempts=TRIES, released=released)
        self.forgotten()
        return True

    def _on_a_slow_line(self, connection: Connection, judgement: Judgement, seconds: float, error: Exception) -> None:
        """It was under way for most of its time, and moving: the same gets as much more as it needs."""
        self.limits = fit_for(self.limits, seconds)
        get_log().warning(
            "relay.slow_line", sqlstate=judgement.sqlstate, seconds=round(seconds, 1), reason=judgement.reason
        )
        if judgement.sqlstate is None or is_gone(connection, error):
            raise Interrupted(judgement) from error
        self.meter.failed(judgement.verdict)

    def _overloaded(self, connection: Connection, failed: Failed, judgement: Judgement) -> Event | None:
        """Smaller batches; an event that is too slow even alone gets more time, and more, before others are asked."""
        events = failed.events
        get_log().warning("relay.overload", sqlstate=judgement.sqlstate, reason=judgement.reason, events=len(events))
        if len(events) > 1:
            self.size.shrink(len(events))
        elif self._slow < SLOW_EVENT_TRIES:
            self._slow += 1
            self.limits = longer(self.limits)
        else:
            self._slow = 0
            return self._charged(connection, failed, failed.error, judgement)
        self.meter.failed(judgement.verdict)
        self.waker.sleep(min(1.0, 0.05 * len(events)))
        return None

    def _refused(self, connection: Connection, failed: Failed, judgement: Judgement) -> Event | None:
        """Look for the one that is refused, until it stands alone."""
        # Each attempt is counted once: the code that catches an `Interrupted` counts that one.
        self.meter.failed(judgement.verdict)
        first, count = failed.events[0].seq, len(failed.events)
        if judgement.sqlstate in SECOND_LOOK and self._looked_twice != first:
            self._looked_twice = first
        elif isinstance(failed.error, EventFault) and failed.error.seq > first:  # known already: no need to search
            self.size.stop_before(_before(failed.events, failed.error.seq), failed.error.seq)
        elif count > 1 and not isinstance(failed.error, EventFault):
            self.size.suspect(failed.events[-1].seq, count)
        elif count > 1:
            self.size.stop_before(1, first)
        else:
            return self._park(connection, failed, judgement)
        return None

    def _park(self, connection: Connection, failed: Failed, judgement: Judgement) -> Event:
        """The event stands alone: try it again on a connection that is shown to work, then ask whose fault it is."""
        self.exchange.probe(connection)
        error = self._again(connection, failed)
        if error is None:
            return failed.events[0]
        second = judge(error, self.exchange.phase)
        comes_back = Verdict.POISON is judgement.verdict is second.verdict or second.sqlstate == judgement.sqlstate
        if not comes_back or is_gone(connection, error):
            raise Interrupted(second) from error
        return self._charged(connection, failed, error, second)

    def _again(self, connection: Connection, failed: Failed) -> Exception | None:
        try:
            decoded = self.exchange.decode(failed.free)
            batch = (
                Batch(apply=decoded, released=[event.seq for event in failed.events])
                if failed.released
                else Batch(apply=decoded, parked=failed.held, to=failed.events[-1])
            )
            self.exchange.apply(connection, batch, failed.position)
        except (PositionMoved, NewerEvent):
            raise
        except Exception as error:  # noqa: BLE001 - the caller judges it
            return error
        return None

    def _charged(self, connection: Connection, failed: Failed, error: Exception, judgement: Judgement) -> Event:
        """Charge the event, if the evidence is that it is at fault."""
        event = failed.events[0]
        weighed = self.evidence.weigh(connection, event, error, judgement, failed.position)
        if weighed.verdict is not Verdict.POISON:
            if weighed.kind == "sequences" and self._again(connection, failed) is None:
                return event  # each try takes a value: it has caught up
            raise Interrupted(weighed) from error
        # What stood in its way may have gone between the refusal and the question: neighbours in trouble, hidden rows.
        # Now that it is shown to be gone, the event has to be refused once more.
        might_have_passed = judgement.verdict in {Verdict.OUTAGE, Verdict.ENVIRONMENT} or isinstance(
            error, (DependencyFault, KeptAsItWas)
        )
        if might_have_passed and self._again(connection, failed) is None:
            return event
        weighed = name_missing(weighed, error, event)
        row = self.parked.row(event.seq) if failed.released else None
        if not isinstance(error, DependencyFault) and (row is None or not row.blamed):
            self.epidemic.check(event, weighed)  # one that was blamed before is no news
        self.park(connection, event, weighed, failed.position, attempts=2, released=failed.released)
        return event

    def park(
        self,
        connection: Connection,
        event: Event,
        judgement: Judgement,
        position: Position,
        *,
        attempts: int,
        released: bool = False,
        verdict: str | None = None,
    ) -> None:
        """Park an event and move the position past it; or park it again, if it was released."""
        row = self.parked.row(event.seq) if released else None
        again = row is not None and row.blamed
        parking = Parking(
            event=event,
            state=ParkedState.PARKED.value,
            verdict=verdict or judgement.verdict.value,
            reason=judgement.reason,
            sqlstate=judgement.sqlstate,
            attempts=row.attempts + 1 if row is not None and again else attempts,
        )
        if released:
            self.exchange.apply(connection, Batch(parked=[parking], released=[event.seq]), position)
            self.parked.released([], again=parking)
        else:
            self.exchange.apply(connection, Batch(parked=[parking], to=event), position)
            self.parked.passed(position.moved_to(event), [event], [parking])
        if again:
            get_log().error(
                "relay.event_parked_again", seq=event.seq, sqlstate=judgement.sqlstate, reason=judgement.reason
            )
            return
        get_log().error(
            "relay.event_parked",
            seq=event.seq,
            event_id=str(event.event_id),
            type=event.type,
            aggregate_id=str(event.aggregate_id),
            sqlstate=judgement.sqlstate,
            reason=judgement.reason,
        )


def _before(events: Sequence[Event], seq: int) -> int:
    """How many of these stand before an event."""
    return sum(event.seq < seq for event in events)
