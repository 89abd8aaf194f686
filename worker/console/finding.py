"""What somebody searches for: which events, by words and by what is known of them.

Nothing is indexed for this. A look goes through a bounded number of events, and says how far it came.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from outbox import Decisions, Event, Outbox, ParkedEvent
from outbox.operating import as_fields, named

PAGE_EVENTS = 50
LOOKED_THROUGH = 5_000
_CHUNK = 100
_MOST_CHARACTERS = 200
PARKED_STATES = ("parked", "held", "releasing")
SHOWN = ("waiting", "delivered", "all")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A search.

    Attributes:
        text: in the slug, title, name, file, type or reason; case and accents make no difference.
        kind: the type of the event.
        sqlstate: with which it was refused.
        state: of the parked list, or which part of the log.
    """

    text: str = ""
    kind: str = ""
    sqlstate: str = ""
    state: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Wanted:
        """Read a search from the query of an address, or from a form."""
        given = {name: query.get(key, "").strip()[:_MOST_CHARACTERS] for name, key in _KEYS.items()}
        return cls(**given)

    @property
    def empty(self) -> bool:
        """Whether everything is wanted."""
        return not (self.text or self.kind or self.sqlstate or self.state)

    def query(self, **more: object) -> str:
        """Write it as the query of an address."""
        given = {key: getattr(self, name) for name, key in _KEYS.items()}
        return urlencode({key: value for key, value in (given | more).items() if value not in {"", None}})

    def as_fields(self) -> dict[str, str]:
        """Return it as hidden fields of a form."""
        return {key: getattr(self, name) for name, key in _KEYS.items() if getattr(self, name)}

    def takes(self, event: Event | None, row: ParkedEvent | None) -> bool:
        """Say whether an event is wanted, by its text and by what is known of it."""
        kind = event.type if event is not None else row.type if row is not None else ""
        if self.kind not in {"", kind}:
            return False
        if self.sqlstate and (row is None or row.sqlstate != self.sqlstate):
            return False
        return not self.text or _folded(self.text) in _folded(_words(event, row))


_KEYS = {"text": "q", "kind": "type", "sqlstate": "sqlstate", "state": "state"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One event of a list: what it is about, and where it stands."""

    seq: int
    kind: str
    key: str
    title: str
    state: str
    event: Event | None
    row: ParkedEvent | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of a search.

    Attributes:
        rows: what was found.
        next: from where to look on; None if everything was looked through.
        looked: how many events were looked through for it.
    """

    rows: tuple[Found, ...]
    next: int | None
    looked: int


def parked_page(box: Outbox, wanted: Wanted, *, after: int, limit: int = PAGE_EVENTS) -> Page:
    """Look through the parked list, in seq order."""
    rows: list[Found] = []
    looked = 0
    while looked < LOOKED_THROUGH:
        chunk = box.parked.page(after=after, limit=_CHUNK)
        events = {event.seq: event for event in box.read_these([row.seq for row in chunk])}
        for row in chunk:
            looked, after = looked + 1, row.seq
            event = events.get(row.seq)
            if wanted.state in {"", row.state.value} and wanted.takes(event, row):
                rows.append(_found(event, row, row.state.value))
                if len(rows) == limit:
                    more = bool(box.parked.page(after=after, limit=1))
                    return Page(rows=tuple(rows), next=after if more else None, looked=looked)
        if len(chunk) < _CHUNK:
            return Page(rows=tuple(rows), next=None, looked=looked)
    return Page(rows=tuple(rows), next=after, looked=looked)


def events_page(box: Outbox, wanted: Wanted, *, start: int | None) -> Page:
    """Look through the log: what waits from the oldest on, everything else from the newest back.

    Args:
        box: the outbox.
        wanted: the search; its state is one of SHOWN.
        start: where the page before ended.
    """
    position = box.relay.position
    applied = position.applied_seq if position is not None else 0
    decisions = Decisions(box.connection)
    rows: list[Found] = []
    looked, at = 0, start
    waiting = wanted.state == "waiting"
    events = box.events(after=max(applied, start or 0)) if waiting else _back(box, _end(box, wanted, applied, start))
    for event in events:
        if len(rows) == PAGE_EVENTS or looked == LOOKED_THROUGH:
            return Page(rows=tuple(rows), next=at, looked=looked)
        looked, at = looked + 1, event.seq
        row = box.parked.find(event.seq)
        if wanted.takes(event, row):
            rows.append(_found(event, row, _state(event, row, applied, decisions)))
    return Page(rows=tuple(rows), next=None, looked=looked)


def _state(event: Event, row: ParkedEvent | None, applied: int, decisions: Decisions) -> str:
    if row is not None:
        return row.state.value
    if event.seq > applied:
        return "waiting"
    decision = decisions.of(event.seq)
    return "discarded" if decision is not None and decision.discarded else "delivered"


def _end(box: Outbox, wanted: Wanted, applied: int, start: int | None) -> int:
    """Where to begin going back: the last event of that part of the log, or before the page before."""
    last = min(applied, box.last_seq) if wanted.state == "delivered" else box.last_seq
    return last if start is None else min(last, start - 1)


def _back(box: Outbox, upto: int) -> Iterator[Event]:
    (first,) = box.connection.execute("select min(seq) from events").fetchone()
    while first is not None and upto >= first:
        chunk = [event for event in box.read(after=max(0, upto - _CHUNK), limit=_CHUNK) if event.seq <= upto]
        yield from reversed(chunk)
        upto = max(0, upto - _CHUNK)


def _found(event: Event | None, row: ParkedEvent | None, state: str) -> Found:
    fields = as_fields((row.payload_json if row else None) or (event.payload_json if event else "{}"))
    known = event or row
    assert known is not None  # noqa: S101 - one of the two was read
    return Found(
        seq=known.seq,
        kind=known.type,
        key=named(known.type, (row.payload_json if row else None) or (event.payload_json if event else "{}")),
        title=str(fields.get("title") or fields.get("name") or ""),
        state=state,
        event=event,
        row=row,
    )


def _folded(text: str) -> str:
    """Upper and lower case, and letters with and without accents, alike: people type "pao" for "pão"."""
    return "".join(one for one in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(one))


def _words(event: Event | None, row: ParkedEvent | None) -> str:
    payload = (row.payload_json if row else None) or (event.payload_json if event else "{}")
    fields = as_fields(payload)
    texts = (str(fields.get(name) or "") for name in ("title", "name", "file_path", "tag", "project"))
    known = event or row
    kind = known.type if known else ""
    return "\n".join((named(kind, payload), *texts, kind, row.reason if row else ""))
