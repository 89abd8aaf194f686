"""The parked list: what the database will not take, and what waits behind it, place in the order kept.

There is one truth, in two parts. Postgres holds *what* is parked: `outbox.parked`, written in the transaction of the
position that passes over an event. The audit trail of the outbox file holds what people decided about it (`decisions`).
The state of each row follows from these two and from the log, and from nothing else (`standing`):

- *parked*: the event is itself at fault, and nobody has decided about it since;
- *held*: it belongs, or refers, to an aggregate of an *earlier* row that is parked;
- *releasing*: it waits for nobody; the worker takes it up, in the order of the log.

So the first row of the list is always either a person's to decide or the worker's to apply: nothing can wait for itself
or for nothing. Table `parked` of the file is a view of that. The worker rebuilds it at the start of every session
and after every batch that touched it; whatever a crash or a restore of either store left in it is gone then. It is
there so that people can read the list, and decide, while the database is away.
"""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from outbox.catalogue.event import Event
from outbox.clock import Clock, as_text
from outbox.errors import ParkedConflict
from outbox.log import log
from outbox.log.gate import Gate
from outbox.log.transaction import write_transaction
from outbox.notes import attempts, audit
from outbox.notes.decisions import Decision, Decisions, Outcome, Resolution, note_outcome
from outbox.stored import a_time, some_ids, stored

_COLUMNS = (
    "seq, event_id, type, aggregate_id, refs, state, behind_seq, verdict, sqlstate, reason, attempts, "
    "payload, resolution, parked_at"
)
SET_ASIDE = "operator"  # the verdict on what a person parked
UNCLAIMED = "unclaimed"  # on what a person parked because no catalogue of the worker claimed its type
DEPENDENCY = "dependency"  # and on what waits for another event
_NAMES = _COLUMNS.split(", ")
_RESTATED = ", ".join(f"{name} = excluded.{name}" for name in _NAMES if name not in {"seq", "parked_at"})
# Not "or replace": that is a delete, which is refused for a row that others wait for.
_PUT = f"""
insert into parked ({_COLUMNS}) values ({", ".join("?" * len(_NAMES))})
on conflict (seq) do update set {_RESTATED}
"""
_AMONG = "seq in (select value from json_each(?))"
_STANDINGS = """
select
  p.seq, e.event_id = p.event_id,
  p.state, p.behind_seq, p.verdict, p.sqlstate, p.reason, p.attempts, p.payload, p.resolution
from parked as p left join events as e on e.seq = p.seq
"""
_RESTATE = f"""
update parked
set state = ?, behind_seq = ?, verdict = ?, sqlstate = ?, reason = ?, attempts = ?, payload = ?, resolution = ?
where {_AMONG}
"""
_EDITED = "select after from decided where seq = ? and after is not null order by id desc limit 1"
_IMPOSSIBLE = """
select seq from parked where behind_seq in (
  select behind_seq from (select distinct behind_seq from parked where behind_seq is not null) as b
  where not exists (select 1 from parked as p where p.seq = b.behind_seq and p.state <> 'held')
)
union all
select seq from parked
where verdict <> 'operator' and seq > (
  select max(applied_seq) from destinations where destination_id = (select value from meta where key = 'destination_id')
)
order by seq limit ?
"""


def _json(seqs: Iterable[int]) -> str:
    return json.dumps(list(seqs))


class ParkedState(StrEnum):
    """Repeated as a CHECK on table parked.

    Its triggers refuse a state that neither an earlier row nor a decision bears out, whatever stood there before and
    whoever writes: `standing` is the rule, `docs/state_machine.md` its drawing.
    """

    PARKED = "parked"
    HELD = "held"
    RELEASING = "releasing"


