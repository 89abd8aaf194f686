"""The relay: carries events from the outbox file to Postgres, exactly once and in order, whatever dies when.

The argument, in five steps:

1. What is applied is decided by one number, the position, which stands in Postgres and moves in the very transaction
   that writes the effects. Either both are there or neither.
2. The position's row is locked before anything is written, and must be the one that the batch was read from. A second
   worker, or an old one that wakes up late, finds another number and writes nothing.
3. When a connection is lost, COMMIT included, nobody knows what became of the batch, and nobody has to: the next
   connection reads the position and goes on from there.
4. The log is append-only and its order is the order of commits, so "everything after the position" is always all that
   is left, and the same after every restart. What the outbox file remembers about the position is for humans.
5. So this process may be killed between any two instructions. It holds nothing that is not in one of the two databases.

A failure is judged by phase and SQLSTATE (`verdict`). Only poison is ever charged to an event, and only on evidence:
the batch is halved, every good half committed, until the event stands alone; then it is tried once more on a
connection that is shown to work; then it is parked, in the transaction that moves the position past it, and whatever
depends on it is held (`parking`). An outage, an overload, a missing table and a wrong password are nobody's fault
here, and are waited out (`outage`) for as long as they last.
"""

import dataclasses
import select
from collections.abc import Callable
from time import monotonic
from typing import Any

import psycopg
from tenacity import RetryCallState, Retrying, retry_if_exception_type

from outbox import Decisions, Event, Outbox, ParkedEvent, ParkedState, Resolution
from worker.batching import BatchSize
from worker.connection import Connection
from worker.deadline import deadline
from worker.errors import EventFault, NewerEvent, PositionMoved, SchemaFault, TargetRefused, WorkerError
from worker.logs import get_log
from worker.notes import CANNOT_WRITE, only_a_note
from worker.options import Ending, Options, Waiting
from worker.outage import PASSWORD_STATES, Interrupted, Patience
from worker.parking import Blocked, note, reconcile
from worker.position import Position, greet
from worker.projection import Batch, Parking, apply_batch
from worker.report import Report
from worker.verdict import Judgement, Phase, Verdict, judge

CONTENTION_RETRIES = 5
SECOND_LOOK = frozenset({"23503", "23505"})  # another host may have made or removed the row between our two trips
SLOW_EVENT_TRIES = 3
CHECKPOINT_EVERY_BATCHES = 64


class _ClosedWhileIdle(Exception):
    pass


