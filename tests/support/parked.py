"""Rows of the parked list as the worker puts them down, through the door that it uses."""

from outbox import Event, Outbox, ParkedState, Passed
from outbox.relaying import DEPENDENCY, as_listed, shown


def put_parked(
    box: Outbox, event: Event, *, reason: str, verdict: str = "poison", sqlstate: str | None = None, attempts: int = 1
) -> None:
    """Put down one event that is itself at fault."""
    row = _passed(box, event, blamed=True, verdict=verdict, reason=reason, sqlstate=sqlstate, attempts=attempts)
    box.parked.rewrite([as_listed(row, shown(row, ParkedState.PARKED, None, None))])


def put_held(box: Outbox, event: Event, *, behind_seq: int) -> None:
    """Put down one event that waits behind an earlier one."""
    row = _passed(box, event, blamed=False, verdict=DEPENDENCY, reason="", sqlstate=None, attempts=0)
    box.parked.rewrite([as_listed(row, shown(row, ParkedState.HELD, behind_seq, None))])


def _passed(
    box: Outbox, event: Event, *, blamed: bool, verdict: str, reason: str, sqlstate: str | None, attempts: int
) -> Passed:
    return Passed(
        seq=event.seq,
        event_id=event.event_id,
        type=event.type,
        aggregate_id=event.aggregate_id,
        refs=event.refs,
        blamed=blamed,
        verdict=verdict,
        sqlstate=sqlstate,
        reason=reason,
        attempts=attempts,
        parked_at=box.clock.now(),
    )
