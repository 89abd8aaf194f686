"""The world of one run: hosts, their processes, one database, and an adversary."""

import datetime as dt
import os
import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

from outbox import WorkerRunning
from outbox.errors import StorageFailed, StorageFull
from simulation import operators, programs
from simulation.adversary import Adversary
from simulation.bus import Line as BusLine
from simulation.bus import Site, Store
from simulation.declared import named
from simulation.destination.line import Line
from simulation.destination.server import Server
from simulation.destination.tables import Transaction
from simulation.edges import injected
from simulation.host import EPOCH, Host
from simulation.invariants import (
    Knocks,
    a_killer_is_found,
    everything_is_as_it_should_be,
    nothing_unproven_is_pruned,
    what_was_decided_took_effect,
)
from simulation.kernel import Kernel, Killed, Process, Violation
from simulation.ledger import Ledger, what_is_said_was_committed
from simulation.liveness import Liveness
from simulation.misfortunes import Misfortunes
from simulation.plan import KILLER_MARK, LOGIN_REFUSALS, REFUSED_MARK, SLOW_MARK, Scenario
from simulation.witness import Witness
from worker.bus.link import partition_of
from worker.bus.word import decode

PATIENCE_SECONDS = 6 * 3600.0
MOST_STEPS = 40_000
TRANSACTION_TIMEOUT_SECONDS = 60.0
SLOW_SECONDS = 45.0  # longer than a statement may take, until it is given more time
MIND_ID = UUID(int=0xA7A)


@cache
def _descriptors() -> tuple[int, int]:
    """A descriptor that never has anything to say, and one that always has."""
    quiet, _ = os.pipe()
    shut, end = os.pipe()
    os.close(end)
    return quiet, shut


