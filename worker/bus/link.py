"""What forwarding asks of a transport: four verbs. Whoever has them can stand in the place of NATS.

Nothing that a transport says is believed. It may lose what it has taken, give it twice, in another order, or after a
while; it must not change it unseen, and each host must be able to write under its own outbox alone.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol
from uuid import UUID

from worker.bus.frames import Message
from worker.errors import WorkerError

PARTITIONS = "0123456789abcdef"
NOBODY = UUID(int=0)


class BusAway(WorkerError):
    """The transport does not answer: that is waited out."""

    exit_code = 5


class BusRefused(WorkerError):
    """The transport answers, and a person has to mend something: a key, a right, a certificate."""

    exit_code = 3


class Stale(WorkerError):
    """Another message came last under this outbox than was expected: read what it is, and go on from there."""


class Received(NamedTuple):
    """A message that the transport keeps.

    Attributes:
        outbox_id: whose it is; `NOBODY`, where it stands under no outbox's name: nothing is done with it.
        number: its place; a later one has a greater number, until the store begins anew.
        message: what it says.
    """

    outbox_id: UUID
    number: int
    message: Message


class Read(NamedTuple):
    """What stood in the store.

    Attributes:
        store: which store it was: another name, other numbers.
        reached: the number to go on from.
        found: the messages, in order.
    """

    store: str
    reached: int
    found: list[Received]


class Link(Protocol):
    """A transport; every verb may raise `BusAway` and `BusRefused`."""

    def publish_after(self, outbox_id: UUID, message: Message, last: int) -> int:
        """Store a message of a log as the one after the message with this number; 0: as the first.

        Returns:
            Its number. That it is stored is a hint: it may be lost all the same.

        Raises:
            Stale: another message is the last one there.
        """

    def newest_of(self, outbox_id: UUID, *, word: bool = False) -> Received | None:
        """Return the newest message of a log, or the newest word of the centre about it; None where there is none."""

    def read_from(self, lane: str, after: int, *, store: str = "", most_bytes: int) -> Read:
        """Return the next messages of all logs of a lane; of another `store` than the named one, from its beginning.

        Args:
            lane: a partition, or all of them as `*`.
            after: the number to go on from.
            store: as it was called when that was read.
            most_bytes: about so many; one message at least.
        """

    def say(self, outbox_id: UUID, data: bytes) -> None:
        """Put a word about an outbox in the place of the one before it."""

    def close(self) -> None:
        """Leave."""


def partition_of(outbox_id: UUID) -> str:
    """The partition of an outbox: the last digit of its id."""
    return outbox_id.hex[-1]


def lanes_of(text: str) -> Sequence[str]:
    """Read which partitions are named: `0-7`, `0-3,a`, `*` for all.

    Raises:
        ValueError: it names none, or something that is none.
    """
    if text in {"*", "0-f"}:
        return ["*"]
    named: set[str] = set()
    for part in text.lower().split(","):
        first, _, last = part.strip().partition("-")
        start, end = PARTITIONS.index(first), PARTITIONS.index(last or first)
        if not first or end < start:
            raise ValueError(text)
        named.update(PARTITIONS[start : end + 1])
    return sorted(named)
