"""What the centre says of an outbox, after COMMIT: where Postgres stands, and from where to send again."""

from typing import NamedTuple
from uuid import UUID

import msgspec

from worker.apply.position import Position
from worker.bus.frames import FrameRefused


class Word(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A word of the centre.

    Attributes:
        destination: identity of the database.
        seq: the position there.
        event_id: the event at that seq.
        want: the seq to send again from, where frames are missing; None: nothing is.
        parked: how many events the position has passed without effect.
        refused: why nothing of this outbox is applied; None: nothing is in the way.
    """

    destination: UUID
    seq: int
    event_id: UUID | None = None
    want: int | None = None
    parked: int = 0
    refused: str | None = None

    @property
    def position(self) -> Position:
        return Position(destination_id=self.destination, seq=self.seq, event_id=self.event_id)


class Heard(NamedTuple):
    """A word, and its number on the bus."""

    number: int
    word: Word


encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Word).decode


def decode(data: bytes) -> Word:
    """Read a word.

    Raises:
        FrameRefused: it is none.
    """
    try:
        word = _decode(data)
    except msgspec.MsgspecError as exc:
        raise FrameRefused(f"the word of the centre cannot be read: {exc}") from exc
    if word.seq < 0 or (word.want is not None and not 0 < word.want <= word.seq + 1):
        raise FrameRefused("the word of the centre asks for what it says to have")
    return word
