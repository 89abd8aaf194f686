"""Judges every transaction that a database commits: G3, G4, G5 and G7, as they show on the other side.

It follows the position of each outbox, and what was applied, parked and held there. Each invariant is a function of
its own, named for what holds; what it needs to know of the log it asks the witness, not the code under test.
"""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from outbox.catalogue import STAMP, Does
from simulation.declared import CATALOGUE, TABLES
from simulation.destination.tables import Transaction
from simulation.kernel import Violation
from simulation.reference import Reference, compare
from simulation.witness import Seen, Witness

KILLER_MARK = "☠"
_DIED = "the worker died"
# Poison is tried twice; the process dies three times of an event, the session is lost six times.
_FIRST_CHARGE = {_DIED: 3, "the server ends the session": 6}
Position = tuple[int, UUID | None]


@dataclass(frozen=True, slots=True)
class Delivered:
    """What one transaction did for one outbox: read from its writes."""

    witness: Witness
    before: Position
    after: Position
    applied: list[tuple[Seen, dict[str, Any]]]
    parked: dict[int, dict[str, Any]]
    unparked: set[int]
    stamps: set[UUID]


@dataclass(frozen=True, slots=True)
class Changed:
    """What a person changed in a row, by hand, and when; `field` is what events call the column."""

    at: float
    kind: str
    slug: str
    field: str
    column: str
    value: Any

    def still_stands(self, tables: dict[str, Any]) -> bool:
        """Whether nobody has written the field since."""
        row = tables[self.kind].get(self.slug)
        return row is not None and bool(row[self.column] == self.value)


@dataclass(slots=True)
class Book:
    """What a ledger knows, and what goes back with its database when that is restored.

    Attributes:
        again: what took effect, and comes once more: an operator replays it.
        newest_again: what of an aggregate came last in that replay.
    """

    reference: Reference
    positions: dict[UUID, Position] = field(default_factory=dict)
    applied: dict[UUID, set[int]] = field(default_factory=dict)
    newest: dict[tuple[UUID, UUID], int] = field(default_factory=dict)
    waiting: dict[tuple[UUID, int], UUID] = field(default_factory=dict)
    charges: dict[tuple[UUID, int], int] = field(default_factory=dict)
    again: dict[UUID, set[int]] = field(default_factory=dict)
    newest_again: dict[tuple[UUID, UUID], int] = field(default_factory=dict)


