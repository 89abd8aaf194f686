"""The second lane: a second connection that writes the second half of a batch while the first half is under way.

The server works for one connection with one core, and a full-text index takes most of what a content costs it. Two
connections use two. What is promised stays as it is, because the *commits* keep their order:

1. The first half goes over the first lane as ever: position locked, rows, position, commit.
2. Meanwhile the rows of the second half are written over the second lane, in a transaction that stays open, so nobody
   sees them. The halves are cut so that the second speaks of nothing that the first changes (`halves`): what it is
   folded with is what it would find afterwards.
3. The last thing it asks for is the lock of the position, and that is given to it only when the first half's
   transaction is over. If the position then stands where the first half leaves it, the position moves on, and the
   second half is committed. In any other case nothing of it is.

So the second half takes effect after the first, each with its position, or not at all. A death, a cut or a refusal
leaves the position at the beginning, in the middle or at the end, and the next reader goes on from there; the relay
reads it if a COMMIT of the second lane got no answer.

Half of what was let go travels in the same way. There the position stays where it is, and which half is through is told
by the parked list: it loses its rows in the transaction that applies them, all of them or none.

All of it is one pipeline, and of new events it is sent to its end, COMMIT included, before anything is known of the
first half: where the database is far, whoever waited for that answer would pay one more round trip. The server decides
by itself, then. The statement that moves the position fails unless the position stands where the first half leaves it,
to the very event, and what follows a failed statement in a pipeline is not looked at, COMMIT least of all. So it does
not matter what becomes of the line meanwhile: if the first half is rolled back, this one is; if the first half's COMMIT
got no answer, this one may take effect as well, whole and after it, and whoever connects next finds the position at
the end instead of in the middle. Of what was let go the COMMIT waits for the answer of the first half, for there the
position would not tell.

The second lane judges nothing. Whatever happens on it closes it, the relay goes on from where the first half left the
position, and what was wrong with the second half is met again on the first lane, where it gets its verdict. After a
failure on either lane the second one rests for some batches, and for twice as many each time that it happens again:
what two transactions at once cannot do (a trigger of the database's owner that writes one row for all, a limit on
connections) is not tried for ever, and a culprit is looked for on one lane. A connection that cannot be opened is not
tried again in this session of the relay: a pooler may count refused logins, and ban us for the second.
"""

from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress

import psycopg

from outbox.relaying import Log
from worker.apply.fold import fold
from worker.apply.known import Decoded, Known, wanted_by
from worker.apply.position import Position, require
from worker.apply.projection import Batch, ask, let_go, send_parked, send_rows
from worker.apply.stamps import Stamps
from worker.apply.transaction import Rows, begin, lock_position, send_position
from worker.carry.halves import cut_of
from worker.connect.connection import Connection, Limits, hand_over
from worker.connect.deadline import deadline
from worker.logs import get_log

# The first half waits meanwhile. A pooler may have no session for us but the one that the first half has.
ANSWER_SECONDS = 3.0
FIRST_REST_BATCHES = 16
LONGEST_REST_BATCHES = 4096
FOR_THIS_SESSION = 2**62


