"""A machine: its disk, its clock, its outbox file, and what its users were told."""

import datetime as dt
import hashlib
import os
import random
import shutil
from pathlib import Path
from typing import Any
from uuid import UUID

from outbox import Result
from outbox.files.confined import STAGING_DIRECTORY
from simulation.disk import Disk
from simulation.kernel import Kernel, Violation
from simulation.template import new_outbox
from simulation.witness import Seen, Witness

EPOCH = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)

SLOWEST_FSYNC_SECONDS = 15.0


class Host:
    """One host.

    Args:
        kernel: whose time it lives in.
        folder: an empty directory of its own.
        outbox_id: identity of its outbox file.

    Attributes:
        root: CONTENT_ROOT.
        log: the outbox file.
        disk: what of its files would survive a power loss.
        witness: what is in the log.
        idle: connections to the outbox file that nobody uses at the moment, of `edges.Lent`; who opens it takes one.
        rings: how often the bell was heard.
        hand_made: hashes of what people wrote into files.
        full_until, slow_until: until when its disk has no room, or takes seconds for every fsync.
        had_trouble: its disk failed, once or for a while.
        serving: names of the workers that serve its file.
        is_swapped: an older copy stands in the place of its outbox file.
        acknowledged: path -> seq of the newest event that a generator was told is safe, file and all.
        removed: path -> seq of the newest event that carried the file when a person deleted it.
        taken_back: hashes of older texts to which people took files back.
        may_be_gone: paths that were deleted, before a power loss or before a unit that has not returned yet.
        left_by_another: what lay in staging when another file was put in place of the outbox. That file may live on
            elsewhere and name it, so recovery leaves it, and says so.
        noted_up_to: the last seq at the last power loss, which may have taken the notes of what had returned.
    """

    def __init__(self, kernel: Kernel, folder: Path, outbox_id: UUID) -> None:
        self._kernel = kernel
        self.root = folder / "content"
        self.root.mkdir(parents=True, mode=0o700)
        self.log = folder / "outbox.db"
        new_outbox(self.log, outbox_id)
        self.witness = Witness(self.log)
        self.disk = Disk(self.root, self.log)
        self.idle: list[Any] = []
        self.rings = 0
        self.skew_seconds = 0.0
        self.full_until = 0.0
        self.slow_until = 0.0
        self.hand_made: set[str] = set()
        self.acknowledged: dict[str, int] = {}
        self.removed: dict[str, int] = {}
        self.taken_back: set[str] = set()
        self.may_be_gone: set[str] = set()
        self.left_by_another: set[str] = set()
        self.noted_up_to = 0
        self.serving: list[str] = []
        self.is_swapped = False
        self.had_trouble = False

    def now(self) -> dt.datetime:
        """The time, as its clock has it; `outbox.clock.Clock`."""
        return EPOCH + dt.timedelta(seconds=self._kernel.now + self.skew_seconds)

    def is_full(self) -> bool:
        """Whether its disk has no room."""
        return self._kernel.now < self.full_until

    def fsync(self, path: str) -> None:
        """Make a file or a directory durable; whoever dies before the disk has answered has not."""
        self.wait_for_disk()
        self.disk.synced(path)

    def wait_for_disk(self) -> None:
        """Wait as long as an fsync takes."""
        if self._kernel.now < self.slow_until:
            self._kernel.spend(self._kernel.chance.uniform(0.1, SLOWEST_FSYNC_SECONDS))

    def rang(self) -> None:
        """The bell was heard."""
        self.rings += 1

    def acknowledge(self, result: Result) -> None:
        """A generator was told that its unit is safe."""
        for event in result.appended:
            path = event.payload.get("file_path")
            if isinstance(path, str):
                self.acknowledged[path] = event.seq
                # Where a person had put this very text there before, it is a generator's from now on.
                self.hand_made.discard(hashlib.sha256(str(event.payload.get("body")).encode()).hexdigest())

    def kill_all(self) -> None:
        """End every process that runs here. For errands."""
        for process in list(self._kernel.processes):
            if process.host is self:
                self._kernel.kill(process)

    def lose_power(self, chance: random.Random) -> None:
        """End every process and forget what was not on the disk; the processes are started again later. For errands."""
        self.kill_all()
        self._kernel.tell("power is lost")
        # That a unit had returned is noted without a wait for the disk: without the note, its file comes back.
        self.noted_up_to = self.witness.last_seq
        self.may_be_gone |= set(self.removed)
        self.removed.clear()
        self.hand_made -= self.taken_back
        self.close_idle()
        files = {path: path.read_bytes() for path in (self.log, _wal(self.log)) if path.exists()}
        self.witness.close()  # as the last one, SQLite would tidy up, which a power loss does not
        for path in (_wal(self.log), _shm(self.log)):
            path.unlink(missing_ok=True)
        for path, data in files.items():
            path.write_bytes(data)
        self.disk.lose_power(chance)
        self.witness.reopen()
        self.witness.look_again()
        if not self.is_swapped:
            self.acknowledged_files_are_there()

    def put_away(self, name: str) -> None:
        """Move the outbox file aside; nobody has it open but the witness, whose reading ends."""
        self.close_idle()
        self.witness.close()
        self.log.replace(self.log.with_name(name))

    def put_back(self, name: str, witness: Witness) -> None:
        """Put a file in the outbox's place, followed by that witness."""
        for path in (self.log, _wal(self.log), _shm(self.log)):
            path.unlink(missing_ok=True)
        self.log.with_name(name).replace(self.log)
        self.witness = witness
        self.witness.reopen()
        self.disk.everything_synced()

    def acknowledged_files_are_there(self) -> None:
        """G2: whoever was told that a unit is safe finds its file, or a newer one.

        Raises:
            Violation: it is gone, torn or old.
        """
        for path, seq in self.acknowledged.items():
            later = [one for one in self.versions(path) if one.seq >= seq]
            found = self.hash_of(path)
            if found is None and (path in self.removed or path in self.may_be_gone):
                continue
            if found not in {one.body_hash for one in later} | self.hand_made | self.taken_back:
                raise Violation("what_was_acknowledged_survives", f"{path} of event {seq} is {found}")

    def versions(self, path: str) -> list[Seen]:
        """The events that carry this file, in order."""
        return self.witness.versions(path)

    def hash_of(self, path: str) -> str | None:
        """The hash of a published file."""
        try:
            return hashlib.sha256((self.root / path).read_bytes()).hexdigest()
        except FileNotFoundError:
            return None

    def published(self, target: str) -> None:
        """A file came to its place: an event must stand in the log that carries it.

        Raises:
            Violation: there is none.
        """
        path = os.path.relpath(target, self.root)
        if path.startswith(STAGING_DIRECTORY):
            return
        self.witness.look()
        if self.hash_of(path) not in {one.body_hash for one in self.versions(path)}:
            raise Violation("files_come_after_their_events", f"{path} was published, and no event carries it")

    def about_to_publish(self, target: str) -> None:
        """A file is going to be replaced: not, if a person wrote what is there.

        Raises:
            Violation: a person did.
        """
        path = os.path.relpath(target, self.root)
        if self.hash_of(path) in self.hand_made:
            raise Violation("what_a_person_wrote_is_kept", f"{target} is about to be replaced")
        if path in self.removed:
            newest = self.versions(path)[-1].seq
            if newest <= self.removed.pop(path):
                raise Violation("what_a_person_did_is_kept", f"{path} was deleted after event {newest}, and comes back")
            self.may_be_gone.add(path)  # until its unit has returned: a power loss may take the new name along

    def about_to_unlink(self, target: str) -> None:
        """A staged file is going to be swept: not, if the log names it.

        Raises:
            Violation: it does.
        """
        path = os.path.relpath(target, self.root)
        if path.startswith(STAGING_DIRECTORY) and self.hash_of(path) in self.witness.staged_as(path):
            raise Violation("nothing_committed_is_swept", f"{path} is about to be removed, and the log names it")

    def files(self) -> list[str]:
        """The paths of all published files."""
        found = []
        for folder, _, names in os.walk(self.root):
            where = os.path.relpath(folder, self.root)
            if not where.startswith(STAGING_DIRECTORY):
                found += [os.path.normpath(f"{where}/{name}") for name in names]
        return found

    def temporary_files(self) -> list[str]:
        """What lies in staging."""
        return [str(path) for path in (self.root / STAGING_DIRECTORY).rglob("*.tmp")]

    def close_idle(self) -> None:
        """Close what nobody uses: the file is about to be another one."""
        while self.idle:
            self.idle.pop().real.close()

    def close(self) -> None:
        """Give everything back."""
        self.close_idle()
        self.witness.close()
        shutil.rmtree(self.log.parent, ignore_errors=True)


def _wal(log: Path) -> Path:
    return log.with_name(log.name + "-wal")


def _shm(log: Path) -> Path:
    return log.with_name(log.name + "-shm")
