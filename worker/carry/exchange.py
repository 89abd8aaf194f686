"""One exchange with the database: a batch under a deadline, and what the relay was doing when it failed."""

import dataclasses
from collections.abc import Callable, Sequence
from time import monotonic

import psycopg

from outbox import Event, tracing
from outbox.relaying import Log, failpoints
from worker.apply.known import Decoded
from worker.apply.position import Position, is_at, require
from worker.apply.projection import Batch, applying
from worker.apply.queries import query
from worker.apply.stamps import Stamps
from worker.apply.transaction import lock_position
from worker.carry.ahead import Ahead, AheadOnList, decoded_anew
from worker.carry.second_lane import SecondLane
from worker.connect.connection import Connection, Limits
from worker.connect.deadline import Line, deadline
from worker.judgement import Judgement, Phase
from worker.options import Options

ANSWER_SECONDS = 3.0
TRIPS = 2  # of a batch, one after the other


class Exchange:
    """Sends batches.

    Args:
        box: whose events they are.
        options: limits.
        dial: opens the connection of the second lane.
        clock: monotonic seconds, by which round trips are measured.

    Attributes:
        ahead: where new events are read from.
        lane: over which half of a large batch goes.
        phase: what is being done, or was being done when it failed.
        limits: of the next transaction; more for an event that is too slow even alone.
        step_by_step: wait for each answer of the server; see `projection.applying`.
        seconds: how long the exchange that failed last took until then.
        line_seconds: how long the line took for the exchange that failed last, if that was most of its time.
        trip_seconds: the shortest round trip of this session, with what is asked for on it; None: none was made yet.
    """

    def __init__(
        self, box: Log, options: Options, dial: Callable[[], Connection], clock: Callable[[], float] = monotonic
    ) -> None:
        self._box = box
        self._options = options
        self._clock = clock
        self._stamps = Stamps(box)
        self.ahead = Ahead(box, options.max_bytes, options.max_events)
        self.lane = SecondLane(box, dial, options.halves_from)
        self.phase = Phase.CONNECT
        self.limits = options.limits
        self.step_by_step = False
        self.seconds = 0.0
        self.line_seconds: float | None = None
        self.trip_seconds: float | None = None

    @property
    def patience_with_an_answer(self) -> float:
        """Seconds after which the socket is shut down under a wait."""
        return 2 * self.limits.statement_timeout_ms / 1000 + self._options.margin_seconds

    @property
    def waited_seconds(self) -> float:
        """Seconds of a batch in which nothing but its round trips is waited for, as far as is known."""
        return TRIPS * (self.trip_seconds or 0.0)

    def session_began(self) -> None:
        """The relay has connected anew, to a database that may be elsewhere."""
        self.trip_seconds = None
        self.lane.session_began()

    def enter(self, phase: Phase) -> None:
        """Note what is being done."""
        self.phase = phase

    def decode(self, events: Sequence[Event], ahead: Ahead | AheadOnList | None = None) -> list[Decoded]:
        """Read the payloads of events that are about to be sent.

        Args:
            events: as they are to be applied.
            ahead: where they may have been decoded already; None: decode them here.

        Raises:
            NewerEvent, UndecodableEvent: see `fold.decode`.
        """
        if failpoints.armed:
            for event in events:
                failpoints.reach(f"apply.{event.seq}")
        self.enter(Phase.POSITION)
        return decoded_anew(events) if ahead is None else ahead.decode(events)

    def apply(
        self,
        connection: Connection,
        batch: Batch,
        position: Position,
        *,
        meanwhile: Callable[[], None] = lambda: None,
    ) -> None:
        """Apply a batch; see `projection.applying` for what it raises."""
        began, asked = monotonic(), self._clock()
        self.line_seconds = None
        with deadline(connection, self.patience_with_an_answer), Line(connection) as line:
            try:
                for phase in applying(
                    connection,
                    batch,
                    outbox_id=self._box.outbox_id,
                    position=position,
                    limits=self.limits,
                    stamps=self._stamps,
                    meanwhile=meanwhile,
                    step_by_step=self.step_by_step,
                    beside=self._options.beside,
                    rights=self._options.rights,
                ):
                    self.enter(phase)
                    if phase is Phase.APPLY and not self.step_by_step:
                        self._made_trip(self._clock() - asked)
            except BaseException:
                self.seconds, self.line_seconds = monotonic() - began, line.seconds()
                raise
        tracing.applied(batch.events, monotonic() - began)

    def _made_trip(self, seconds: float) -> None:
        self.trip_seconds = min(seconds, self.trip_seconds or seconds)

    def carry(self, connection: Connection, batch: Batch, position: Position, ahead: Ahead | AheadOnList) -> int:
        """Apply a batch as quickly as can be: the next is looked at meanwhile, and a large one goes over both lanes.

        Args:
            connection: outside a transaction.
            batch: new events, or released ones.
            position: where it was read from.
            ahead: where its events were read from, and the next ones will be.

        Returns:
            Up to which event it is through: all of it, or its first half where the second failed.

        Raises:
            As `projection.applying`: nothing was applied, or the position has to be asked.
        """
        cut = self.lane.cut(batch.apply) if not batch.parked else None
        if cut is None:
            self.apply(connection, batch, position, meanwhile=ahead.look)
            return batch.last_seq
        first, second = batch.cut(cut)
        middle = position.moved_to(first.to)

        def meanwhile() -> None:
            self.lane.write()
            if second.to is not None:
                self.lane.end(middle, second)
            ahead.look()

        self.lane.ask(second.apply, self.limits, self.patience_with_an_answer)
        try:
            self.apply(connection, first, position, meanwhile=meanwhile)
        except BaseException as error:
            self.lane.rest(error)
            raise
        if failpoints.armed:
            failpoints.reach(f"middle.{first.last_seq}")
        began = monotonic()
        if not self.lane.commit(middle, second) and not self._is_through(connection, second, middle):
            return first.last_seq
        tracing.applied(second.events, monotonic() - began)
        return batch.last_seq

    def _is_through(self, connection: Connection, batch: Batch, position: Position) -> bool:
        """Ask what became of a COMMIT without an answer; once that is over, the lock of the position is free."""
        with deadline(connection, self.patience_with_an_answer):
            found = lock_position(connection, self._box.outbox_id).fetchone()
            if batch.to is not None and is_at(found, position.moved_to(batch.to)):
                return True
            require(found, position)
            if batch.to is not None:
                return False
            names = {"outbox_id": self._box.outbox_id, "seqs": list(batch.released)}
            return not connection.execute(query("relay", "still_parked"), names).fetchall()

    def probe(self, connection: Connection) -> None:
        """Show that the connection works, before anything is charged to an event."""
        self.enter(Phase.POSITION)
        with deadline(connection, self.patience_with_an_answer):
            connection.execute("select 1")

    def named_holder(self, connection: Connection, judgement: Judgement) -> Judgement:
        """Say who keeps us from a table, if that is to be seen; the lock may be gone again."""
        try:
            with deadline(connection, ANSWER_SECONDS, tell=False):
                rows = connection.execute(query("relay", "holders")).fetchall()
        except psycopg.Error:  # whatever that is, the next exchange meets it
            return judgement
        held = ", ".join(f"process {pid} holds {mode} on {table}" for table, pid, mode in rows)
        return dataclasses.replace(judgement, reason=f"{judgement.reason}: {held}") if held else judgement

    @property
    def usual_limits(self) -> Limits:
        """Of a transaction that is not known to need more."""
        return self._options.limits
