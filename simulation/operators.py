"""Operators who do what the runbook offers, at moments that nobody chose well: replays, and decisions in bursts."""

import random
from collections.abc import Callable

import psycopg

from outbox import (
    Outbox,
    OutboxError,
    ParkedConflict,
    ParkedEvent,
    ParkedState,
    StorageFailed,
    StorageFull,
    WorkerLock,
    WorkerRunning,
)
from outbox.operating import resolve
from simulation.declared import named
from simulation.host import Host
from simulation.invariants import what_only_adds_goes_along
from simulation.kernel import Kernel
from simulation.plan import LESSONS
from simulation.programs import PROJECT, Dial, Waiting, is_passed, may_be_under_way
from worker.errors import PositionMoved, TargetRefused, WorkerError
from worker.run.replay import _first_seq, apply_again, rewind

REPLAYS = ("all", "from-seq", "from-parked", "from-parked", "since", "aggregate", "aggregate")
# A person waits that long for a worker that was told to end, then looks what keeps it.
WORKER_ENDS_IN_SECONDS = 120.0
MEDDLES_FOR_SECONDS = 250.0
INSISTS_FOR_SECONDS = 120.0


class Replayer:
    """`worker replay`: the worker is told to end, the position is set back, and the worker is started again.

    Args:
        form: which of the replays.
        struck: told of what was done.
        done: called once, when it is over.
    """

    def __init__(
        self,
        kernel: Kernel,
        host: Host,
        dial: Dial,
        chance: random.Random,
        form: str,
        *,
        struck: set[str],
        done: Callable[[], None],
    ) -> None:
        self._kernel = kernel
        self._host = host
        self._dial = dial
        self._chance = chance
        self._form = form
        self._struck = struck
        self._done = done

    def run(self) -> None:
        """Try until it was done, or was refused with a reason."""
        self._kernel.sleep(0.0)
        until = self._kernel.now + WORKER_ENDS_IN_SECONDS
        while self._kernel.now < until:
            try:
                with Outbox.open(self._host.log, content_root=self._host.root, clock=self._host, lenient=True) as box:
                    self._stop_the_worker()
                    with WorkerLock(self._host.log):
                        self._replay(box)
                        break
            except (TargetRefused, WorkerError) as refused:
                if isinstance(refused, PositionMoved):
                    continue
                break
            except (WorkerRunning, StorageFull, StorageFailed, psycopg.Error, OSError):
                self._kernel.sleep(self._chance.uniform(0.1, 2))
        self._done()

    def _stop_the_worker(self) -> None:
        for process in self._kernel.processes:
            if process.host is self._host and process.role == "worker":
                for one in process.belongings:
                    if isinstance(one, Waiting):
                        one.stopping = True

    def _replay(self, box: Outbox) -> None:
        connection = self._dial()
        try:
            match self._form:
                case "aggregate":
                    slug = f"{PROJECT}--{self._chance.randrange(LESSONS)}"
                    if rows := box.parked.list():
                        event = box.event(self._chance.choice(rows).seq)
                        slug = named(event.aggregate_type, event.payload)
                    apply_again(connection, box, slug)
                case "all":
                    rewind(connection, box, 1, anew=True)
                case "since":
                    seq = self._chance.randint(1, box.last_seq or 1)
                    seen = self._host.witness.events.get(seq)
                    rewind(connection, box, _first_seq(box, seen.occurred_at if seen is not None else None))
                case "from-parked":
                    rewind(connection, box, self._chance.choice([row.seq for row in box.parked.list()] or [1]))
                case _:
                    rewind(connection, box, self._chance.randint(1, box.last_seq + 1))
            self._struck.add(f"replay {self._form}")
        finally:
            connection.close()


