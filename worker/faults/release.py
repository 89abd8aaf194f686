"""Parked events that were released: taken up in batches like any others, in the order of the log.

They wait for nobody (`parking` says which those are), so a batch of them needs nothing but the position's lock; the
position stays where it is. They travel as new events do: the next batch is read meanwhile, half of a large one goes
over the second lane, and their rows on the parked list go with one statement, in the transaction that applies them.
What goes wrong with one is judged like everything else (`failures`): it is looked for in halves, gets the same time
limits, and is parked again alone. The relay takes turns between these and new events, so neither waits for the other
to end.
"""

from collections.abc import Callable, Sequence

from outbox import Event
from outbox.relaying import Log
from worker.apply.position import Position
from worker.apply.projection import Batch
from worker.carry.ahead import AheadOnList
from worker.carry.batching import BatchSize
from worker.carry.exchange import Exchange
from worker.connect.connection import Connection
from worker.errors import PositionMoved
from worker.faults.failures import Failed, Failures
from worker.faults.parking import ParkedList
from worker.faults.suspects import KILLER, STARTS, Suspects
from worker.logs import get_log
from worker.options import Options


class Releases:
    """Takes up what operators released, and what was held behind it.

    Args:
        box: the outbox.
        parked: its list.
        exchange: with the database.
        suspects: watches batches after a death.
        failures: decides about batches that failed.
        went_through: told of what was applied.
        size: of the next batch; `failures` has the same.
        options: limits.
    """

    def __init__(
        self,
        box: Log,
        parked: ParkedList,
        exchange: Exchange,
        suspects: Suspects,
        failures: Failures,
        went_through: Callable[[list[Event]], None],
        size: BatchSize,
        options: Options,
    ) -> None:
        self._box = box
        self._parked = parked
        self._exchange = exchange
        self._suspects = suspects
        self._failures = failures
        self._went_through = went_through
        self.size = size
        self._ahead = AheadOnList(
            box, options.max_bytes, options.max_events, parked.ready_after, parked.obeyed, parked.note_meanwhile
        )

    def are_due(self) -> bool:
        """Whether there is something to take up."""
        return any(self._box.at_hand(seq) for seq in self._parked.ready(limit=1))

    def take_up(self, connection: Connection, position: Position) -> Sequence[Event]:
        """Apply the next batch; returns the events that left the list, or the one that was parked again.

        Raises:
            Interrupted: the session is over; the events are taken up again in the next.
            PositionMoved: somebody else works on the list.
        """
        events = self._ahead.read(limit=self.size.size)
        if not events:
            raise PositionMoved(
                "what was released is not in the log any more: somebody else resolved it, and pruned it"
            )
        if self._suspects.is_killer(events[0].seq):
            self._failures.park(connection, events[0], KILLER, position, attempts=STARTS, released=True)
            self._suspects.parked(events[0].seq)
            return events[:1]
        seqs = [event.seq for event in events]
        obeyed = self._parked.decisions.obeyed(events)
        self._failures.trying()
        if len(events) == len(obeyed) == 1 and self._failures.ends_sessions(
            connection, obeyed[0], position, released=True
        ):
            return events
        try:
            with self._suspects.watched(connection, seqs[0], seqs[-1], released=True):
                reached = self._carried(connection, obeyed, seqs, position)
        except Exception as error:  # noqa: BLE001 - every failure gets its verdict there, or is raised again
            failed = Failed(events=events, free=obeyed, position=position, error=error, released=True)
            through = self._failures.decide(connection, failed)
            if through is None:
                return []
            if self._parked.is_blamed(through.seq):
                self._failures.forgotten()
                return [through]
            return self._through([through])
        return self._through([event for event in events if event.seq <= reached])

    def _carried(self, connection: Connection, obeyed: list[Event], seqs: list[int], position: Position) -> int:
        if not self._suspects.wary:
            batch = Batch(apply=self._exchange.decode(obeyed, self._ahead), released=seqs)
            return self._exchange.carry(connection, batch, position, self._ahead)
        self._exchange.apply(connection, Batch(apply=self._exchange.decode(obeyed), released=seqs), position)
        return seqs[-1]

    def _through(self, events: Sequence[Event]) -> Sequence[Event]:
        self._failures.forgotten()
        seqs = [event.seq for event in events]
        self._parked.released(seqs)
        self._went_through(self._parked.decisions.obeyed(events))
        for seq, decision in self._parked.decisions.among(seqs).items():  # the others waited for one of these
            get_log().info("relay.event_released", seq=seq, resolution=decision.how.value)
        return events
