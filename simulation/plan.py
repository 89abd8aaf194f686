"""What a seed stands for: who does what, and what goes wrong, all drawn before anything runs.

A scenario is data. So a run can be repeated, and a failing one be made smaller: by leaving out a fault, a misfortune or
the end of what a generator does, and looking whether it still fails.
"""

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace

from simulation.destination.server import KEPT
from simulation.faults import Fault, Misfortune

REFUSED_MARK, KILLER_MARK, SLOW_MARK = "☢", "☠", "⏳"
LESSONS = 5
ORDERS = 3


@dataclass(frozen=True, slots=True)
class Work:
    """One thing that a generator does; `number` makes its texts differ from all others."""

    kind: str
    lesson: int
    number: int
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Carrier:
    """A bus between forwarders and a centre, in the place of workers that connect directly.

    Attributes:
        rate: how probable a mishap is whenever it is asked for something.
        until: when it begins to behave.
        together: whether the centre applies several outboxes in one transaction.
        by_lane: whether it reads each partition by itself.
        centres: how many there are.
        frame_events, window_events: see `worker.bus.forward`.
        part_bytes: how much goes into one part of a frame.
    """

    rate: float
    until: float
    together: bool
    by_lane: bool
    centres: int
    frame_events: int
    window_events: int
    part_bytes: int


@dataclass(frozen=True, slots=True)
class Scenario:
    """A run, before it is run.

    Attributes:
        seed: where it comes from; chance within the run is drawn from it, too.
        work: for each host, for each of its generators, what it does.
        faults: bound to steps.
        misfortunes: bound to moments.
        batch: how many events go into one transaction.
        rivals: whether a second worker serves the file of the first host, without asking for the lock.
        prunes: whether operators prune what is proven.
        refusal: what code of the database's owner does to a title with the mark: a SQLSTATE that PostgreSQL knows, one
            of its own, or (KEPT) nothing at all, the row stays as it was.
        meddlers: whether a second operator decides in a hurry, whatever comes to hand.
        readers: whether published files are read and said again beside the generators, as `generate sync` does.
        strange_path: whether the login brings a search path along in which somebody else's functions come first.
        twin: whether a second worker is started for the first host's file, by a link to it.
        alike: how many refused alike in a row are the database's fault.
        insists: whether an operator tries again all the time what the database refuses.
        carrier: the bus that the hosts forward over; None: their workers connect directly.
        only_retries: whether operators edit and discard nothing.
    """

    seed: int
    work: tuple[tuple[tuple[Work, ...], ...], ...]
    faults: tuple[Fault, ...] = ()
    misfortunes: tuple[Misfortune, ...] = ()
    batch: int = 4
    rivals: bool = False
    prunes: bool = False
    refusal: str = "23514"
    readers: bool = False
    meddlers: bool = False
    strange_path: bool = False
    twin: bool = False
    alike: int = 5
    insists: bool = False
    carrier: Carrier | None = None
    only_retries: bool = False


_WORK = (
    ("lesson", 34), ("again", 6), ("several", 10), ("status", 6), ("metadata", 7), ("score", 5), ("tag", 6),
    ("untag", 5),
    ("link", 5), ("unlink", 4), ("delete", 4), ("project", 3), ("module", 3), ("orphan", 1),
)  # fmt: skip
_LINE = ("cut", "cut", "cut", "late", "hang", "slow", "refuse", "refuse")
# What is said beside that in some runs: of a catalogue that is unlike content's, and of none at all.
_STRANGE = (("order", 30), ("moved", 12), ("cancelled", 8), ("line", 20), ("stock", 12), ("recorded", 25))
# As the verdict sorts them: outage, overload, contention, environment; none of them is any event's fault.
_REFUSALS = ("57P01", "53300", "25006", "57014", "53200", "40001", "40P01", "55P03", "42501", "42P01", "XX000")
# Of a login alone: a person is needed, and whoever tries too often is banned.
LOGIN_REFUSALS = ("28P01", "28000")
_AT_LOGIN = (*_REFUSALS, "3D000", *(LOGIN_REFUSALS * 5))
_DISK = (
    "disk.create", "disk.write", "disk.fsync", "disk.rename", "disk.mkdir", "disk.unlink", "log.commit",
    "log.committed", "gate", "bell",
)  # fmt: skip