@dataclass(frozen=True, slots=True, kw_only=True)
class ParkedEvent:
    """One row of the parked list.

    Attributes:
        behind_seq: for a held one, the earlier event that is parked and that it waits for.
        payload_json: the edited payload, None if the event's own stands.
        attempts: how often it was tried and charged; an outage is never charged.
    """

    seq: int
    event_id: UUID
    type: str
    aggregate_id: UUID
    refs: tuple[UUID, ...]
    state: ParkedState
    behind_seq: int | None
    verdict: str
    sqlstate: str | None
    reason: str
    attempts: int
    payload_json: str | None
    resolution: Resolution | None
    parked_at: dt.datetime

    @classmethod
    def from_row(cls, row: tuple[Any, ...]) -> ParkedEvent:
        (
            seq,
            event_id,
            type_,
            aggregate,
            refs,
            state,
            behind,
            verdict,
            sqlstate,
            reason,
            tries,
            payload,
            how,
            at,
        ) = row
        return cls(
            seq=seq,
            event_id=stored(UUID, event_id),
            type=type_,
            aggregate_id=stored(UUID, aggregate),
            refs=stored(some_ids, refs),
            state=stored(ParkedState, state),
            behind_seq=behind,
            verdict=verdict,
            sqlstate=sqlstate,
            reason=reason,
            attempts=tries,
            payload_json=payload,
            resolution=stored(Resolution, how) if how else None,
            parked_at=stored(a_time, at),
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the row as plain data, as `outbox parked list --json` prints it."""
        return {
            "seq": self.seq,
            "event_id": str(self.event_id),
            "type": self.type,
            "aggregate_id": str(self.aggregate_id),
            "refs": [str(ref) for ref in self.refs],
            "state": self.state.value,
            "behind_seq": self.behind_seq,
            "verdict": self.verdict,
            "sqlstate": self.sqlstate,
            "reason": self.reason,
            "attempts": self.attempts,
            "resolution": self.resolution.value if self.resolution else None,
            "parked_at": self.parked_at.isoformat(),
            "edited": self.payload_json is not None,
        }


class Shown(NamedTuple):
    """How a row stands, as the file has it: all of it but which event it is of.

    Attributes:
        is_its_own: whether the row names the event that the log has at its seq.
    """

    is_its_own: bool | None
    state: str
    behind_seq: int | None
    verdict: str
    sqlstate: str | None
    reason: str
    attempts: int
    payload_json: str | None
    resolution: str | None


class Passed(msgspec.Struct, frozen=True, kw_only=True):
    """An event that the position has passed without effect, as Postgres has it.

    Attributes:
        blamed: whether it is at fault itself, or only waits for one that is.
    """

    seq: int
    event_id: UUID
    type: str
    aggregate_id: UUID
    refs: tuple[UUID, ...]
    blamed: bool
    verdict: str
    sqlstate: str | None
    reason: str
    attempts: int
    parked_at: dt.datetime


def standing(row: Passed, decision: Decision | None, blocked: dict[UUID, int]) -> tuple[ParkedState, int | None]:
    """Say in which state a row stands, and behind which one it waits.

    Args:
        row: the row; those with a smaller seq were asked about before.
        decision: what stands for its event.
        blocked: aggregate -> the parked event that it waits for; what this row blocks is added.
    """
    if decision is not None and decision.discarded and decision.releases:
        return ParkedState.RELEASING, None  # it takes no effect, so its place in the order means nothing
    if row.blamed and (decision is None or not decision.releases):
        blocked.setdefault(row.aggregate_id, row.seq)
        return ParkedState.PARKED, None
    behind = next((blocked[one] for one in (row.aggregate_id, *row.refs) if one in blocked), None) if blocked else None
    if behind is None:
        return ParkedState.RELEASING, None
    blocked.setdefault(row.aggregate_id, behind)
    return ParkedState.HELD, behind


def shown(row: Passed, state: ParkedState, behind_seq: int | None, decision: Decision | None) -> Shown:
    """Return how a row stands, as the list shows it."""
    reason = row.reason if behind_seq is None or row.blamed else f"waits for event {behind_seq}, which is parked"
    stands = _undecided(state, behind_seq, row.verdict, row.sqlstate, reason, row.attempts)
    if decision is None:
        return stands
    resolution = decision.how.value if decision.releases else None
    return stands._replace(payload_json=decision.payload_json, resolution=resolution)


@lru_cache(maxsize=64)  # thousands that wait for one stand alike
def _undecided(
    state: ParkedState, behind_seq: int | None, verdict: str, sqlstate: str | None, reason: str, attempts: int
) -> Shown:
    return Shown(
        is_its_own=True,
        state=state.value,
        behind_seq=behind_seq,
        verdict=verdict,
        sqlstate=sqlstate,
        reason=reason,
        attempts=attempts,
        payload_json=None,
        resolution=None,
    )


def as_listed(row: Passed, stands: Shown) -> ParkedEvent:
    """Return a whole row of the list."""
    return ParkedEvent(
        seq=row.seq,
        event_id=row.event_id,
        type=row.type,
        aggregate_id=row.aggregate_id,
        refs=row.refs,
        state=ParkedState(stands.state),
        behind_seq=stands.behind_seq,
        verdict=stands.verdict,
        sqlstate=stands.sqlstate,
        reason=stands.reason,
        attempts=stands.attempts,
        payload_json=stands.payload_json,
        resolution=Resolution(stands.resolution) if stands.resolution else None,
        parked_at=row.parked_at,
    )


class Parked:
    """The parked list of one outbox file."""

    def __init__(self, connection: sqlite3.Connection, gate: Gate, clock: Clock) -> None:
        self._connection = connection
        self._gate = gate
        self._clock = clock

    def count(self) -> int:
        """Return how many events are parked, held or releasing."""
        (count,) = self._connection.execute("select count(*) from parked").fetchone()
        return int(count)

    def list(self, *, state: ParkedState | None = None) -> list[ParkedEvent]:
        """Return the list in seq order."""
        where, values = ("where state = ?", [state.value]) if state else ("", [])
        rows = self._connection.execute(f"select {_COLUMNS} from parked {where} order by seq", values)
        return [ParkedEvent.from_row(row) for row in rows]

    def awaiting_decision(self, *, after: int = 0, limit: int) -> tuple[ParkedEvent, ...]:
        """Return those that are at fault themselves, or decided about and not applied yet, in seq order."""
        rows = self._connection.execute(
            f"select {_COLUMNS} from parked where state <> 'held' and seq > ? order by seq limit ?", [after, limit]
        )
        return tuple(ParkedEvent.from_row(row) for row in rows)

    def page(self, *, after: int = 0, limit: int) -> tuple[ParkedEvent, ...]:
        """Return the rows after a seq, whatever their state, in seq order."""
        rows = self._connection.execute(
            f"select {_COLUMNS} from parked where seq > ? order by seq limit ?", [after, limit]
        )
        return tuple(ParkedEvent.from_row(row) for row in rows)

    def kinds(self) -> tuple[tuple[str, str | None], ...]:
        """Return each pair of event type and SQLSTATE that is on the list."""
        rows = self._connection.execute("select distinct type, sqlstate from parked order by type, sqlstate")
        return tuple((kind, sqlstate) for kind, sqlstate in rows)

    def held_behind(self, seq: int, *, limit: int = -1) -> tuple[ParkedEvent, ...]:
        """Return what waits for this event, in seq order."""
        rows = self._connection.execute(
            f"select {_COLUMNS} from parked where behind_seq = ? order by seq limit ?", [seq, limit]
        )
        return tuple(ParkedEvent.from_row(row) for row in rows)

    def count_behind(self, seq: int, *, limit: int) -> int:
        """Count what waits for this event, up to a limit."""
        (count,) = self._connection.execute(
            "select count(*) from (select 1 from parked where behind_seq = ? limit ?)", [seq, limit]
        ).fetchone()
        return int(count)

    def find(self, seq: int) -> ParkedEvent | None:
        """Return one row, None if this seq is not parked."""
        row = self._connection.execute(f"select {_COLUMNS} from parked where seq = ?", [seq]).fetchone()
        return ParkedEvent.from_row(row) if row else None

    def standings(self, seqs: Sequence[int] | None = None) -> dict[int, Shown]:
        """Return how the rows with these seqs stand, all if none are named."""
        only, values = ("", []) if seqs is None else (f"where p.{_AMONG}", [_json(seqs)])
        rows = self._connection.execute(f"{_STANDINGS} {only}", values)
        alike: dict[tuple[Any, ...], Shown] = {}  # thousands that wait for one stand alike
        found: dict[int, Shown] = {}
        for seq, *stands in rows:
            key = tuple(stands)
            found[seq] = alike.get(key) or alike.setdefault(key, Shown._make(key))
        return found

    def release(
        self,
        seq: int,
        how: Resolution,
        *,
        payload_json: str | None = None,
        reason: str | None = None,
        who: str | None = None,
    ) -> None:
        """Decide about a parked event: the decision is appended to the audit trail, the worker carries it out.

        Args:
            seq: of the event.
            how: what was decided.
            payload_json: for an edit, the payload to apply.
            reason: why.
            who: decided; None: the user of this process.

        Raises:
            ParkedConflict: the event is not parked.
        """
        with write_transaction(self._connection, self._gate):
            self._record(seq, how, payload_json, reason, who)
            self._release(seq, how, payload_json, from_states=(ParkedState.PARKED,))

    def discard_with(self, seq: int, *, reason: str) -> None:
        """Discard what only adds to an event that is discarded; it may be held, or not have come to the list yet."""
        with write_transaction(self._connection, self._gate):
            self._record(seq, Resolution.DISCARD, None, reason, None)
            if self.find(seq) is not None:
                self._release(seq, Resolution.DISCARD, None, from_states=(ParkedState.PARKED, ParkedState.HELD))

    def set_aside(self, event: Event, *, reason: str) -> None:
        """Park an event that is not delivered yet: it is passed over when its turn comes."""
        with write_transaction(self._connection, self._gate):
            self._record(event.seq, Resolution.PARK, None, reason, None)
            passed = Passed(
                seq=event.seq,
                event_id=event.event_id,
                type=event.type,
                aggregate_id=event.aggregate_id,
                refs=event.refs,
                blamed=True,
                verdict=SET_ASIDE,
                sqlstate=None,
                reason=f"set aside: {reason}",
                attempts=0,
                parked_at=self._clock.now(),
            )
            self._put([as_listed(passed, shown(passed, ParkedState.PARKED, None, None))])

    def rewrite(
        self,
        rows: Iterable[ParkedEvent] = (),
        *,
        restated: Mapping[Shown, Sequence[int]] | None = None,
        gone: Iterable[int] = (),
        decisions: Decisions | None = None,
        outcomes: dict[int, Outcome] | None = None,
        noted: Sequence[tuple[int, Outcome]] = (),
    ) -> None:
        """The worker's door: put rows down as Postgres has them, take away those that it no longer has, note outcomes.

        The file refuses a state that nothing bears out (`docs/state_machine.md`), so what bears it out comes first:
        outcomes of decisions, then what others wait for, then those; and what is waited for goes last.

        Args:
            rows: new ones, or whole ones, as they stand now.
            restated: how rows that are there stand now, and the seqs of these.
            gone: seqs of rows that are no longer on the list.
            decisions: about which there is something to note.
            outcomes: what became of the decisions about these events.
            noted: what became of decisions, by their ids.
        """
        with write_transaction(self._connection, self._gate):
            for decision_id, outcome in noted:
                note_outcome(self._connection, decision_id, outcome, self._clock.now())
            if decisions is not None and outcomes:
                decisions.settle(outcomes, self._clock.now())
            going = _json(gone)
            whole = sorted(rows, key=lambda row: (row.state is ParkedState.HELD, row.seq))
            first_held = next((place for place, row in enumerate(whole) if row.state is ParkedState.HELD), len(whole))
            stated = sorted((restated or {}).items(), key=lambda one: one[0].state == ParkedState.HELD.value)
            self._put(whole[:first_held])
            for stands, seqs in stated:
                self._connection.execute(_RESTATE, [*stands[1:], _json(seqs)])
            self._put(whole[first_held:])
            for only in ("state = 'held' and", ""):
                self._connection.execute(f"delete from parked where {only} {_AMONG}", [going])

    def impossible(self, *, limit: int = -1) -> tuple[int, ...]:
        """Return the seqs of rows that cannot be, by what the file itself says: the list has to be rebuilt.

        Held behind an event that is not parked, or parked although the worker's notes say that it is still to come.
        """
        rows = self._connection.execute(_IMPOSSIBLE, [limit])
        return tuple(seq for (seq,) in rows)

    def mend(self, passed_seq: int) -> tuple[int, ...]:
        """Rebuild the list from what the file knows; Postgres has the last word at the next session of the worker.

        Args:
            passed_seq: up to where the position is known to stand.

        Returns:
            The seqs whose row was changed.
        """
        with write_transaction(self._connection, self._gate):
            decisions = Decisions(self._connection)
            blocked: dict[UUID, int] = {}
            changed, gone = defaultdict[Shown, list[int]](list), deque[int]()
            before = self.standings()
            for row in self.list():
                decision = decisions.of(row.seq)
                if row.seq > passed_seq and not (decision is not None and decision.sets_aside):
                    gone.append(row.seq)
                    continue
                passed = Passed(
                    seq=row.seq,
                    event_id=row.event_id,
                    type=row.type,
                    aggregate_id=row.aggregate_id,
                    refs=row.refs,
                    blamed=row.verdict != DEPENDENCY,
                    verdict=row.verdict,
                    sqlstate=row.sqlstate,
                    reason=row.reason,
                    attempts=row.attempts,
                    parked_at=row.parked_at,
                )
                now = shown(passed, *standing(passed, decision, blocked), decision)
                if now[1:] != before[row.seq][1:]:
                    changed[now].append(row.seq)
            if changed or gone:
                self.rewrite(restated=changed, gone=gone)
        return tuple(sorted([*gone, *(seq for seqs in changed.values() for seq in seqs)]))

    def _release(
        self, seq: int, how: Resolution, payload_json: str | None, *, from_states: tuple[ParkedState, ...]
    ) -> None:
        marks = ", ".join("?" * len(from_states))
        cursor = self._connection.execute(
            "update parked set state = 'releasing', behind_seq = null, resolution = ?, payload = coalesce(?, payload) "
            f"where seq = ? and state in ({marks})",
            [how.value, payload_json, seq, *(state.value for state in from_states)],
        )
        if cursor.rowcount != 1:
            raise ParkedConflict(self._why_not(seq))

    def _record(self, seq: int, how: Resolution, payload_json: str | None, reason: str | None, who: str | None) -> None:
        before = None
        if payload_json is not None:
            found = self._connection.execute(_EDITED, [seq]).fetchone()
            before = found[0] if found is not None else log.get(self._connection, seq).payload_json
        attempts.decided_about(self._connection, seq)
        audit.record(
            self._connection,
            self._clock.now(),
            how.value,
            seq=seq,
            reason=reason,
            before=before,
            after=payload_json,
            who=who,
        )

    def _put(self, rows: Iterable[ParkedEvent]) -> None:
        self._connection.executemany(
            _PUT,
            (
                (
                    row.seq, str(row.event_id), row.type, str(row.aggregate_id),
                    json.dumps([str(one) for one in row.refs]),
                    row.state.value, row.behind_seq, row.verdict, row.sqlstate, row.reason, row.attempts,
                    row.payload_json, row.resolution.value if row.resolution else None, as_text(row.parked_at),
                )
                for row in rows
            ),
        )  # fmt: skip

    def _why_not(self, seq: int) -> str:
        found = self.find(seq)
        if found is None:
            return f"event {seq} is not parked: `outbox parked list` shows those that are"
        if found.state is ParkedState.HELD:
            return f"event {seq} is only held behind event {found.behind_seq}: resolve that one, and this one follows"
        return f"event {seq} is {found.state.value} already; the worker takes it up next"
