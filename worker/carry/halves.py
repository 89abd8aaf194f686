"""Where a batch may be cut in two, so that the second part can be worked out before the first one is committed.

The second part is folded with what the database shows while the first is still under way. So it must speak of nothing
that the first part changes: no row that both change, none that the first makes and the second points at. The other way
round does no harm, for the first part never sees the second. A tag that both make is no obstacle: the first part makes
it early, the second late, and waits (`projection.send_tags`).

Nor may it depend on anything of the first, as parking understands it (`refs`): should the first part be carried anew
while the second is still on its way, and one of its events be parked then, the second part holds nothing that would
have to be held behind it.

A cut in the wrong place would mostly cost time and nothing else: what the second part does not find, or finds locked,
makes it fail, and it is carried again. Courses follow each other in a log, and a large course has its modules, so there
is mostly a place near the middle.
"""

from collections.abc import Sequence
from itertools import accumulate
from uuid import UUID

from outbox.catalogue import Does
from worker.apply.known import Decoded, references_of

Name = tuple[str, str] | UUID  # of an aggregate: kind and natural key, or its id
LEAST_SHARE = 0.25  # of a batch: less than that is not worth a second transaction


def cut_of(decoded: Sequence[Decoded]) -> int | None:
    """Return how many events the first part has, as near to half as can be; None where there is no such place."""
    # Rows of the inbox get their ids in the order of the log. Whoever removes rows keeps all others from their table.
    if any(item.contract.does in {Does.RECORDS, Does.REMOVES} for item in decoded):
        return None
    count = len(decoded)
    changed: dict[Name, int] = {}  # where the first event stands that changes it
    spoken_of: dict[Name, int] = {}  # where the last one does that changes it or points at it
    for place, item in enumerate(decoded):
        event = item.event
        own: tuple[Name, Name] = ((event.aggregate_type, item.key), event.aggregate_id)
        for name in own:
            changed.setdefault(name, place)
        spoken_of.update(dict.fromkeys((*own, *references_of(item), *event.refs), place))
    # A cut at c parts the events before c from those at c and after: between the two places it would part a pair.
    steps = [0] * (count + 1)
    for name, first in changed.items():
        if (last := spoken_of[name]) > first:
            steps[first + 1] += 1
            steps[last + 1] -= 1
    parted = list(accumulate(steps))
    least = max(1, int(count * LEAST_SHARE))
    free = [cut for cut in range(least, count - least + 1) if not parted[cut]]
    return min(free, key=lambda cut: abs(2 * cut - count), default=None)
