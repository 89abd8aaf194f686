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

A failure is judged by phase and SQLSTATE (`verdict`), and `failures` says what follows. Only poison is ever charged to
an event, and whatever depends on it is held (`parking`) until an operator releases it (`release`). An outage, an
overload, a missing table and a wrong password are nobody's fault here, and are waited out (`outage`) for as long as
they last.
"""

import dataclasses
from collections.abc import Callable
from time import monotonic

import psycopg
from tenacity import RetryCallState, Retrying, retry_if_exception_type

from outbox import Event, OutboxCorrupt
from outbox.relaying import Log
from worker.apply.likeness import recognise
from worker.apply.position import Position, greet
from worker.apply.projection import Batch, Parking
from worker.apply.transaction import limited
from worker.carry.batching import BatchSize
from worker.carry.exchange import Exchange
from worker.carry.pace import Pace
from worker.connect.connection import Connection, Limits, has_news
from worker.connect.deadline import deadline
from worker.connect.login import LOGIN_REFUSED
from worker.errors import KeptAsItWas, NewerEvent, PositionMoved, SchemaFault, TargetRefused, WorkerError
from worker.faults.epidemic import Epidemic
from worker.faults.evidence import Evidence, explained, is_gone
from worker.faults.failures import Failed, Failures
from worker.faults.outage import Interrupted, Patience
from worker.faults.parking import ParkedList
from worker.faults.rehearse import rehearse
from worker.faults.release import Releases
from worker.faults.settle import settle
from worker.faults.suspects import KILLER, STARTS, Suspects
from worker.faults.verdict import Judgement, Phase, Verdict, judge
from worker.logs import get_log
from worker.notes import CANNOT_WRITE, upkeep
from worker.options import Ending, Options, Waiting
from worker.run.report import Report

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
        box: Log,
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
        self._size = BatchSize(options.max_events, stretches=options.stretches)
        self._exchange = Exchange(box, options, dial, clock)
        self._parked = ParkedList(box, clock)
        self._epidemic = Epidemic(box, self._parked, options.hold_after_alike)
        self._suspects = Suspects(
            box, self._exchange, self._size, lambda limit: self._parked.ready(limit=limit), wary=options.wary
        )
        self._evidence = Evidence(
            box,
            self._exchange,
            self._parked,
            made_up=lambda connection, event: event.type in rehearse(connection, event.type).shown,
            wary=lambda: self._suspects.wary,
        )
        self._failures = self._deciding(self._size)
        released = BatchSize(options.max_events, stretches=options.stretches)
        self._releases = Releases(
            box,
            self._parked,
            self._exchange,
            self._suspects,
            self._deciding(released),
            self._went_through,
            released,
            options,
        )
        self._ever_connected = box.relay.position is not None
        self._began = clock()
        self._batches = 0
        self._pace = Pace(options.max_rate)

    @property
    def is_wary(self) -> bool:
        """Whether it looks for an event that killed a process."""
        return self._suspects.wary

    def _deciding(self, size: BatchSize) -> Failures:
        """Decide about failed batches of this size; what was tried is remembered for these alone."""
        return Failures(
            self._box,
            self._exchange,
            size,
            self._waker,
            self._epidemic,
            self._evidence,
            self._parked,
            hindered=self._report.hindered,
            meter=self._options.meter,
        )

    def _went_through(self, events: list[Event]) -> None:
        self._epidemic.went_through(events)
        self._evidence.went_through(events)

    def run(self) -> Ending:
        """Carry events until told to stop (or, with `until_empty`, until none is left).

        Raises:
            WorkerError: with `until_empty`, what a human has to mend.
        """
        retrying = Retrying(
            retry=retry_if_exception_type(Interrupted),
            wait=self._patience.wait,
            sleep=self._patience.sleeping(self._waker),
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
                error = WorkerError(
                    failure.judgement.reason,
                    kind=failure.judgement.kind or None,
                    remedy=failure.judgement.remedy,
                    entry=failure.grounds.entry,
                )
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
        self._exchange.enter(Phase.CONNECT)
        connection: Connection | None = None
        try:
            connection = self._dial()
            self._ever_connected = True
            self._exchange.enter(Phase.POSITION)
            with deadline(connection, self._exchange.patience_with_an_answer), limited(connection, Limits()):
                position = greet(connection, self._box)
                recognise(connection, self._box, position.destination_id)
                late = self._parked.load(connection, position)
            with deadline(connection, self._exchange.patience_with_an_answer):
                settle(connection, self._box, self._parked, position, late, rights=self._options.rights)
            self._epidemic.arrived(position)
            self._parked.release_claimed()
            self._report.connected(position)
            self._exchange.session_began()
            self._evidence.search_began()
            self._options.meter.connected()
            if self._patience.seconds > 0:
                self._size.restart()
                self._releases.size.restart()
            self._suspects.arrived(position, self._releases.size)
            return self._carry(connection, position)
        except Interrupted as failure:
            self._interrupted(failure)
            raise
        except (TargetRefused, SchemaFault, NewerEvent) as refusal:
            judgement = Judgement(
                verdict=Verdict.ENVIRONMENT,
                sqlstate=None,
                reason=refusal.what,
                kind=refusal.kind,
                remedy=refusal.remedy,
                command=refusal.command,
                entry=refusal.entry,
            )
            refused = Interrupted(judgement, cause=refusal)
            self._interrupted(refused)
            raise refused from refusal
        except CANNOT_WRITE as error:
            stuck = self._stuck(error)
            self._interrupted(stuck)
            raise stuck from error
        except (psycopg.Error, OSError, PositionMoved, KeptAsItWas) as error:
            lost = self._as_interrupted(connection, error)
            self._interrupted(lost)
            raise lost from error
        finally:
            self._options.meter.interrupted()
            self._exchange.lane.close()
            if connection is not None:
                connection.close()
            self._parked.note()
            self._report.settled()

    def _stuck(self, error: Exception) -> Interrupted:
        """A full disk or a writer in the way passes; a damaged file needs a person."""
        fault = self._box.fault(error)
        if isinstance(fault, OutboxCorrupt):
            needed = Judgement(verdict=Verdict.ENVIRONMENT, sqlstate=None, reason=fault.what, kind=fault.kind)
            return Interrupted(needed, cause=fault)
        return Interrupted(Judgement(verdict=Verdict.OUTAGE, sqlstate=None, reason="the outbox file cannot be written"))

    def _interrupted(self, failure: Interrupted) -> None:
        self._report.settled()  # first: what waits is counted from there
        self._options.meter.failed(failure.judgement.verdict)
        self._patience.interrupted(failure)

    def _as_interrupted(self, connection: Connection | None, error: Exception) -> Interrupted:
        if isinstance(error, PositionMoved):
            return Interrupted(Judgement(verdict=Verdict.CONTENTION, sqlstate=None, reason=str(error)))
        judgement = judge(error, self._exchange.phase, known_address=self._ever_connected)
        refused_us = judgement.sqlstate is not None or isinstance(error, KeptAsItWas)
        if connection is not None and refused_us and not is_gone(connection, error):
            if judgement.verdict is Verdict.POISON:  # of the bookkeeping, which no event fills
                judgement = dataclasses.replace(judgement, verdict=Verdict.ENVIRONMENT)
            with deadline(connection, self._exchange.patience_with_an_answer):
                judgement = explained(connection, error, judgement)
        return Interrupted(judgement, at_login=judgement.kind == LOGIN_REFUSED)

    def _take_up_released(self, connection: Connection, position: Position) -> None:
        began = self._clock()
        events = self._releases.take_up(connection, position)
        if events:
            seconds = self._clock() - began
            self._releases.size.succeeded(events[-1].seq, len(events), seconds, self._exchange.waited_seconds)
            self._patience.progressed()
            self._report.released(position, len(events), seconds, self._parked.ready_count)
            self._batch_is_through(len(events), seconds)

    def _carry(self, connection: Connection, position: Position) -> Ending:
        new_ones_first = False  # released and new events take turns
        while True:
            self._options.alive()
            if (told := self._told_to_end()) is not None:
                return told
            if self._box.relay.paused:
                self._parked.note()
                self._report.holding("paused by an operator: `outbox resume` lets it go on")
                self._waker.wait_for_news(self._options.poll_seconds)
                continue
            self._parked.take_in()
            if (released := self._releases.are_due()) and not new_ones_first:
                self._take_up_released(connection, position)
                new_ones_first = True
                continue
            new_ones_first = False
            events = self._exchange.ahead.read(after=position.seq, limit=self._size.size)
            if not events:
                if released:
                    continue
                self._nothing_left(connection, position)
                if self._options.until_empty:
                    return Ending.EMPTY
                self._waker.wait_for_news(self._options.poll_seconds)
                if has_news(connection):
                    raise _ClosedWhileIdle
                continue
            if self._suspects.is_killer(events[0].seq):
                position = self._park_killer(connection, position, events[0])
                continue
            position = self._carry_batch(connection, position, events)

    def _park_killer(self, connection: Connection, position: Position, event: Event) -> Position:
        self._failures.park(connection, event, KILLER, position, attempts=STARTS)
        self._suspects.parked(event.seq)
        return self._advanced(position, event, 1, 0.0)

    def _told_to_end(self) -> Ending | None:
        if self._waker.stopping:
            return Ending.STOPPED
        return Ending.TIMED_OUT if self._out_of_time() else None

    def _nothing_left(self, connection: Connection, position: Position) -> None:
        late = self._parked.late(position)
        settle(connection, self._box, self._parked, position, late, rights=self._options.rights)
        self._patience.progressed()
        self._exchange.lane.close()
        self._report.empty(position)
        self._checkpoint(due=self._batches >= CHECKPOINT_EVERY_BATCHES)
        self._options.in_place()

    def _carry_batch(self, connection: Connection, position: Position, events: list[Event]) -> Position:
        free, held = self._parked.sort_out(events)
        self._failures.trying()
        if len(events) == len(free) == 1 and self._failures.ends_sessions(connection, free[0], position):
            return self._advanced(position, free[0], 1, 0.0)
        began = self._clock()
        try:
            with self._suspects.watched(connection, events[0].seq, events[-1].seq):
                reached = self._carried(connection, free, held, events[-1], position)
        except Exception as error:  # noqa: BLE001 - every failure gets its verdict there, or is raised again
            failed = Failed(events=events, free=free, held=held, position=position, error=error)
            passed = self._failures.decide(connection, failed)
            if passed is None:
                return position
            if passed.seq not in self._parked:
                at_hand = [one for one in held if one.event.seq == passed.seq]
                self._parked.passed(position.moved_to(passed), [passed], at_hand)
            self._size.succeeded(passed.seq, 1, 0.0)
            return self._advanced(position, passed, 1, self._clock() - began)
        seconds = self._clock() - began
        through = [event for event in events if event.seq <= reached]
        self._parked.passed(position.moved_to(through[-1]), through, held)
        self._went_through([event for event in free if event.seq <= reached])
        self._size.succeeded(reached, len(through), seconds, self._exchange.waited_seconds)
        return self._advanced(position, through[-1], len(through), seconds)

    def _carried(
        self, connection: Connection, free: list[Event], held: list[Parking], to: Event, position: Position
    ) -> int:
        ahead = self._exchange.ahead
        if not self._suspects.wary:
            batch = Batch(apply=self._exchange.decode(free, ahead), parked=held, to=to)
            return self._exchange.carry(connection, batch, position, ahead)
        self._exchange.apply(connection, Batch(apply=self._exchange.decode(free), parked=held, to=to), position)
        return to.seq

    def _advanced(self, position: Position, to: Event, count: int, seconds: float) -> Position:
        moved = position.moved_to(to)
        self._failures.forgotten()
        self._patience.progressed()
        self._report.applied(moved, count, seconds)
        self._options.meter.applied(count, seconds)
        self._batch_is_through(count, seconds)
        return moved

    def _batch_is_through(self, count: int, seconds: float) -> None:
        self._batches += 1
        self._checkpoint(due=self._batches >= CHECKPOINT_EVERY_BATCHES)
        if (rest := self._pace.rest_seconds(count, seconds)) > 0:
            self._waker.sleep(rest)

    def _checkpoint(self, *, due: bool) -> None:
        if due:
            self._batches = 0
            with upkeep(self._box):
                self._box.keep_small()