class Ledger:
    """The ledger of one database.

    Attributes:
        effects: every event that took effect, with its outbox, in order; a restored database forgets, this does not.
        blame: marks in titles that make an event guilty of being refused; None: any may be refused.
        lenient: outboxes whose file an operator put back, or that two workers serve: an event may be sent twice, if
            that changes nothing.
        changed: what people changed in rows.
        has_branched: the database went back and forth: what was carried out meanwhile is lost with what it was then.
        stood: every position of every outbox that was ever committed.
        excused: constraints that were in the way until a moment ago; who asked before may charge them still.
    """

    def __init__(self, minds: dict[str, UUID], blame: set[str]) -> None:
        self.book = Book(Reference(minds))
        self.effects: list[tuple[UUID, int]] = []
        self.blame: set[str] | None = blame
        self.lenient: set[UUID] = set()
        self.stood: set[tuple[UUID, int, UUID | None]] = set()
        self.excused: set[str] = set()
        self.changed: list[Changed] = []
        self.has_branched = False

    def snapshot(self) -> Book:
        """What to go back to."""
        return deepcopy(self.book)

    def committed(
        self, witness: Witness, transaction: Transaction, tables: dict[str, Any], *, rewinds: bool = False
    ) -> None:
        """Judge one transaction that took effect; whether it may set the position back is said by whose it is.

        Raises:
            Violation: a guarantee is broken.
        """
        if rewinds and self._rewound(witness, transaction, tables):
            return
        self.committed_of([witness], transaction, tables)

    def committed_of(self, witnesses: Sequence[Witness], transaction: Transaction, tables: dict[str, Any]) -> None:
        """Judge one transaction that took effect for these outboxes.

        Raises:
            Violation: a guarantee is broken.
        """
        every = [self._read(witness, transaction) for witness in witnesses]
        for done in every:
            the_position_moves_forward_from_where_it_was(done)
            only_the_right_file_is_delivered(done)
        if len(every) == 1 and self._said_again(every[0], transaction, tables):
            return
        effects_carry_the_events_of_their_transaction(every)
        applied = [(done, event, payload) for done in every for event, payload in done.applied]
        if len(every) > 1:  # of a row that several write, the newest event wins
            applied.sort(key=lambda one: one[1].event_id)
        for done, event, payload in applied:
            self._applied(done, event, payload, tables)
        for done in every:
            for seq, row in done.parked.items():
                self._parked(done, done.witness.events[seq], row)
            for seq in done.unparked:
                self.book.waiting.pop((done.witness.outbox_id, seq), None)
            self.book.positions[done.witness.outbox_id] = done.after
            self.stood.add((done.witness.outbox_id, *done.after))
        compare(self.book.reference, tables)

    def _applied(self, done: Delivered, event: Seen, payload: dict[str, Any], tables: dict[str, Any]) -> None:
        outbox_id = done.witness.outbox_id
        again = event.seq in self.book.applied.setdefault(outbox_id, set())
        if again and outbox_id in self.lenient:
            return
        if event.seq in self.book.again.get(outbox_id, ()):  # a replay: it changes nothing
            dependants_are_held(self.book, done, event)
            self._order_is_kept(self.book.newest_again, done, event)
            self.book.again[outbox_id].discard(event.seq)
            return
        nothing_is_applied_twice(event, again=again)
        if outbox_id not in self.lenient:  # the parked list is not fenced, the position is
            dependants_are_held(self.book, done, event)
        self._order_is_kept(self.book.newest, done, event)
        self._takes_effect(outbox_id, event, payload, tables)

    def _takes_effect(self, outbox_id: UUID, event: Seen, payload: dict[str, Any], tables: dict[str, Any]) -> None:
        self.book.reference.apply(event, payload, outbox_id, tables)
        self.book.applied[outbox_id].add(event.seq)
        self.effects.append((outbox_id, event.seq))

    def _order_is_kept(self, newest: dict[tuple[UUID, UUID], int], done: Delivered, event: Seen) -> None:
        """Judge the order within an aggregate; what was discarded and let go after all comes when a person says so."""
        key = (done.witness.outbox_id, event.aggregate_id)
        if not done.witness.was_let_go_after_all(event.seq):
            order_is_kept(newest.get(key, 0), event)
        newest[key] = max(newest.get(key, 0), event.seq)

    def _rewound(self, witness: Witness, transaction: Transaction, tables: dict[str, Any]) -> bool:
        """Take in that an operator set the position back, if that is what the transaction did."""
        outbox_id = witness.outbox_id
        row = transaction.writes.get(("sources", outbox_id))
        before = self.book.positions.get(outbox_id, (0, None))
        if row is None or row["applied_seq"] >= before[0]:
            return False
        position = row["applied_seq"]
        no_row_lies_beyond_the_position(outbox_id, position, tables)
        self.book.positions[outbox_id] = (position, row["applied_event_id"])
        self.book.again[outbox_id] = {
            seq for seq in self.book.applied.get(outbox_id, ()) if position < seq
        } | self.book.again.get(outbox_id, set())
        for key in [key for key in self.book.waiting if key[0] == outbox_id and key[1] > position]:
            del self.book.waiting[key]
        for aggregate in [key for key in self.book.newest_again if key[0] == outbox_id]:
            del self.book.newest_again[aggregate]
        compare(self.book.reference, tables)
        return True

    def _said_again(self, done: Delivered, transaction: Transaction, tables: dict[str, Any]) -> bool:
        """Take in that a row was written although the position stays, if it was one of the two that may be.

        It is written as was decided after it had been written as was said; or the position had passed its event as
        discarded, and a person let it go after all: that one takes effect here.
        """
        outbox_id, witness = done.witness.outbox_id, done.witness
        applied = self.book.applied.setdefault(outbox_id, set())
        if done.before != done.after or done.parked or done.unparked or not done.stamps:
            return False
        by_id = {event.event_id: event for event in witness.events.values()}
        late = self._let_go_late(done, {by_id[stamp].aggregate_id for stamp in done.stamps if stamp in by_id})
        decided = {}
        for (table, key), row in transaction.writes.items():
            if table not in self.book.reference.rows or row is None:
                continue
            event = by_id.get(row["last_event_id"])
            if event in late:
                continue
            if event is None or event.seq not in applied:
                return False
            mine = [one for one in witness.events.values() if one.aggregate_id == event.aggregate_id]
            if not any(one in late or witness.decided(one.seq)[1] is not None for one in mine):
                return False
            what_was_decided_stands(witness, mine, row)
            decided[table, key] = dict(row)
        for event in late:
            dependants_are_held(self.book, done, event)
            newest = outbox_id, event.aggregate_id
            self.book.newest[newest] = max(self.book.newest.get(newest, 0), event.seq)
            self._takes_effect(outbox_id, event, witness.decided(event.seq)[1] or event.payload, tables)
        for (table, key), row in decided.items():
            self.book.reference.rows[table][key] = row
        compare(self.book.reference, tables)
        return True

    def _let_go_late(self, done: Delivered, aggregates: set[UUID]) -> list[Seen]:
        """Return what the position has passed without effect, for it was discarded, and is not any more, in order.

        The discard may have gone with an outbox file in whose place a backup was put.
        """
        outbox_id, witness = done.witness.outbox_id, done.witness
        return [
            event
            for seq, event in sorted(witness.events.items())
            if event.aggregate_id in aggregates
            and seq <= done.before[0]
            and seq not in self.book.applied[outbox_id]
            and (outbox_id, seq) not in self.book.waiting
            and witness.was_discarded(seq)
            and not witness.decided(seq)[0]
        ]

    def _read(self, witness: Witness, transaction: Transaction) -> Delivered:
        outbox_id = witness.outbox_id
        before = self.book.positions.get(outbox_id, (0, None))
        after, parked, unparked, stamps = before, {}, set(), set()
        for (table, key), row in transaction.writes.items():
            if table in {"sources", "parked", "inbox"} and (key if table == "sources" else key[0]) != outbox_id:
                continue  # another outbox's, in the same transaction
            if table == "sources" and row is not None:
                after = (row["applied_seq"], row["applied_event_id"])
            elif table == "parked" and row is not None:
                parked[key[1]] = row
            elif table == "parked":
                unparked.add(key[1])
            elif row is not None and table == "inbox":
                stamps.add(row["event_id"])
            elif row is not None and STAMP in row:
                stamps.add(row[STAMP])
        applied = []
        for seq in range(before[0] + 1, after[0] + 1):
            event = witness.events.get(seq)
            if event is None:
                raise Violation("nothing_is_skipped", f"the position passed {seq}, which is not in the log")
            if seq not in parked:
                applied.append((event, *witness.decided(seq)))
        applied += [(witness.events[seq], *witness.decided(seq)) for seq in sorted(unparked)]
        kept = [(event, payload or event.payload) for event, discarded, payload in applied if not discarded]
        return Delivered(witness, before, after, kept, parked, unparked, stamps)

    def _parked(self, done: Delivered, event: Seen, row: dict[str, Any]) -> None:
        key = (done.witness.outbox_id, event.seq)
        if row["state"] == "parked":
            before = self.book.charges.get(key)
            first = next((tries for words, tries in _FIRST_CHARGE.items() if row["reason"].startswith(words)), 2)
            # Read again in a replay, it may be refused in a way that takes more tries to be sure of.
            self.book.charges[key] = first if before is None else max(first, before + 1)
            _, payload = done.witness.decided(event.seq)
            only_the_guilty_are_parked(self, done.witness, event, payload or event.payload, row)
            attempts_are_charged_once(self.book, key, event, row)
        elif done.witness.outbox_id not in self.lenient:
            only_dependants_are_held(self.book, done, event)
        self.book.waiting[key] = event.aggregate_id