OVER_THE_BUS = 0.08


def draw(seed: int, *, over_the_bus: bool = False) -> Scenario:
    """Draw the scenario of a seed; some go over a bus, or all."""
    drawn, chance = _draw(seed), random.Random(f"bus {seed}")
    return _carried(drawn, chance) if chance.random() < OVER_THE_BUS or over_the_bus else drawn


def _carried(drawn: Scenario, chance: random.Random) -> Scenario:
    """The same over a bus, without what is none of its business or is not promised there (docs/simulation.md)."""
    hosts = len(drawn.work)
    carrier = Carrier(
        rate=chance.choice((0.0, 0.02, 0.05, 0.12)),
        until=chance.uniform(30, 200),
        together=chance.random() < 0.6,
        by_lane=chance.random() < 0.3,
        centres=2 if chance.random() < 0.12 else 1,
        frame_events=chance.choice((1, 3, 8, 200)),
        window_events=chance.choice((4, 20, 10_000)),
        part_bytes=random.Random(f"parts {drawn.seed}").choice((300, 1000, 480 * 1024)),
    )
    faults = [*drawn.faults, *(_on_the_way(chance) for _ in range(chance.choice((0, 1, 2, 3))))]
    misfortunes = [one for one in drawn.misfortunes if one.kind not in _NOT_OVER_THE_BUS]
    misfortunes += [_of_the_store(chance, hosts) for _ in range(chance.choice((0, 0, 1, 1, 2)))]
    goes_back = any(one.kind == "restore" for one in misfortunes)
    work = drawn.work
    if goes_back:
        work = tuple(tuple(tuple(_unmarked(share)) for share in host) for host in work)
    return replace(
        drawn,
        work=work,
        faults=tuple(faults),
        misfortunes=tuple(misfortunes),
        rivals=False,
        twin=False,
        meddlers=False,
        insists=False,
        carrier=carrier,
        only_retries=goes_back,
    )


_NOT_OVER_THE_BUS = frozenset({"swap", "old_list", "replay", "back_and_forth"})


def _unmarked(share: tuple[Work, ...]) -> Iterator[Work]:
    for one in share:
        if one.kind != "orphan":
            yield replace(one, title=one.title.replace(REFUSED_MARK, "").replace(KILLER_MARK, ""))


def _on_the_way(chance: random.Random) -> Fault:
    """A death of a forwarder or the centre beside the bus, between two parts of what they do there."""
    return Fault(
        kind=chance.choice(("crash", "crash", "crash", "stop")),
        role=chance.choice(("forwarder", "centre", "centre")),
        edge=chance.choice(("bus.publish", "bus.answer", "bus.read", "bus.newest", "bus.say", "net.commit", "net.")),
        nth=chance.randint(1, 12),
    )


def _of_the_store(chance: random.Random, hosts: int) -> Misfortune:
    """The bus loses its power or its store, or some of what it has."""
    return Misfortune(
        kind=chance.choice(("bus_power", "bus_power", "bus_purged", "bus_anew")),
        host=chance.randrange(hosts),
        at=chance.uniform(1, 150),
        seconds=chance.choice((0.0, chance.uniform(0, 30), chance.uniform(0, 300))),
        amount=chance.random(),
    )