class Relay:
    """Carries one outbox to one database.

    Args:
        box: the outbox; this process must hold its `WorkerLock`.
        dial: opens a connection; raises psycopg.Error.
        waker: how to wait.
        patience: how long to wait in an outage.
        options: limits and manner.
        report: told of every batch.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        box: Outbox,
        *,
        dial: Callable[[], Connection],
        waker: Waiting,
        patience: Patience,
        options: Options,
        report: Report,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._box = box
        self._dial = dial
        self._waker = waker
        self._patience = patience
        self._options = options
        self._report = report
        self._clock = clock
        self._log = get_log()
        self._size = BatchSize(options.max_events, options.max_bytes)
        self._phase = Phase.CONNECT
        self._ever_connected = box.relay.position is not None
        self._began = clock()
        self._contended = 0
        self._slow = 0
        self._looked_twice: int | None = None
        self._batches = 0
        self._limits = options.limits
        self._decisions = Decisions({})

    def run(self) -> Ending:
        """Carry events until told to stop (or, with `until_empty`, until none is left).

        Raises:
            WorkerError: with `until_empty`, what a human has to mend.
        """
        retrying = Retrying(
            retry=retry_if_exception_type(Interrupted),
            wait=self._patience.wait,
            sleep=self._waker.sleep,
            stop=self._gives_up,
            reraise=True,
        )
        try:
            return retrying(self._sessions)
        except Interrupted as failure:
            if self._waker.stopping:
                return Ending.STOPPED
            if failure.cause is not None:
                raise failure.cause from failure
            if failure.judgement.verdict is Verdict.ENVIRONMENT:
                error = WorkerError(failure.judgement.reason)
                error.exit_code = 3
                raise error from failure
            return Ending.UNREACHABLE

    def _gives_up(self, state: RetryCallState) -> bool:
        failure = state.outcome.exception() if state.outcome is not None else None
        if not isinstance(failure, Interrupted) or self._waker.stopping:
            return True
        if failure.judgement.verdict is Verdict.ENVIRONMENT and self._options.until_empty:
            return True
        limit = self._options.patience_seconds
        return self._out_of_time() or (limit is not None and self._patience.seconds >= limit)

    def _out_of_time(self) -> bool:
        limit = self._options.timeout_seconds
        return limit is not None and self._clock() - self._began >= limit

    def _sessions(self) -> Ending:
        while True:
            try:
                return self._session()
            except _ClosedWhileIdle:
                self._log.info("relay.reconnecting")

    def _session(self) -> Ending:
        """One connection's life; every failure leaves it as `Interrupted`, with its verdict."""
        if self._waker.stopping:
            return Ending.STOPPED
        self._phase = Phase.CONNECT
        connection: Connection | None = None
        try:
            connection = self._dial()
            self._ever_connected = True
            self._phase = Phase.POSITION
            with deadline(connection, self._patience_with_an_answer()):
                position = greet(connection, self._box)
                reconcile(connection, self._box, position)
            self._decisions = Decisions.read(self._box.connection)  # those made later are about events behind us
            self._report.connected(position)
            if self._patience.seconds > 0:
                self._size.restart()
            return self._carry(connection, position)
        except Interrupted as failure:
            self._patience.interrupted(failure)
            raise
        except (TargetRefused, SchemaFault, NewerEvent) as refusal:
            judgement = Judgement(verdict=Verdict.ENVIRONMENT, sqlstate=None, reason=str(refusal))
            refused = Interrupted(judgement, cause=refusal)
            self._patience.interrupted(refused)
            raise refused from refusal
        except CANNOT_WRITE as error:  # the list of parked events is no mere note: order rests on it
            judgement = Judgement(verdict=Verdict.OUTAGE, sqlstate=None, reason="the outbox file cannot be written")
            full = Interrupted(judgement)
            self._patience.interrupted(full)
            raise full from error
        except (psycopg.Error, OSError, PositionMoved) as error:
            lost = self._as_interrupted(error)
            self._patience.interrupted(lost)
            raise lost from error
        finally:
            if connection is not None:
                connection.close()

    def _as_interrupted(self, error: Exception) -> Interrupted:
        if isinstance(error, PositionMoved):
            return Interrupted(Judgement(verdict=Verdict.CONTENTION, sqlstate=None, reason=str(error)))
        judgement = judge(error, self._phase, known_address=self._ever_connected)
        refused = self._phase is Phase.CONNECT and (
            judgement.sqlstate in PASSWORD_STATES or "user or password" in judgement.reason
        )
        return Interrupted(judgement, at_login=refused)

    def _carry(self, connection: Connection, position: Position) -> Ending:
        while True:
            if self._waker.stopping:
                return Ending.STOPPED
            if self._out_of_time():
                return Ending.TIMED_OUT
            if self._box.relay.paused:
                self._report.holding("paused by an operator: `outbox resume` lets it go on")
                self._waker.wait_for_news(self._options.poll_seconds)
                continue
            if self._release(connection, position):
                continue
            events = self._box.read(after=position.seq, limit=self._size.size)
            if not events:
                self._nothing_left(position)
                if self._options.until_empty:
                    return Ending.EMPTY
                self._waker.wait_for_news(self._options.poll_seconds)
                if _is_closed(connection):
                    raise _ClosedWhileIdle
                continue
            position = self._carry_batch(connection, position, self._size.cut(events))

    def _nothing_left(self, position: Position) -> None:
        self._patience.progressed()
        self._report.empty(position)
        self._checkpoint(due=self._batches >= CHECKPOINT_EVERY_BATCHES)

    def _carry_batch(self, connection: Connection, position: Position, events: list[Event]) -> Position:
        free, held = Blocked.read(self._box).sort_out(self._decisions.obeyed(events))
        batch = Batch(apply=free, parked=held, to=events[-1])
        began = self._clock()
        try:
            self._apply(connection, batch, position)
        except Exception as error:  # noqa: BLE001 - every failure gets its verdict there, or is raised again
            return self._failed(connection, position, batch, events, error)
        seconds = self._clock() - began
        note(self._box, held)
        self._size.succeeded(events[-1].seq, len(events), seconds)
        return self._advanced(position, events[-1], len(events), seconds)

    def _apply(self, connection: Connection, batch: Batch, position: Position) -> None:
        def enter(phase: Phase) -> None:
            self._phase = phase

        with deadline(connection, self._patience_with_an_answer()):
            apply_batch(
                connection, batch, outbox_id=self._box.outbox_id, position=position, limits=self._limits, entered=enter
            )

    def _patience_with_an_answer(self) -> float:
        return 2 * self._limits.statement_timeout_ms / 1000 + self._options.margin_seconds

    def _advanced(self, position: Position, to: Event, count: int, seconds: float) -> Position:
        moved = dataclasses.replace(position, seq=to.seq, event_id=to.event_id)
        self._contended = self._slow = 0
        self._looked_twice = None
        self._limits = self._options.limits
        self._batches += 1
        self._patience.progressed()
        self._report.applied(moved, count, seconds)
        self._checkpoint(due=self._batches >= CHECKPOINT_EVERY_BATCHES)
        if self._options.max_rate is not None:
            self._waker.sleep(max(0.0, count / self._options.max_rate - seconds))
        return moved

    def _checkpoint(self, *, due: bool) -> None:
        if due:
            self._batches = 0
            with only_a_note():
                self._box.checkpoint()

    def _failed(
        self, connection: Connection, position: Position, batch: Batch, events: list[Event], error: Exception
    ) -> Position:
        """Decide what a failed batch means; returns where to go on, or raises `Interrupted`."""
        if isinstance(error, (PositionMoved, NewerEvent)):
            if isinstance(error, NewerEvent) and error.seq > events[0].seq:
                self._size.stop_before(error.seq - events[0].seq, error.seq)
                return position
            raise error
        judgement = judge(error, self._phase)
        if judgement.verdict in {Verdict.OUTAGE, Verdict.ENVIRONMENT} or connection.closed:
            raise Interrupted(judgement) from error
        if judgement.verdict is Verdict.POISON:
            return self._poisoned(connection, position, batch, events, error, judgement)
        if judgement.verdict is Verdict.CONTENTION and self._contended < CONTENTION_RETRIES:
            self._contended += 1
            self._waker.sleep(0.01 * 2**self._contended)
            return position
        return self._overloaded(position, batch, events, judgement)

    def _overloaded(self, position: Position, batch: Batch, events: list[Event], judgement: Judgement) -> Position:
        """Smaller batches; an event that is too slow even alone gets more time, and more, before it is an outage."""
        self._log.warning("relay.overload", sqlstate=judgement.sqlstate, reason=judgement.reason, events=len(events))
        if len(events) > 1:
            self._size.shrink(len(events))
        elif self._slow < SLOW_EVENT_TRIES:
            self._slow += 1
            longer = self._limits.statement_timeout_ms * 2
            self._limits = dataclasses.replace(self._limits, statement_timeout_ms=longer)
        else:
            self._slow = 0
            raise Interrupted(judgement)
        del batch
        self._waker.sleep(min(1.0, 0.05 * len(events)))
        return position

    def _poisoned(
        self,
        connection: Connection,
        position: Position,
        batch: Batch,
        events: list[Event],
        error: Exception,
        judgement: Judgement,
    ) -> Position:
        first = events[0].seq
        if judgement.sqlstate in SECOND_LOOK and self._looked_twice != first:
            self._looked_twice = first
            return position
        if isinstance(error, EventFault) and error.seq > first:  # known already: no need to search
            self._size.stop_before(error.seq - first, error.seq)
            return position
        if len(events) > 1 and not isinstance(error, EventFault):
            self._size.suspect(events[-1].seq, len(events))
            return position
        if len(events) > 1:
            self._size.stop_before(1, first)
            return position
        return self._park(connection, position, batch, events[0], judgement)

    def _park(
        self, connection: Connection, position: Position, batch: Batch, event: Event, judgement: Judgement
    ) -> Position:
        """The event stands alone: try it once more on a connection that is shown to work, then park it."""
        self._phase = Phase.POSITION
        connection.execute("select 1")
        began = self._clock()
        try:
            self._apply(connection, batch, position)
        except Exception as error:
            second = judge(error, self._phase)
            if second.verdict is not Verdict.POISON:
                raise Interrupted(second) from error
        else:
            self._size.succeeded(event.seq, 1, 0.0)
            return self._advanced(position, event, 1, self._clock() - began)
        parking = Parking(
            event=event,
            state=ParkedState.PARKED.value,
            verdict=judgement.verdict.value,
            reason=judgement.reason,
            sqlstate=judgement.sqlstate,
            attempts=2,
        )
        self._apply(connection, Batch(parked=[parking], to=event), position)
        note(self._box, [parking])
        self._log.error(
            "relay.event_parked",
            seq=event.seq,
            event_id=str(event.event_id),
            type=event.type,
            aggregate_id=str(event.aggregate_id),
            sqlstate=judgement.sqlstate,
            reason=judgement.reason,
        )
        self._size.succeeded(event.seq, 1, 0.0)
        return self._advanced(position, event, 1, self._clock() - began)

    def _release(self, connection: Connection, position: Position) -> bool:
        """Take up the first event that an operator released; True where there was one."""
        row = next(iter(self._box.parked.list(state=ParkedState.RELEASING)), None)
        if row is None:
            return False
        event = _as_resolved(self._box.event(row.seq), row)
        behind = self._box.parked.blocking(event)
        if behind is not None:
            self._box.parked.hold(event, behind_seq=behind)
            return True
        discarded = row.resolution is Resolution.DISCARD
        batch = Batch(apply=[] if discarded else [event], unparked=[row.seq])
        try:
            self._apply(connection, batch, position)
        except Exception as error:
            if isinstance(error, (PositionMoved, NewerEvent)):
                raise
            judgement = judge(error, self._phase)
            if judgement.verdict is not Verdict.POISON or connection.closed:
                raise Interrupted(judgement) from error
            parking = Parking(
                event=event,
                state=ParkedState.PARKED.value,
                verdict=judgement.verdict.value,
                reason=judgement.reason,
                sqlstate=judgement.sqlstate,
                attempts=row.attempts + 1,
            )
            self._apply(connection, Batch(parked=[parking]), position)
            self._box.parked.park(
                event, verdict=parking.verdict, reason=parking.reason, sqlstate=parking.sqlstate, attempts=1
            )
            self._log.error("relay.event_parked_again", seq=event.seq, sqlstate=parking.sqlstate, reason=parking.reason)
            return True
        self._box.parked.finish(row.seq)
        self._box.parked.release_held(row.seq)
        self._patience.progressed()
        self._log.info("relay.event_released", seq=row.seq, resolution=row.resolution and row.resolution.value)
        return True


def _is_closed(connection: Connection) -> bool:
    """Tell whether an idle connection was closed by the other side: its socket has something to say."""
    return bool(select.select([connection.fileno()], [], [], 0)[0])


def _as_resolved(event: Event, row: ParkedEvent) -> Event:
    changes: dict[str, Any] = {} if row.payload_json is None else {"payload_json": row.payload_json}
    return dataclasses.replace(event, **changes)
