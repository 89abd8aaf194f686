"""One exchange with the database: a batch under a deadline, and what the relay was doing when it failed."""

import dataclasses
from time import monotonic

from outbox import Outbox, failpoints, tracing
from worker.ahead import Ahead
from worker.connection import Connection
from worker.deadline import deadline
from worker.options import Options
from worker.position import Position
from worker.projection import Batch, apply_batch
from worker.verdict import Phase


class Exchange:
    """Sends batches.

    Args:
        box: whose events they are.
        options: limits.

    Attributes:
        ahead: where its events are read from.
        phase: what is being done, or was being done when it failed.
        limits: of the next transaction; raised for an event that is too slow even alone.
    """

    def __init__(self, box: Outbox, options: Options) -> None:
        self._box = box
        self._options = options
        self.ahead = Ahead(box, options.max_bytes)
        self.phase = Phase.CONNECT
        self.limits = options.limits

    @property
    def patience_with_an_answer(self) -> float:
        """Seconds after which the socket is shut down under a wait."""
        return 2 * self.limits.statement_timeout_ms / 1000 + self._options.margin_seconds

    def enter(self, phase: Phase) -> None:
        """Note what is being done."""
        self.phase = phase

    def apply(self, connection: Connection, batch: Batch, position: Position, *, look_ahead: bool = False) -> None:
        """Apply a batch, and meanwhile `look_ahead`; see `projection.apply_batch` for what it raises."""
        if failpoints.armed:
            for event in batch.apply:
                failpoints.reach(f"apply.{event.seq}")
        began = monotonic()
        with deadline(connection, self.patience_with_an_answer):
            apply_batch(
                connection,
                batch,
                outbox_id=self._box.outbox_id,
                position=position,
                limits=self.limits,
                entered=self.enter,
                decode=self.ahead.decode,
                meanwhile=self.ahead.look if look_ahead else _nothing,
            )
        tracing.applied(batch.apply, monotonic() - began)

    def probe(self, connection: Connection) -> None:
        """Show that the connection works, before anything is charged to an event."""
        self.enter(Phase.POSITION)
        with deadline(connection, self.patience_with_an_answer):
            connection.execute("select 1")

    def allow_more_time(self) -> None:
        """Double the time that a statement may take, until a batch is through."""
        longer = self.limits.statement_timeout_ms * 2
        self.limits = dataclasses.replace(self.limits, statement_timeout_ms=longer)

    def restore_limits(self) -> None:
        """A batch is through."""
        self.limits = self._options.limits


def _nothing() -> None:
    pass
