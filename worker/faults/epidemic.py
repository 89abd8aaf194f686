"""Many events refused alike, one after the other: then it is the database that changed, not the events that are wrong.

Payloads are checked when they are appended, so a database that refuses one is rare, and one that refuses different rows
in a row with the same words has a broken trigger or a new constraint. Parking them all would blame thousands for one
mistake of somebody else, and leave the releasing to a human. So the last of `limit` events of one type in a row, each
of another aggregate, refused with the same SQLSTATE and the same words, is not parked: everything is held, told, and
probed slowly, like a missing table. When one of them goes through, those that were parked before the pattern showed are
released.

The default is five: behind each parked outline a whole course is held, so five are five courses in silence, and few
enough to look at one by one. What was parked before is read from the parked list and the log, so the count outlives a
restart; so does what is to be released. It does not matter who refuses: the database, or psycopg before anything was
sent. Faults of references are not counted: they name what the event lacks. If the events are wrong after all,
OUTBOX_HOLD_AFTER_ALIKE=0 parks them all.
"""

from collections.abc import Iterable
from contextlib import suppress

from outbox import Event, EventNotFound
from outbox.relaying import Log
from worker.apply.position import Position
from worker.faults.outage import Interrupted
from worker.faults.parking import ParkedList
from worker.judgement import Judgement, Verdict
from worker.logs import get_log

# More events of the type than this since the first of the row: some of them went through.
WINDOW = 1000


class Epidemic:
    """Tells one bad event from a bad database.

    Args:
        box: the outbox.
        parked: its list.
        limit: how many refused alike in a row are one too many to park; 0: there is no such number.
    """

    def __init__(self, box: Log, parked: ParkedList, limit: int) -> None:
        self._box = box
        self._parked = parked
        self._limit = limit
        self._type, self._blamed, self._refused_seq = box.relay.blamed

    def check(self, event: Event, judgement: Judgement) -> None:
        """Ask before an event is parked.

        Raises:
            Interrupted: it is the last of too many; nothing is to be parked.
        """
        before = self._refused_alike_before(event, judgement)
        if not self._limit or len(before) + 1 < self._limit:
            return
        self._remember(event.type, before, event.seq)
        words = _words(judgement.reason)
        cause = (
            "a trigger or a constraint of the database has changed: mend it there"
            if judgement.sqlstate is not None
            else "so many are not wrong by chance: mend what refuses them"
        )
        reason = (
            f"{len(before) + 1} events in a row ({event.type}) were refused alike: {words}; {cause}, or set "
            "OUTBOX_HOLD_AFTER_ALIKE=0 to park them all"
        )
        raise Interrupted(Judgement(verdict=Verdict.ENVIRONMENT, sqlstate=judgement.sqlstate, reason=reason))

    def arrived(self, position: Position) -> None:
        """A session begins: the event that was held may have gone through at the end of the last one, unheard of."""
        if not 0 < self._refused_seq <= position.seq or self._refused_seq in self._parked:
            return
        with suppress(EventNotFound):  # lost by a salvage
            self.went_through(self._parked.decisions.obeyed([self._box.event(self._refused_seq)]))

    def went_through(self, events: Iterable[Event]) -> None:
        """A batch was applied: if it has one of the type that was refused, the database is mended."""
        if not self._blamed or all(event.type != self._type for event in events):
            return
        back = self._parked.withdraw(self._blamed, "refused like others, and the database was mended since")
        get_log().info("relay.blame_withdrawn", type=self._type, seqs=back)
        self._remember("", [], 0)

    def _remember(self, event_type: str, seqs: list[int], refused_seq: int) -> None:
        """Note in the file which to release: the person who mends the database may restart the worker as well."""
        if (event_type, seqs, refused_seq) != (self._type, self._blamed, self._refused_seq):
            self._type, self._blamed, self._refused_seq = event_type, seqs, refused_seq
            self._box.relay.remember_blamed(event_type, seqs, refused_seq)

    def _refused_alike_before(self, event: Event, judgement: Judgement) -> list[int]:
        alike = sorted(
            row.seq
            for row in self._parked.blamed()
            if row.seq < event.seq
            and (row.type, row.sqlstate) == (event.type, judgement.sqlstate)
            and _words(row.reason) == _words(judgement.reason)
        )[1 - self._limit or None :]
        if not alike:
            return []
        since = self._box.read(after=alike[0], limit=WINDOW, event_type=event.type)
        if not since or since[-1].seq < event.seq:
            return []
        through = max((one.seq for one in since if one.seq < event.seq and one.seq not in self._parked), default=0)
        return [seq for seq in alike if seq > through]


def _words(reason: str) -> str:
    """A reason without the name of what this one event lacks; see `missing`."""
    return reason.partition(": ")[0]