def the_position_moves_forward_from_where_it_was(done: Delivered) -> None:
    """G3: it never goes back, and always stands at an event of the log."""
    seq, event_id = done.after
    if seq < done.before[0] or (seq and done.witness.events[seq].event_id != event_id):
        raise Violation("the_position_moves_forward", f"from {done.before} to {done.after}")


def what_was_decided_stands(witness: Witness, events: list[Seen], row: dict[str, Any]) -> None:
    """G5: an edit that was answered with success is what stands in the row, until something newer is said."""
    for event in sorted(events, key=lambda one: one.seq, reverse=True):
        discarded, payload = witness.decided(event.seq)
        made = CATALOGUE.contracts[event.type].does is Does.MAKES
        if discarded or not made or event.event_id > row[STAMP]:
            continue
        name = TABLES[event.kind].title
        if name is not None and row[name] != (payload or event.payload)[name]:
            raise Violation("what_was_decided_stands", f"event {event.seq}: {row}")
        return


def no_row_lies_beyond_the_position(outbox_id: UUID, position: int, tables: dict[str, Any]) -> None:
    """G5: what is parked is what the position has passed; what it has not is read again, and would wait for itself."""
    if beyond := [seq for outbox, seq in tables["parked"] if outbox == outbox_id and seq > position]:
        raise Violation("no_row_lies_beyond_the_position", f"{beyond} are parked, the position is {position}")


