"""Whether a database that carries the identity of last time is the same, or lives elsewhere: a copy of it, or its heir.

A copy of a database, with its schema outbox, has the identity and the positions of the original, so the guard of
`position` cannot tell them apart. What can be told is where it lives: the identifier of the server's cluster, the
number of the database in it, and the time line of its history. A copy on another server, or beside the original,
differs; so does a database that was restored from a dump or moved. Which of them it is, only a person knows:
delivery goes on, and `outbox status` asks until `worker adopt` answers. A copy of the whole server, files and all, is
told by nothing until its history forks (a new time line), and that is what a failover looks like, too: it is logged.
"""

from __future__ import annotations

from uuid import UUID

from outbox import ServerSeen
from outbox.relaying import Log
from worker.apply.queries import query
from worker.connect.connection import Connection
from worker.logs import get_log
from worker.notes import best_effort


def recognise(connection: Connection, box: Log, destination_id: UUID) -> None:
    """Compare where the database lives with where it lived last time, and note what is new.

    Args:
        connection: outside a transaction.
        box: the outbox; its notes hold what was seen.
        destination_id: the identity that the database gives.
    """
    allowed = connection.execute(query("relay", "may_see_server")).fetchone()
    if allowed is None or not allowed[0]:
        return
    row = connection.execute(query("relay", "server")).fetchone()
    if row is None:
        return
    system, database, timeline = row
    now = ServerSeen(
        destination_id=destination_id, system=str(system), database=str(database), timeline=int(str(timeline))
    )
    before = box.relay.server_seen
    if now == before:
        return
    suspected = _suspected(before, now) or box.relay.suspected_copy
    with best_effort(box):
        box.relay.remember_server(now, suspected=suspected)


def _suspected(before: ServerSeen | None, now: ServerSeen) -> str | None:
    if before is None or before.destination_id != now.destination_id:
        return None
    elsewhere = before.system != now.system
    if not elsewhere and before.database == now.database:
        get_log().info("relay.destination_forked", before=before.timeline, now=now.timeline)
        return None
    what = "on another server" if elsewhere else "another database of the same server"
    get_log().warning("relay.destination_moved", destination_id=str(now.destination_id), what=what)
    return what
