"""The six questions of a person who is paged, answered in their order from one reading of the status.

Is generation safe? What is wrong, and since when? How much waits, and how old is it? Is it draining? When is it done?
What needs a person, and which command is next? The same answers are shown as plain lines (`status_screen`) and on a
terminal (`status_view`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from outbox.notes.relay_state import Cause
from outbox.ops.status import LOW_SPACE_BYTES, NO_SPACE_BYTES, Status
from outbox.ops.wording import age, size

OUTAGE = "outage"  # of a cause: nothing that a person has to mend
NO_WORKER_YET = "no worker has run here yet"
SILENT_AFTER_SECONDS = 900.0  # longer than any wait or exchange of a worker that is well


class Tone(StrEnum):
    """How an answer is meant."""

    WELL = "well"
    BUSY = "busy"
    WARN = "warn"
    BAD = "bad"
    PLAIN = "plain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """Something that only a person can do, with the command to type next and its entry in docs/runbook.md."""

    what: str
    command: str | None = None
    entry: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer, in a sentence."""

    text: str
    tone: Tone


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """The six answers. `trouble` and `needs` may hold several, the worst first, or none."""

    generation: Answer
    trouble: tuple[Answer, ...]
    waiting: Answer
    draining: Answer
    done: Answer
    needs: tuple[Need, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return what `outbox status --json` adds to the numbers."""
        return {
            "generation_safe": self.generation.tone is not Tone.BAD,
            "wrong": [one.text for one in self.trouble],
            "needs": [asdict(need) for need in self.needs],
        }


def assess(status: Status) -> Assessment:
    """Answer the six questions."""
    found = tuple(troubles(status))
    return Assessment(
        generation=_generation(status),
        trouble=tuple(answer for answer, _ in found),
        waiting=_waiting(status),
        draining=_draining(status),
        done=_done(status),
        needs=tuple(need for _, need in found if need is not None),
    )


def _generation(status: Status) -> Answer:
    events = "event" if status.last_seq == 1 else "events"
    used = f"{status.last_seq:,} {events} in the log, {size(status.bytes)} on disk"
    free = status.free_bytes
    if not status.writable:
        return Answer(text=f"NOT SAFE: this user may not write {status.path}", tone=Tone.BAD)
    if free is not None and free < NO_SPACE_BYTES:
        return Answer(text=f"NOT SAFE: the disk is full; what was written before is safe ({used})", tone=Tone.BAD)
    if free is not None and free < LOW_SPACE_BYTES:
        return Answer(text=f"safe, but only {size(free)} are free; {used}", tone=Tone.WARN)
    return Answer(text=f"safe: {used}", tone=Tone.WELL)


def troubles(status: Status) -> Iterator[tuple[Answer, Need | None]]:
    """Yield what is wrong, the worst first, each with what a person has to do about it, if anybody has to."""
    if not status.writable:
        need = Need(
            what="give the file and its directory back to this user",
            command=f"ls -la {_folder(status)}",
            entry="storage-fails",
        )
        yield Answer(text="the outbox file is not writable", tone=Tone.BAD), need
    if status.free_bytes is not None and status.free_bytes < LOW_SPACE_BYTES:
        tone = Tone.BAD if status.free_bytes < NO_SPACE_BYTES else Tone.WARN
        need = Need(what="make room beside the outbox", command=f"df -h {_folder(status)}", entry="disk-full")
        yield Answer(text=f"{size(status.free_bytes)} free beside the outbox", tone=tone), need
    yield from _delivery_troubles(status)
    yield from _list_troubles(status)
    if status.wal_is_large:
        need = Need(
            what="close old `outbox export` runs and SQLite shells: a reader keeps the WAL from being cut back",
            command=f"fuser -v {status.path}",
            entry="wal-grows",
        )
        yield Answer(text=f"the WAL is {size(status.wal_bytes)}", tone=Tone.WARN), need


def _delivery_troubles(status: Status) -> Iterator[tuple[Answer, Need | None]]:
    worker = status.worker
    if worker.state == "stopped":
        if status.backlog or status.outage:
            yield _no_worker(status)
    elif worker.state == "blocked":
        error = worker.last_error or (status.outage.cause if status.outage else "the worker did not say why")
        text = f"BLOCKED {_since(worker.since, status)}: {error}"
        yield Answer(text=text, tone=Tone.BAD), _unblock(worker.cause)
    elif status.away and worker.state in {"outage", "starting"}:
        text = f"OUTAGE {_since(status.away.began_at, status)}: {worker.last_error or status.away.cause}"
        yield Answer(text=text, tone=Tone.BAD), None
    elif worker.state == "draining" and worker.last_error and not status.paused:
        text = f"nothing gets through; it is tried again and again: {worker.last_error}"
        yield Answer(text=text, tone=Tone.WARN), None
    elif worker.state == "holding" and not status.paused:
        need = Need(
            what="set CREATOR_OS_DB_PERSIST=true where the worker runs, and restart it", entry="delivery-is-off"
        )
        yield Answer(text=f"held {_since(worker.since, status)}: delivery is switched off", tone=Tone.WARN), need
    if status.pause is not None:
        who = f" by {status.pause.who}" if status.pause.who else ""
        why = f": {status.pause.reason}" if status.pause.reason else ""
        need = Need(what="let it go on when that is over", command="outbox resume", entry="paused")
        yield Answer(text=f"paused{who} {_since(status.pause.since, status)}{why}", tone=Tone.WARN), need
    silent = _seconds(worker.heartbeat_at, status)
    if worker.pid and silent is not None and silent > SILENT_AFTER_SECONDS:
        need = Need(what="restart the worker; nothing is lost", command="worker doctor", entry="worker-down")
        yield Answer(text=f"worker {worker.pid} has said nothing for {age(silent)}", tone=Tone.WARN), need


def _unblock(cause: Cause | None) -> Need:
    remedy = cause.remedy if cause is not None else None
    return Need(
        what=remedy or "mend this, or nothing is delivered; a changed setting needs a restart of the worker",
        command=(cause.command if cause is not None else None) or "worker doctor",
        entry=(cause.entry if cause is not None else None) or "environment",
    )


def _no_worker(status: Status) -> tuple[Answer, Need]:
    worker = status.worker
    last = f"no worker runs; the last one was seen {_ago(worker.since, status)}" if worker.since else NO_WORKER_YET
    if worker.cause is not None and worker.cause.kind != OUTAGE and worker.last_error:
        return Answer(text=f"{last}, and could not deliver: {worker.last_error}", tone=Tone.BAD), _unblock(worker.cause)
    outage = f"; when it ended the database was away: {status.away.cause}" if status.away else ""
    need = Need(what="start the worker (or its service)", command="worker run", entry="worker-down")
    return Answer(text=f"{last}{outage}", tone=Tone.BAD), need


def _list_troubles(status: Status) -> Iterator[tuple[Answer, Need | None]]:
    if status.suspected_copy is not None:
        text = f"the database says that it is the one of last time, and is {status.suspected_copy}: a copy, or its heir"
        what = "say which: see the entry, or take it for the right one from now on"
        yield Answer(text=text, tone=Tone.WARN), Need(what=what, command="worker adopt", entry="copied-database")
    found = status.parked_list
    if found.parked:
        yield _parked(status)
    if found.impossible:
        text = f"{_events(found.impossible)} of the parked list cannot be as the file says: it is out of date"
        what = "make it anew; a worker does so as well when it connects"
        yield Answer(text=text, tone=Tone.WARN), Need(what=what, command="outbox recover", entry="parked-list-is-stale")
    if found.too_late is not None:
        text = f"what was decided about event {found.too_late} came too late: it had been delivered"
        what = "see what was decided, and append what should stand there"
        need = Need(what=what, command=f"outbox show {found.too_late}", entry="decided-too-late")
        yield Answer(text=text, tone=Tone.WARN), need


# States of a worker in which nothing flows, whatever is parked.
_STANDS_STILL = frozenset({"stopped", "blocked", "outage", "holding"})


def _parked(status: Status) -> tuple[Answer, Need]:
    found = status.parked_list
    one = found.parked == 1
    behind = f", and {found.held:,} {'waits' if found.held == 1 else 'wait'} behind" if found.held else ""
    flows = "" if status.worker.state in _STANDS_STILL or status.paused else "; everything else flows"
    text = f"{_events(found.parked)} parked {_since(found.since, status)}{behind}{flows}"
    need = Need(
        what="see why, then retry, edit, discard or supersede it",
        command=f"outbox parked show {found.first_seq}" if one else "outbox parked list",
        entry="parked-events",
    )
    return Answer(text=text, tone=Tone.WARN), need


def _waiting(status: Status) -> Answer:
    if status.backlog == 0:
        if status.parked:
            verb = "is" if status.parked == 1 else "are"
            text = f"nothing new; {_events(status.parked)} of the parked list {verb} not delivered"
            return Answer(text=text, tone=Tone.PLAIN)
        return Answer(text="nothing: everything is delivered", tone=Tone.WELL)
    old = f", the oldest for {age(status.oldest_pending_seconds)}" if status.oldest_pending_seconds is not None else ""
    return Answer(text=f"{_events(status.backlog)}{old}", tone=Tone.PLAIN)


def _draining(status: Status) -> Answer:
    worker = status.worker
    if worker.state == "stopped":
        return Answer(text="no: no worker runs", tone=Tone.BAD if status.backlog else Tone.PLAIN)
    if worker.state == "blocked":
        return Answer(text=f"no: it waits for a person; last tried {_ago(worker.heartbeat_at, status)}", tone=Tone.BAD)
    if worker.state in {"outage", "starting"}:
        tried = f"; last tried {_ago(worker.heartbeat_at, status)}" if worker.state == "outage" else ""
        return Answer(text=f"not yet: it is retried for ever and goes on by itself{tried}", tone=Tone.BUSY)
    if worker.state == "holding" or status.paused:
        return Answer(text="no: it was told to wait", tone=Tone.WARN)
    if status.backlog == 0:
        return Answer(text=f"nothing to drain; worker {worker.pid} follows", tone=Tone.WELL)
    return _rate(status)


def _rate(status: Status) -> Answer:
    worker = status.worker
    if worker.last_error:
        return Answer(text="not now: something is in the way", tone=Tone.WARN)
    rate = f" at {worker.rate_per_second:,.0f} events/s" if worker.rate_per_second else ""
    return Answer(text=f"yes{rate}, up to {status.applied_seq:,} of {status.last_seq:,}", tone=Tone.BUSY)


def _done(status: Status) -> Answer:
    if status.backlog == 0:
        return Answer(text="but for the parked list" if status.parked else "up to date", tone=Tone.WELL)
    worker = status.worker
    if worker.state in {"draining", "following"} and not status.paused:
        if worker.last_error or not worker.rate_per_second:
            return Answer(text="when that is over" if worker.last_error else "in a moment", tone=Tone.BUSY)
        if worker.eta_seconds is None:
            return Answer(text="not at this rate: as much arrives as is delivered", tone=Tone.WARN)
        # The worker's estimate knows what arrives meanwhile, but may be of before the newest events.
        seconds = max(1.0, worker.eta_seconds, status.backlog / worker.rate_per_second)
        at = status.read_at + dt.timedelta(seconds=seconds)
        return Answer(text=f"in {age(seconds)}, at {at:%H:%M:%S} UTC", tone=Tone.BUSY)
    if worker.state in {"outage", "starting"}:
        return Answer(text="when the database is back", tone=Tone.PLAIN)
    return Answer(text="not before a person acts", tone=Tone.PLAIN)


def _events(count: int) -> str:
    return f"{count:,} event{'' if count == 1 else 's'}"


def _folder(status: Status) -> str:
    return status.path.rpartition("/")[0] or "/"


def _seconds(moment: str | None, status: Status) -> float | None:
    if moment is None:
        return None
    return max(0.0, (status.read_at - dt.datetime.fromisoformat(moment)).total_seconds())


def _since(moment: str | None, status: Status) -> str:
    if moment is None:
        return "for an unknown time"
    began = dt.datetime.fromisoformat(moment)
    today = began.date() == status.read_at.date()
    return f"for {age(_seconds(moment, status))} (since {began:{'%H:%M:%S' if today else '%Y-%m-%d %H:%M'}} UTC)"


def _ago(moment: str | None, status: Status) -> str:
    return f"{age(_seconds(moment, status))} ago" if moment else "never"
