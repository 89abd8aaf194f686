"""What the relay remembers in the outbox file, for `outbox status` and for retention.

The truth of the position lives in Postgres, in the same transaction as the effects. What stands here may lag
behind it by one batch after a crash, and is never used to decide what to apply.
"""

from __future__ import annotations

import json
import os
import sqlite3
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

import msgspec

from outbox.clock import Clock, as_text
from outbox.errors import Fault
from outbox.log import log
from outbox.log.gate import Gate
from outbox.log.transaction import write_transaction
from outbox.stored import a_moment, stored


class WorkerState(StrEnum):
    """What the worker is doing; drawn in docs/state_machine.md, repeated as a CHECK on table worker."""

    STARTING = "starting"
    FOLLOWING = "following"  # nothing waits
    DRAINING = "draining"
    HOLDING = "holding"  # told to wait: the persist flag is off, or an operator paused it
    OUTAGE = "outage"  # the database is away; retried for ever
    BLOCKED = "blocked"  # a person is needed: wrong password, missing table, another database
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class RememberedPosition:
    """How far the relay got, as it remembers it here.

    Attributes:
        destination_id: identity of the database.
        applied_seq: the last seq applied there; 0 before the first.
        applied_event_id: id of that event.
    """

    destination_id: UUID
    applied_seq: int
    applied_event_id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSeen:
    """Where a database lives.

    Attributes:
        destination_id: the identity that it carries.
        system: identifier of the server's cluster.
        database: number of the database in it.
        timeline: of the server's history.
    """

    destination_id: UUID
    system: str
    database: str
    timeline: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """What keeps the worker from delivering, in fields, to decide what to show or to type next.

    Attributes:
        kind: one word that never changes (see `Fault.kind`).
        remedy: what to do.
        command: the one to type.
        entry: of docs/runbook.md.
    """

    kind: str
    remedy: str | None = None
    command: str | None = None
    entry: str | None = None

    @classmethod
    def of(cls, error: Fault) -> Cause:
        return cls(kind=error.kind, remedy=error.remedy, command=error.command, entry=error.entry)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerReport:
    """The worker's last word about itself. Times are ISO 8601, UTC."""

    state: WorkerState
    pid: int | None
    since: str
    heartbeat_at: str
    last_error: str | None
    rate_per_second: float | None
    eta_seconds: float | None
    cause: Cause | None = None