class World:
    """Everything of one run.

    Args:
        scenario: what happens.
        folder: an empty directory on a fast disk; removed at the end.
    """

    def __init__(self, scenario: Scenario, folder: Path) -> None:
        self.scenario = scenario
        self.chance = random.Random(f"run {scenario.seed}")
        self._bytes = random.Random(f"bytes {scenario.seed}")
        self.kernel = Kernel(
            random.Random(f"order {scenario.seed}"),
            watch=self._watched,
            buried=self._buried,
            finished=self._is_finished,
        )
        self.knocks = Knocks()
        self.liveness = Liveness(self._rows, lambda: self.server.restored)
        self.adversary = Adversary(scenario.faults, self.chance)
        self.hosts = [
            Host(self.kernel, folder / f"host-{number}", UUID(int=0xB0B + number))
            for number in range(len(scenario.work))
        ]
        self.server = Server(self.kernel, UUID(int=0xDB), self._committed)
        self.server.tables.rows["minds"][programs.MIND] = {"id": MIND_ID}
        self.server.refused = {REFUSED_MARK: scenario.refusal}
        self.server.slow = {SLOW_MARK: SLOW_SECONDS}
        self.server.strange_path = scenario.strange_path
        self.ledger = Ledger({programs.MIND: MIND_ID, str(MIND_ID): MIND_ID}, {REFUSED_MARK, KILLER_MARK})
        self._proofs: dict[UUID, int] = {}
        self._deaths: Counter[tuple[UUID, int, int]] = Counter()
        self.generators = [
            programs.Generator(
                self.kernel,
                self.hosts[number],
                work,
                random.Random(f"{scenario.seed} {number} {index}"),
                is_alone=len(share) == 1 and not scenario.readers,
            )
            for number, share in enumerate(scenario.work)
            for index, work in enumerate(share)
        ]
        self._site = Site(self.kernel)
        self.bus: Store | None = None
        if scenario.carrier is not None:
            carried = random.Random(f"carried {scenario.seed}")
            self.bus = Store(self.kernel, scenario.carrier, carried, self.adversary.struck, self._said)
            self.adversary.struck.add("the bus")
            if scenario.carrier.centres > 1:
                self.adversary.struck.add("a second centre")
                self.ledger.lenient |= {host.witness.outbox_id for host in self.hosts}
        self.misfortunes = Misfortunes(
            scenario,
            self.kernel,
            self.hosts,
            self.server,
            self.ledger,
            chance=self.chance,
            struck=self.adversary.struck,
            replay=self._replay,
            bus=self.bus,
            works_at=lambda host: host if self.bus is None else self._site,
        )
        if scenario.rivals:
            self.adversary.struck.add("a rival worker")
            self.ledger.lenient.add(self.hosts[0].witness.outbox_id)

    def run(self) -> None:
        """Run to the end.

        Raises:
            Violation: a guarantee is broken; the trace is in the kernel.
        """
        scenario = self.scenario
        with injected(self):
            for number, generator in enumerate(self.generators):
                self._start(f"generator-{number}", "generator", generator.host, generator.run)
            for number, host in enumerate(self.hosts):
                if self.bus is None:
                    self._start(f"worker-{number}", "worker", host, self._worker(host))
                else:
                    self._start(f"forwarder-{number}", "forwarder", host, self._forwarder(host, self.bus))
                chance = random.Random(f"operator {scenario.seed} {number}")
                operator = programs.Operator(
                    self.kernel,
                    host,
                    programs.proven_by(self._dial)
                    if self.bus is None
                    else programs.proven_over(BusLine(self.bus), self.kernel),
                    chance,
                    only_retries=scenario.only_retries,
                    proven=self._proven,
                    left_to_the_worker=self._left_to_the_worker,
                    pruned=self._pruned,
                    prunes=scenario.prunes,
                )
                self._start(f"operator-{number}", "operator", host, operator.run)
                if scenario.meddlers:
                    hasty = random.Random(f"meddler {scenario.seed} {number}")
                    meddler = operators.Meddler(
                        self.kernel, host, hasty, struck=self.adversary.struck, under_way=self._is_under_way
                    )
                    self._start(f"meddler-{number}", "operator", host, meddler.run)
                if scenario.insists:
                    stubborn = random.Random(f"insister {scenario.seed} {number}")
                    insister = operators.Insister(self.kernel, host, stubborn, struck=self.adversary.struck)
                    self._start(f"insister-{number}", "operator", host, insister.run)
                if scenario.readers:
                    reader = programs.Reader(self.kernel, host, random.Random(f"reader {scenario.seed} {number}"))
                    self._start(f"reader-{number}", "reader", host, reader.run)
            for number in range(scenario.carrier.centres if scenario.carrier is not None else 0):
                self._start(f"centre-{number}", "centre", self._site, self._centre())
            if scenario.rivals:
                self._start("rival", "worker", self.hosts[0], self._worker(self.hosts[0], rival=True))
            if scenario.twin:
                self._start("twin", "worker", self.hosts[0], self._worker(self.hosts[0], twin=True))
            self.misfortunes.begin()
            try:
                self.kernel.run()
            finally:
                self.kernel.close()
        if self.kernel.failure is not None:
            raise self.kernel.failure
        for host in self.hosts:
            everything_is_as_it_should_be(host, self._applied(host), is_refused=self.is_refused_for_ever(host))
            if not (self.ledger.has_branched or self.ledger.lenient or self.is_refused_for_ever(host)):
                others = [other for other in self.hosts if other is not host]
                what_was_decided_took_effect(host, others, self.server.tables.rows)

    def close(self) -> None:
        """Give everything back."""
        for host in self.hosts:
            host.close()

    def is_delivered(self, host: Host) -> bool:
        """Whether the database has everything of this host's log."""
        outbox_id = host.witness.outbox_id
        row = self.server.tables.rows["sources"].get(outbox_id)
        if row is None or row["applied_seq"] < host.witness.last_seq:
            return False
        return all(outbox != outbox_id for outbox, _ in self.server.tables.rows["parked"])

    def is_refused_for_ever(self, host: Host) -> bool:
        """Whether the database went back behind what this host has pruned: nobody can go on, and nobody must."""
        outbox_id, below = host.witness.outbox_id, host.witness.pruned_below
        row = self.server.tables.rows["sources"].get(outbox_id)
        if (row["applied_seq"] if row is not None else 0) + 1 < below:
            return True
        return any(outbox == outbox_id and seq < below for outbox, seq in self.server.tables.rows["parked"])

    # What the edges ask.

    def random_bytes(self, count: int) -> bytes:
        return self._bytes.randbytes(count)

    def log_changed(self, process: Process) -> None:
        witness = process.host.witness
        self.kernel.judge(witness.look)
        if process.role == "forwarder":
            self.kernel.judge(what_is_said_was_committed, self.ledger, witness.outbox_id, witness.noted_position())

    def now(self) -> dt.datetime:
        return EPOCH + dt.timedelta(seconds=self.kernel.now)

    def in_hand(self, process: Process, seq: int, event_id: UUID | None = None) -> None:
        """An event is about to be decoded or sent: some kill whoever tries."""
        host = self._whose(process, seq, event_id)
        event = host.witness.events.get(seq)
        if event is None:
            return
        _, decided = host.witness.decided(seq)
        if KILLER_MARK in str((decided or event.payload).get("title", "")):
            self.kernel.tell(f"event {seq} kills {process.name}")
            decision = host.witness.last_decision(seq).id
            key = (host.witness.outbox_id, seq, decision)
            self._deaths[key] += 1
            if not host.had_trouble and key[0] not in self.ledger.lenient:
                self.kernel.judge(a_killer_is_found, seq, self._deaths[key])
            self.adversary.struck.add("an event that kills")
            self.kernel.die()

    def _whose(self, process: Process, seq: int, event_id: UUID | None) -> Host:
        """Whose event it is: of the host, or of the one whose events a centre has in hand."""
        if isinstance(process.host, Host):
            return process.host
        for host in self.hosts:
            there = host.witness.events.get(seq)
            serves = process.host.serves.get(process)
            if host.witness.outbox_id == serves or (there is not None and there.event_id == event_id):
                return host
        raise AssertionError(f"event {seq} is nobody's")

    # What the kernel asks.

    def _applied(self, host: Host) -> frozenset[int]:
        return frozenset(self.ledger.book.applied.get(host.witness.outbox_id, ()))

    def _proven(self, host: Host, began: float) -> frozenset[int]:
        """What a proof that began then may rest on: what took effect, but for rows that somebody has changed before."""
        self._proofs[host.witness.outbox_id] = len(self.ledger.effects)
        changed = [one for one in self.ledger.changed if one.at <= began and one.still_stands(self.server.tables.rows)]
        spoken_of = {(one.kind, one.slug, one.field) for one in changed}
        events = {seq: host.witness.events.get(seq) for seq in self._applied(host)}
        return frozenset(
            seq
            for seq, event in events.items()
            if event is None
            or not any((event.kind, named(event.kind, event.payload), name) in spoken_of for name in event.payload)
        )

    def _left_to_the_worker(self, host: Host, kind: str, blamed: list[int]) -> bool:
        """Whether the worker lets go of these by itself: the database is broken, or has taken one like them since."""
        if self.server.refuse_all is not None:
            return True
        if self.bus is not None:  # nobody takes back the blame there
            return False
        later = [host.witness.events.get(seq) for seq in self._applied(host) if seq > max(blamed)]
        return any(one is not None and one.type == kind for one in later)

    def _pruned(self, host: Host, before: int, proven: frozenset[int]) -> None:
        host.witness.look_again()
        # What was parked at the time of the proof is pruned only after it was released and took effect. The database
        # may have gone back since: the relay says so when it meets it.
        since = self.ledger.effects[self._proofs[host.witness.outbox_id] :]
        released = {seq for outbox_id, seq in since if outbox_id == host.witness.outbox_id}
        self.kernel.judge(nothing_unproven_is_pruned, host, before, proven | released)

    def _rows(self) -> dict[str, Any]:
        return self.server.tables.rows

    def _watched(self, process: Process, edge: str) -> Any:
        if edge == "idle" and process.host.witness.outbox_id not in self.ledger.lenient:
            self.liveness.waits(process)
        return self.adversary.watch(self.kernel, process, edge)

    def _is_under_way(self, host: Host) -> bool:
        return any(one.client is not None and one.client.host is host for one in self.server.sessions)

    def _buried(self, process: Process, outcome: BaseException | None) -> None:
        for one in process.belongings:
            if isinstance(one, Line):  # the kernel closes the socket; without power nobody does, and the server waits
                notices = TRANSACTION_TIMEOUT_SECONDS if process.reaped else 1.0
                self.kernel.after(self.chance.random() * notices, one.session.end)
            elif not isinstance(one, programs.Waiting):
                one.close()
        for fd in list(process.fds):
            os.close(fd)
        if process.role != "network" and not self._ended_as_it_may(process, outcome):
            raise Violation("programs_end_as_they_may", f"{process.name}: {outcome!r}") from outcome
        if process.role == "network" or (process.role in {"generator", "replayer"} and outcome is None):
            return
        seconds = 1.0 + self.chance.random() * 10
        self.kernel.after(seconds, lambda: self._start(process.name, process.role, process.host, process.target))

    def _ended_as_it_may(self, process: Process, outcome: BaseException | None) -> bool:
        if outcome is None or isinstance(outcome, (Killed, WorkerRunning)):
            return True
        return process.host.had_trouble and isinstance(outcome, (StorageFull, StorageFailed))

    def _is_finished(self) -> bool:
        if self.kernel.now > PATIENCE_SECONDS or self.kernel.steps > MOST_STEPS:
            waiting = [host for host in self.hosts if not self.is_delivered(host)]
            self.kernel.failure = self.kernel.failure or Violation(
                "everything_arrives",
                f"after {self.kernel.now:.0f} s and {self.kernel.steps} steps: {len(waiting)} wait",
            )
            return True
        if self.misfortunes.left:
            return False
        for generator in self.generators:
            if not generator.is_done:
                return False
        return all(self._is_through(host) or self.is_refused_for_ever(host) for host in self.hosts)

    def _is_through(self, host: Host) -> bool:
        """Whether everything is delivered, the list in the file shows so, and of no decision the end is open."""
        if self.bus is not None and host.witness.noted_position()[0] != host.witness.last_seq:
            return False
        return self.is_delivered(host) and not host.witness.parked() and not host.witness.has_open_decisions()

    def _start(self, name: str, role: str, host: Host | Site, target: Callable[[], None]) -> None:
        if role in {"generator", "reader"} and host.is_swapped:
            self.kernel.after(10.0, lambda: self._start(name, role, host, target))
            return
        self.kernel.spawn(Process(name, role, host, target))

    def _worker(self, host: Host, *, rival: bool = False, twin: bool = False) -> Callable[[], None]:
        return lambda: programs.work(self.kernel, host, self._dial, self.scenario, rival=rival, twin=twin)

    def _forwarder(self, host: Host, bus: Store) -> Callable[[], None]:
        return lambda: programs.forward(self.kernel, host, BusLine(bus), bus.carrier)

    def _centre(self) -> Callable[[], None]:
        assert self.bus is not None
        bus, lanes = self.bus, ["*"]
        if bus.carrier.by_lane:
            lanes = sorted({partition_of(host.witness.outbox_id) for host in self.hosts})
        return lambda: programs.centre(self.kernel, self._site, bus, self._dial, self.scenario, lanes)

    def _said(self, outbox_id: UUID, data: bytes) -> None:
        word = decode(data)
        what_is_said_was_committed(self.ledger, outbox_id, (word.seq, word.event_id))

    def _replay(self, host: Host, amount: float, done: Callable[[], None]) -> None:
        form = operators.REPLAYS[int(amount * len(operators.REPLAYS))]
        chance = random.Random(f"replay {self.scenario.seed} {amount}")
        one = operators.Replayer(self.kernel, host, self._dial, chance, form, struck=self.adversary.struck, done=done)
        self._start(f"replay-{form}", "replayer", host, one.run)

    def _dial(self) -> Any:
        fault = self.kernel.pause("net.connect")
        try:
            self.knocks.knocked(self.kernel)
        except Violation as violation:
            self.kernel.failure = self.kernel.failure or violation
            raise Killed from violation
        if fault is not None and fault.kind == "refuse":
            if fault.sqlstate in LOGIN_REFUSALS:
                self.knocks.refused(self.kernel)
            from simulation.destination.refusals import refusal  # noqa: PLC0415

            raise refusal(fault.sqlstate)
        quiet, shut = _descriptors()
        me = self.kernel.me
        line = Line(self.server.connect(me), self.kernel, quiet_fd=quiet, shut_fd=shut)
        if me is not None:
            me.belongings.append(line)
        return line

    def _committed(self, server: Server, client: Process | None, transaction: Transaction) -> None:
        assert client is not None
        if any(table == "parked" and row is not None for (table, _), row in transaction.writes.items()):
            self.adversary.struck.add("an event that is parked")
        try:
            if isinstance(client.host, Host):
                client.host.witness.look()
                self.ledger.committed(
                    client.host.witness, transaction, server.tables.rows, rewinds=client.role == "replayer"
                )
            elif witnesses := self._touched(transaction):
                for witness in witnesses:
                    witness.look()
                self.ledger.committed_of(witnesses, transaction, server.tables.rows)
        except Violation as violation:
            self.kernel.failure = self.kernel.failure or violation
            raise Killed from violation

    def _touched(self, transaction: Transaction) -> list[Witness]:
        """Of which outboxes a centre wrote anything but how far it has read, and what it has in hand."""
        tables = {table for table, _ in transaction.writes}
        if tables <= {"streams", "starts"}:
            return []
        keys = {key for table, key in transaction.writes if table == "sources"}
        keys |= {key[0] for table, key in transaction.writes if table in {"parked", "inbox"}}
        return [host.witness for host in self.hosts if host.witness.outbox_id in keys] or [self.hosts[0].witness]


@contextmanager
def world(scenario: Scenario, folder: Path) -> Iterator[World]:
    """A world for the length of the block."""
    made = World(scenario, folder)
    try:
        yield made
    finally:
        made.close()
