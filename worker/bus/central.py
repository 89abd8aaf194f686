"""The centre: reads the frames of many outboxes, and lets the relay apply each as it applies an outbox file.

What it believes of the bus is nothing. Which events are next says the position in Postgres, which moves in the
transaction of the effects, under its lock; so it may be killed anywhere, run twice, read frames twice, or read them
never. Events that are applied are dropped, a gap is not applied over but asked for (`want`), and after every COMMIT
it says where Postgres stands. From where to read on stands in Postgres as well (`outbox.streams`), written in the
same transactions: a database that was set back reads again by itself. That number only saves reading. Where it lags,
frames are read twice; where it leads, events are missing and are asked for.

Outboxes of which nothing special is known are applied together, in one transaction (`together`). If that fails, and for
all others, the relay of each applies it alone. An outbox whose frames cannot be applied (another copy of its file wrote
to it, an event is held, the login may not move its position) keeps its place and is tried again; the others go on.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import Any
from uuid import UUID

import msgspec
import psycopg
from msgspec.structs import replace as replaced

from outbox.catalogue import Does, active
from outbox.relaying import failpoints
from worker.apply.likeness import recognise
from worker.apply.position import Position, require_seen
from worker.apply.projection import Batch
from worker.apply.queries import query
from worker.apply.stamps import Stamps
from worker.apply.together import Part, apply_together
from worker.bus.frames import Cargo, FrameRefused, Head, News, head_of, unpack
from worker.bus.link import NOBODY, PARTITIONS, BusAway, BusRefused, Link, Received, partition_of
from worker.bus.log import BusLog, Told
from worker.bus.word import Parked, Word, encode
from worker.connect.connection import Connection
from worker.connect.deadline import deadline
from worker.connect.login import LOGIN_REFUSED
from worker.errors import SchemaFault, TargetRefused, WorkerError
from worker.faults.outage import Backoff, Patience
from worker.faults.starts import Starts
from worker.faults.verdict import Phase, judge
from worker.logs import get_log
from worker.options import Ending, Options, Waiting
from worker.proof.asked import STATEMENT_SECONDS, answers
from worker.run.relay import Relay
from worker.run.report import Report

READ_BYTES = 4 * 1024 * 1024
MOST_BYTES = 64 * 1024 * 1024
ANNOUNCE_SECONDS, SAID_AGAIN_AFTER = 60.0, 10
BLOCKED_SECONDS = 30.0
LOGIN_SECONDS = 300.0
WANT_AGAIN_SECONDS = 5.0
LONGEST_OUTAGE_SECONDS = 20.0  # then another outbox is tried; it waits for the same database
FEW, COLLECT_SECONDS = 64, 0.1
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 0.02, 0.25


@dataclass
class Served:
    """An outbox that came over the bus.

    Attributes:
        log: what of it is not applied.
        relay: applies it.
        half: the parts of a frame that is not whole yet.
        due: not to be tried before.
        missed: whether frames are missing.
        asks: whether Postgres has to be asked how it stands.
        wanted: from where it was asked for again, and when.
        refused: why nothing of it is applied.
        parked: how many events its position passed without effect.
        listed: those.
        asked: questions of a proof, and where their host knew the position to be.
        proof: those that were answered, and the answers.
    """

    log: BusLog
    relay: Relay
    half: list[tuple[Head, Received]] = field(default_factory=list)
    due: float = 0.0
    missed: bool = False
    asks: bool = True
    wanted: tuple[int, float] = (0, float("-inf"))
    refused: str | None = None
    parked: int = 0
    listed: Parked | None = None
    asked: tuple[Head, News] | None = None
    proof: tuple[UUID | None, list[Any] | None] = (None, None)

    @property
    def position(self) -> Position | None:
        """As the relay, or the last transaction, left it."""
        return Position.noted(self.log.relay.position)

    @property
    def is_usual(self) -> bool:
        """Whether the relay has nothing to say about it: nobody decided, nothing is parked, refused or suspected."""
        none_parked = self.listed is not None and self.parked == 0 and not self.asks
        return none_parked and self.refused is None and self.log.is_plain and not self.relay.is_wary

    @property
    def bytes(self) -> int:
        return self.log.bytes + sum(len(one.message.data) for _, one in self.half)

    def oldest_after(self, seq: int) -> int | None:
        """Where the oldest frame began that this outbox still needs once it is applied up to this seq."""
        found = [
            number for number in (self.log.oldest_after(seq), self.half[0][1].number if self.half else None) if number
        ]
        return min(found) if found else None


@dataclass
class Lane:
    """Messages that are read in one order: of one partition, or of all.

    Attributes:
        store: the store that `reached` counts in.
        reached: the number of the last message read.
    """

    name: str
    store: str = ""
    reached: int = 0


@dataclass
class Counts:
    """What the centre counts, for its metrics."""

    frames: int = 0
    doubles: int = 0
    refused_frames: int = 0
    wants: int = 0
    words: int = 0
    together: int = 0
    apart: int = 0
    outboxes: int = 0
    blocked: int = 0
    waiting_bytes: int = 0


class Centre:
    """Applies what comes over the bus.

    Args:
        link: the transport.
        dial: opens a connection to Postgres.
        lanes: which partitions.
        waker: how to wait, and whether to stop.
        options: limits of the relays.
        backoff: how they wait in an outage.
        together: whether to apply many outboxes in one transaction.
        counts: what is counted.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        link: Link,
        dial: Callable[[], Connection],
        lanes: Sequence[str],
        *,
        waker: Waiting,
        options: Options,
        backoff: Backoff | None = None,
        together: bool = False,
        counts: Counts | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._link = link
        self._dial_anew = dial
        self._lanes = [Lane(name) for name in lanes]
        self._waker = waker
        self._options = options
        self._backoff = backoff or Backoff()
        self._clock = clock
        self._log = get_log()
        self._served: dict[UUID, Served] = {}
        self._said: dict[UUID, Word] = {}
        self._to_say: dict[UUID, Word] = {}
        self._destination: UUID | None = None
        self._announce_at = clock()
        self._announced = 0
        self._has_begun = False
        self._has_caught_up = False
        self._starts = Starts(self._dial, self._answered)
        self._refusal: psycopg.Error | None = None
        self._let_in_at = 0.0
        self._together = together
        self._joint: Connection | None = None
        self._failures = 0
        self.counts = counts or Counts()

    def run(self) -> None:
        """Apply until told to stop."""
        wait = FIRST_WAIT_SECONDS
        while not self._waker.stopping:
            self._options.alive()
            try:
                busy = self.step()
                self._failures = 0
            except (BusAway, BusRefused) as error:
                self._bus_failed(error)
                continue
            except (psycopg.Error, OSError, SchemaFault) as error:
                self._database_failed(error)
                continue
            wait = FIRST_WAIT_SECONDS if busy else min(2 * wait, LONGEST_WAIT_SECONDS)
            if not busy:
                self._waker.sleep(wait)

    def step(self) -> bool:
        """Read what came, apply it, and say how it stands; whether there was anything."""
        if self._clock() >= self._announce_at:
            self._announce()
        came = self._listen()
        due = [served for served in self._served.values() if self._is_due(served)]
        joined = self._apply_together(due) if self._together else set()
        applied = [self._turn(served) for served in due if served.log.outbox_id not in joined]
        for served in self._served.values():
            self._answer(served)
        self._ask_again()
        self._say()
        mine = self._served.values()
        self.counts.outboxes, self.counts.waiting_bytes = len(mine), sum(one.bytes for one in mine)
        self.counts.blocked = sum(one.refused is not None for one in mine)
        if joined and came < FEW:  # what comes within this time shares a transaction
            self._waker.sleep(COLLECT_SECONDS)
        return bool(came) or bool(joined) or any(applied)

    # What comes.

    def _listen(self) -> int:
        """Read what came, at first all of it; returns how many messages.

        Who starts again reads from an earlier place. What was decided last is told last, so until that is heard an
        older decision must not be acted on.
        """
        came = more = self._read_lanes()
        while more and not self._has_caught_up:
            came += (more := self._read_lanes())
        self._has_caught_up = True
        return came

    def _read_lanes(self) -> int:
        return sum(self._read(lane) for lane in self._lanes) if self._has_room() else 0

    def _has_room(self) -> bool:
        total = sum(served.bytes for served in self._served.values())
        if total < MOST_BYTES:
            return True
        for served in sorted(self._served.values(), key=lambda one: -one.bytes):
            if served.due <= self._clock() and not served.half:
                continue
            total -= served.bytes  # it is tried later, and asked for again by then
            served.log.forget()
            served.half, served.missed = [], True
            if total < MOST_BYTES:
                break
        return total < MOST_BYTES

    def _read(self, lane: Lane) -> int:
        read = self._link.read_from(lane.name, lane.reached, store=lane.store, most_bytes=READ_BYTES)
        if read.store != lane.store and lane.store:
            self._log.warning("apply.another_store", lane=lane.name, before=lane.store, now=read.store)
        lane.store, lane.reached = read.store, read.reached
        for received in read.found:
            if received.outbox_id != NOBODY:
                self._take(received, read.store)
        return len(read.found)

    def _take(self, received: Received, store: str) -> None:
        served = self._of(received.outbox_id)
        try:
            whole = self._joined(served, received)
            if whole is None:
                return
            head, data, number = whole
            cargo, told = unpack(head, data), Told(store, number)
            if cargo.news is not None:
                self._hear(served, head, cargo, told)
            else:
                self._append(served, head, cargo, told, len(data))
        except FrameRefused as refused:
            self.counts.refused_frames += 1
            served.half, served.missed = [], True
            self._log.error("apply.frame_refused", outbox_id=str(received.outbox_id), reason=refused.what)
        except TargetRefused as refused:
            self._block(served, refused)

    def _joined(self, served: Served, received: Received) -> tuple[Head, bytes, int] | None:
        """Put the parts of a frame together; None before the last, and for a part that follows none."""
        head = head_of(received.message)
        before = served.half[-1][0] if served.half else None
        if not head.follows(before):
            served.half = []
            if head.part != 1:
                served.missed = True
                return None
        served.half.append((head, received))
        if not head.is_whole:
            return None
        parts, served.half = served.half, []
        return head, b"".join(one.message.data for _, one in parts), parts[0][1].number

    def _hear(self, served: Served, head: Head, cargo: Cargo, told: Told) -> None:
        assert cargo.news is not None  # noqa: S101 - the caller looked
        if cargo.news.questions:
            served.asked = head, cargo.news
            return
        served.log.hear(head, cargo.news, cargo.decisions, told)
        if served.refused is None:  # a refusal keeps its time: a pooler bans who tries too often
            served.due = min(served.due, self._clock())

    def _append(self, served: Served, head: Head, cargo: Cargo, told: Told, size: int) -> None:
        self.counts.frames += 1
        if head.last <= served.log.end and served.log.is_known:
            self.counts.doubles += 1
            served.asks = True  # whoever sends it again has not heard, or the database went back
            return
        # Taken: whatever was missing before it is here now, and what came after that comes again behind it.
        served.missed = not served.log.take(head, cargo, told, size)

    def _of(self, outbox_id: UUID) -> Served:
        if outbox_id not in self._served:
            self._served[outbox_id] = self._new(outbox_id)
        return self._served[outbox_id]

    def _new(self, outbox_id: UUID) -> Served:
        log = BusLog(outbox_id, self._starts.of(outbox_id))

        def dial() -> Connection:
            connection = self._dial()
            log.session = connection
            names = {"outbox_id": outbox_id}
            missing = psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName
            with suppress(*missing), self._answered(connection):  # the relay says it better
                row = connection.execute(query("relay", "position"), names).fetchone()
                seq, event_id = row if row is not None else (0, None)
                log.stands_at(int(str(seq)), None if event_id is None else UUID(str(event_id)))
            return connection

        def beside(connection: Connection, batch: Batch) -> None:
            self._note(connection, served, batch)

        patience = Patience(log, self._backoff)
        options = replace(
            self._options,
            until_empty=True,
            halves_from=None,
            patience_seconds=LONGEST_OUTAGE_SECONDS,
            beside=beside,
            rights=True,
            wary=self._starts.wary,
        )
        relay = Relay(
            log, dial=dial, waker=self._waker, patience=patience, options=options, report=Report(log), clock=self._clock
        )
        served = Served(log, relay)
        return served

    def _note(self, connection: Connection, served: Served, batch: Batch) -> None:
        """In the transaction of a batch: what its parked events refer to and what was decided, and where to read on."""
        served.asks = served.asks or bool(batch.parked or batch.released)
        if batch.parked:
            rows = [
                {
                    "seq": one.event.seq,
                    "refs": [str(ref) for ref in one.event.refs],
                    "carried_out": served.log.carried_out(one.event.seq) if one.behind_seq is None else None,
                }
                for one in batch.parked
            ]
            values = {"outbox_id": served.log.outbox_id, "rows": msgspec.json.encode(rows).decode(), "count": len(rows)}
            connection.execute(query("bus", "note_refs"), values)
        if batch.to is not None:
            self._note_read(connection, {served.log.outbox_id: batch.to.seq})

    def _note_read(self, connection: Connection, moved: Mapping[UUID, int]) -> None:
        """Note up to which number no message is needed any more, once these outboxes are applied up to these seqs."""
        for lane in self._lanes:
            if lane.name != "*" and not any(partition_of(one) == lane.name for one in moved):
                continue
            floor = lane.reached
            for outbox_id, served in self._served.items():
                if lane.name in {"*", partition_of(outbox_id)}:
                    oldest = served.oldest_after(moved.get(outbox_id, served.log.base))
                    floor = floor if oldest is None else min(floor, oldest - 1)
            values = {"lane": lane.name, "store": lane.store, "number": max(0, floor)}
            connection.execute(query("bus", "note_read"), values)

    # What is applied.

    def _is_due(self, served: Served) -> bool:
        waits = not served.log.is_empty or served.missed or served.log.is_stirred or served.refused is not None
        return waits and served.due <= self._clock()

    def _apply_together(self, due: Sequence[Served]) -> set[UUID]:
        """Apply what is usual of several outboxes in one transaction; returns of which, none if it failed."""
        parts: dict[UUID, tuple[Served, Part]] = {}
        room = self._options.max_bytes
        for served in due:
            position = served.position
            if room <= 0 or position is None or not served.is_usual:
                continue
            events = served.log.read(after=position.seq, limit=self._options.max_events, most_bytes=room)
            contracts = [active().contracts.get(event.type) for event in events]
            if events and all(one is not None and one.does is not Does.RECORDS for one in contracts):
                part = Part(outbox_id=served.log.outbox_id, position=position, events=events, stamps=Stamps(served.log))
                parts[served.log.outbox_id] = served, part
                room -= sum(len(event.payload_json) for event in events)
        if len(parts) < 2:  # noqa: PLR2004
            return set()
        if failpoints.armed:
            failpoints.reach("together")
        began = self._clock()
        reached = {outbox_id: part.events[-1].seq for outbox_id, (_, part) in parts.items()}
        try:
            if self._joint is None or self._joint.closed:
                self._joint = self._dial()
                served, part = next(iter(parts.values()))
                with self._answered(self._joint):
                    recognise(self._joint, served.log, part.position.destination_id)
            with self._answered(self._joint):
                apply_together(
                    self._joint,
                    [part for _, part in parts.values()],
                    limits=self._options.limits,
                    beside=lambda connection: self._note_read(connection, reached),
                )
        except (psycopg.Error, OSError, WorkerError) as error:
            self._log.info("apply.not_together", outboxes=len(parts), reason=type(error).__name__)
            self.counts.apart += 1
            self._leave_joint()
            return set()
        self.counts.together += 1
        for served, part in parts.values():
            moved = part.position.moved_to(part.events[-1])
            served.log.relay.remember_position(moved.destination_id, moved.seq, moved.event_id)
            served.log.stands_at(moved.seq, moved.event_id)
            self._options.meter.applied(len(part.events), self._clock() - began)
            self._tell(served)
        return set(parts)

    def _leave_joint(self) -> None:
        if self._joint is not None:
            self._joint.close()
            self._joint = None

    def _turn(self, served: Served) -> bool:
        """Let the relay apply what came of one outbox."""
        log = served.log
        before = log.relay.position
        try:
            ending = served.relay.run()
        except WorkerError as error:
            self._block(served, error)
            return False
        finally:
            log.session = None
        if ending is not Ending.EMPTY:
            served.due = self._clock() + (0.0 if ending is Ending.STOPPED else self._backoff.first)
            return False
        served.refused, served.due, log.is_stirred = None, 0.0, False
        now = log.relay.position
        if now is None:
            return False
        log.stands_at(now.applied_seq, now.applied_event_id)
        if not log.is_empty:  # it begins beyond the position: something is missing before it
            log.forget()
            served.missed = True
        if failpoints.armed:
            failpoints.reach(f"word.{now.applied_seq}")
        self._tell(served)
        return before != now

    def _block(self, served: Served, error: WorkerError) -> None:
        served.due = self._let_in_at if error.kind == LOGIN_REFUSED else self._clock() + BLOCKED_SECONDS
        if served.refused != error.what:
            self._log.error(
                "apply.outbox_refused", outbox_id=str(served.log.outbox_id), reason=error.what, remedy=error.remedy
            )
        served.refused = error.what
        if isinstance(error, TargetRefused):  # other frames have to come
            served.log.forget()
            served.half, served.missed = [], True
        self._tell(served)

    # What is said.

    def _tell(self, served: Served) -> None:
        """Prepare the word about an outbox; a `want` once the relay has nothing of it left."""
        position = served.position
        if position is None:
            served.asks = True
            return
        want = None
        if served.missed and served.refused is None and served.log.is_empty:
            want, at = position.seq + 1, self._clock()
            if served.wanted[0] == want and at - served.wanted[1] < WANT_AGAIN_SECONDS:
                served.due = served.wanted[1] + WANT_AGAIN_SECONDS
                want = None
            else:
                served.wanted, served.missed = (want, at), False
                self.counts.wants += 1
                self._log.warning("apply.wanted", outbox_id=str(served.log.outbox_id), seq=want)
        self._prepare(served.log.outbox_id, position, served.parked, served.listed, want=want)

    def _prepare(
        self,
        outbox_id: UUID,
        position: Position,
        parked: int,
        listed: Parked | None,
        *,
        want: int | None = None,
        anew: bool = False,
    ) -> None:
        word = Word(
            destination=position.destination_id,
            seq=position.seq,
            event_id=position.event_id,
            parked=parked,
            listed=listed,
        )
        if (served := self._served.get(outbox_id)) is not None:
            word = replaced(word, refused=served.refused, proof=served.proof[0], answers=served.proof[1])
            if (news := served.log.news) is not None and not served.log.is_stirred:
                outcomes = served.log.parked.outcomes
                word = replaced(word, news=news.id, outcomes=outcomes.copy())
        waits = self._to_say.get(outbox_id)
        if want is None and waits is not None and waits.seq == word.seq:
            want = waits.want
        if anew or want is not None or self._said.get(outbox_id) != word:
            self._to_say[outbox_id] = replaced(word, want=want)

    def _say(self) -> None:
        for outbox_id, word in list(self._to_say.items()):
            self._link.say(outbox_id, encode(word))
            self._said[outbox_id] = word
            self.counts.words += 1
            del self._to_say[outbox_id]

    # What Postgres says.

    def _announce(self) -> None:
        """Say how every outbox of ours stands where that was not said yet: at the start, and now and then."""
        names = {"partitions": list(PARTITIONS) if self._lanes[0].name == "*" else [lane.name for lane in self._lanes]}
        with self._asking() as connection:
            if not self._has_begun:
                self._begin(connection, names["partitions"])
            known = [row[0] for row in connection.execute(query("bus", "known"), names).fetchall()]
            rows = _positions(connection, {*known, *self._served, *self._said})
        # What the bus has lost of our words, nobody tells: each is said again now and then.
        self._announced = (self._announced + 1) % SAID_AGAIN_AFTER
        self._said = {one: word for one, word in self._said.items() if one.int % SAID_AGAIN_AFTER != self._announced}
        self._take_positions(rows)
        self._announce_at = self._clock() + ANNOUNCE_SECONDS

    def _ask_again(self) -> None:
        asked = [served for served in self._served.values() if served.asks]
        if not asked:
            return
        with self._asking() as connection:
            rows = _positions(connection, [served.log.outbox_id for served in asked])
        for served in asked:
            served.asks = False
        self._take_positions(rows, anew=True)

    def _take_positions(self, rows: Sequence[tuple[object, ...]], *, anew: bool = False) -> None:
        for outbox, seq, event, destination, parked, blamed, held in rows:
            outbox_id, event_id = UUID(str(outbox)), None if event is None else UUID(str(event))
            position = Position(destination_id=UUID(str(destination)), seq=int(str(seq)), event_id=event_id)
            count, listed = int(str(parked)), msgspec.convert({"blamed": blamed or [], "held": held or ""}, Parked)
            served = self._served.get(outbox_id)
            if served is not None:
                served.parked, served.listed = count, listed
                if served.log.is_empty:
                    served.log.relay.remember_position(position.destination_id, position.seq, event_id)
                    served.log.stands_at(position.seq, event_id)
            self._prepare(outbox_id, position, count, listed, anew=anew)

    def _answer(self, served: Served) -> None:
        """Answer the questions of a proof, in one snapshot of the database."""
        if served.asked is None:
            return
        head, news = served.asked
        with self._asking(STATEMENT_SECONDS) as connection:
            known = head.last, head.last_id
            found = answers(connection, served.log.outbox_id, known, news.parked, news.questions)
        served.asked, served.asks, served.proof = None, True, (news.id, found)

    def _begin(self, connection: Connection, partitions: list[str]) -> None:
        """Read on from where Postgres says that was read; on guard if whoever read it did not end in order."""
        connection.execute(query("bus", "is_recent"))
        wary = False
        for lane in self._lanes:
            row = connection.execute(query("bus", "read_up_to"), {"lane": lane.name}).fetchone()
            if row is not None:
                lane.store, lane.reached = str(row[0]), int(str(row[1]))
                wary = wary or bool(row[2])
            connection.execute(query("bus", "note_reader"), {"lane": lane.name, "is_read": True})
            self._log.info("apply.reading", lane=lane.name, after=lane.reached)
        self._starts.load(connection, partitions, wary=wary)
        self._has_begun = True

    def ended(self) -> None:
        """Say that this worker ended in order, if Postgres can be told."""
        self._starts.close()
        self._leave_joint()
        if self._has_begun:
            with suppress(psycopg.Error, OSError, WorkerError), self._asking() as connection:
                for lane in self._lanes:
                    connection.execute(query("bus", "note_reader"), {"lane": lane.name, "is_read": False})

    @contextmanager
    def _asking(self, statement_seconds: float | None = None) -> Iterator[Connection]:
        try:
            connection = self._dial()
            try:
                with self._answered(connection, statement_seconds):
                    require_seen(connection)
                    yield connection
            finally:
                connection.close()
        except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn, psycopg.errors.InvalidSchemaName) as exc:
            raise SchemaFault(
                "the database lacks a table or a column of the bus",
                kind="older_schema",
                remedy="run `worker migrate up`",
                command="worker migrate up",
                entry="older-schema",
            ) from exc

    def _dial(self) -> Connection:
        """Open a connection; for a while after a refused login nobody tries: a pooler bans who tries too often."""
        if self._refusal is not None and self._clock() < self._let_in_at:
            raise self._refusal.with_traceback(None)
        try:
            return self._dial_anew()
        except psycopg.Error as error:
            if judge(error, Phase.CONNECT).kind == LOGIN_REFUSED:
                self._refusal, self._let_in_at = error, self._clock() + LOGIN_SECONDS
            raise

    def _answered(self, connection: Connection, statement_seconds: float | None = None) -> AbstractContextManager[None]:
        """Within the block a database that says nothing more is given up."""
        seconds = statement_seconds or self._options.limits.statement_timeout_ms / 1000
        return deadline(connection, 2 * seconds + self._options.margin_seconds)

    def _bus_failed(self, error: WorkerError) -> None:
        if not self._failures:
            self._log.warning("apply.bus_away", reason=error.what)
        self._options.meter.interrupted()
        self._failures += 1
        self._waker.sleep(min(self._backoff.first * 2 ** min(self._failures, 16), self._backoff.environment))

    def _database_failed(self, error: Exception) -> None:
        """Nothing is read before Postgres has said how things stand."""
        if isinstance(error, SchemaFault):
            reason, remedy = error.what, error.remedy
        else:
            judged = judge(error, Phase.CONNECT)
            reason, remedy = judged.reason, judged.remedy
        if not self._failures % 16:
            self._log.warning("apply.database_away", reason=reason, remedy=remedy)
        self._failures += 1
        self._waker.sleep(min(self._backoff.first * 2 ** min(self._failures, 16), self._backoff.environment))


def _positions(connection: Connection, outbox_ids: Collection[object]) -> list[tuple[object, ...]]:
    return connection.execute(query("bus", "positions"), {"outbox_ids": list(outbox_ids)}).fetchall()
