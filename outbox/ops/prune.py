"""Retention: deletes the oldest events, and only those that are proven to be in the destination.

Proof is what `worker verify` wrote down after it compared rows with events by hash; a remembered position is
none, because a database that was restored from a backup goes back behind it. Only a prefix of the log goes,
so seqs stay contiguous; the event at the applied position stays, for the guard compares its id; nothing that
is parked goes, nor what recovery may need to write a file again. Of the rest, age decides.

Deleted pages are used again; the file does not shrink.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from operator import itemgetter

from outbox.log.checkpoint import keep_small
from outbox.log.moment import last_until
from outbox.log.sqlite_errors import translated
from outbox.log.transaction import write_transaction
from outbox.notes import audit
from outbox.outbox import Outbox
from outbox.paths import OutboxPaths

DEFAULT_KEEP_DAYS = 30
# Small steps: generators get through the gate in between.
_STEP_EVENTS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class PrunePlan:
    """What a prune would delete.

    Attributes:
        first_seq: the oldest event that is there, 0 in an empty log.
        below_seq: events with a smaller seq go.
        events: how many that is.
        because: what keeps the rest.
    """

    first_seq: int
    below_seq: int
    events: int
    because: str


def plan_prune(box: Outbox, *, keep_days: float = DEFAULT_KEEP_DAYS) -> PrunePlan:
    """Return what a prune would delete; nothing is changed.

    Args:
        box: the outbox.
        keep_days: younger events stay, whatever is proven.
    """
    connection = box.connection
    first, last = connection.execute(
        "select coalesce((select min(seq) from events), 0), coalesce((select max(seq) from events), 0)"
    ).fetchone()
    # By the times in the ids, which are never earlier than `occurred_at`: looked up, not searched for in the whole log.
    young = last_until(connection, box.clock.now() - dt.timedelta(days=keep_days, milliseconds=1)) + 1
    (staged,) = connection.execute("select min(seq) from files where temp is not null").fetchone()
    (parked,) = connection.execute("select min(seq) from parked").fetchone()
    proven = _proven(box, parked)
    unproven = "not proven yet to be in the destination: run `worker verify`"
    newest = "the newest, by which the worker knows this log; it always stays"
    limits = [(proven, newest if 0 < proven == last else unproven)]
    if first and young <= last:
        limits.append((young, f"younger than {keep_days:g} days"))
    if staged is not None:
        limits.append((staged, "carrying a file that may still have to be published: `outbox recover`"))
    if parked is not None:
        limits.insert(0, (parked, "parked: `outbox parked list`"))
    below, because = min(limits, key=itemgetter(0))
    return PrunePlan(first_seq=first, below_seq=below, events=max(0, below - first) if first else 0, because=because)


def prune(box: Outbox, found: PrunePlan) -> int:
    """Delete what the plan names; safe to interrupt and to run beside everything else.

    What may go is asked again before each step: a plan that became wrong deletes less.

    Args:
        box: the outbox, open for writing.
        found: the result of `plan_prune`.

    Returns:
        How many events were deleted.
    """
    deleted = 0
    paths = OutboxPaths(box.path)
    with translated(box.path):
        # Overwriting freed pages with zeros (a build option of Debian's SQLite) costs four times the deletion.
        box.connection.execute("pragma secure_delete = off")
        for start in range(found.first_seq, found.below_seq, _STEP_EVENTS):
            with write_transaction(box.connection, box.gate):
                # Asked again under the gate: since the plan a worker may have met a database that went back.
                end = min(start + _STEP_EVENTS, found.below_seq, *_still_allowed(box))
                if end <= start:
                    break
                last = box.connection.execute("select event_id from events where seq = ?", [end - 1]).fetchone()
                deleted += box.connection.execute("delete from events where seq < ?", [end]).rowcount
                # What is gone cannot be replayed: a worker whose position was set back behind it has to know.
                box.connection.execute("insert or replace into meta values ('pruned_below', ?)", [str(end)])
                # And one that is set back to just there names this event: another copy of the log may still have it.
                border = "insert or replace into meta select 'pruned_event_id', ? where ? is not null"
                box.connection.execute(border, [last and last[0], last and last[0]])
            # A worker checkpoints as it delivers, and an idle one never: the WAL would grow as large as what goes.
            keep_small(box.connection, box.gate, paths)
        if deleted:
            with write_transaction(box.connection, box.gate):
                audit.record(box.connection, box.clock.now(), "prune", seq=box.relay.pruned_below, reason=found.because)
    return deleted


def _still_allowed(box: Outbox) -> list[int]:
    (parked,) = box.connection.execute("select min(seq) from parked").fetchone()
    return [_proven(box, parked), *([] if parked is None else [parked])]


def _proven(box: Outbox, parked: int | None) -> int:
    """Return the seq before which everything is proven; the event of the proof itself stays, or the newest would go."""
    proven = box.relay.verified_seq
    return parked if parked == proven + 1 else proven
