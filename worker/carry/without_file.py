# ruff: noqa: ARG002  - what a relay tells, and is not needed here
"""What a relay notes about an outbox whose file is elsewhere: in memory; log lines and the database say the rest."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from outbox import Decisions, Outcome, ParkedEvent, RememberedPosition, Resolution, ServerSeen
from outbox.relaying import Cause, Shown
from worker.logs import get_log

DIRECTLY = "stop `worker forward` on its host, and deliver with `worker drain` there once"


class Notes:
    """What the relay notes about one outbox, in memory."""

    def __init__(self) -> None:
        self.position: RememberedPosition | None = None
        self.pruned_below = 0
        self.paused = False
        self.asked_to_try: str | None = None
        self.settled_at: int | None = None
        self.server_seen: ServerSeen | None = None
        self.suspected_copy: str | None = None
        self.blamed: tuple[str, list[int], int] = ("", [], 0)

    def remember_position(self, destination_id: UUID, applied_seq: int, applied_event_id: UUID | None) -> None:
        self.position = RememberedPosition(
            destination_id=destination_id, applied_seq=applied_seq, applied_event_id=applied_event_id
        )

    def remember_settled(self, written_at: int) -> None:
        self.settled_at = written_at

    def remember_server(self, seen: ServerSeen, *, suspected: str | None = None) -> None:
        self.server_seen, self.suspected_copy = seen, suspected

    def remember_blamed(self, event_type: str, seqs: list[int], refused_seq: int = 0) -> None:
        self.blamed = event_type, seqs, refused_seq

    def set_state(
        self,
        state: str,
        last_error: str | None = None,
        rate_per_second: float | None = None,
        eta_seconds: float | None = None,
        *,
        cause: Cause | None = None,
    ) -> None:
        """The log lines say it."""

    def outage_began(self, cause: str, *, blocked: bool = False) -> None:
        """The log lines say it."""

    def outage_goes_on(self, cause: str | None = None, *, blocked: bool = False) -> None:
        """The log lines say it."""

    def outage_ended(self) -> None:
        """The log lines say it."""

    def drained(self) -> None:
        """The log lines say it."""


class View:
    """The parked list as people see it: on the host. What became of decisions is kept for it, by their ids."""

    def __init__(self) -> None:
        self.outcomes: dict[int, Outcome] = {}

    def standings(self, seqs: Sequence[int] | None = None) -> dict[int, Shown]:
        return {}

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
        """Postgres has the rows."""
        self.outcomes.update(noted)
        for seq, outcome in (outcomes or {}).items():
            if decisions is not None and (found := decisions.of(seq)) is not None:
                self.outcomes[found.id] = outcome

    def release(
        self,
        seq: int,
        how: Resolution,
        *,
        payload_json: str | None = None,
        reason: str | None = None,
        who: str | None = None,
    ) -> None:
        """Nobody but the relay calls it, to take a blame back; that waits for a delivery by the host."""
        get_log().warning("apply.blame_stays", seq=seq, reason=reason, remedy=DIRECTLY)
