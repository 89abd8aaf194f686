"""Follows the log: what is there, then what comes, without a notification library.

A look at `pragma data_version` costs microseconds and changes with every commit of another connection, so a
short poll does for a person who watches. The relay wakes by the bell instead.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from outbox.catalogue.event import Event
from outbox.outbox import Outbox

_POLL_SECONDS = 0.1


def follow(box: Outbox, *, after: int, pause: Callable[[float], None] = time.sleep) -> Iterator[Event]:
    """Yield the events after `after`, then each new one, for ever.

    Args:
        box: the outbox.
        after: seq to begin behind.
        pause: waits between two looks, seconds.
    """
    while True:
        found = box.read(after=after)
        yield from found
        if found:
            after = found[-1].seq
        else:
            pause(_POLL_SECONDS)
