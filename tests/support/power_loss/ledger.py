"""What a process told the world before the power went: one line a fact, in a file that no power loss touches."""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path

NAME = "ledger"


class Ledger:
    """Writes to the ledger of the directory that is recorded; the record then knows when each thing was said."""

    def __init__(self, directory: Path) -> None:
        self._fd = os.open(directory / NAME, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)

    def begun(self, unit: int) -> None:
        self._tell(begun=unit)

    def done(self, unit: int, seqs: list[int]) -> None:
        self._tell(done=unit, seqs=seqs)

    def backed_up(self, name: str, last_seq: int) -> None:
        self._tell(backup=name, last_seq=last_seq)

    def removed(self, path: str) -> None:
        self._tell(removed=path)

    def restored(self, path: str) -> None:
        self._tell(restored=path)

    def _tell(self, **fact: object) -> None:
        os.write(self._fd, json.dumps(fact).encode() + b"\n")


@dataclass(slots=True)
class Told:
    """What had been said at some moment.

    Attributes:
        begun: units that may be there.
        done: units that must be there, with the seqs of their events.
        backups: name -> the last seq that it must hold.
        removed: paths that a person removed; they may be there or not.
    """

    begun: set[int] = field(default_factory=set)
    done: dict[int, list[int]] = field(default_factory=dict)
    backups: dict[str, int] = field(default_factory=dict)
    removed: set[str] = field(default_factory=set)

    @classmethod
    def by(cls, lines: bytes) -> "Told":
        told = cls()
        for line in lines.splitlines():
            fact = json.loads(line)
            if "begun" in fact:
                told.begun.add(fact["begun"])
            elif "done" in fact:
                told.done[fact["done"]] = fact["seqs"]
            elif "backup" in fact:
                told.backups[fact["backup"]] = fact["last_seq"]
            elif "removed" in fact:
                told.removed.add(fact["removed"])
            else:
                told.removed.remove(fact["restored"])
        return told