class Meddler:
    """A second operator, in a hurry: several decisions in a row, right, wrong or of no use; after a while he leaves.

    Args:
        struck: told of what was done.
        under_way: whether a batch may be on its way to the database: what is decided about it then may come too late.
    """

    def __init__(
        self,
        kernel: Kernel,
        host: Host,
        chance: random.Random,
        *,
        struck: set[str],
        under_way: Callable[[Host], bool],
    ) -> None:
        self._kernel = kernel
        self._host = host
        self._chance = chance
        self._struck = struck
        self._is_under_way = under_way

    def run(self) -> None:
        """Come by often, then no more."""
        while self._kernel.now < MEDDLES_FOR_SECONDS:
            self._kernel.sleep(self._chance.choice((0.5, 5.0, 40.0)) * self._chance.random())
            if self._host.is_swapped:
                continue
            try:
                with Outbox.open(self._host.log, content_root=self._host.root, clock=self._host) as box:
                    for _ in range(self._chance.choice((1, 1, 2, 5))):
                        self._kernel.pause("meddle")
                        self._meddle(box)
            except (StorageFull, StorageFailed):
                continue
        self._kernel.sleep(float("inf"))

    def _meddle(self, box: Outbox) -> None:
        rows = box.parked.list()
        try:
            if rows and self._chance.random() < 0.8:
                self._decide(box, self._chance.choice(rows))
            elif box.last_seq:
                position = box.relay.position
                passed = position.applied_seq if position is not None else 0
                seq = self._chance.randint(min(passed + 1, box.last_seq), box.last_seq)
                if self._host.witness.last_decision(seq).id and self._is_under_way(self._host):
                    return  # of which that is true as well: see `is_passed`
                self._struck_by("park")
                resolve.set_aside(box, seq, "not now")
        except (StorageFull, StorageFailed):
            raise
        except (ParkedConflict, OutboxError):  # said with the reason, and nothing was decided
            return

    def _decide(self, box: Outbox, row: ParkedEvent) -> None:
        seq = row.seq
        what = self._chance.random()
        if row.state is ParkedState.HELD and what < 0.5:  # he is told that it waits for another
            resolve.retry(box, seq)
        elif what < 0.35 or (not is_passed(box, row) and self._is_under_way(self._host)):
            self._struck_by("retry")
            resolve.retry(box, seq)
        elif what < 0.55:
            self._struck_by("discard")
            alone = self._chance.random() < 0.3 or may_be_under_way(box, resolve.additions(box, seq))
            resolve.discard(box, seq, "no use", alone=alone)
            if not alone:
                self._kernel.judge(what_only_adds_goes_along, self._host, seq)
        elif what < 0.7:
            self._struck_by("supersede")
            resolve.supersede(box, seq, "as its file is")
        else:
            payload = box.event(seq).payload
            name = "title" if "title" in payload else "name"
            if name in payload:
                self._struck_by("edit")
                resolve.edit(box, seq, {**payload, name: f"{payload[name]} {self._chance.randrange(100)}"}, "better")

    def _struck_by(self, what: str) -> None:
        self._struck.add(f"a hasty {what}")
        self._struck.add("a decision")


class Insister:
    """An operator who will not believe it: whatever the database refuses is tried again, every few seconds."""

    def __init__(self, kernel: Kernel, host: Host, chance: random.Random, *, struck: set[str]) -> None:
        self._kernel = kernel
        self._host = host
        self._chance = chance
        self._struck = struck

    def run(self) -> None:
        """Retry all that is refused; what the worker died of is left to others."""
        while self._kernel.now < INSISTS_FOR_SECONDS:
            self._kernel.sleep(self._chance.uniform(1, 6))
            if self._host.is_swapped:
                continue
            try:
                with Outbox.open(self._host.log, content_root=self._host.root, clock=self._host) as box:
                    for row in box.parked.list(state=ParkedState.PARKED):
                        if row.sqlstate is not None:
                            self._struck.add("an operator who insists")
                            resolve.retry(box, row.seq)
            except (StorageFull, StorageFailed, ParkedConflict):
                continue
        self._kernel.sleep(float("inf"))
