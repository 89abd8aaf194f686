"""The programs that run in the simulation: what a generator, a worker and an operator do, with the real code."""

import hashlib
import json
import random
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack, suppress
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import msgspec
import psycopg

from outbox import (
    FileConflict,
    FileMoved,
    Outbox,
    ParkedConflict,
    ParkedEvent,
    ParkedState,
    StorageFailed,
    StorageFull,
    WorkerLock,
)
from outbox import catalogue as c
from outbox.operating import plan_prune, prune, resolve
from simulation.bus import Line as BusLine
from simulation.bus import Site, Store
from simulation.host import Host
from simulation.invariants import (
    one_worker_serves_the_file,
    what_only_adds_goes_along,
    what_raised_was_not_kept,
    what_was_said_is_in_the_log,
)
from simulation.kernel import Kernel, Process
from simulation.plan import KILLER_MARK, LESSONS, REFUSED_MARK, Carrier, Scenario, Work
from simulation.strange import LineAdded, OrderCancelled, OrderMoved, OrderPlaced, StockCounted
from simulation.template import copy_of, new_outbox
from worker.bus.central import LONGEST_WAIT_SECONDS, Centre, Served
from worker.bus.forward import Forwarder, ForwardOptions
from worker.bus.link import Link
from worker.bus.prove import proven
from worker.connect.connection import Connection
from worker.errors import WorkerError
from worker.faults.outage import Backoff, Patience
from worker.faults.suspects import died
from worker.notes import best_effort
from worker.options import Options
from worker.proof.verify import verify_all
from worker.run.relay import Relay
from worker.run.report import Report

PROJECT, AUDIENCE, MIND = "curso", "padeiros", "ana"
TWIN_TRIES_EVERY_SECONDS = 45.0
CENTRE_LOOKS_SECONDS = 5.0
POLL_SECONDS = 30.0  # seldom: what the bell does not tell is found all the same
Dial = Callable[[], Connection]
Prove = Callable[[Outbox, Path], bool]


class Waiting:
    """How a worker waits here: for the bell, for being told to stop, or for virtual time to pass."""

    def __init__(self, kernel: Kernel, host: Host | Site, edge: str = "idle") -> None:
        self._kernel = kernel
        self._host = host
        self._edge = edge
        self._heard = host.rings
        self.stopping = False

    def wait_for_news(self, seconds: float) -> None:
        self._kernel.step(self._edge)
        self._kernel.sleep(seconds, lambda: self.stopping or self._host.rings > self._heard)
        self._heard = self._host.rings

    def sleep(self, seconds: float, **_until: object) -> None:  # nobody here asks for a try at once
        self._kernel.sleep(seconds, lambda: self.stopping)


class Generator:
    """One generator: it is started again after a crash, and goes on with what it was not told is safe."""

    def __init__(
        self, kernel: Kernel, host: Host, work: tuple[Work, ...], chance: random.Random, *, is_alone: bool
    ) -> None:
        self._kernel = kernel
        self.host = host
        self._work = list(work)
        self._chance = chance
        self._is_alone = is_alone

    @property
    def is_done(self) -> bool:
        """Whether all of its work is done."""
        return not self._work

    def run(self) -> None:
        """Do the rest of the work."""
        with Outbox.open(self.host.log, content_root=self.host.root, clock=self.host) as box:
            while self._work:
                with suppress(FileConflict):  # a person changed the file: it is kept, and we go on
                    self._do(box, self._work[0])
                self._work.pop(0)
                self._kernel.sleep(self._chance.choice((0.0, 0.1, 3.0, 20.0)) * self._chance.random())

    def _do(self, box: Outbox, work: Work) -> None:
        said = payloads(work)
        before = self.host.witness.last_seq
        try:
            with box.unit() as unit:
                for payload in said:
                    if isinstance(payload, c.ContentUpserted) and isinstance(payload.body, str):
                        unit.write(str(payload.file_path), payload.body.encode())
                    unit.append(payload)
        except (StorageFull, StorageFailed):
            if self._is_alone:
                self._kernel.judge(what_raised_was_not_kept, self.host, before, said)
            raise
        self.host.acknowledge(unit.result)
        self.host.may_be_gone.difference_update(unit.result.written)
        if self._is_alone:
            self._kernel.judge(what_was_said_is_in_the_log, self.host, said)


