"""Whether the event that a row names as its last was made by an outbox at all.

A row carries the id of the event that wrote it last, and an older event leaves it alone. A role that can write that
column could so make a row deaf to all that follows. The API roles cannot (docs/security.md), and besides the relay
believes a stamp only if an outbox can have made it:

- it is a UUIDv7, as every event id is;
- and it is an event of this very log, or not newer than the newest event that any outbox known to this database has
  had applied: a row and its outbox's position are written in one transaction, so a stamp beyond all positions is
  nobody's. A replay sets its position back, so how far that had come is noted beside it and counts. What was pruned
  from this log is older than all that it still holds.

A stamp of which that is not true is taken for none: the event is applied. What no rule of this kind can tell is a stamp
within the past of *another* outbox; `worker verify` counts such rows as not compared, and nothing of them is pruned.
"""

from uuid import UUID

from outbox import EventNotFound
from outbox.relaying import Log

UUID_VERSION_OF_EVENTS = 7


class Stamps:
    """Judges stamps.

    Args:
        box: the outbox whose events are applied.
    """

    def __init__(self, box: Log) -> None:
        self._box = box

    def made(self, stamp: UUID, newest_applied: UUID | None) -> bool:
        """Whether an outbox can have made this event id.

        Args:
            stamp: the id.
            newest_applied: the newest event of all positions of this database, also of those that a replay set back;
                read after the stamp was.
        """
        if stamp.version != UUID_VERSION_OF_EVENTS:
            return False
        if newest_applied is not None and stamp <= newest_applied:
            return True
        return self._box.holds(stamp) or self._is_pruned(stamp)

    def _is_pruned(self, stamp: UUID) -> bool:
        first = self._box.relay.pruned_below
        if not first:
            return False
        try:
            return stamp < self._box.event(first).event_id
        except EventNotFound:
            return False
