"""What operators decided about events for good, read from the audit trail.

The log keeps what was said; what is applied is what was decided about it. A replay into a fresh database, and the
comparison of rows with the log, must obey that: a discarded event stays discarded, an edited one stays edited.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

import msgspec

from outbox.event import Event

_QUERY = """
select seq, action, after from audit
where id in (
  select max(id) from audit where seq is not null and action in ('edit', 'supersede', 'discard') group by seq
)
"""


class Decisions:
    """The last edit, supersession or discard of each event that has one.

    Args:
        decided: seq -> the payload to apply instead, None where nothing is to be applied.
    """

    def __init__(self, decided: dict[int, str | None]) -> None:
        self._decided = decided

    @classmethod
    def read(cls, connection: sqlite3.Connection) -> Decisions:
        """Read them all; there are as many as operators made."""
        return cls({seq: None if action == "discard" else after for seq, action, after in connection.execute(_QUERY)})

    def obeyed(self, events: Iterable[Event]) -> list[Event]:
        """Return the events as they are to be applied, without those that are not."""
        if not self._decided:
            return list(events)
        return [one for event in events if (one := self._as_decided(event)) is not None]

    def _as_decided(self, event: Event) -> Event | None:
        if event.seq not in self._decided:
            return event
        payload = self._decided[event.seq]
        return None if payload is None else msgspec.structs.replace(event, payload_json=payload)