def payloads(work: Work) -> list[c.Payload]:
    """What one piece of work appends."""
    slug, number = f"{PROJECT}--{work.lesson}", work.number
    match work.kind:
        case "course":
            return [
                c.AudienceUpserted(slug=AUDIENCE, name=f"Padeiros {number}"),
                c.ProjectUpserted(slug=PROJECT, name="Curso", target_audience=AUDIENCE, metadata={"made": number}),
                c.ContentUpserted(slug=f"{PROJECT}--m", title="Módulo", content_type="course_module", project=PROJECT),
                *(lesson(index, number, f"Aula {number}") for index in range(3)),
            ]
        case "lesson" | "again":
            return [lesson(work.lesson, number, work.title or "Aula")]
        case "several":
            patch = c.ContentMetadataMerged(slug=slug, metadata={"n": number, f"k{number % 3}": number})
            return [
                lesson(work.lesson, number, work.title), lesson((work.lesson + 1) % LESSONS, number, work.title), patch,
                c.ContentTagged(slug=slug, tag=f"t{number % 3}"),
                lesson(work.lesson, number + 10_000, work.title), patch,
            ]  # fmt: skip
        case "status":
            return [
                c.ContentStatusChanged(slug=f"{PROJECT}--{work.lesson % 3}", status=("draft", "reviewed")[number % 2])
            ]
        case "metadata":
            return [c.ContentMetadataMerged(slug=f"{PROJECT}--{work.lesson % 3}", metadata={f"k{number % 3}": number})]
        case "score":
            return [c.ContentFidelityScored(slug=f"{PROJECT}--{work.lesson % 3}", score=number % 10 / 10)]
        case "tag":
            return [c.ContentTagged(slug=f"{PROJECT}--{work.lesson % 3}", tag=f"t{number % 3}")]
        case "untag":
            return [c.ContentUntagged(slug=f"{PROJECT}--{work.lesson % 3}", tag=f"t{number % 3}")]
        case "link":
            return [c.ContentMindLinked(slug=f"{PROJECT}--{work.lesson % 3}", mind=MIND, role="creator")]
        case "unlink":
            return [c.ContentMindUnlinked(slug=f"{PROJECT}--{work.lesson % 3}", mind=MIND, role="creator")]
        case "delete":
            return [c.ContentDeleted(slug=f"{PROJECT}--{work.lesson % 3}")]
        case "project":
            return [c.ProjectUpserted(slug=PROJECT, name=f"Curso {number}", metadata={f"k{number % 2}": number})]
        case "module":
            return [
                c.ContentUpserted(slug=f"{PROJECT}--m", title=work.title, content_type="course_module", project=PROJECT)
            ]
        case "orphan":
            return [c.ContentTagged(slug=f"{PROJECT}--nobody-{number}", tag="t")]
        case "order" | "moved" | "cancelled" | "line" | "stock":
            return strange_payloads(work)
        case "recorded":
            return [c.Recorded(type="oven.heated", key=f"oven-{work.lesson}", data={"degrees": number})]
    raise AssertionError(work.kind)


def strange_payloads(work: Work) -> list[c.Payload]:
    """What one piece of work of the other catalogue appends."""
    many, till, number = work.number, "AB"[work.lesson % 2], work.lesson
    said: c.Payload
    match work.kind:
        case "order":
            details = {f"k{many % 2}": many}
            return [OrderPlaced(till=till, number=number, title=work.title, total=Decimal(many) / 4, details=details)]
        case "moved":
            said = OrderMoved(till=till, number=number, state="paid" if many % 2 else "sent")
        case "cancelled":
            said = OrderCancelled(till=till, number=number)
        case "line":
            said = LineAdded(token=UUID(int=many % 3), order=(till, number), pieces=many)
        case _:
            return [StockCounted(place=f"shelf {many % 2}", article="pão", pieces=many)]
    # The order in the same breath: there may be none yet, and another host may say it while the database is asked.
    return [OrderPlaced(till=till, number=number, title=work.title), said]