class RelayState:
    """Reads and writes the relay's notes in one outbox file."""

    def __init__(self, connection: sqlite3.Connection, gate: Gate, clock: Clock) -> None:
        self._connection = connection
        self._gate = gate
        self._clock = clock

    def remember_position(self, destination_id: UUID, applied_seq: int, applied_event_id: UUID | None) -> None:
        """Note how far the destination is; the newest note wins. What it went back behind is no longer proven."""
        now = as_text(self._clock.now())
        with write_transaction(self._connection, self._gate):
            self._connection.execute(
                """
                insert into destinations (destination_id, applied_seq, applied_event_id, first_seen_at, updated_at)
                values (?, ?, ?, ?, ?)
                on conflict (destination_id) do update
                set applied_seq = excluded.applied_seq, applied_event_id = excluded.applied_event_id,
                    updated_at = excluded.updated_at, verified_seq = min(verified_seq, excluded.applied_seq)
                """,
                (str(destination_id), applied_seq, applied_event_id and str(applied_event_id), now, now),
            )
            # By name, not by time: a clock that goes back must not bring back the database of last time.
            self._connection.execute("insert or replace into meta values ('destination_id', ?)", [str(destination_id)])

    def remember_settled(self, written_at: int) -> None:
        """Note when the database was written last, by its clock, as what became of decisions was found out."""
        with write_transaction(self._connection, self._gate):
            self._connection.execute("insert or replace into meta values ('settled_at', ?)", [str(written_at)])

    @property
    def settled_at(self) -> int | None:
        """What `remember_settled` noted, in microseconds; None if nothing was."""
        row = self._connection.execute("select value from meta where key = 'settled_at'").fetchone()
        return int(row[0]) if row else None

    def remember_verified(self, destination_id: UUID, verified_seq: int) -> None:
        """Note that everything up to `verified_seq` was compared with the destination and found there.

        A proof reaches no further than the position that is noted: it may have been set back since it was compared.
        """
        with write_transaction(self._connection, self._gate):
            self._connection.execute(
                "update destinations set verified_seq = min(?, applied_seq), verified_at = ? where destination_id = ?",
                [verified_seq, as_text(self._clock.now()), str(destination_id)],
            )

    def verified_in(self, destination_id: UUID) -> int:
        """Up to where this destination is proven to hold the events; 0 without proof."""
        query = "select verified_seq from destinations where destination_id = ?"
        row = self._connection.execute(query, [str(destination_id)]).fetchone()
        return int(row[0]) if row else 0

    @property
    def verified_seq(self) -> int:
        """Up to where every known destination is proven to hold the events; 0 without proof."""
        (seq,) = self._connection.execute("select coalesce(min(verified_seq), 0) from destinations").fetchone()
        return int(seq)

    @property
    def pruned_below(self) -> int:
        """Events with a smaller seq were pruned; 0 if none ever was."""
        row = self._connection.execute("select value from meta where key = 'pruned_below'").fetchone()
        return stored(int, row[0]) if row else 0

    @property
    def pruned_event_id(self) -> UUID | None:
        """The last event that was pruned, the one before `pruned_below`; None if that is not known."""
        row = self._connection.execute("select value from meta where key = 'pruned_event_id'").fetchone()
        return stored(UUID, row[0]) if row else None

    @property
    def position(self) -> RememberedPosition | None:
        """The position at the destination that was served last; None before the first contact."""
        row = self._connection.execute(
            "select destination_id, applied_seq, applied_event_id from destinations"
            " where destination_id = (select value from meta where key = 'destination_id')"
        ).fetchone()
        if row is None:
            return None
        destination_id, applied_seq, applied_event_id = row
        return RememberedPosition(
            destination_id=stored(UUID, destination_id),
            applied_seq=stored(int, applied_seq),
            applied_event_id=stored(UUID, applied_event_id) if applied_event_id else None,
        )

    def set_state(
        self,
        state: WorkerState | str,
        last_error: str | None = None,
        rate_per_second: float | None = None,
        eta_seconds: float | None = None,
        *,
        cause: Cause | None = None,
    ) -> None:
        """Say what the worker is doing; `since` moves only when the state changes.

        A worker that stops while nothing could be delivered leaves its last error, and why: somebody will ask.
        """
        now = as_text(self._clock.now())
        value = WorkerState(state).value
        pid = None if value == WorkerState.STOPPED.value else os.getpid()
        with write_transaction(self._connection, self._gate):
            self._connection.execute(
                """
                insert into worker
                  (singleton, state, pid, since, heartbeat_at, last_error, rate_per_second, eta_seconds,
                   kind, remedy, command, entry)
                values (1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                on conflict (singleton) do update
                set since = iif(worker.state = excluded.state, worker.since, excluded.since), state = excluded.state,
                    pid = excluded.pid, heartbeat_at = excluded.heartbeat_at,
                    rate_per_second = excluded.rate_per_second, eta_seconds = excluded.eta_seconds
                """,
                (value, pid, now, now, last_error, rate_per_second, eta_seconds, *_columns(cause)),
            )
            if value == WorkerState.STOPPED.value and last_error is None and self._is_cut_off():
                return
            self._connection.execute(
                "update worker set last_error = ?, kind = ?, remedy = ?, command = ?, entry = ?",
                (last_error, *_columns(cause)),
            )

    def _is_cut_off(self) -> bool:
        return self._connection.execute("select 1 from outages where ended_at is null").fetchone() is not None

    @property
    def report(self) -> WorkerReport | None:
        """The worker's last word about itself, None if none ever ran."""
        row = self._connection.execute(
            "select state, pid, since, heartbeat_at, last_error, rate_per_second, eta_seconds,"
            " kind, remedy, command, entry from worker"
        ).fetchone()
        if row is None:
            return None
        state, pid, since, heartbeat_at, last_error, rate, eta, kind, remedy, command, entry = row
        return WorkerReport(
            state=stored(WorkerState, state),
            pid=pid,
            since=stored(a_moment, since),
            heartbeat_at=stored(a_moment, heartbeat_at),
            last_error=last_error,
            rate_per_second=rate,
            eta_seconds=eta,
            cause=Cause(kind=kind, remedy=remedy, command=command, entry=entry) if kind else None,
        )

    def outage_began(self, cause: str, *, blocked: bool = False) -> None:
        """Open a row in the outage ledger; an open one stays as it is, but for `blocked`: a person is needed."""
        backlog = self._backlog()
        with write_transaction(self._connection, self._gate):
            self._connection.execute(
                """
                insert into outages (began_at, cause, backlog_at_begin, backlog_peak, probes)
                select ?, ?, ?, ?, 1 where not exists (select 1 from outages where ended_at is null)
                """,
                (as_text(self._clock.now()), cause, backlog, backlog),
            )
            self._now_is(cause, blocked=blocked)

    def outage_goes_on(self, cause: str | None = None, *, blocked: bool = False) -> None:
        """Count one more probe of the open outage and note how high the backlog stands."""
        with write_transaction(self._connection, self._gate):
            self._connection.execute(
                "update outages set probes = probes + 1, backlog_peak = max(backlog_peak, ?) where ended_at is null",
                [self._backlog()],
            )
            self._now_is(cause, blocked=blocked)

    def _now_is(self, cause: str | None, *, blocked: bool) -> None:
        """An outage that comes to need a person, or no longer needs one, is shown as what it is now."""
        kind = "blocked" if blocked else "outage"
        self._connection.execute(
            "update outages set kind = ?, cause = coalesce(?, cause) where ended_at is null and kind <> ?",
            [kind, cause, kind],
        )

    def outage_ended(self) -> None:
        """Close the open outage; without one, nothing happens. A clock that was set back does not end it too early."""
        with write_transaction(self._connection, self._gate):
            self._connection.execute(
                "update outages set ended_at = max(began_at, ?), backlog_peak = max(backlog_peak, ?)"
                " where ended_at is null",
                [as_text(self._clock.now()), self._backlog()],
            )

    @property
    def server_seen(self) -> ServerSeen | None:
        """Where the database of last time lived; None before the first contact, and after `adopt`."""
        row = self._connection.execute("select value from meta where key = 'server_seen'").fetchone()
        return msgspec.json.decode(row[0], type=ServerSeen) if row else None

    @property
    def suspected_copy(self) -> str | None:
        """In words, what speaks for the database being a copy of the one of last time; None if nothing does."""
        row = self._connection.execute("select value from meta where key = 'suspected_copy'").fetchone()
        return str(row[0]) if row else None

    def remember_server(self, seen: ServerSeen, *, suspected: str | None = None) -> None:
        """Note where the database lives, and what is suspicious about that."""
        with write_transaction(self._connection, self._gate):
            self._connection.execute(
                "insert or replace into meta values ('server_seen', ?)", [msgspec.json.encode(seen).decode()]
            )
            self._connection.execute("delete from meta where key = 'suspected_copy'")
            if suspected is not None:
                self._connection.execute("insert into meta values ('suspected_copy', ?)", [suspected])

    def adopt(self) -> bool:
        """Take the database of now for the right one. Returns False if nothing was suspected."""
        with write_transaction(self._connection, self._gate):
            return self._connection.execute("delete from meta where key = 'suspected_copy'").rowcount == 1

    def drained(self) -> None:
        """Note that the backlog of the last outage is gone."""
        with write_transaction(self._connection, self._gate):
            self._connection.execute(
                "update outages set drained_at = max(ended_at, ?) where drained_at is null and ended_at is not null",
                [as_text(self._clock.now())],
            )

    def remember_blamed(self, event_type: str, seqs: list[int], refused_seq: int = 0) -> None:
        """Note which parked events of a type are to be released once one of that type goes through; none: forget it.

        Args:
            event_type: the type.
            seqs: of the events.
            refused_seq: of the one that was refused like them, and is not parked.
        """
        with write_transaction(self._connection, self._gate):
            self._connection.execute("delete from meta where key = 'blamed'")
            if seqs:
                self._connection.execute(
                    "insert into meta values ('blamed', ?)", [json.dumps([event_type, seqs, refused_seq])]
                )

    @property
    def blamed(self) -> tuple[str, list[int], int]:
        """Events that were parked before the database was found to refuse all alike: see `remember_blamed`."""
        row = self._connection.execute("select value from meta where key = 'blamed'").fetchone()
        if row is None:
            return "", [], 0
        event_type, seqs, *refused = stored(json.loads, row[0])  # an earlier version did not note the last
        return str(event_type), [int(seq) for seq in seqs], int(refused[0]) if refused else 0

    @property
    def paused(self) -> bool:
        """True if an operator told the worker to wait."""
        return self.paused_since is not None

    @property
    def paused_since(self) -> str | None:
        """When an operator told the worker to wait (ISO 8601, UTC), None if none did."""
        row = self._connection.execute("select value from meta where key = 'paused'").fetchone()
        return str(row[0]) if row else None

    def pause(self) -> bool:
        """Tell the worker to wait until `resume`; survives restarts. Returns False if it was paused already."""
        with write_transaction(self._connection, self._gate):
            cursor = self._connection.execute(
                "insert or ignore into meta values ('paused', ?)", [as_text(self._clock.now())]
            )
            return cursor.rowcount == 1

    def resume(self) -> bool:
        """Let the worker go on. Returns False if it was not paused."""
        with write_transaction(self._connection, self._gate):
            return self._connection.execute("delete from meta where key = 'paused'").rowcount == 1

    @property
    def asked_to_try(self) -> str | None:
        """When an operator asked last for a try at once (ISO 8601, UTC), None if none ever did."""
        row = self._connection.execute("select value from meta where key = 'asked_to_try'").fetchone()
        return str(row[0]) if row else None

    def ask_to_try(self) -> None:
        """Ask the worker not to wait for its next try any longer."""
        with write_transaction(self._connection, self._gate):
            self._connection.execute(
                "insert or replace into meta values ('asked_to_try', ?)", [as_text(self._clock.now())]
            )

    @property
    def backlog(self) -> int:
        """How many events wait, as this file knows it now."""
        return self._backlog()

    def _backlog(self) -> int:
        position = self.position
        return max(0, log.last_seq(self._connection) - (position.applied_seq if position else 0))


def _columns(cause: Cause | None) -> tuple[str | None, str | None, str | None, str | None]:
    return (None, None, None, None) if cause is None else (cause.kind, cause.remedy, cause.command, cause.entry)
