"""What the centre says of an outbox, after COMMIT: where Postgres stands, what is parked, from where to send again."""

from typing import Any
from uuid import UUID

import msgspec

from outbox import Outcome
from worker.apply.position import Position
from worker.bus.frames import FrameRefused
from worker.faults.parking import WAITING, Facts

MOST_BYTES = 900_000  # below the 1 MB that a message may have by default


class Parked(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The parked list of one outbox, as Postgres has it.

    Attributes:
        blamed: seq, verdict, SQLSTATE, reason, attempts of what is at fault itself.
        held: seqs of what waits, with commas between.
    """

    blamed: list[tuple[int, str, str | None, str, int]] = []
    held: str = ""

    def facts(self) -> dict[int, Facts]:
        found = {int(seq): WAITING for seq in self.held.split(",") if seq}
        for seq, verdict, sqlstate, reason, attempts in self.blamed:
            found[seq] = Facts(blamed=True, verdict=verdict, sqlstate=sqlstate, reason=reason, attempts=attempts)
        return found


class Word(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A word of the centre.

    Attributes:
        destination: identity of the database.
        seq: the position there.
        event_id: the event at that seq.
        want: the seq to send again from, where frames are missing; None: nothing is.
        parked: how many events the position has passed without effect.
        listed: those; None: they are too many to be told.
        refused: why nothing of this outbox is applied; None: nothing is in the way.
        news: the news of the host that were heard last.
        outcomes: what became of the decisions in them, by their ids.
        proof: the news with questions that were answered last.
        answers: to those; None where the database is not as the questions say, so that they are of no use.
    """

    destination: UUID
    seq: int
    event_id: UUID | None = None
    want: int | None = None
    parked: int = 0
    listed: Parked | None = None
    refused: str | None = None
    news: UUID | None = None
    outcomes: dict[int, Outcome] = {}
    proof: UUID | None = None
    answers: list[Any] | None = None

    @property
    def position(self) -> Position:
        return Position(destination_id=self.destination, seq=self.seq, event_id=self.event_id)


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Word).decode


def encode(word: Word) -> bytes:
    """Return a word as it travels; without what is too large for a message."""
    data = _encode(word)
    for name in ("answers", "listed"):
        if len(data) > MOST_BYTES:
            word = msgspec.structs.replace(word, **{name: None})
            data = _encode(word)
    return data


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
