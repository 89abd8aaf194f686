"""A disk that loses power: what is surely on it, and what may or may not be.

Only a sync makes anything sure: of a file, its bytes; of a directory, the names in it. What happened to either since
may have reached the disk or not, in any combination that POSIX allows:

- of the bytes written since, each 512-byte sector by itself is there or not: a write may be torn, absent or overtaken by
  a later one, and a file may have its new length with zeros in it;
- of the names made, removed or replaced since, each by itself is there or not: a name is never half, and goes back at
  most to what it was at the last sync of its directory;
- a rename may leave both names, never neither; of a directory it leaves one.

A directory whose own name was lost takes everything in it along.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.support.power_loss.trace import Step

SECTOR_BYTES = 512


@dataclass(frozen=True, slots=True)
class Mercy:
    """How much of what was not synced survives: the probability for each name, and for each sector."""

    names: float
    sectors: float


NOTHING = Mercy(0.0, 0.0)
EVERYTHING = Mercy(1.0, 1.0)


class File:
    """Its bytes as they read, as they surely are on the disk, and what was done in between."""

    def __init__(self) -> None:
        self.now = bytearray()
        self._durable = b""
        self._since: list[tuple[int, bytes | None]] = []  # None: cut, or lengthened, to that size

    def write(self, at: int, data: bytes) -> None:
        _put(self.now, at, data)
        self._since.append((at, data))

    def resize(self, size: int) -> None:
        _resize(self.now, size)
        self._since.append((size, None))

    def sync(self) -> None:
        self._durable = bytes(self.now)
        self._since.clear()

    def after_power_loss(self, chance: random.Random, mercy: Mercy) -> bytes:
        if not self._since or mercy.sectors == 0:
            return self._durable
        if mercy.sectors == 1:
            return bytes(self.now)
        left = bytearray(self._durable)
        for at, data in self._since:
            if data is None:
                if chance.random() < mercy.sectors:
                    _resize(left, at)
                continue
            for start, piece in _sectors(at, data):
                if chance.random() < mercy.sectors:
                    _put(left, start, piece)
        return bytes(left)


@dataclass(slots=True)
class Change:
    """What one name became, and the rename that it is one half of."""

    node: Node | None
    rename: int = 0


@dataclass(slots=True)
class Directory:
    """Names as they read, as they surely are on the disk, and what each became in between."""

    now: dict[str, Node] = field(default_factory=dict)
    durable: dict[str, Node] = field(default_factory=dict)
    since: dict[str, list[Change]] = field(default_factory=dict)

    def become(self, name: str, node: Node | None, rename: int = 0) -> None:
        if node is None:
            del self.now[name]
        else:
            self.now[name] = node
        self.since.setdefault(name, []).append(Change(node, rename))

    def sync(self) -> None:
        self.durable = dict(self.now)
        self.since.clear()


Node = File | Directory


class Disk:
    """Replays a record step by step."""

    def __init__(self) -> None:
        self.root = Directory()
        self._inodes: dict[int, File] = {}
        self._renames = 0

    def take(self, step: Step) -> None:
        """Let one step happen."""
        match step.op:
            case "c":
                self._inodes[step.inode] = File()
                self._become(step.path, self._inodes[step.inode])
            case "d":
                self._become(step.path, Directory())
            case "w":
                self._inodes[step.inode].write(step.at, step.data)
            case "t":
                self._inodes[step.inode].resize(step.at)
            case "s":
                self._inodes[step.inode].sync()
            case "S":
                directory = self.find(step.path)
                assert isinstance(directory, Directory)
                directory.sync()
            case "l":
                self._become(step.other, self.find(step.path))
            case "u":
                self._become(step.path, None)
            case "r":
                self._renames += 1
                self._become(step.other, self.find(step.path), self._renames)
                self._become(step.path, None, self._renames)
            case _:  # SQLite maps the index of its WAL, which no power loss leaves behind; nobody else maps anything
                assert step.other == "mmap", step
                assert step.path.endswith("-shm"), step

    def find(self, path: str) -> Node:
        """The file or directory that has this name now."""
        node: Node = self.root
        for part in path.split("/") if path else []:
            assert isinstance(node, Directory)
            node = node.now[part]
        return node

    def directories(self) -> Iterator[Directory]:
        """Every directory that is on the disk or may be."""
        seen: set[int] = set()
        waiting = [self.root]
        while waiting:
            directory = waiting.pop()
            if id(directory) in seen:
                continue
            seen.add(id(directory))
            yield directory
            changes = [change.node for changes in directory.since.values() for change in changes]
            waiting += [node for node in (*directory.durable.values(), *changes) if isinstance(node, Directory)]

    def _become(self, path: str, node: Node | None, rename: int = 0) -> None:
        above, _, name = path.rpartition("/")
        directory = self.find(above)
        assert isinstance(directory, Directory)
        directory.become(name, node, rename)


def _sectors(at: int, data: bytes) -> Iterator[tuple[int, bytes]]:
    start = at
    while start < at + len(data):
        end = min(at + len(data), (start // SECTOR_BYTES + 1) * SECTOR_BYTES)
        yield start, data[start - at : end - at]
        start = end


def _resize(data: bytearray, size: int) -> None:
    if size < len(data):
        del data[size:]
    else:
        data.extend(bytes(size - len(data)))


def _put(data: bytearray, at: int, piece: bytes) -> None:
    if at > len(data):
        _resize(data, at)
    data[at : at + len(piece)] = piece
