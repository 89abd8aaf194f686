"""Where in the log a moment lies, found by halving: an event id begins with its time, and ids rise with the log."""

from __future__ import annotations

import datetime as dt
import sqlite3

# The nearest that is there: a salvaged log may have gaps.
_NEAREST = "select seq, event_id < ? from events where seq <= ? order by seq desc limit 1"


def last_until(connection: sqlite3.Connection, moment: dt.datetime) -> int:
    """Return the seq of the last event appended until this moment, to the millisecond; some twenty looks by key.

    Where a clock was set back, ids keep the later time. What was pruned was appended before: then, as in an empty
    log, it is the seq before the first.
    """
    ms = int(moment.timestamp() * 1000) + 1
    first_after = f"{ms >> 16:08x}-{ms & 0xFFFF:04x}"
    first, last = connection.execute("select (select min(seq) from events), (select max(seq) from events)").fetchone()
    if first is None:
        return 0
    low, high = int(first) - 1, int(last)
    while low < high:
        middle = (low + high + 1) // 2
        seq, before = connection.execute(_NEAREST, [first_after, middle]).fetchone()
        if before:
            low = middle
        else:
            high = int(seq) - 1
    return low
