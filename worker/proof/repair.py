"""Mends rows that are not as the log says, by saying again what the log says.

Nothing is appended: the log is right, the row is wrong, and a new event would be newer than what other hosts wrote
meanwhile. Under the lock of the position, in one transaction per aggregate, its delivered events are folded from the
first to the last and written. The position stays. A row that another outbox wrote later is left alone.

A row is called repaired once it was looked at again: a trigger may keep it as it is.

Files are not mended here: `generate sync` takes their text in, which is news and belongs into the log.
"""

from collections.abc import Iterable, Iterator

import psycopg

from outbox import Event
from outbox.catalogue import INBOX, Does, active
from outbox.relaying import Log
from worker.apply import obstacles
from worker.apply.fold import decode
from worker.apply.position import Position, parked_seqs
from worker.apply.projection import Batch, apply_batch
from worker.apply.stamps import Stamps
from worker.connect.connection import Connection, Limits
from worker.errors import EventFault, KeptAsItWas
from worker.faults.evidence import is_gone
from worker.faults.verdict import Phase, judge
from worker.proof.expected import Expected, fold_one
from worker.proof.verify import Repaired, Verified, differing


def repair_all(connection: Connection, box: Log, found: Verified, position: Position) -> list[Repaired]:
    """Write the rows that are missing or differ again, in the order in which the log first speaks of them.

    Args:
        connection: to the destination, outside a transaction.
        box: the outbox; this process must hold its `WorkerLock`.
        found: what `verify_all` found.
        position: where the outbox stands there.

    Raises:
        PositionMoved: another worker delivers meanwhile.
        psycopg.Error: the database went away; what was mended stays mended.
    """
    wrong = {one.label: one for one in reversed(found.wrong)}
    some = sorted(wrong.values(), key=lambda one: one.first_seq)
    return list(_repair(connection, box, some, position))


def _repair(connection: Connection, box: Log, some: Iterable[Expected], position: Position) -> Iterator[Repaired]:
    waiting = parked_seqs(connection, box)
    decisions = box.decisions()
    for one in some:
        events = [
            event
            for event in decisions.obeyed(box.events(aggregate_id=one.aggregate_id))
            if event.seq <= position.seq and event.seq not in waiting
        ]
        reason = say_again(connection, box, events, one, position)
        now = fold_one(events[0], events) if one.kind == INBOX.kind else one
        if reason is None and (left := differing(connection, box, now)):
            reason = f"the database keeps it otherwise: {'; '.join(left)}{_keepers(connection, one)}"
        yield Repaired(what=one.label, reason=reason)


def _keepers(connection: Connection, one: Expected) -> str:
    aggregate = INBOX if one.kind == INBOX.kind else active().aggregates[one.kind]
    found = obstacles.keepers(connection, aggregate.relation)
    return f" ({', '.join(found)})" if found else ""


def say_again(
    connection: Connection,
    box: Log,
    events: list[Event],
    one: Expected,
    position: Position,
    *,
    rights: bool = False,
) -> str | None:
    """Write one row from these events, whichever of them wrote it last; returns why not, None if it is written.

    Raises:
        PositionMoved: another worker delivers meanwhile.
        psycopg.Error: the database went away.
    """
    try:
        decoded = decode(events)
        # What was said before its row was removed for good has no effect, and might be refused by now.
        start = max((at for at, item in enumerate(decoded) if item.contract.does is Does.REMOVES), default=0)
        batch = Batch(apply=decoded[start:], again=[(one.kind, one.key, events[-1].event_id)])
        apply_batch(
            connection,
            batch,
            outbox_id=box.outbox_id,
            position=position,
            limits=Limits(),
            stamps=Stamps(box),
            rights=rights,
        )
    except EventFault as fault:
        return fault.reason
    except KeptAsItWas as kept:
        return str(kept)
    except psycopg.Error as error:
        if is_gone(connection, error) or error.sqlstate is None:
            raise
        return judge(error, Phase.APPLY).reason
    return None
