"""The bus: a transport that loses, doubles, reorders and forgets, between real forwarders and a real centre.

It keeps what `worker.bus.link` says of a transport, and nothing beyond it. What it acknowledged may be gone, of an
outbox or of all; it is read twice, in another order, without some of it, or as it was a while ago; a message whose
sender was told nothing arrives later; a word comes back that was replaced long ago. With the power the newest frames
go, as a store loses them that does not sync before it answers.
"""

import random
from collections.abc import Callable
from uuid import UUID

from simulation.kernel import Kernel, Process
from simulation.plan import Carrier
from worker.bus.frames import Message
from worker.bus.link import BusAway, Read, Received, Stale, partition_of

AT_ONCE = 16
LATEST_SECONDS = 40.0


class Site:
    """Where the centre runs: a machine that dies and is started again, and has nothing to lose.

    Attributes:
        serves: for each centre, the outbox whose events it has in hand; None: of several.
    """

    is_swapped = False
    rings = 0  # nobody rings there

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self.serves: dict[Process | None, UUID | None] = {}
        self.had_trouble = False
        self.full_until = self.slow_until = 0.0

    def lose_power(self, _chance: random.Random) -> None:
        """End what runs here. For errands."""
        for process in list(self._kernel.processes):
            if process.host is self:
                self._kernel.kill(process)


class Store:
    """What the bus keeps: the messages of all outboxes in one order, and the newest word about each.

    Args:
        kernel: whose time it lives in.
        carrier: how badly it behaves.
        chance: of mishaps.
        struck: told of each kind.
        said: told of every word.
    """

    def __init__(
        self,
        kernel: Kernel,
        carrier: Carrier,
        chance: random.Random,
        struck: set[str],
        said: Callable[[UUID, bytes], None],
    ) -> None:
        self.kernel = kernel
        self.carrier = carrier
        self.chance = chance
        self.said = said
        self.news = 0
        self.down_until = 0.0
        self._struck = struck
        self._name = 0
        self._last = 0
        self._messages: list[Received] = []
        self._words: dict[UUID, list[Received]] = {}  # also those that were replaced
        self._at: dict[int, float] = {}  # when a message came; what came since the last sync goes with the power

    @property
    def name(self) -> str:
        return str(self._name)

    def happens(self, what: str) -> bool:
        """Whether this mishap comes about now."""
        if self.kernel.now > self.carrier.until or self.chance.random() >= self.carrier.rate:
            return False
        self._struck.add(f"on the bus: {what}")
        self.kernel.tell(f"on the bus: {what}")
        return True

    def newest(self, outbox_id: UUID) -> Received | None:
        """The newest message of a log."""
        return next((one for one in reversed(self._messages) if one.outbox_id == outbox_id), None)

    def add(self, outbox_id: UUID, message: Message) -> int:
        """Keep a message; returns its number."""
        number = self._numbered()
        self._messages.append(Received(outbox_id, number, message))
        return number

    def skip(self) -> int:
        """Keep nothing, and answer as if it were kept."""
        return self._numbered()

    def put(self, outbox_id: UUID, data: bytes) -> None:
        """Keep a word in the place of the one before."""
        self._words.setdefault(outbox_id, []).append(Received(outbox_id, self._numbered(), Message({}, data)))

    def word(self, outbox_id: UUID) -> Received | None:
        """The newest word about an outbox, or one of those before it."""
        words = self._words.get(outbox_id, [])
        if len(words) > 1 and self.happens("an old word"):
            return self.chance.choice(words)
        return words[-1] if words else None

    def after(self, lane: str, number: int, store: str) -> tuple[int, list[Received]]:
        """The next messages of a lane, and from where on they were looked for."""
        if store != self.name or number > self._last:
            number = 0
        mine = [one for one in self._messages if one.number > number and lane in {"*", partition_of(one.outbox_id)}]
        return number, mine[:AT_ONCE]

    def _numbered(self) -> int:
        self.news += 1
        self._last += 1
        self._at[self._last] = self.kernel.now
        return self._last

    # Misfortunes.

    def lose_power(self, seconds: float, synced_before: float) -> None:
        """Be away for so long; what came after that moment is gone, and its numbers are given again."""
        self.down_until = self.kernel.now + seconds
        kept = {number for number, at in self._at.items() if at <= synced_before}
        self._keep(lambda one: one.number in kept)
        self._last = max(kept, default=0)
        self._at = {number: self._at[number] for number in kept}

    def purge(self, share: float) -> None:
        """Lose some of all messages, or all; their numbers are not given again."""
        self._messages = [one for one in self._messages if self.chance.random() >= share]

    def begin_anew(self) -> None:
        """Somebody deleted the streams; they are made anew."""
        self._name += 1
        self._last = 0
        self._messages, self._words, self._at = [], {}, {}

    def _keep(self, is_kept: Callable[[Received], bool]) -> None:
        self._messages = [one for one in self._messages if is_kept(one)]
        self._words = {outbox_id: [one for one in words if is_kept(one)] for outbox_id, words in self._words.items()}