def lesson(index: int, number: int, title: str) -> c.ContentUpserted:
    """A lesson with its text; an even one stands below a module."""
    body = f"# {title}\n\nTexto {number}.{index}\n" + "pão " * (number % 40)
    return c.ContentUpserted(
        slug=f"{PROJECT}--{index}",
        title=title,
        content_type="course_lesson",
        project=PROJECT,
        parent=f"{PROJECT}--m" if index % 2 == 0 else None,
        sequence_order=index,
        body=body,
        status="draft",
        metadata={"number": number},
        file_path=f"curso/{index}.md",
    )


def work(
    kernel: Kernel, host: Host, dial: Dial, scenario: Scenario, *, rival: bool = False, twin: bool = False
) -> None:
    """The life of `worker run`; a rival does not ask for the lock of the file, a twin knows it by a link."""
    path = host.log
    if twin:
        kernel.sleep(TWIN_TRIES_EVERY_SECONDS)
        path = host.log.with_name("link.db")
        if not path.is_symlink():
            path.symlink_to(host.log)
    with ExitStack() as opened:
        box = opened.enter_context(Outbox.open(path, content_root=host.root, clock=host, lenient=True))
        if not rival:
            opened.enter_context(WorkerLock(path))
            kernel.judge(one_worker_serves_the_file, host)
            assert kernel.me is not None
            host.serving.append(kernel.me.name)
            opened.callback(host.serving.remove, kernel.me.name)
        wary = died(box)
        with best_effort(box):
            box.relay.set_state("starting")
        waiting = _waiting(kernel, Waiting(kernel, host))

        def clock() -> float:
            return kernel.now

        relay = Relay(
            box,
            dial=dial,
            waker=waiting,
            patience=Patience(box, Backoff(), clock=clock),
            options=Options(
                max_events=scenario.batch,
                halves_from=2,
                stretches=True,
                wary=wary,
                poll_seconds=POLL_SECONDS,
                hold_after_alike=scenario.alike,
            ),
            report=Report(box, clock=clock),
            clock=clock,
        )
        try:
            relay.run()
        finally:
            with best_effort(box):
                box.relay.set_state("stopped")


def forward(kernel: Kernel, host: Host, link: Link, carrier: Carrier) -> None:
    """The life of `worker forward`."""
    with ExitStack() as opened:
        box = opened.enter_context(Outbox.open(host.log, content_root=host.root, clock=host, lenient=True))
        opened.enter_context(WorkerLock(host.log))
        waiting = _waiting(kernel, Waiting(kernel, host, edge="bus.idle"))

        def clock() -> float:
            return kernel.now

        forwarder = Forwarder(
            box,
            link,
            waker=waiting,
            patience=Patience(box, Backoff(), clock=clock),
            options=ForwardOptions(
                poll_seconds=POLL_SECONDS, window_events=carrier.window_events, frame_events=carrier.frame_events
            ),
            clock=clock,
        )
        try:
            forwarder.run()
        finally:
            with best_effort(box):
                box.relay.set_state("stopped")


class WaitingAtCentre(Waiting):
    """How a centre waits: it looks often whether something came; here it is told, and looks as seldom as it can."""

    def __init__(self, kernel: Kernel, site: Site, store: Store) -> None:
        super().__init__(kernel, site)
        self._store = store

    def sleep(self, seconds: float, **_until: object) -> None:
        if seconds != LONGEST_WAIT_SECONDS:
            self._kernel.sleep(seconds, lambda: self.stopping)
            return
        heard = self._store.news
        self._kernel.sleep(CENTRE_LOOKS_SECONDS, lambda: self.stopping or self._store.news > heard)


class _Centre(Centre):
    """It says whose events it has in hand, so that those that kill can."""

    kernel: Kernel
    site: Site

    def _turn(self, served: Served) -> bool:
        me = self.kernel.me
        self.site.serves[me] = served.log.outbox_id
        try:
            return super()._turn(served)
        finally:
            self.site.serves[me] = None


def centre(kernel: Kernel, site: Site, store: Store, dial: Dial, scenario: Scenario, lanes: Sequence[str]) -> None:
    """The life of `worker apply`."""
    assert scenario.carrier is not None
    waiting = _waiting(kernel, WaitingAtCentre(kernel, site, store))
    made = _Centre(
        BusLine(store),
        dial,
        lanes,
        waker=waiting,
        options=Options(max_events=scenario.batch, hold_after_alike=scenario.alike),
        together=scenario.carrier.together,
        clock=lambda: kernel.now,
    )
    made.kernel, made.site = kernel, site
    made.run()
    made.ended()


