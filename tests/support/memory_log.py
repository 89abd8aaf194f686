# ruff: noqa: ARG002  - what it is told and needs not
"""A log that is no outbox file: a list of events, and notes in memory. What the relay needs, and nothing besides."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from uuid import UUID, uuid4

from outbox import (
    Attempt,
    Decisions,
    Event,
    EventNotFound,
    Outcome,
    ParkedEvent,
    Resolution,
)
from outbox.relaying import Shown
from worker.carry.without_file import Notes


class MemoryNotes(Notes):
    """What a relay notes without a file, and which states and outages it told."""

    def __init__(self) -> None:
        super().__init__()
        self.states: list[str] = []
        self.outages: list[str] = []

    def set_state(self, state: str, *_: object, **__: object) -> None:
        self.states.append(state)

    def outage_began(self, *_: object, **__: object) -> None:
        self.outages.append("began")

    def outage_ended(self) -> None:
        self.outages.append("ended")

    def drained(self) -> None:
        self.outages.append("drained")


@dataclass
class MemoryParked:
    rows: dict[int, ParkedEvent] = field(default_factory=dict)

    def standings(self, seqs: Sequence[int] | None = None) -> dict[int, Shown]:
        return {seq: _shown(row) for seq, row in self.rows.items() if seqs is None or seq in seqs}

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
        assert not restated
        assert not noted
        self.rows |= {row.seq: row for row in rows}
        for seq in gone:
            del self.rows[seq]

    def release(
        self,
        seq: int,
        how: Resolution,
        *,
        payload_json: str | None = None,
        reason: str | None = None,
        who: str | None = None,
    ) -> None:
        raise NotImplementedError("nobody decides here")


class MemoryAttempts:
    all_at_hand = True

    def unfinished(self) -> list[Attempt]:
        return []

    def stands(self, attempt: Attempt) -> bool:
        raise NotImplementedError("nobody dies here")

    def begin(self, seq: int, last_seq: int) -> Attempt:
        return Attempt(seq=seq, last_seq=last_seq, starts=1)

    def finish(self, seq: int, last_seq: int) -> None:
        pass

    def waits(self, seq: int, *, begins: bool) -> None:
        pass

    def forgive(self) -> Attempt | None:
        return None


class MemoryLog:
    def __init__(self, said: Sequence[Event]) -> None:
        self.outbox_id = uuid4()
        self.said = list(said)
        self.relay = MemoryNotes()
        self.parked = MemoryParked()
        self.attempts = MemoryAttempts()

    @property
    def last_seq(self) -> int:
        return len(self.said)

    def read(
        self, *, after: int = 0, limit: int = 500, event_type: str | None = None, most_bytes: int | None = None
    ) -> list[Event]:
        return [event for event in self.said[after:] if event_type in {None, event.type}][:limit]

    def read_these(self, seqs: Sequence[int], *, most_bytes: int | None = None) -> list[Event]:
        return [self.event(seq) for seq in sorted(seqs)]

    def at_hand(self, seq: int, *, whole: bool = False) -> bool:
        return True

    def event(self, seq: int) -> Event:
        if not 0 < seq <= len(self.said):
            raise EventNotFound(f"no event {seq}")
        return self.said[seq - 1]

    def events(self, *, after: int = 0, aggregate_id: UUID | None = None) -> Iterator[Event]:
        return (event for event in self.said[after:] if aggregate_id in {None, event.aggregate_id})

    def outlines(self, seqs: Sequence[int]) -> dict[int, tuple[UUID, str, UUID, tuple[UUID, ...]]]:
        return {seq: (one.event_id, one.type, one.aggregate_id, one.refs) for seq in seqs for one in [self.event(seq)]}

    def holds(self, event_id: UUID) -> bool:
        return any(event.event_id == event_id for event in self.said)

    def decisions(self) -> Decisions:
        return Decisions()

    def now(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC)

    def patience(self, seconds: float) -> AbstractContextManager[None]:
        return nullcontext()

    def fault(self, error: Exception) -> Exception:
        return error

    def keep_small(self) -> None:
        pass


def _shown(row: ParkedEvent) -> Shown:
    return Shown(
        is_its_own=True,
        state=row.state.value,
        behind_seq=row.behind_seq,
        verdict=row.verdict,
        sqlstate=row.sqlstate,
        reason=row.reason,
        attempts=row.attempts,
        payload_json=row.payload_json,
        resolution=row.resolution.value if row.resolution else None,
    )
