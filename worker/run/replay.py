"""Replays: the position is set back, under its lock, and the ordinary relay does the rest.

Nothing is doubled by it: every row carries the event that wrote it last, and older ones leave it alone. So a replay
fills in what a fresh or restored database lacks, and changes nothing if nothing is lacking.
"""

from datetime import UTC, datetime
from uuid import UUID

from psycopg.errors import UndefinedColumn

from outbox import Decisions, EventNotFound, Outbox, ids
from outbox.catalogue import active
from worker.apply.fold import decode
from worker.apply.position import Position, greet, older, parked_seqs
from worker.apply.projection import Batch, apply_batch
from worker.apply.queries import query
from worker.apply.stamps import Stamps
from worker.apply.transaction import limited
from worker.connect.connection import Connection, Limits
from worker.errors import Holding, PositionMoved, WorkerError
from worker.logs import logs_of_a_library
from worker.run.dial import connected
from worker.run.drain import Drained, drain
from worker.run.runtime import destination, served_outbox
from worker.settings import WorkerSettings

PAGE = 200


def replay(
    settings: WorkerSettings | None = None,
    *,
    from_seq: int | None = None,
    since: datetime | None = None,
    anew: bool = False,
    local: bool = False,
    progress: bool = False,
) -> Drained:
    """Set the position back to just before an event and drain, as `worker replay` does.

    Args:
        settings: of the worker; None: from the environment, and `.env` below it.
        from_seq: the first event to apply again; None: that of `since`.
        since: the first one at or after this time, UTC; None: the first of the log.
        anew: accept the database that is named now, though it may be another than last time.
        local: use the embedded Postgres.
        progress: show a bar on stderr, if that is a terminal.

    Raises:
        WorkerError: the event is beyond the end of the log, or pruned; and as `drain`.
    """
    settings = settings or WorkerSettings.from_env()
    if not settings.persist:
        raise Holding
    with (
        logs_of_a_library(),
        served_outbox(settings) as box,
        destination(settings, local=local) as dsn,
        connected(dsn) as connection,
    ):
        rewind(connection, box, _first_seq(box, since) if from_seq is None else from_seq, anew=anew)
    return drain(settings, local=local, progress=progress)


def rewind(connection: Connection, box: Outbox, seq: int, *, anew: bool = False) -> None:
    """Set the position back to just before an event; the caller holds the `WorkerLock`.

    Args:
        connection: outside a transaction.
        box: the outbox.
        seq: of the first event to apply again.
        anew: accept the database that is connected, though it may be another than last time.

    Raises:
        WorkerError: the event is beyond the end of the log, or pruned.
    """
    if seq > box.last_seq + 1:
        raise WorkerError(f"the log ends at {box.last_seq}: there is no event {seq}")
    _require_kept(box, seq)
    if anew:
        _accept(connection, box)
    _rewind(connection, box, greet(connection, box), seq - 1)


def replay_aggregate(settings: WorkerSettings, slug: str, *, local: bool = False) -> int:
    """Apply the events of everything with this slug again; the position stays where it is.

    Returns:
        How many events.
    """
    if not settings.persist:
        raise Holding
    with served_outbox(settings) as box, destination(settings, local=local) as dsn, connected(dsn) as connection:
        return apply_again(connection, box, slug)


def apply_again(connection: Connection, box: Outbox, slug: str) -> int:
    """Apply the delivered events of everything with this slug again; the caller holds the `WorkerLock`.

    Returns:
        How many events.
    """
    position = greet(connection, box)
    waiting = parked_seqs(connection, box)
    decisions = Decisions.read(box.connection)
    events = [
        event
        for kind in active().aggregates
        for event in decisions.obeyed(box.events(aggregate_id=ids.aggregate_id(kind, slug)))
        if event.seq <= position.seq and event.seq not in waiting
    ]
    if not events:
        raise WorkerError(f"no delivered event speaks of {slug}: `outbox events` lists what there is")
    for start in range(0, len(events), PAGE):
        batch = Batch(apply=decode(events[start : start + PAGE]))
        apply_batch(connection, batch, outbox_id=box.outbox_id, position=position, limits=Limits(), stamps=Stamps(box))
    return len(events)


def _first_seq(box: Outbox, since: datetime | None) -> int:
    if since is None:
        return 1
    moment = since if since.tzinfo is not None else since.replace(tzinfo=UTC)
    return next((event.seq for event in box.events() if event.occurred_at >= moment), box.last_seq + 1)


def _accept(connection: Connection, box: Outbox) -> None:
    """Make the database that is named now this outbox's destination, from its first event on."""
    row = connection.execute(query("relay", "destination")).fetchone()
    if row is not None:
        box.relay.remember_position(row[0], 0, None)  # type: ignore[arg-type]


def _rewind(connection: Connection, box: Outbox, position: Position, seq: int) -> None:
    if seq >= position.seq:
        return
    event_id = _id_at(box, seq)
    values = {"outbox_id": box.outbox_id, "from_seq": position.seq, "to_seq": seq, "to_event_id": event_id}
    with limited(connection, Limits()):
        try:
            moved = connection.execute(query("relay", "rewind"), values).rowcount
        except UndefinedColumn as exc:
            raise older("the database cannot note how far it had come before a replay") from exc
        if moved != 1:
            raise PositionMoved("somebody else moved the position: stop the other worker and try again")
        # What is parked is what the position has passed: beyond it everything is read and judged again.
        connection.execute(query("relay", "forget_beyond"), {"outbox_id": box.outbox_id})
        # Here first, then there: from the note on nothing is pruned that the position went back behind, and what was
        # pruned before it is seen now. The other way round a prune could delete what is to be applied again.
        box.relay.remember_position(position.destination_id, seq, event_id)
        _require_kept(box, seq + 1)


def _require_kept(box: Outbox, seq: int) -> None:
    if seq < box.relay.pruned_below:
        raise WorkerError(
            f"events below {box.relay.pruned_below} were pruned: replay from there on, or bring everything back "
            "with a new outbox and `generate import` (docs/runbook.md#pruned-events)"
        )


def _id_at(box: Outbox, seq: int) -> UUID | None:
    """The event that the position is to name; none before the first, and none that a version before this one pruned."""
    try:
        return box.event(seq).event_id
    except EventNotFound:
        return box.relay.pruned_event_id if seq and seq == box.relay.pruned_below - 1 else None
