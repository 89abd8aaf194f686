"""Applies the events of many outboxes in one transaction: what a transaction costs is paid once for all of them.

It is `projection` for more than one position. Positions are locked in the order of their ids, rows after that in the
order of `ask`, so two that do this, or one that does it beside direct workers, wait for each other and never in a
circle. Events are folded in the order of their ids: of a row that several outboxes write, the newest event wins, as it
would have one after the other.

It is for the usual case alone. Whatever is raised, nothing was applied or the positions have to be asked, and the relay
of each outbox finds out by itself which one was at fault.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any
from uuid import UUID

import msgspec
from psycopg.errors import InvalidTextRepresentation

from outbox import Event, __version__
from worker.apply.fold import decode, fold
from worker.apply.kept import kept_as_it_was
from worker.apply.known import Decoded, wanted_by
from worker.apply.position import Position, host, require
from worker.apply.projection import ask, send_rows, send_tags
from worker.apply.queries import query
from worker.apply.stamps import Stamps
from worker.apply.transaction import begin, roll_back
from worker.connect.connection import Connection, Limits
from worker.errors import PositionMoved

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What of one outbox is applied: at least one event, in order, none of which lands in the inbox."""

    outbox_id: UUID
    position: Position
    events: Sequence[Event]
    stamps: Stamps


class _AnyStamps(Stamps):
    """What any of these outboxes can have made."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self._all = [part.stamps for part in parts]

    def made(self, stamp: UUID, newest_applied: UUID | None) -> bool:
        return any(one.made(stamp, newest_applied) for one in self._all)


def apply_together(
    connection: Connection, parts: Sequence[Part], *, limits: Limits, beside: Callable[[Connection], None]
) -> None:
    """Apply all of it and move all positions, or nothing.

    Args:
        connection: outside a transaction; outside one again at the end or after an error, unless it is lost.
        parts: of different outboxes.
        limits: time limits of the transaction.
        beside: sends what else is to be written in it.

    Raises:
        PositionMoved: a position is not where its part was read from, or its outbox may not write everything.
        EventFault, KeptAsItWas, psycopg.Error: see `projection.applying`.
    """
    parts = sorted(parts, key=attrgetter("outbox_id"))
    decoded: list[Decoded] = sorted(
        (one for part in parts for one in decode(part.events)), key=lambda one: one.event.event_id
    )
    ids = {"outbox_ids": [part.outbox_id for part in parts]}
    try:
        with connection.pipeline():
            begin(connection, limits)
            locked = connection.execute(query("bus", "lock_positions"), ids)
            confined = connection.execute(query("bus", "confined"), ids)
            known = ask(connection, wanted_by(decoded), _AnyStamps(parts))
        found: dict[Any, tuple[object, ...]] = {row[0]: row[1:] for row in locked.fetchall()}
        for part in parts:
            require(found.get(part.outbox_id), part.position)
        _refuse(confined.fetchall())
        changes = fold(decoded, known())
        with connection.pipeline():
            send_tags(connection, changes)
            send_rows(connection, changes)
            moves = [_move(part) for part in parts]
            values = {"rows": _encode(moves).decode(), "count": len(moves), "host": host(), "version": __version__}
            connection.execute(query("bus", "advance_all"), values)
            beside(connection)
            connection.execute("commit")
    except InvalidTextRepresentation as error:
        roll_back(connection)
        kept = kept_as_it_was(error)
        if kept is None:
            raise
        raise kept from error
    except BaseException:
        roll_back(connection)
        raise


def _refuse(confined: Sequence[object]) -> None:
    if confined:
        raise PositionMoved("an outbox may not write everything: what it may is looked at alone")


def _move(part: Part) -> dict[str, object]:
    to = part.events[-1]
    return {"outbox_id": part.outbox_id, "was": part.position.seq, "seq": to.seq, "event_id": to.event_id}
