"""Recovery: what a crash left behind is finished or swept, and what cannot be decided is reported.

It runs whenever an outbox is opened for writing and costs one look at a directory when there is nothing to
do. For each file that the log names as staged by a process that is dead:

- the staged file is there, and its place holds what it is to replace: it is published;
- its place holds it already: only the note was missing, and perhaps the sync of the directory;
- the staged file is gone (a power loss took the name): it is written again from its event;
- its place holds something else: somebody changed the file by hand since. The file is kept and told; what we
  had to say stands in the log;
- its place cannot be written (a directory in the way): told, and tried again at the next start.

Where the dead process had written down that the unit returned, none of this applies: whatever is at the place now,
or is no longer there, somebody did, and only the note is missing.

What lies in the staging directory of a dead process of this outbox and is named nowhere was never committed: it is
swept. In that of another outbox, a copy of this one included, the other log may name it: it is left, and told.
"""

from __future__ import annotations

import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from outbox.errors import PathRefused
from outbox.files import known_files
from outbox.files.confined import STAGING_DIRECTORY, confined
from outbox.files.known_files import KnownFile
from outbox.files.staging import StagingOwner, number_of, orphaned, published_up_to, remove
from outbox.log import durable, log
from outbox.log.failpoints import reach
from outbox.log.gate import Gate
from outbox.log.owner import as_owner_of
from outbox.log.sqlite_errors import NO_SPACE
from outbox.log.transaction import write_transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """What recovery did.

    Attributes:
        published: paths that were rolled forward.
        swept: number of staged files that no event names.
        conflicts: paths kept because somebody changed them by hand since.
        lost: paths whose bytes are neither staged nor in an event: run the generator again.
        blocked: paths that could not be written (a directory in the way, a permission); tried again next time.
        others: staging directories of dead processes that published for another outbox and left files there.
        postponed: why nothing was looked at yet, if an outbox was opened all the same.
    """

    published: tuple[str, ...] = ()
    swept: int = 0
    conflicts: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    blocked: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    postponed: str | None = None

    @property
    def nothing(self) -> bool:
        """True if there was nothing to do."""
        return not (self.published or self.swept or self.conflicts or self.lost or self.blocked)


def recover(connection: sqlite3.Connection, gate: Gate, root: Path, owner: StagingOwner) -> Recovered:
    """Finish what dead processes left below `root`, and sweep it if they were of this very outbox file."""
    with gate.held(), orphaned(root) as dead:
        staged = known_files.staged(connection)
        alive = _alive_owners(root, dead)
        abandoned = [file for file in staged if _owner(file) not in alive]
        if not dead and not abandoned:
            return Recovered()
        returned = {directory.name: published_up_to(directory) for directory in dead}
        outcomes = [
            (
                file,
                None if _is_nobodys_business(root, file, owner, returned) else _finish_or_leave(connection, root, file),
            )
            for file in abandoned
        ]
        settled = [
            (file.path, file.temp) for file, outcome in outcomes if outcome != "blocked" and file.temp is not None
        ]
        if settled:
            with write_transaction(connection, gate):
                known_files.settle(connection, settled)
        # What could not be published yet may be nowhere else.
        kept = {_owner(file) for file, outcome in outcomes if outcome == "blocked"}
        ours, others = [], []
        for directory in dead:
            made_by = StagingOwner.of(directory)
            if made_by is not None and made_by.belongs_to(owner):
                ours.append(directory)
            elif any(directory.glob("*.tmp")):
                others.append(directory)
            elif made_by is None:  # of an earlier version of this package, and nothing is in it
                remove(directory)
        return Recovered(
            published=_paths(outcomes, "published"),
            conflicts=_paths(outcomes, "conflict"),
            lost=_paths(outcomes, "lost"),
            blocked=_paths(outcomes, "blocked"),
            swept=sum(_sweep(directory) for directory in ours if directory.name not in kept),
            others=tuple(str(directory) for directory in others if directory.name not in kept),
        )


def _paths(outcomes: list[tuple[KnownFile, str | None]], wanted: str) -> tuple[str, ...]:
    return tuple(file.path for file, outcome in outcomes if outcome == wanted)


def _alive_owners(root: Path, dead: list[Path]) -> set[str]:
    parent = root / STAGING_DIRECTORY
    names = {entry.name for entry in parent.iterdir()} if parent.is_dir() else set()
    return names - {directory.name for directory in dead}


def _is_nobodys_business(root: Path, file: KnownFile, owner: StagingOwner, returned: dict[str, int]) -> bool:
    """Whether the file is its users' by now: its unit had returned.

    The process that staged it said so. Or this is a copy of the outbox that it published for: there the note may have
    come later. What is no longer in staging was published from there.
    """
    assert file.temp is not None  # noqa: S101 - asked for staged files only
    if number_of(file.temp) <= returned.get(_owner(file), 0):
        return True
    made_by = StagingOwner.of((root / file.temp).parent)
    return made_by is not None and not made_by.belongs_to(owner) and not (root / file.temp).exists()


def _owner(file: KnownFile) -> str:
    assert file.temp is not None  # noqa: S101 - asked for staged files only
    return Path(file.temp).parent.name


def _finish_or_leave(connection: sqlite3.Connection, root: Path, file: KnownFile) -> str | None:
    try:
        return _finish(connection, root, file)
    except PathRefused:
        return "blocked"
    except OSError as exc:
        # One place that cannot be written must not keep the outbox shut; a full disk is for the operator.
        if exc.errno in NO_SPACE:
            raise
        return "blocked"


def _finish(connection: sqlite3.Connection, root: Path, file: KnownFile) -> str | None:
    target = confined(root, file.path)
    found = durable.sha256_of(target)
    if found == file.sha256:
        # Its owner may have died between the rename and the sync: the note must not outlive the name.
        durable.sync_directory(target.parent)
        return None
    if found not in {None, file.previous_sha256}:
        return "conflict"
    assert file.temp is not None  # noqa: S101 - asked for staged files only
    temp = root / file.temp
    if durable.sha256_of(temp) != file.sha256:
        data = _from_event(connection, file)
        if data is None:
            return "lost"
        temp.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        temp.unlink(missing_ok=True)
        fd = durable.create(temp, data)
        try:
            as_owner_of(root, fd)
        finally:
            os.close(fd)
        reach("recovery.rewritten")
    # Also one that was found whole: its owner may have died before the fsync was over.
    durable.sync_file(temp)
    durable.make_directories(target.parent)
    temp.replace(target)
    reach("recovery.renamed")
    durable.sync_directory(target.parent)
    return "published"


def _from_event(connection: sqlite3.Connection, file: KnownFile) -> bytes | None:
    event = log.find(connection, file.seq) if file.seq is not None else None
    body = event.payload.get("body") if event is not None else None
    if not isinstance(body, str):
        return None
    data = body.encode()
    return data if durable.sha256_of_bytes(data) == file.sha256 else None


def _sweep(directory: Path) -> int:
    swept = sum(1 for entry in directory.iterdir() if entry.suffix == ".tmp")
    remove(directory)
    reach("recovery.swept")
    return swept
