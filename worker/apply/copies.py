"""Distinguishes a copy that was used on its own from one that is merely older, if the position alone cannot.

Both end before the database does. An older copy has nothing that the database did not have: the newest version of each
of its rows was written there, by this event or by a later one. A version that the database never had is a copy's own.
"""

from collections.abc import Iterator
from uuid import UUID

from outbox import Event
from outbox.catalogue import Does, active
from outbox.relaying import Log
from worker.apply.queries import query
from worker.connect.connection import Connection

LOOKED_AT = 1000
# Delivered before, as far as the file knows: a role that sees none of these rows may have no right to.
SHARED = 100


def own_event(connection: Connection, box: Log, passed: set[int]) -> Event | None:
    """Return an event of this file that the database has not had, if its rows show one.

    Args:
        connection: outside a transaction.
        box: a file that ends before the position.
        passed: the seqs that the position has passed without effect.
    """
    remembered = box.relay.position
    delivered = remembered.applied_seq if remembered is not None else 0
    decisions = box.decisions()
    catalogue = active()
    versions: dict[str, dict[str, Event]] = {kind: {} for kind in catalogue.aggregates}
    for event in box.read(after=max(0, delivered - SHARED), limit=LOOKED_AT):
        contract = catalogue.contracts.get(event.type)
        if contract is None or contract.does is not Does.MAKES or event.seq in passed or decisions.of(event.seq):
            continue
        versions[event.aggregate_type][contract.key_in(event.payload)] = event
    return next((event for found in versions.values() for event in _unknown(connection, found, delivered)), None)


def _unknown(connection: Connection, versions: dict[str, Event], delivered: int) -> Iterator[Event]:
    if not versions:
        return
    kind = next(iter(versions.values())).aggregate_type
    rows = connection.execute(query("projection", f"find_{kind}s"), {"slugs": sorted(versions)}).fetchall()
    stamps = {str(row[0]): None if row[2] is None else UUID(str(row[2])) for row in rows}
    for slug, event in versions.items():
        if event.seq <= delivered or not stamps:  # shared; or nothing can be seen of this table
            continue
        stamp = stamps.get(slug)
        if slug not in stamps or (stamp is not None and stamp < event.event_id):
            yield event
