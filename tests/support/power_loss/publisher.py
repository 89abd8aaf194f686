"""Publishes while the power goes: `publisher.py DIRECTORY SCENARIO`.

POWER_LOSS_MUTANT names a fault of mutants.py that is built into the code first; with POWER_LOSS_LATE, staged files are
fsynced when somebody waits for it and not before.
"""

import itertools
import os
import sys
import uuid
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from outbox import Outbox
from outbox.catalogue import ContentUpserted
from outbox.log import checkpoint, durable
from outbox.ops.backup import backup
from outbox.ops.prune import plan_prune, prune
from tests.support.power_loss.ledger import Ledger
from tests.support.power_loss.mutants import MUTANTS, as_late_as_may_be
from tests.support.power_loss.units import PERIOD, READS, planned, publish


class Publisher:
    """One course of events on one outbox."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._ledger = Ledger(directory)

    def open(self) -> Outbox:
        return Outbox.open(self._directory / "state" / "box" / "outbox.db", content_root=self._directory / "content")

    def units(self, box: Outbox, numbers: Iterable[int]) -> None:
        for number in numbers:
            self._ledger.begun(number)
            self._ledger.done(number, publish(box, planned(number)))

    def alone(self) -> None:
        """Units, a worker's checkpoint, one that only empties the WAL, a close, a prune, a backup."""
        checkpoint.REUSED_WAL_BYTES = 0  # as if it had grown
        with self.open() as box, self.open() as worker:
            self.units(box, range(8))
            worker.checkpoint()
            self.units(box, range(8, 14))
            checkpoint.look_after(box.connection, box.gate, box._paths)
            self.units(box, range(14, 18))
        with self.open() as box:
            self.units(box, range(18, 21))
            self._prune(box, 12)
            self.units(box, range(21, 24))
            last_seq = box.last_seq
            backup(box, self._directory / "state" / "box" / "copy.db")
            self._ledger.backed_up("copy.db", last_seq)
            self.units(box, range(24, 26))

    def again(self) -> None:
        """A file that was removed by hand is published anew: no news for the log, and its event is pruned."""
        with self.open() as box:
            self.units(box, range(6))
            self._prune(box, box.last_seq)
            self._removed_by_hand_and_published_again(box)
            self.units(box, [6])

    def _prune(self, box: Outbox, below: int) -> None:
        destination = uuid.UUID(int=1)
        box.relay.remember_position(destination, below, box.event(below).event_id)
        box.relay.remember_verified(destination, below)
        prune(box, plan_prune(box, keep_days=0))

    def _removed_by_hand_and_published_again(self, box: Outbox) -> None:
        payload = planned(4).payloads[-1]
        assert isinstance(payload, ContentUpserted)
        path, body = str(payload.file_path), str(payload.body)
        self._ledger.removed(path)
        (self._directory / "content" / path).unlink()
        with box.unit() as unit:
            unit.write(path, body.encode())
            unit.append(payload)
        assert not unit.result.appended
        self._ledger.restored(path)

    def next(self) -> None:
        """What a successor does with what a dead one left: mend it, and go on."""
        first = len((self._directory / "ledger").read_bytes().split(b"begun")) - 1
        with self.open() as box:
            self.units(box, range(first, first + 8))

    def together(self) -> None:
        """Two publish the same files; the second acts whenever the first has changed names and not yet synced them."""
        acted = itertools.count(1)
        self._beside(lambda second, number: self.units(second, [number + next(acted) * PERIOD]))

    def read_early(self) -> None:
        """One publishes; the other reads its files, once they have their names, and says anew what they say."""
        read = set[int]()

        def read_what_is_there(reader: Outbox, number: int) -> None:
            files = planned(number).files
            places = {path: self._directory / "content" / path for path in files}
            is_there = all(place.exists() and place.read_bytes() == files[path] for path, place in places.items())
            if is_there and number not in read:
                read.add(number)
                self.units(reader, [READS + number])

        self._beside(read_what_is_there)
        assert read

    def _beside(self, act: Callable[[Outbox, int], None]) -> None:
        """Publish, and let another process act whenever a directory is about to be synced and it could."""
        with self.open() as first, self.open() as second:
            sync = durable.sync_directory

            def meanwhile(number: int, path: Path) -> None:
                if not first.gate._depth:  # else nobody can act
                    durable.sync_directory = sync  # what the second does is not interrupted
                    act(second, number)
                    durable.sync_directory = partial(meanwhile, number)
                sync(path)

            for number in (2, 8, 0, 3, 4, 14, 1, 9, 10):
                durable.sync_directory = partial(meanwhile, number)
                self.units(first, [number])
                durable.sync_directory = sync


def main() -> None:
    scenarios: dict[str, Callable[[Publisher], None]] = {
        "alone": Publisher.alone, "again": Publisher.again, "next": Publisher.next, "together": Publisher.together,
        "read early": Publisher.read_early,
    }  # fmt: skip
    if os.environ.get("POWER_LOSS_LATE"):
        as_late_as_may_be()
    for mutant in MUTANTS:
        if mutant.__name__ == os.environ.get("POWER_LOSS_MUTANT"):
            mutant()
    scenarios[sys.argv[2]](Publisher(Path(sys.argv[1])))


if __name__ == "__main__":
    main()