def _waiting(kernel: Kernel, waiting: Waiting) -> Waiting:
    assert isinstance(kernel.me, Process)
    kernel.me.belongings.append(waiting)
    return waiting


def proven_over(link: Link, kernel: Kernel) -> Prove:
    """Prove over the bus; False where nobody answers, or not in time."""

    def prove(box: Outbox, root: Path) -> bool:
        with suppress(WorkerError):
            proven(box, link, root, kernel.sleep)
            return True
        return False

    return prove


def proven_by(dial: Dial) -> Prove:
    """Prove over a connection; False where the database is away."""

    def prove(box: Outbox, root: Path) -> bool:
        with suppress(psycopg.Error):
            connection = dial()
            try:
                verify_all(connection, box, root)
            finally:
                connection.close()
            return True
        return False

    return prove


class Operator:
    """A person who looks after a host: decides about what is parked, prunes what is proven, and tidies up."""

    def __init__(
        self,
        kernel: Kernel,
        host: Host,
        prove: Prove,
        chance: random.Random,
        *,
        only_retries: bool,
        proven: Callable[[Host, float], frozenset[int]],
        left_to_the_worker: Callable[[Host, str, list[int]], bool],
        pruned: Callable[[Host, int, frozenset[int]], None],
        prunes: bool,
    ) -> None:
        self._proven = proven
        self._is_left_to_the_worker = left_to_the_worker
        self._pruned = pruned
        self._kernel = kernel
        self._host = host
        self._prove = prove
        self._only_retries = only_retries
        self._chance = chance
        self._prunes = prunes

    def run(self) -> None:
        """Come by now and then, for ever."""
        while True:
            self._kernel.sleep(self._chance.uniform(10, 120))
            try:
                with Outbox.open(self._host.log, content_root=self._host.root, clock=self._host) as box:
                    self._look_after(box)
            except (StorageFull, StorageFailed, ParkedConflict):  # or a row was decided about meanwhile: next time
                continue

    def _look_after(self, box: Outbox) -> None:
        kind, blamed, _ = box.relay.blamed
        left = blamed if blamed and self._is_left_to_the_worker(self._host, kind, blamed) else []
        for row in box.parked.list(state=ParkedState.PARKED):
            if row.seq not in left and self._chance.random() < 0.7:
                self._decide(box, row)
        if self._prunes and self._chance.random() < 0.5:
            self._prune(box)
        if self._chance.random() < 0.3:
            box.checkpoint()
            self._host.witness.look_again()

    def _decide(self, box: Outbox, row: ParkedEvent) -> None:
        seq = row.seq
        payload = json.loads(row.payload_json) if row.payload_json else box.event(seq).payload
        title = str(payload.get("title", ""))
        marked = REFUSED_MARK in title or KILLER_MARK in title
        what = self._chance.random()
        if what < 0.2 or self._only_retries or not is_passed(box, row):
            resolve.retry(box, seq)
        elif what < 0.4 or not marked:
            if marked or what < 0.6:
                alone = may_be_under_way(box, resolve.additions(box, seq))
                resolve.discard(box, seq, "no use", alone=alone)
                if not alone:
                    self._kernel.judge(what_only_adds_goes_along, self._host, seq)
            else:
                resolve.retry(box, seq)
        else:
            mended = title.replace(REFUSED_MARK, "").replace(KILLER_MARK, "")
            resolve.edit(box, seq, {**payload, "title": mended}, "mended")

    def _prune(self, box: Outbox) -> None:
        began = self._kernel.now
        at_first = self._proven(self._host, began)  # the database may be put back once it was compared
        if not self._prove(box, self._host.root):  # next time
            return
        proven = at_first | self._proven(self._host, began)
        self._kernel.pause("prune")
        before = box.relay.pruned_below  # also by somebody who died before anybody judged it
        prune(box, plan_prune(box, keep_days=0))
        self._pruned(self._host, before, proven)


