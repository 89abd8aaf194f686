"""A transport in memory that keeps its four promises, or breaks every one that a transport may break."""

import random
from uuid import UUID

from worker.bus.frames import Message
from worker.bus.link import BusAway, Read, Received, Stale, partition_of


class Store:
    """What one bus has: the messages of all, and the newest word about each outbox.

    Args:
        chance: of mishaps; None: nothing goes wrong.
        often: how probable each is.
    """

    def __init__(self, chance: random.Random | None = None, often: float = 0.08) -> None:
        self.chance = chance
        self.often = often
        self.name = 0
        self.last = 0
        self.messages: list[Received] = []
        self.words: dict[UUID, Received] = {}
        self.older: dict[UUID, Received] = {}
        self.happened: dict[str, int] = {}

    def happens(self, what: str) -> bool:
        if self.chance is None or self.chance.random() >= self.often:
            return False
        self.happened[what] = self.happened.get(what, 0) + 1
        return True

    def newest(self, outbox_id: UUID) -> Received | None:
        return next((one for one in reversed(self.messages) if one.outbox_id == outbox_id), None)

    def add(self, outbox_id: UUID, message: Message) -> Received:
        self.last += 1
        received = Received(outbox_id, self.last, message)
        self.messages.append(received)
        return received

    def forget(self) -> None:
        """Lose everything, some of it, or the newest of it; or begin anew under another name."""
        assert self.chance is not None
        how = self.chance.randrange(4)
        if how == 0:
            self.messages.clear()
        elif how == 1:
            self.messages = [one for one in self.messages if self.chance.random() < 0.7]
        elif how == 2:
            del self.messages[len(self.messages) // 2 :]
            self.last = max((one.number for one in self.messages), default=0)
        else:
            self.name, self.last, self.messages, self.words = self.name + 1, 0, [], {}


class MemoryLink:
    """One side's connection to a store; a `Link`."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def _away(self) -> None:
        if self.store.happens("away"):
            raise BusAway("it does not answer")

    def publish_after(self, outbox_id: UUID, message: Message, last: int) -> int:
        store = self.store
        self._away()
        newest = store.newest(outbox_id)
        if (0 if newest is None else newest.number) != last:
            raise Stale("another message came last")
        if store.happens("acknowledged and lost"):
            return store.last + 1
        added = store.add(outbox_id, message)
        if store.happens("doubled"):
            added = store.add(outbox_id, message)
        if store.happens("forgotten"):
            store.forget()
        if store.happens("the answer is lost"):
            raise BusAway("its answer was lost")
        return added.number

    def newest_of(self, outbox_id: UUID, *, word: bool = False) -> Received | None:
        store = self.store
        self._away()
        if not word:
            return store.newest(outbox_id)
        if outbox_id in store.older and store.happens("an old word"):
            return store.older[outbox_id]
        return store.words.get(outbox_id)

    def read_from(self, lane: str, after: int, *, store: str = "", most_bytes: int) -> Read:
        del most_bytes
        mine = self.store
        self._away()
        if mine.happens("forgotten"):
            mine.forget()
        if store != str(mine.name) or after > mine.last:
            after = 0
        found = [one for one in mine.messages if one.number > after and lane in {"*", partition_of(one.outbox_id)}][:64]
        reached = max((one.number for one in found), default=after)
        if mine.happens("lost on the way"):
            found = found[::2]
        if mine.chance is not None and mine.happens("out of order"):
            mine.chance.shuffle(found)
        if mine.happens("twice"):
            found = [*found, *found]
        return Read(str(mine.name), reached, found)

    def say(self, outbox_id: UUID, data: bytes) -> None:
        store = self.store
        self._away()
        if store.happens("a word is lost"):
            return
        if outbox_id in store.words:
            store.older[outbox_id] = store.words[outbox_id]
        store.last += 1
        store.words[outbox_id] = Received(outbox_id, store.last, Message({}, data))

    def close(self) -> None:
        pass