class SecondLane:
    """Writes second halves.

    Args:
        box: whose events they are.
        dial: opens a connection; raises psycopg.Error.
        least_events: a batch of fewer is not cut; None: none is.
    """

    def __init__(self, box: Log, dial: Callable[[], Connection], least_events: int | None) -> None:
        self._box = box
        self._dial = dial
        self._least_events = least_events
        self._connection: Connection | None = None
        self._pipeline = ExitStack()
        self._known: Callable[[], Known] | None = None
        self._locked: Rows | None = None
        self._ended = False  # its COMMIT is on its way
        self._decoded: Sequence[Decoded] = ()
        self._patience_seconds = 0.0
        self._resting = 0
        self._next_rest = FIRST_REST_BATCHES

    def session_began(self) -> None:
        """The relay has connected again: whatever kept this lane from working may be over."""
        self._resting, self._next_rest = 0, FIRST_REST_BATCHES

    def cut(self, decoded: Sequence[Decoded]) -> int | None:
        """Return after how many of these events the batch is to be cut in two; None: not at all."""
        if self._least_events is None or len(decoded) < self._least_events:
            return None
        if self._resting:
            self._resting -= 1
            return None
        return cut_of(decoded)

    def ask(self, decoded: Sequence[Decoded], limits: Limits, patience_seconds: float) -> None:
        """Begin a transaction and ask what these events need to know, without waiting for the answers.

        Args:
            decoded: the second half.
            limits: time limits of the transaction.
            patience_seconds: after which the socket is shut down under a wait.
        """
        self._decoded, self._patience_seconds = decoded, patience_seconds
        try:
            if self._connection is None:
                self._connection = self._opened()
            with deadline(self._connection, patience_seconds, tell=False):
                self._pipeline.enter_context(self._connection.pipeline())
                begin(self._connection, limits)
                self._known = ask(self._connection, wanted_by(decoded), Stamps(self._box))
                hand_over(self._connection)
        except Exception as error:  # noqa: BLE001 - the first lane meets it again, and judges it
            self.rest(error)

    def write(self) -> None:
        """Send the rows of the second half, and ask for the position, without waiting for what becomes of them."""
        connection, known = self._connection, self._known
        if connection is None or known is None:
            return
        try:
            with deadline(connection, ANSWER_SECONDS, tell=False):
                found = known()
            with deadline(connection, self._patience_seconds, tell=False):
                changes = fold(self._decoded, found)
                send_rows(connection, changes)
                let_go(self._decoded)
                self._decoded = ()
                self._locked = lock_position(connection, self._box.outbox_id)
                hand_over(connection)
        except Exception as error:  # noqa: BLE001 - the first lane meets it again, and judges it
            self.rest(error)

    def end(self, position: Position, batch: Batch) -> None:
        """Send what moves the position on and commits the second half; it takes effect behind the first, or not at all.

        Args:
            position: where the first half leaves it.
            batch: the second half, of new events.
        """
        connection = self._connection
        if connection is None or self._locked is None:
            return
        try:
            with deadline(connection, self._patience_seconds, tell=False):
                self._send_end(connection, position, batch)
                hand_over(connection)
        except Exception as error:  # noqa: BLE001 - the first lane meets it again, and judges it
            self.rest(error)

    def _send_end(self, connection: Connection, position: Position, batch: Batch) -> None:
        send_parked(connection, batch, self._box.outbox_id)
        if batch.to is not None:
            send_position(connection, self._box.outbox_id, position, batch.to)
        connection.execute("commit")
        self._ended = True

    def commit(self, position: Position, batch: Batch) -> bool:
        """Commit the second half, now that the first has left the position here, or hear what became of its COMMIT.

        Args:
            position: where the first half left it.
            batch: the second half.

        Returns:
            Whether it is known to have taken effect.
        """
        connection, locked = self._connection, self._locked
        if connection is None or locked is None:
            return False
        try:
            with deadline(connection, self._patience_seconds, tell=False):
                if not self._ended:
                    require(locked.fetchone(), position)
                    self._send_end(connection, position, batch)
                self._pipeline.close()
        except Exception as error:  # noqa: BLE001 - the first lane meets it again, and judges it
            self.rest(error)
            return False
        self._known = self._locked = None
        self._ended = False
        self._next_rest = FIRST_REST_BATCHES
        return True

    def _opened(self) -> Connection:
        try:
            return self._dial()
        except Exception:
            self._next_rest = FOR_THIS_SESSION
            raise

    def rest(self, error: BaseException) -> None:
        """Roll back what is open, and stay out of the way for some batches."""
        self.close()
        self._resting = self._next_rest
        self._next_rest = min(2 * self._next_rest, max(self._resting, LONGEST_REST_BATCHES))
        get_log().info(
            "relay.second_lane_rests",
            error=type(error).__name__,
            sqlstate=getattr(error, "sqlstate", None),
            batches=self._resting,
        )

    def close(self) -> None:
        """Leave the lane; what is open on it is rolled back."""
        if self._connection is not None:
            self._connection.close()
        self._connection = self._known = self._locked = None
        self._ended = False
        with suppress(psycopg.Error):  # it cannot be ended in order any more
            self._pipeline.close()
