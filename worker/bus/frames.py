"""Frames: a stretch of one outbox's log as it travels, in one message or in numbered parts.

A frame covers the seqs from `first` to `last`: those of them that it does not hold are not in the log (a salvage lost
them). It names the event before its first, so that whoever appends it to what he has sees whether it is the same log.
What people decided about its events is in it: neither can be lost without the other.

A frame that covers nothing (`first` is `last` + 1) brings news: decisions about events that the position has passed,
with those events, or the questions of a proof.
"""

import hashlib
import zlib
from collections.abc import Mapping
from itertools import pairwise
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from outbox import Decision, Event
from worker.errors import WorkerError

PART_BYTES = 480 * 1024  # below the 1 MB that a message may have by default
MOST_PARTS = 64
MOST_RAW_BYTES = 48 * 1024 * 1024
EVENTS = 200
_NOBODY = UUID(int=0)
RAW_BYTES = 1024 * 1024  # read at once; a single event may have more


class News(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a host says beside its log.

    Attributes:
        id: of this message; the centre's answer names it.
        ready: seqs on the parked list that are to be taken up; their events are here.
        late: seqs behind the position that are on no list any more, of which nobody knows what became of the decision;
            all of their aggregates' events up to there are here.
        events: those, in order.
        questions: of a proof, see `worker.proof.asked`.
        parked: for those: what the host knows to be on the parked list.
    """

    id: UUID
    ready: frozenset[int] = frozenset()
    late: frozenset[int] = frozenset()
    events: list[Event] = []
    questions: list[tuple[str, dict[str, Any]]] = []
    parked: list[int] = []


class Cargo(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a frame holds: its events, what was decided about them (by seq) or about those of the news, and the news."""

    events: list[Event] = []
    decisions: dict[int, Decision] = {}
    news: News | None = None


_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(Cargo).decode


class FrameRefused(WorkerError):
    """What came is no frame of this outbox."""


class Message(NamedTuple):
    """One part as it travels."""

    headers: Mapping[str, str]
    data: bytes


class Head(NamedTuple):
    """What a part says of its frame.

    Attributes:
        first: the first seq that it covers.
        last: the last one; this event is in it.
        before: the event before `first`; None where the log does not know it any more.
        last_id: the event at `last`.
        part: which part this is, from 1.
        parts: of how many.
    """

    first: int
    last: int
    before: UUID | None
    last_id: UUID
    part: int
    parts: int

    @property
    def is_news(self) -> bool:
        """Whether it covers nothing."""
        return self.first > self.last

    @property
    def is_whole(self) -> bool:
        """Whether the frame is there once this part is."""
        return self.part == self.parts

    def follows(self, other: "Head | None") -> bool:
        """Whether this is the part after that one, or a first part after nothing."""
        if other is None:
            return self.part == 1
        return self == other._replace(part=other.part + 1)


def pack(cargo: Cargo, *, after: int, before: UUID | None) -> list[Message]:
    """Put a cargo into the parts of a frame.

    Args:
        cargo: its events are all that the log has of what the frame covers; none in a frame that brings news.
        after: the seq that the frame follows.
        before: the event there.

    Raises:
        FrameRefused: it is larger than a frame can be.
    """
    raw = _pack(cargo)
    last, last_id = (cargo.events[-1].seq, cargo.events[-1].event_id) if cargo.events else (after, before or _NOBODY)
    data = zlib.compress(raw, 1)
    parts = max(1, -(-len(data) // PART_BYTES))
    if parts > MOST_PARTS or len(raw) > MOST_RAW_BYTES:
        raise FrameRefused(
            f"what follows event {after} takes {len(data)} bytes of {len(raw)}, and no frame takes so many",
            remedy="deliver this outbox directly: stop `worker forward`, run `worker drain` with a connection string",
        )
    return [
        Message(
            {
                "Ob-From": str(after + 1),
                "Ob-To": str(last),
                "Ob-Prev": str(before or ""),
                "Ob-Last": str(last_id),
                "Ob-Part": f"{part}/{parts}",
            },
            data[(part - 1) * PART_BYTES : part * PART_BYTES],
        )
        for part in range(1, parts + 1)
    ]


def head_of(message: Message) -> Head:
    """Read what a part says of its frame.

    Raises:
        FrameRefused: it says nothing that can be true.
    """
    found = message.headers
    try:
        part, parts = (int(one) for one in found["Ob-Part"].split("/"))
        before = found["Ob-Prev"]
        head = Head(
            first=int(found["Ob-From"]),
            last=int(found["Ob-To"]),
            before=UUID(before) if before else None,
            last_id=UUID(found["Ob-Last"]),
            part=part,
            parts=parts,
        )
    except (KeyError, ValueError) as exc:
        raise FrameRefused(f"a message says in no frame's way what it is ({type(exc).__name__})") from exc
    if not 1 <= part <= parts <= MOST_PARTS:
        raise FrameRefused(f"part {part} of {parts} is none of a frame, which has {MOST_PARTS} at most")
    if not 1 <= head.first <= head.last + 1 or len(message.data) > PART_BYTES:
        raise FrameRefused(f"a frame from {head.first} to {head.last} with {len(message.data)} bytes in a part is none")
    return head


def unpack(head: Head, data: bytes) -> Cargo:
    """Return what a whole frame holds, each event as it was written.

    Raises:
        FrameRefused: the bytes are not those of the frame that they say they are; never more than so many are unpacked.
    """
    reader = zlib.decompressobj()
    try:
        raw = reader.decompress(data, MOST_RAW_BYTES)
        cargo = _unpack(raw) if reader.eof else None
    except (zlib.error, msgspec.MsgspecError) as exc:
        raise FrameRefused(f"the frame from {head.first} to {head.last} cannot be read: {exc}") from exc
    if cargo is None:
        raise FrameRefused(f"the frame from {head.first} to {head.last} has no end within {MOST_RAW_BYTES} bytes")
    events, behind = cargo.events, cargo.news.events if cargo.news is not None else []
    for event in [*events, *behind]:
        if hashlib.sha256(event.payload_json.encode()).hexdigest() != event.payload_sha256:
            raise FrameRefused(f"event {event.seq} is not as it was written: its payload has another hash")
    if head.is_news and cargo.news is not None and not events:
        return cargo
    seqs = [event.seq for event in events]
    ids = [event.event_id for event in events]
    if (
        not events
        or cargo.news is not None
        or seqs[0] < head.first
        or (seqs[-1], ids[-1]) != (head.last, head.last_id)
        or any(later <= earlier for earlier, later in pairwise(seqs))
        or any(later <= earlier for earlier, later in pairwise(ids))
        or (head.before is not None and ids[0] <= head.before)
    ):
        raise FrameRefused(f"the frame from {head.first} to {head.last} holds other events than it says")
    return cargo