def _draw(seed: int) -> Scenario:
    chance = random.Random(seed)
    meddlers = False
    calm = chance.random() < 0.1  # now and then nothing goes wrong, and that must be seen to work as well
    hosts = 2 if chance.random() < 0.22 else 1
    counter = itertools.count(1)
    work = tuple(
        tuple(
            tuple(_work(chance, counter, first=index == 0) for index in range(chance.randint(3, 9)))
            for _ in range(chance.choice((1, 1, 2)))
        )
        for _ in range(hosts)
    )
    edges = random.Random(f"edges {seed}")
    slow = 0.3 if edges.random() < 0.05 else 0.0
    work = tuple(tuple(tuple(_slow(edges, one, slow) for one in share) for share in host) for host in work)
    strange = random.Random(f"strange {seed}")
    if strange.random() < 0.5:
        work = tuple(tuple(tuple(_with_strange(strange, counter, share)) for share in host) for host in work)
    faults: list[Fault] = []
    misfortunes: list[Misfortune] = []
    if not calm:
        hands = random.Random(f"hands {seed}")
        faults = [_fault(chance) for _ in range(chance.choice((1, 2, 3, 4, 6)))]
        misfortunes = [_misfortune(chance, hosts) for _ in range(chance.choice((0, 0, 1, 1, 2, 3)))]
        misfortunes += [_hand(hands, hosts) for _ in range(hands.choice((0, 0, 1, 2, 4)))]
        operators = random.Random(f"operators {seed}")
        meddlers = operators.random() < 0.3
        misfortunes += [_replay(operators, hosts) for _ in range(operators.choice((0, 0, 0, 1, 1, 2)))]
        faults += [_while_deciding(operators) for _ in range(operators.choice((0, 0, 1, 2)))]
        slowness = random.Random(f"slow {seed}")
        faults += [_slowness(slowness) for _ in range(slowness.choice((0, 0, 1, 2)))]
        stores = random.Random(f"stores {seed}")
        misfortunes += [_store(stores, hosts) for _ in range(stores.choice((1, 1, 2)) if stores.random() < 0.12 else 0)]
    marked = any(REFUSED_MARK in one.title for host in work for share in host for one in share)
    batch, rivals = chance.choice((1, 2, 4, 8, 50)), chance.random() < 0.08
    return Scenario(
        seed=seed,
        work=work,
        faults=tuple(faults),
        misfortunes=tuple(misfortunes),
        batch=batch,
        rivals=rivals,
        refusal=random.Random(f"refusal {seed}").choice(("23514", "23514", "PT402", "ZZ999", "57P01", KEPT)),
        readers=random.Random(f"readers {seed}").random() < 0.35,
        meddlers=meddlers,
        strange_path=edges.random() < 0.3,
        twin=edges.random() < 0.03,
        alike=edges.choice((2, 3)) if not marked and edges.random() < 0.15 else 5,
        # Not beside rivals: each takes up what the other has, again and again, and a seed takes ten times as long.
        insists=not calm and not rivals and marked and edges.random() < 0.15,
        prunes=chance.random() < (0.6 if any(one.kind == "restore" for one in misfortunes) else 0.3),
    )


def _work(chance: random.Random, counter: Iterator[int], *, first: bool) -> Work:
    number = next(counter)
    if first:
        return Work("course", 0, number)
    kind = chance.choices([name for name, _ in _WORK], [weight for _, weight in _WORK])[0]
    mark = chance.choices(("", REFUSED_MARK, KILLER_MARK), (90, 8, 2))[0] if kind == "lesson" else ""
    if kind == "module":  # lessons refer to it: what depends on something parked is to be met often
        mark = chance.choice(("", REFUSED_MARK))
    return Work(kind, chance.randrange(LESSONS), number, f"Aula {number}{mark}")


def _with_strange(chance: random.Random, counter: Iterator[int], share: tuple[Work, ...]) -> Iterator[Work]:
    """Some work of other catalogues, between what is there."""
    for one in share:
        yield one
        for _ in range(chance.choice((0, 1, 1, 2))):
            kind = chance.choices([name for name, _ in _STRANGE], [weight for _, weight in _STRANGE])[0]
            mark = chance.choices(("", REFUSED_MARK, KILLER_MARK), (90, 8, 2))[0] if kind == "order" else ""
            number = next(counter)
            yield Work(kind, chance.randrange(ORDERS), number, f"Pedido {number}{mark}")


def _slow(chance: random.Random, work: Work, share: float) -> Work:
    """Some lessons are slower to write than a statement may be."""
    is_slow = work.kind == "lesson" and chance.random() < share
    return replace(work, title=work.title + SLOW_MARK) if is_slow else work