class Line:
    """One side's connection to the store; a `worker.bus.link.Link`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kernel = store.kernel

    def publish_after(self, outbox_id: UUID, message: Message, last: int) -> int:
        """See `Link`."""
        store = self._store
        self._reach("publish")
        if store.happens("a message that comes late"):
            self._later(lambda: self._stored(outbox_id, message, last))
            raise BusAway("it did not answer in time")
        if not self._follows(outbox_id, last):
            raise Stale("another message came last under this outbox")
        if store.happens("acknowledged and not kept"):
            return store.skip()
        number = store.add(outbox_id, message)
        if store.happens("kept twice"):
            number = store.add(outbox_id, message)
        self._kernel.pause("bus.answer")
        if store.happens("the answer is lost"):
            raise BusAway("its answer was lost")
        return number

    def newest_of(self, outbox_id: UUID, *, word: bool = False) -> Received | None:
        """See `Link`."""
        self._reach("newest")
        return self._store.word(outbox_id) if word else self._store.newest(outbox_id)

    def read_from(self, lane: str, after: int, *, store: str = "", most_bytes: int) -> Read:
        """See `Link`."""
        del most_bytes
        mine = self._store
        self._reach("read")
        start, found = mine.after(lane, after, store)
        reached = found[-1].number if found else start
        if found and mine.happens("read again from an earlier place"):
            _, again = mine.after(lane, mine.chance.randrange(found[0].number), mine.name)
            return Read(mine.name, reached, [*again, *found])
        if found and mine.happens("lost on the way"):
            found = [one for one in found if mine.chance.random() < 0.5]
        if len(found) > 1 and mine.happens("out of order"):
            mine.chance.shuffle(found)
        if found and mine.happens("read twice"):
            found = [*found, *found]
        return Read(mine.name, reached, found)

    def say(self, outbox_id: UUID, data: bytes) -> None:
        """See `Link`."""
        store = self._store
        self._kernel.judge(store.said, outbox_id, data)
        self._reach("say")
        if store.happens("a word is lost"):
            return
        if store.happens("a word that comes late"):
            self._later(lambda: store.put(outbox_id, data))
            return
        store.put(outbox_id, data)

    def close(self) -> None:
        """There is nothing to give back."""

    def _reach(self, verb: str) -> None:
        self._kernel.pause(f"bus.{verb}")
        if self._kernel.now < self._store.down_until or self._store.happens("away"):
            raise BusAway("it does not answer")

    def _follows(self, outbox_id: UUID, last: int) -> bool:
        newest = self._store.newest(outbox_id)
        return (0 if newest is None else newest.number) == last

    def _stored(self, outbox_id: UUID, message: Message, last: int) -> None:
        if self._follows(outbox_id, last):
            self._store.add(outbox_id, message)

    def _later(self, errand: Callable[[], None]) -> None:
        self._kernel.after(self._store.chance.random() * LATEST_SECONDS, errand)