def is_passed(box: Outbox, row: ParkedEvent) -> bool:
    """Whether the position has passed the row's event, as far as the worker noted; else it may be under way."""
    position = box.relay.position
    return row.verdict != "operator" or (position is not None and position.applied_seq >= row.seq)


def may_be_under_way(box: Outbox, seqs: Iterable[int]) -> bool:
    """Whether the position has not passed one of these, as far as the worker noted."""
    position = box.relay.position
    return any(position is None or position.applied_seq < seq for seq in seqs)


class Reader:
    """`generate sync`, again and again: reads published files, and says what they say, beside generators."""

    def __init__(self, kernel: Kernel, host: Host, chance: random.Random) -> None:
        self._kernel = kernel
        self._host = host
        self._chance = chance

    def run(self) -> None:
        """Come by now and then, for ever."""
        while True:
            self._kernel.sleep(self._chance.uniform(0.2, 40))
            try:
                with Outbox.open(self._host.log, content_root=self._host.root, clock=self._host) as box:
                    for _ in range(3):
                        self._kernel.sleep(self._chance.uniform(0, 2))
                        self._read(box)
            except (StorageFull, StorageFailed):
                continue

    def _read(self, box: Outbox) -> None:
        known = sorted(file.path for file in box.files())
        if not known:
            return
        path = self._chance.choice(known)
        try:
            data = (self._host.root / path).read_bytes()
        except FileNotFoundError:
            return
        self._kernel.pause("read")
        index = int(path.rpartition("/")[2].removesuffix(".md"))
        sha256 = hashlib.sha256(data).hexdigest()
        said = msgspec.structs.replace(lesson(index, 0, "Aula"), body=data.decode(), title=f"Lida {sha256[:8]}")
        with suppress(FileMoved):
            self._kernel.pause("read")
            with box.unit() as unit:
                unit.record(path, sha256, len(data))
                self._kernel.pause("read")
                unit.append(said)
            self._host.hand_made.discard(sha256)
            self._host.taken_back.discard(sha256)
            self._host.acknowledge(unit.result)


def neighbour(host: Host, chance: random.Random) -> None:
    """Another outbox is used on this CONTENT_ROOT: a new one, or a copy of this host's, of now or of before."""
    other = host.log.with_name("neighbour.db")
    if not other.exists() or chance.random() < 0.5:
        if chance.random() < 0.5:
            new_outbox(other, UUID(int=0xABBA))
        else:
            copy_of(host.log, other)
    with Outbox.open(other, content_root=host.root, clock=host) as box:
        box.recover()


def delete_by_hand(host: Host, chance: random.Random) -> None:
    """A person deletes a file of a unit that had returned."""
    paths = sorted(path for path in host.files() if _is_settled(host, path))
    if paths:
        path = chance.choice(paths)
        host.removed[path] = host.versions(path)[-1].seq
        (host.root / path).unlink()
        host.disk.synced(str((host.root / path).parent))


def take_back_by_hand(host: Host, chance: random.Random) -> None:
    """A person puts the version before back in its place."""
    paths = sorted(path for path in host.files() if _is_settled(host, path) and len(host.versions(path)) > 1)
    if paths:
        path = chance.choice(paths)
        data = str(host.versions(path)[-2].payload.get("body")).encode()
        sha256 = hashlib.sha256(data).hexdigest()
        if sha256 != host.hash_of(path):
            (host.root / path).write_bytes(data)
            host.disk.synced(str(host.root / path))
            host.hand_made.add(sha256)
            host.taken_back.add(sha256)


def _is_settled(host: Host, path: str) -> bool:
    """Whether the unit of its newest version had returned, and the file is as that left it."""
    host.witness.look()
    versions = host.versions(path)
    newest = versions[-1].seq if versions else 0
    if newest <= host.noted_up_to and not host.witness.is_noted(path):
        return False
    return host.acknowledged.get(path) == newest > 0 and host.hash_of(path) == versions[-1].body_hash


def edit_by_hand(host: Host, chance: random.Random) -> None:
    """A person writes into a published file."""
    paths = sorted(host.files())
    if not paths:
        return
    path = host.root / chance.choice(paths)
    data = f"à mão {chance.random()}\n".encode()
    path.write_bytes(data)
    host.hand_made.add(hashlib.sha256(data).hexdigest())
    host.disk.synced(str(path))
