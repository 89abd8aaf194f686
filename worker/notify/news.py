"""What is worth a message, and what was sent already: once for each thing, however often it is looked at.

What was sent is remembered beside the outbox file, for each recipient: a worker that is restarted every two seconds
tells the same once. Nothing of a payload, and nothing that the server quoted of a row, is in a message.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from outbox import Outbox, Status
from outbox.operating import age
from outbox.terminal import one_line

OUTAGE_AFTER_SECONDS = 120.0  # a shorter one is over before anybody has read of it
PARKED_EVERY_SECONDS = 900.0  # what is parked within this time goes into one message
_LISTED = 5
_DELIVERS = frozenset({"draining", "following"})
_NEVER = "0000"  # before every time
_PARKED = "select count(*), max(parked_at) from parked where state = 'parked' and parked_at > ?"
_FIRST = "select seq, type, sqlstate from parked where state = 'parked' and parked_at > ? order by seq limit ?"


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """What one recipient knows.

    Attributes:
        outage: when the outage began that was reported and is not over.
        blocked: the cause for which it was reported that a person is needed.
        parked_at: when the newest event was parked that was reported.
        parked_told_at: when that was reported.
    """

    outage: str | None = None
    blocked: str | None = None
    parked_at: str = _NEVER
    parked_told_at: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message, and what its recipient knows once it has arrived."""

    kind: str
    title: str
    text: str
    then: Sent


def news(box: Outbox, status: Status, sent: Sent, *, outage_after_seconds: float) -> Iterator[Message]:
    """Say what a recipient does not know yet, in order; each message counts on the one before having arrived.

    Args:
        box: the outbox.
        status: of it, as just read.
        sent: what the recipient knows.
        outage_after_seconds: how long an outage lasts before it is reported.
    """
    for part in (_outage(status, sent, outage_after_seconds), _blocked(status, sent)):
        for message in part:
            sent = message.then
            yield message
    yield from _parked(box, status, sent)


def _outage(status: Status, sent: Sent, after_seconds: float) -> Iterator[Message]:
    away = status.away
    if away is not None and sent.outage != away.began_at:
        lasts = (status.read_at - dt.datetime.fromisoformat(away.began_at)).total_seconds()
        if lasts >= after_seconds:
            yield Message(
                kind="outage",
                title=f"the database is away for {age(lasts)}",
                text=f"{one_line(away.cause)}. {_waits(status)}; nothing is lost, and delivery goes on by itself.",
                then=msgspec.structs.replace(sent, outage=away.began_at),
            )
    elif away is None and sent.outage is not None and status.worker.state in _DELIVERS:
        lasted = (status.read_at - dt.datetime.fromisoformat(sent.outage)).total_seconds()
        yield Message(
            kind="outage_over",
            title=f"the database is back after {age(lasted)}",
            text=f"{_waits(status)}.",
            then=msgspec.structs.replace(sent, outage=None),
        )


def _blocked(status: Status, sent: Sent) -> Iterator[Message]:
    worker = status.worker
    ended = worker.state == "stopped" and worker.cause is not None and worker.cause.kind != "outage"
    if worker.state == "blocked" or ended:
        cause = worker.cause.kind if worker.cause is not None else "unknown"
        if sent.blocked != cause:
            remedy = (worker.cause.remedy if worker.cause is not None else None) or "see `outbox status`"
            yield Message(
                kind="blocked",
                title="nothing is delivered until a person acts",
                text=f"{one_line(worker.last_error or 'the worker did not say why')}. What to do: {one_line(remedy)}.",
                then=msgspec.structs.replace(sent, blocked=cause),
            )
    elif sent.blocked is not None and worker.state in _DELIVERS:
        yield Message(
            kind="delivers_again",
            title="events are delivered again",
            text=f"{_waits(status)}.",
            then=msgspec.structs.replace(sent, blocked=None),
        )


def _parked(box: Outbox, status: Status, sent: Sent) -> Iterator[Message]:
    if status.parked_list.parked == 0 or _recently(sent.parked_told_at, status.read_at):
        return
    count, newest = box.connection.execute(_PARKED, [sent.parked_at]).fetchone()
    if not count:
        return
    first = box.connection.execute(_FIRST, [sent.parked_at, _LISTED]).fetchall()
    named = ", ".join(f"{seq} ({one_line(kind)}{f', SQLSTATE {state}' if state else ''})" for seq, kind, state in first)
    more = ", …" if count > len(first) else ""
    yield Message(
        kind="parked",
        title=f"{count:,} event{' was' if count == 1 else 's were'} parked",
        text=f"{named}{more}. {status.parked_list.parked:,} in all wait for a decision: `outbox parked list`.",
        then=msgspec.structs.replace(sent, parked_at=newest, parked_told_at=status.read_at.isoformat()),
    )


def _recently(moment: str | None, now: dt.datetime) -> bool:
    return moment is not None and (now - dt.datetime.fromisoformat(moment)).total_seconds() < PARKED_EVERY_SECONDS


def _waits(status: Status) -> str:
    return f"{status.backlog:,} event{' waits' if status.backlog == 1 else 's wait'}"
