"""What an adversary may do, as data: drawn from the seed, removed one by one when a failure is shrunk."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that strikes at a step of a process.

    Attributes:
        kind: what happens. To a process: crash, power, stop. To the disk: full, slow disk, unsure (it says that it
            failed, and did not). To the bell: lost. To the line: cut, late, hang, slow (the server says nothing for a
            while), trickle (bytes move slowly), refuse.
        role: whom it may meet: generator, worker, operator or replayer. Over a bus, what would meet a worker meets the
            forwarder or the centre, whoever comes to such an edge; and only one of them, where it says so.
        edge: at which edges it may strike; those that begin with this.
        nth: the how manieth of these edges.
        at: how far through the statements of a round trip, 0 to 1.
        seconds: how long it lasts, or takes.
        after: it counts only once this has struck; "": from the beginning.
        sqlstate: what a statement is refused with.
    """

    kind: str
    role: str
    edge: str
    nth: int
    at: float = 1.0
    seconds: float = 0.0
    sqlstate: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Misfortune:
    """Something that happens at a moment, whoever does what.

    Attributes:
        kind: restart (of the database), restore (it goes back to an earlier moment), broken (a trigger refuses every
            row), hidden (a policy hides all minds), behind (the sequence of the tags' ids), clock (of a host, set to
            another time), power (of a host), full (its disk), swap (an older copy of the outbox file is put in its
            place, and the newest back later), edit, delete, take_back (of a file by hand), neighbour (another outbox is
            used on the same CONTENT_ROOT), pause, replay, old_list (a backup of the outbox file that is as long as the
            file itself is put in its place), back_and_forth (the database goes back, and forth again later), locked
            (the content tables, while somebody kills the worker again and again), changed (a row, by hand), bus_power,
            bus_purged, bus_anew (the bus loses its newest frames with the power, or frames here and there, or all).
        host: which one, by number.
        at: virtual seconds since the beginning.
        seconds: how long it lasts.
        amount: by how many seconds a clock is set forward.
    """

    kind: str
    host: int
    at: float
    seconds: float
    amount: float