def only_the_right_file_is_delivered(done: Delivered) -> None:
    """G7: the log that is delivered has the event at which the position stood, unless it was pruned."""
    seq, event_id = done.before
    found = done.witness.events.get(seq)
    if event_id is None and seq < done.witness.pruned_below:  # set back to before the first that is not pruned
        return
    if seq and (found is None or found.event_id != event_id):
        raise Violation("only_the_right_file_is_delivered", f"the position stood at {event_id}, the file has {found}")


def effects_carry_the_events_of_their_transaction(every: Sequence[Delivered]) -> None:
    """G3: rows are written in the transaction in which the position passes their events, and in no other."""
    stray = {stamp for done in every for stamp in done.stamps}
    stray -= {event.event_id for done in every for event, _ in done.applied}
    if stray:
        moves = [(done.before, done.after) for done in every]
        raise Violation("effects_and_position_move_together", f"rows of {stray}, positions from and to {moves}")


def what_is_said_was_committed(ledger: "Ledger", outbox_id: UUID, position: Position) -> None:
    """G3, G6: a position that a host is told of, or notes, stood in the database.

    Raises:
        Violation: it never did.
    """
    if position[0] and (outbox_id, *position) not in ledger.stood:
        raise Violation("what_is_said_was_committed", f"{position} was said, and never stood there")


def nothing_is_applied_twice(event: Seen, *, again: bool) -> None:
    """G3: every event takes effect once."""
    if again:
        raise Violation("nothing_is_applied_twice", f"event {event.seq}")


def order_is_kept(newest: int, event: Seen) -> None:
    """G3: events of one aggregate take effect in the order of the log, and in every replay anew."""
    if newest >= event.seq:
        raise Violation("order_is_kept", f"event {event.seq} after {newest} of the same aggregate")


def _blockers(book: Book, done: Delivered, event: Seen) -> list[int]:
    outbox_id = done.witness.outbox_id
    waiting = {seq: aggregate for (outbox, seq), aggregate in book.waiting.items() if outbox == outbox_id}
    waiting |= {seq: row["aggregate_id"] for seq, row in done.parked.items()}
    needed = {event.aggregate_id, *event.refs}
    return [seq for seq in waiting if seq < event.seq and seq not in done.unparked and waiting[seq] in needed]


def dependants_are_held(book: Book, done: Delivered, event: Seen) -> None:
    """G5: nothing is applied before a parked event that it depends on."""
    if blockers := _blockers(book, done, event):
        raise Violation("dependants_are_held", f"event {event.seq} was applied while {blockers} wait")


def only_dependants_are_held(book: Book, done: Delivered, event: Seen) -> None:
    """G5: everything else flows."""
    if not _blockers(book, done, event):
        raise Violation("only_dependants_are_held", f"event {event.seq} waits for nothing")


def only_the_guilty_are_parked(
    ledger: Ledger, witness: Witness, event: Seen, payload: dict[str, Any], row: dict[str, Any]
) -> None:
    """G4, G5: no outage and no neighbour's fault is charged to an event."""
    title = str(payload.get("title", payload.get("name", "")))
    killed = row["reason"].startswith(_DIED)
    if any(constraint in row["reason"] for constraint in ledger.excused):
        return
    if row["verdict"] == "operator" and witness.was_set_aside(event.seq):
        return
    if killed != (KILLER_MARK in title) and (killed or not ledger.book.reference.lacks(event, payload)):
        raise Violation("only_the_guilty_are_parked", f"event {event.seq} {payload}: {row}")
    if ledger.blame is None or killed or any(mark in title for mark in ledger.blame):
        return
    if not ledger.book.reference.lacks(event, payload):
        raise Violation("only_the_guilty_are_parked", f"event {event.seq} {payload}: {row}")


def attempts_are_charged_once(book: Book, key: tuple[UUID, int], event: Seen, row: dict[str, Any]) -> None:
    """G4: an attempt is counted when the event was refused, and at no other time."""
    if row["attempts"] > book.charges[key]:
        raise Violation("attempts_are_charged_once", f"event {event.seq}: {row}, should be {book.charges[key]}")
