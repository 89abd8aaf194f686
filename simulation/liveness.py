"""G5, liveness: what a worker has not done by the time it waits for news, it does before it waits for news again.

A run that ends shows that everything arrives some day; an operator who decides a second time, or a worker that happens
to be restarted, may have freed what nothing else would have. So every worker is looked at when it has no more to do and
waits: all of its log is passed, and each event that was passed without effect waits for a person, or for an earlier one
that does. What was appended or decided a moment ago is excused once: the worker hears of it before it waits again. A
later decision about the same event is news once more, or one about an earlier event that it waited for; and so is
whatever a database lacks that was put back meanwhile.

Which event waits for what is worked out from the rows of the database, the events and the decisions, as
docs/state_machine.md has it; the view in the file is not asked.
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from simulation.host import Host
from simulation.kernel import Process, Violation
from simulation.witness import Witness


class Liveness:
    """Looks at workers that have nothing to do.

    Args:
        tables: gives the rows that are committed: table -> key -> row.
        restored: gives how often the database was put back.
    """

    def __init__(self, tables: Callable[[], dict[str, Any]], restored: Callable[[], int]) -> None:
        self._tables = tables
        self._restored = restored
        self._undone: dict[Process, set[tuple[int, int, int]]] = {}

    def waits(self, process: Process) -> None:
        """A worker is about to wait for news.

        Raises:
            Violation: it waited before, and has left undone since what it could do.
        """
        host: Host = process.host
        if host.is_swapped or host.is_full() or host.witness.is_paused():  # on a full disk it cannot be told
            self._undone.pop(process, None)
            return
        undone = {(seq, decided, self._restored()) for seq, decided in undone_of(host.witness, self._tables()).items()}
        nothing_waits_for_nothing({seq for seq, *_ in self._undone.get(process, set()) & undone})
        self._undone[process] = undone


def nothing_waits_for_nothing(seqs: set[int]) -> None:
    """G5: whatever waits for neither a person nor an earlier event that does is carried out."""
    if seqs:
        raise Violation("nothing_waits_for_nothing", f"the worker waits for news, and {sorted(seqs)} wait for nothing")


def undone_of(witness: Witness, tables: dict[str, Any]) -> dict[int, int]:
    """Return the seqs of the events that a worker could carry out now, each with the newest decision that lets it.

    That is one about the event itself, or about an earlier one on the list that it depends on; 0: there is none.
    """
    outbox_id = witness.outbox_id
    position = tables["sources"].get(outbox_id, {"applied_seq": 0})["applied_seq"]
    beyond = range(max(position + 1, witness.pruned_below), witness.last_seq + 1)
    undone = {seq: witness.last_decision(seq).id for seq in beyond}
    waiting: set[UUID] = set()
    decided: dict[UUID, int] = {}  # aggregate -> the newest decision about what is on the list of it, or before it
    rows = sorted((seq, row["state"]) for (outbox, seq), row in tables["parked"].items() if outbox == outbox_id)
    for seq, state in rows:
        event = witness.events[seq]
        decision = witness.last_decision(seq)
        needed = {event.aggregate_id, *event.refs}
        newest = max(decision.id, *(decided.get(one, 0) for one in needed))
        decided[event.aggregate_id] = newest
        is_a_persons = state == "parked" and (decision.action in {"", "park"} or decision.outcome == "refused")
        is_discarded = decision.action == "discard"
        if not is_discarded and (is_a_persons or not waiting.isdisjoint(needed)):
            waiting.add(event.aggregate_id)
        else:
            undone[seq] = newest
    return undone