def _fault(chance: random.Random) -> Fault:
    what = chance.random()
    if what < 0.35:
        role = chance.choice(("generator", "generator", "worker"))
        kind = chance.choice(("crash", "crash", "power"))
        return Fault(kind=kind, role=role, edge=chance.choice(_DISK), nth=chance.randint(1, 8))
    if what < 0.45:
        edge = chance.choice(("net.", "log."))
        return Fault(kind=chance.choice(("crash", "stop")), role="worker", edge=edge, nth=chance.randint(1, 12))
    if what < 0.52:
        role, kind = chance.choice(("generator", "worker")), chance.choice(("full", "unsure"))
        return Fault(kind=kind, role=role, edge="log.commit", nth=chance.randint(1, 8), seconds=chance.uniform(1, 300))
    if what < 0.57:
        return Fault(kind="lost", role="generator", edge="bell", nth=chance.randint(1, 6))
    kind = chance.choice(_LINE)
    edge = chance.choice(("net.send", "net.commit", "net.commit"))
    if kind == "refuse" and chance.random() < 0.15:
        edge = "net.connect"
    return Fault(
        kind=kind,
        role="worker",
        edge=edge,
        nth=chance.randint(1, 8),
        at=chance.random(),
        seconds=chance.choice((0.0, chance.uniform(0, 3), chance.uniform(0, 120))),
        sqlstate=chance.choice(_AT_LOGIN if edge == "net.connect" else _REFUSALS) if kind == "refuse" else "",
    )


def _replay(chance: random.Random, hosts: int) -> Misfortune:
    """An operator has events applied again; `amount` says in which form."""
    return Misfortune(
        kind="replay",
        host=chance.randrange(hosts),
        at=chance.uniform(1, 150),
        seconds=0.0,
        amount=chance.random(),
    )


def _while_deciding(chance: random.Random) -> Fault:
    """A death between two writes of either store, while what is parked is decided about, released or replayed."""
    role = chance.choice(("worker", "worker", "worker", "operator", "replayer"))
    edges = ("log.commit", "log.committed", "net.send", "net.commit", "net.answer")
    return Fault(
        kind=chance.choice(("crash", "crash", "crash", "power", "stop")),
        role=role,
        edge=chance.choice(edges if role != "operator" else edges[:2]),
        nth=chance.randint(1, 8),
        after="an event that is parked" if role != "replayer" else "",
    )


def _slowness(chance: random.Random) -> Fault:
    """A disk on which every fsync takes seconds for a while, or a line on which bytes move slowly."""
    if chance.random() < 0.5:
        role, edge = chance.choice(
            (("generator", "disk."), ("generator", "disk."), ("generator", "log."), ("worker", "log."))
        )
        seconds = chance.uniform(10, 200)
        return Fault(kind="slow disk", role=role, edge=edge, nth=chance.randint(1, 12), seconds=seconds)
    edge, seconds = chance.choice(("net.send", "net.commit")), chance.choice((chance.uniform(1, 60), 600.0))
    return Fault(kind="trickle", role="worker", edge=edge, nth=chance.randint(1, 12), seconds=seconds)


def _store(chance: random.Random, hosts: int) -> Misfortune:
    """One of the two stores is put back, locked or changed, by people."""
    kind = chance.choice(
        ("old_list", "old_list", "back_and_forth", "back_and_forth", "locked", "changed", "changed", "broken")
    )
    return Misfortune(
        kind=kind,
        host=chance.randrange(hosts),
        at=chance.uniform(5, 150),
        seconds=chance.choice((chance.uniform(1, 20), chance.uniform(20, 300))),
        amount=chance.random(),
    )


def _hand(chance: random.Random, hosts: int) -> Misfortune:
    """What people do to files and outboxes of a host."""
    return Misfortune(
        kind=chance.choice(("delete", "delete", "take_back", "take_back", "neighbour", "neighbour")),
        host=chance.randrange(hosts),
        at=chance.uniform(0.2, 60),
        seconds=chance.uniform(0, 60),
        amount=0.0,
    )


def _misfortune(chance: random.Random, hosts: int) -> Misfortune:
    kind = chance.choice(
        (
            "restart",
            "restart",
            "restore",
            "restore",
            "clock",
            "clock",
            "power",
            "swap",
            "swap",
            "broken",
            "hidden",
            "behind",
            "full",
            "edit",
            "pause",
        )
    )
    return Misfortune(
        kind=kind,
        host=chance.randrange(hosts),
        at=chance.uniform(0.2, 60),
        seconds=chance.choice((chance.uniform(0, 5), chance.uniform(5, 300))),
        amount=chance.choice((-86_400.0, -3_600.0, -5.0, 5.0, 86_400.0)),
    )
