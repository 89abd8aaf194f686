"""Parked events: what the database will not take, and what waits behind it, place in the order kept.

An event is *parked* when it is shown to be at fault itself, *held* when it belongs to, or refers to, an
aggregate that has a parked or held event (new arrivals included). An operator decides about a parked one:
retry, edit, discard or supersede. Then it is *releasing*: the worker applies releasing events in seq order,
and what was held behind one follows when it is through. Postgres keeps the same rows in `outbox.parked`, in
the transaction that passes over them; should a crash come between, the worker restores these from those.
"""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from outbox.clock import Clock, as_text
from outbox.errors import ParkedConflict
from outbox.event import Event
from outbox.gate import Gate
from outbox.transaction import write_transaction

_COLUMNS = (
    "seq, event_id, type, aggregate_id, refs, state, behind_seq, verdict, sqlstate, reason, attempts, "
    "payload, resolution, parked_at"
)


class ParkedState(StrEnum):
    """Repeated as a CHECK on table parked."""

    PARKED = "parked"
    HELD = "held"
    RELEASING = "releasing"


# Which state may follow which; leaving the table (applied or discarded) is allowed from RELEASING alone.
TRANSITIONS: dict[ParkedState, frozenset[ParkedState]] = {
    ParkedState.PARKED: frozenset({ParkedState.RELEASING}),
    ParkedState.HELD: frozenset({ParkedState.RELEASING}),
    # Tried again and refused again, or found to wait for another one that is parked by now.
    ParkedState.RELEASING: frozenset({ParkedState.PARKED, ParkedState.HELD}),
}


class Resolution(StrEnum):
    """What an operator decided."""

    RETRY = "retry"
    EDIT = "edit"
    DISCARD = "discard"
    SUPERSEDE = "supersede"


@dataclass(frozen=True, slots=True, kw_only=True)
class ParkedEvent:
    """One row of the parked list.

    Attributes:
        behind_seq: for a held one, the parked event that it waits for.
        payload_json: the edited payload, None where the event's own stands.
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
            event_id=UUID(event_id),
            type=type_,
            aggregate_id=UUID(aggregate),
            refs=tuple(UUID(ref) for ref in json.loads(refs)),
            state=ParkedState(state),
            behind_seq=behind,
            verdict=verdict,
            sqlstate=sqlstate,
            reason=reason,
            attempts=tries,
            payload_json=payload,
            resolution=Resolution(how) if how else None,
            parked_at=dt.datetime.fromisoformat(at),
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the row as plain data, as `outbox parked list --json` prints it."""
        plain = asdict(self)
        plain["event_id"], plain["aggregate_id"] = str(self.event_id), str(self.aggregate_id)
        plain["refs"] = [str(ref) for ref in self.refs]
        plain["state"] = self.state.value
        plain["resolution"] = self.resolution.value if self.resolution else None
        plain["parked_at"] = self.parked_at.isoformat()
        del plain["payload_json"]
        plain["edited"] = self.payload_json is not None
        return plain


class Parked:
    """The parked list of one outbox file."""

    def __init__(self, connection: sqlite3.Connection, gate: Gate, clock: Clock) -> None:
        self._connection = connection
        self._gate = gate
        self._clock = clock

    def park(self, event: Event, *, verdict: str, reason: str, sqlstate: str | None = None, attempts: int = 1) -> None:
        """Park an event that is itself at fault; one that is releasing goes back to parked."""
        self._write(event, ParkedState.PARKED, None, verdict, sqlstate, reason, attempts)

    def hold(self, event: Event, *, behind_seq: int) -> None:
        """Hold an event behind a parked one."""
        reason = f"waits for event {behind_seq}, which is parked"
        self._write(event, ParkedState.HELD, behind_seq, "dependency", None, reason, 0)

    def blocking(self, event: Event) -> int | None:
        """Return the seq of the parked event that this one has to wait for, None where none stands before it."""
        ids = [str(event.aggregate_id), *(str(ref) for ref in event.refs)]
        marks = ", ".join("?" * len(ids))
        row = self._connection.execute(
            f"select coalesce(behind_seq, seq) from parked where aggregate_id in ({marks}) and seq < ? "
            "order by seq limit 1",
            [*ids, event.seq],
        ).fetchone()
        return row[0] if row else None

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
        """Return one row, None where this seq is not parked."""
        row = self._connection.execute(f"select {_COLUMNS} from parked where seq = ?", [seq]).fetchone()
        return ParkedEvent.from_row(row) if row else None

    def release(self, seq: int, how: Resolution, *, payload_json: str | None = None) -> None:
        """Hand a parked event to the worker; an operator's decision, see `outbox.resolve`.

        Raises:
            ParkedConflict: the event is not parked.
        """
        with write_transaction(self._connection, self._gate):
            cursor = self._connection.execute(
                "update parked set state = 'releasing', resolution = ?, payload = coalesce(?, payload) "
                "where seq = ? and state = 'parked'",
                [how.value, payload_json, seq],
            )
            if cursor.rowcount != 1:
                raise ParkedConflict(self._why_not(seq))

    def release_held(self, behind_seq: int) -> int:
        """Hand what was held behind an event that is through to the worker; returns how many."""
        with write_transaction(self._connection, self._gate):
            cursor = self._connection.execute(
                "update parked set state = 'releasing', behind_seq = null where behind_seq = ? and state = 'held'",
                [behind_seq],
            )
            return cursor.rowcount

    def finish(self, seq: int) -> None:
        """Take a releasing event off the list: it was applied or discarded.

        Raises:
            ParkedConflict: it is not releasing.
        """
        with write_transaction(self._connection, self._gate):
            cursor = self._connection.execute("delete from parked where seq = ? and state = 'releasing'", [seq])
            if cursor.rowcount != 1:
                raise ParkedConflict(self._why_not(seq))

    def _why_not(self, seq: int) -> str:
        found = self.find(seq)
        if found is None:
            return f"event {seq} is not parked: `outbox parked list` shows those that are"
        if found.state is ParkedState.HELD:
            return f"event {seq} is only held behind event {found.behind_seq}: resolve that one, and this one follows"
        return f"event {seq} is {found.state.value} already; the worker takes it up next"

    def _write(
        self,
        event: Event,
        state: ParkedState,
        behind_seq: int | None,
        verdict: str,
        sqlstate: str | None,
        reason: str,
        attempts: int,
    ) -> None:
        with write_transaction(self._connection, self._gate):
            self._connection.execute(
                f"""
                insert into parked ({_COLUMNS}) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, null, null, ?)
                on conflict (seq) do update
                set state = excluded.state, behind_seq = excluded.behind_seq, verdict = excluded.verdict,
                    sqlstate = excluded.sqlstate, reason = excluded.reason, resolution = null,
                    attempts = parked.attempts + excluded.attempts
                where parked.state = 'releasing'
                """,
                (
                    event.seq, str(event.event_id), event.type, str(event.aggregate_id),
                    json.dumps([str(ref) for ref in event.refs]), state.value, behind_seq, verdict, sqlstate, reason,
                    attempts, as_text(self._clock.now()),
                ),
            )  # fmt: skip
