"""The unit of work: files and events that become true together.

The order of steps, and what a crash after each leaves:

1. Each file is written to staging, and its fsync begins or is done (`outbox.files.syncing`). What the commit relies on
   is made durable (`outbox.files.publish`): names, and the bytes of what no event of the unit carries word for word.
   Crash: nobody knows it, recovery sweeps it.
2. One SQLite transaction, under the writer gate, appends the events and names each staged file with its hash
   and its place. This COMMIT is the one commit point. Crash before it: as 1. Crash after it: 3 is rolled
   forward by recovery, from the staged file or, should a power loss have taken its name or its bytes, from the
   body that the event carries.
3. Still under the gate, so that two publishers of one file rename in the order in which they committed: each
   staged file, once its fsync is over, is renamed to its place.
4. The directories are fsynced. When the unit returns, files and events survive a power loss.
   That the unit returned is written into the staging directory's lock file (no wait): from then on the files belong
   to the person or program that changes them.
5. The bell is rung. That the files are published is written down in the log with the next commit of this process
   (or when it closes), which spares every unit a second fsync; until then recovery finds nothing left to do.

Nothing after the COMMIT fails the unit: what it wrote is true. A file that cannot be put in its place is named in the
result, and is recovery's; the bell, the notes and the care for the WAL are hints.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from outbox.catalogue.contract import Checked, check
from outbox.catalogue.event import Event
from outbox.catalogue.event_types import Payload
from outbox.errors import FileConflict, FileMoved, OutboxError
from outbox.files import known_files
from outbox.files.confined import confined
from outbox.files.known_files import KnownFile
from outbox.log import durable, log
from outbox.log.sqlite_errors import translated

if TYPE_CHECKING:
    import sqlite3

    from outbox.files.staging import Staged, Staging


class Unpublished(msgspec.Struct, frozen=True):
    """A file whose unit was kept, and that is not in its place yet.

    Attributes:
        path: relative to CONTENT_ROOT.
        reason: what the system said.
    """

    path: str
    reason: str


class Result(msgspec.Struct, frozen=True, dict=True):
    """What a unit of work did.

    Attributes:
        rows: the events that were news, in order, as they stand in the log.
        unchanged: how many payloads were appended before, word for word.
        written: paths of the files that were published, relative to CONTENT_ROOT.
        unpublished: files that the disk did not let into their place after the commit. They are safe in staging or
            in their events; `outbox recover`, or the next process that opens the outbox, publishes them.
    """

    rows: tuple[log.Row, ...] = ()
    unchanged: int = 0
    written: tuple[str, ...] = ()
    unpublished: tuple[Unpublished, ...] = ()

    @cached_property
    def appended(self) -> tuple[Event, ...]:
        """The events that were news, in order."""
        return log.as_events(self.rows)


_NOTHING_YET = Result()


@dataclass(slots=True)
class StagedFile:
    """A file on its way; `staged` is None if the same bytes are in place already."""

    path: str
    target: Path
    data: bytes
    sha256: str
    staged: Staged | None
    previous_sha256: str | None
    stamp: tuple[int, int, int, int] | None
    overwrite: bool

    @property
    def temp(self) -> str | None:
        """Its place in staging, relative to CONTENT_ROOT."""
        return self.staged.temp if self.staged is not None else None


@dataclass(slots=True)
class RecordedFile:
    """A file that others wrote, as it was when it was read; a size of None: it was gone."""

    path: str
    base: str
    place: Path
    sha256: str
    size: int | None
    stamp: tuple[int, int, int, int] | None


class Unit:
    """Collects the files and events of one unit of work. Made by `Outbox.unit`."""

    def __init__(
        self, *, connection: sqlite3.Connection, root: Path | None, staging: Staging | None, payload_limit_bytes: int
    ) -> None:
        self.connection = connection
        self.root = root
        self.staging = staging
        self.payload_limit_bytes = payload_limit_bytes
        self.result = _NOTHING_YET
        self.drafts: list[Checked] = []
        self.files: dict[str, StagedFile] = {}
        self.recorded: list[RecordedFile] = []
        self.bodies: dict[str, str] = {}
        self.file_events: dict[str, int] = {}
        self.slugs: dict[str, str] = {}
        self.committed = False

    def append(self, payload: Payload) -> None:
        """Add an event.

        Args:
            payload: one of the classes in `outbox.catalogue`.

        Raises:
            ContractError: the payload breaks its contract; names the field.
        """
        checked = check(payload, limit_bytes=self.payload_limit_bytes)
        contract = checked.contract
        if contract.path is not None and isinstance(path := getattr(payload, contract.path), str):
            self.file_events[path] = len(self.drafts)
            self.slugs[path] = contract.key(payload)
            if contract.body is not None and isinstance(body := getattr(payload, contract.body), str):
                self.bodies[path] = body
        self.drafts.append(checked)

    def write(self, path: str, data: bytes, *, overwrite: bool = False) -> None:
        """Add a file to publish.

        Args:
            path: relative to CONTENT_ROOT, forward slashes.
            data: all of the file.
            overwrite: replace the file also if somebody changed it since it was published here.

        Raises:
            PathRefused: the path leaves CONTENT_ROOT.
            FileConflict: somebody changed the file by hand; it is kept.
            StorageFull, StorageFailed: the file could not be staged.
        """
        if self.root is None or self.staging is None:
            raise OutboxError("this outbox was opened without a CONTENT_ROOT: it cannot publish files")
        with translated(self.root / path):
            self._stage(self.root, self.staging, path, data, overwrite=overwrite)

    def look_again(self) -> bool:
        """See what became of the files' places since they were staged; the caller holds the writer gate.

        Returns:
            True if a file had to be staged after all.

        Raises:
            FileConflict: somebody changed one by hand meanwhile; it is kept.
            FileMoved: one that was read is another one now.
        """
        self._read_still_stands()
        staged = False
        for file in self.files.values():
            stamp = durable.stamp_of(file.target)
            if stamp == file.stamp:
                continue
            # Another publisher of the same file was faster, or a person.
            found = durable.sha256_of(file.target)
            if found != file.sha256 and not file.overwrite and self._changed_by_hand(file.path, found):
                raise _conflict(file.path)
            if found != file.sha256 and file.staged is None and self.staging is not None:
                file.staged = self.staging.stage(file.data)
                staged = True
            file.stamp, file.previous_sha256 = stamp, found
        return staged

    def record(self, path: str, sha256: str, size: int, *, base: str = "") -> None:
        """Remember a file that others wrote, so that a later change of it can be noticed.

        The unit says what was read there. So it is looked at again when it commits: what somebody published or typed
        meanwhile is newer than what the unit says.

        Args:
            path: relative to `base`.
            sha256: hash of its bytes as they were read.
            size: bytes.
            base: absolute folder, or "" for CONTENT_ROOT.

        Raises:
            FileMoved: it is no longer what was read. So does the end of the unit.
        """
        self._record(path, base, sha256, size)

    def forget(self, path: str, *, base: str = "") -> None:
        """Drop what is known of a file that is gone, if it is still gone when the unit commits.

        Raises:
            FileMoved: it is there again. So does the end of the unit.
        """
        self._record(path, base, "", None)

    def _record(self, path: str, base: str, sha256: str, size: int | None) -> None:
        root = Path(base) if base else self.root
        if root is None:
            raise OutboxError("this outbox was opened without a CONTENT_ROOT: it knows no files there")
        with translated(root / path):
            place = root / path
            file = RecordedFile(path, base, place, sha256, size, durable.stamp_of(place))
            _require_as_read(file)
        self.recorded.append(file)

    def _read_still_stands(self) -> None:
        if not self.recorded:
            return
        for file in self.recorded:
            stamp = durable.stamp_of(file.place)
            if stamp != file.stamp:
                _require_as_read(file)
                file.stamp = stamp
        # Between the commit of a publisher and its rename, which nobody of the living is under the gate.
        waiting = {(known.base, known.path): known for known in known_files.staged(self.connection)}
        for file in self.recorded:
            known = waiting.get((file.base, file.path))
            if known is not None and known.sha256 != file.sha256 and self._waits_in_staging(known):
                raise FileMoved(f"{file.path} has a newer version that is not in its place yet: run `outbox recover`")

    def discard(self) -> None:
        """Drop what was staged: the unit is not going to be committed."""
        for file in self.files.values():
            if file.temp is not None and self.staging is not None:
                self.staging.discard(file.temp)

    def _stage(self, root: Path, staging: Staging, path: str, data: bytes, *, overwrite: bool) -> None:
        target = confined(root, path)
        sha256 = hashlib.sha256(data).hexdigest()
        while True:
            stamp = durable.stamp_of(target)
            found = durable.sha256_of(target) if stamp is not None else None
            if found == sha256 or overwrite or not self._changed_by_hand(path, found):
                break
            # Unless another publisher renamed its version into place between the two looks: then look again.
            if durable.stamp_of(target) == stamp:
                raise _conflict(path)
        earlier = self.files.pop(path, None)
        if earlier is not None and earlier.temp is not None:
            staging.discard(earlier.temp)
        self.files[path] = StagedFile(
            path=path,
            target=target,
            data=data,
            sha256=sha256,
            staged=None if found == sha256 else staging.stage(data),
            previous_sha256=found,
            stamp=stamp,
            overwrite=overwrite,
        )

    def _changed_by_hand(self, path: str, found: str | None) -> bool:
        if found is None:
            return False
        known = known_files.find(self.connection, path)
        if known is None:
            return True
        # Between the commit and the rename of its publisher, alive or dead, what it is to replace is still there.
        return known.sha256 != found and not (known.previous_sha256 == found and self._waits_in_staging(known))

    def _waits_in_staging(self, known: KnownFile) -> bool:
        return self.root is not None and known.temp is not None and (self.root / known.temp).exists()


def _require_as_read(file: RecordedFile) -> None:
    found = durable.sha256_of(file.place)
    if found != (file.sha256 if file.size is not None else None):
        raise FileMoved(f"{file.place} was changed while it was being read: run the command again")


def _conflict(path: str) -> FileConflict:
    return FileConflict(
        f"{path} was changed by hand since it was published: kept as it is. `generate sync` takes "
        "the change over; to replace it with the new version, move it away and run again"
    )
