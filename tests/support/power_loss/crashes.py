"""Builds the states that power losses leave, from one record, and has each looked at."""

from __future__ import annotations

import hashlib
import random
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from outbox.files.confined import STAGING_DIRECTORY
from outbox.files.staging import StagingOwner
from tests.support.power_loss import ledger, trace
from tests.support.power_loss.disk import EVERYTHING, NOTHING, Disk, File, Mercy
from tests.support.power_loss.ledger import Told
from tests.support.power_loss.survivors import State, survivors

_MOST_TURNS = 1000  # ends the search in a record that has no more states to give
# At each moment: all that was not synced is lost, only the bytes, only the names, nothing (a kill), then by chance.
_MERCIES = (NOTHING, Mercy(1.0, 0.0), Mercy(0.0, 1.0), EVERYTHING, Mercy(0.5, 0.5), Mercy(0.8, 0.5), Mercy(0.2, 0.8))


@dataclass(frozen=True, slots=True)
class Crash:
    """One power loss: after which step of the record, with which seed.

    Attributes:
        state: what it left.
        told: what the processes had said until then.
        name: enough to build it again.
    """

    state: State
    told: Told
    name: str


def crashes(record: Path, root: Path, wanted: int, seed: int = 0) -> Iterator[Crash]:
    """Yield so many different power losses, spread over all moments of the record; fewer where there are no more."""
    steps = list(trace.steps(record, root))
    stride = max(1, len(steps) // wanted)
    seen: set[bytes] = set()
    for turn in range(_MOST_TURNS):
        disk = Disk()
        for number, step in enumerate(steps, 1):
            disk.take(step)
            if (number + turn) % stride:
                continue
            mercy = _MERCIES[(number // stride + turn) % len(_MERCIES)]
            state = survivors(disk, random.Random(f"{seed}/{turn}/{number}"), mercy)
            told = _told(disk)
            key = _digest(state, told)
            if key not in seen:
                seen.add(key)
                yield Crash(
                    state, told, f"power lost after step {number} ({step.op} {step.path}), {mercy}, turn {turn}"
                )
                if len(seen) == wanted:
                    return


def lay_out(crash: Crash, directory: Path) -> None:
    """Write the state to a directory of its own, as if the machine had come up again."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    for path, data in crash.state.items():
        if data is None:
            (directory / path).mkdir()
        else:
            (directory / path).write_bytes(data)


@contextmanager
def the_same_inode(directory: Path) -> Iterator[None]:
    """Take the outbox file that was laid out for the one that it is, and for no copy of it."""
    staging = next(directory.rglob(STAGING_DIRECTORY), None)
    owners = [] if staging is None else [owner for entry in staging.iterdir() if (owner := StagingOwner.of(entry))]
    if not owners:
        yield
        return
    with mock.patch("outbox.outbox.inode_of", return_value=owners[0].inode):
        yield


def _told(disk: Disk) -> Told:
    book = disk.root.now.get(ledger.NAME)
    return Told.by(bytes(book.now)) if isinstance(book, File) else Told()


def _digest(state: State, told: Told) -> bytes:
    digest = hashlib.sha256(f"{len(told.begun)} {len(told.done)} {len(told.backups)} {told.removed}".encode())
    for path, data in state.items():
        digest.update(f"{path} {-1 if data is None else len(data)} ".encode() + (data or b""))
    return digest.digest()
