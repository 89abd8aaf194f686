"""What a relay asks of a log: the seam between delivering and storing.

What a store must keep for the promises to hold: events have contiguous, increasing seqs, and ids (UUIDv7) that increase
with them; what was read once is read the same again; an event whose append has returned is never lost. Positions and
parked events are true in Postgres; the notes here are a view for people, and a relay that loses them goes on. Three of
them are more than that: decisions of people, start records of attempts, and `pruned_below`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from outbox.catalogue.event import Event
from outbox.log.log import Outline

if TYPE_CHECKING:
    from outbox.notes.attempts import Attempt
    from outbox.notes.decisions import Decisions, Outcome, Resolution
    from outbox.notes.parked import ParkedEvent, Shown
    from outbox.notes.relay_state import Cause, RememberedPosition, ServerSeen


class RelayNotes(Protocol):
    """What the relay notes about itself, for `outbox status` and for its successor."""

    @property
    def position(self) -> RememberedPosition | None:
        """The position as it was noted last, None before the first."""

    @property
    def pruned_below(self) -> int:
        """Seq of the first event that is still there, 0 if none was pruned."""

    @property
    def paused(self) -> bool:
        """Whether an operator told the worker to wait."""

    @property
    def asked_to_try(self) -> str | None:
        """When an operator asked last for a try at once, None if none ever did."""

    @property
    def settled_at(self) -> int | None:
        """What `remember_settled` noted, None if nothing was."""

    @property
    def server_seen(self) -> ServerSeen | None:
        """The server of last time."""

    @property
    def suspected_copy(self) -> str | None:
        """Why the database may be a copy, None if nobody thinks so."""

    @property
    def blamed(self) -> tuple[str, list[int], int]:
        """What `remember_blamed` noted; empty if nothing was."""

    def remember_position(self, destination_id: UUID, applied_seq: int, applied_event_id: UUID | None) -> None:
        """Note the position."""

    def remember_settled(self, written_at: int) -> None:
        """Note when the database was written last, in microseconds, as what became of decisions was found out."""

    def remember_server(self, seen: ServerSeen, *, suspected: str | None = None) -> None:
        """Note which server it was."""

    def remember_blamed(self, event_type: str, seqs: list[int], refused_seq: int = 0) -> None:
        """Note which events of a type were refused alike."""

    def set_state(
        self,
        state: str,
        last_error: str | None = None,
        rate_per_second: float | None = None,
        eta_seconds: float | None = None,
        *,
        cause: Cause | None = None,
    ) -> None:
        """Note what the worker does."""

    def outage_began(self, cause: str, *, blocked: bool = False) -> None:
        """Open a row of the outage ledger."""

    def outage_goes_on(self, cause: str | None = None, *, blocked: bool = False) -> None:
        """Count one more try."""

    def outage_ended(self) -> None:
        """Close the row."""

    def drained(self) -> None:
        """Note that nothing is left of what it left to drain."""


class ParkedNotes(Protocol):
    """The parked list as people see it; see `outbox.notes.parked`."""

    def standings(self, seqs: Sequence[int] | None = None) -> dict[int, Shown]:
        """Return how the rows with these seqs stand, all if none are named."""

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
        """Put rows down, take rows away, note outcomes of decisions."""

    def release(
        self,
        seq: int,
        how: Resolution,
        *,
        payload_json: str | None = None,
        reason: str | None = None,
        who: str | None = None,
    ) -> None:
        """Append a decision about a parked event."""


class AttemptNotes(Protocol):
    """Start records: how an event that kills the process is found; see `outbox.notes.attempts`."""

    @property
    def all_at_hand(self) -> bool:
        """Whether the log holds all that the process before this one had; a centre hears of some of it only later."""

    def unfinished(self) -> list[Attempt]:
        """Return the records that stand, in the order of the log."""

    def stands(self, attempt: Attempt) -> bool:
        """Whether a record that was found stands still; another process may have done with it since."""

    def begin(self, seq: int, last_seq: int) -> Attempt:
        """Write down what is about to be applied; durable when this returns."""

    def finish(self, seq: int, last_seq: int) -> None:
        """Note that the process lived on."""

    def waits(self, seq: int, *, begins: bool) -> None:
        """Note that a wait for the database begins, or is over."""

    def forgive(self) -> Attempt | None:
        """Take back the last start of what was in hand where the process died waiting; return what that was."""


class Log(Protocol):
    """A log that a relay can deliver.

    Every method may raise `OutboxError`: reading and whatever the order rests on ends the session and is tried again,
    a note is left out.
    """

    @property
    def outbox_id(self) -> UUID:
        """Identity of this log: its position in Postgres stands under it."""

    @property
    def last_seq(self) -> int:
        """The seq of the newest event, 0 in an empty log."""

    @property
    def relay(self) -> RelayNotes:
        """What the relay notes."""

    @property
    def parked(self) -> ParkedNotes:
        """The parked list."""

    @property
    def attempts(self) -> AttemptNotes:
        """The start records."""

    def read(
        self, *, after: int = 0, limit: int = 500, event_type: str | None = None, most_bytes: int | None = None
    ) -> list[Event]:
        """Return the next events after a seq, in order; an event at least, however large, if there is one."""

    def read_these(self, seqs: Sequence[int], *, most_bytes: int | None = None) -> list[Event]:
        """Return the events with these seqs that are there, in order."""

    def at_hand(self, seq: int, *, whole: bool = False) -> bool:
        """Whether this event, which the position has passed, can be read; with `whole`, all of its aggregate.

        A log that is elsewhere brings such events later; what was decided about them waits until then.
        """

    def event(self, seq: int) -> Event:
        """Return one event.

        Raises:
            EventNotFound: it was pruned, or lost by a salvage.
        """

    def events(self, *, after: int = 0, aggregate_id: UUID | None = None) -> Iterator[Event]:
        """Yield all events after a seq, in order; or those of one aggregate."""

    def outlines(self, seqs: Sequence[int]) -> dict[int, Outline]:
        """Return id, type, aggregate and refs of the events with these seqs that are there."""

    def holds(self, event_id: UUID) -> bool:
        """Whether an event with this id is in the log."""

    def decisions(self) -> Decisions:
        """Return what people decided about events."""

    def now(self) -> dt.datetime:
        """Return the time, UTC."""

    def patience(self, seconds: float) -> AbstractContextManager[None]:
        """Within it, what is written gives up after so long: it is only a note."""

    def fault(self, error: Exception) -> Exception:
        """Return the `OutboxError` that an error of the store means; the error itself if it is none of its own."""

    def keep_small(self) -> None:
        """Do what keeps the store small; called every so many batches."""
