"""What a unit relies on when it commits is made durable before: names, bytes, and what other processes have put there.

A name is on the disk only after a sync of its directory, and another process that made one may not have synced it
yet, or may have died before it could. After the commit it would be too late: a power loss then leaves an event
without its file.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from outbox.files import durable, known_files

if TYPE_CHECKING:
    from outbox.files.unit import StagedFile, Unit

_FEW = 4


def what_is_staged(unit: Unit) -> None:
    """Make the names of the directories durable, and what lies in staging, unless the log itself can restore the file.

    An event that carries the file's very text makes the fsync of the staging directory superfluous, and lets that of
    the file go on beside the commit: recovery writes the file anew from the event. With more than a few files the
    commit waits all the same: they would be waited for under the gate.
    """
    moving = [file for file in unit.files.values() if file.staged is not None]
    for file in moving:
        assert unit.staging is not None  # noqa: S101 - something was staged
        unit.staging.directories.make(file.target.parent, is_there=file.stamp is not None)
    carried = all(_carried(unit, file) for file in moving)
    if not carried or len(moving) > _FEW:
        _wait_for(moving)
    if not carried:
        _sync_staging(unit)


def what_is_no_news(unit: Unit, seqs: dict[str, int]) -> None:
    """Make what lies in staging durable after all, where an event that carries a file was in the log before.

    The one that says the same may be pruned by now, or have been followed by another version of the file.
    """
    moving = [file for file in unit.files.values() if file.staged is not None and file.path not in seqs]
    if any(_carried(unit, file) for file in moving):
        _wait_for(moving)
        _sync_staging(unit)


def what_stands(unit: Unit) -> None:
    """Make the version that another publisher renamed into place durable, before it is noted as the one to be there.

    That publisher syncs the directory only after it has left the gate. Until then a power loss brings back what stood
    there before: recovery would take it for a change by hand, or never look.
    """
    for file in unit.files.values():
        known = known_files.find(unit.connection, file.path) if file.stamp is not None else None
        if known is not None and known.temp is not None and not _is_ours(unit, known.temp):
            durable.sync_directory(file.target.parent)


def _carried(unit: Unit, file: StagedFile) -> bool:
    """Whether an event of the unit carries the very text of the file."""
    body = unit.bodies.get(file.path)
    return body is not None and body.encode() == file.data


def _wait_for(files: list[StagedFile]) -> None:
    for file in files:
        if file.staged is not None:
            file.staged.sync.wait()


def _sync_staging(unit: Unit) -> None:
    if unit.staging is not None and unit.staging.directory is not None:
        durable.sync_directory(unit.staging.directory)


def _is_ours(unit: Unit, temp: str) -> bool:
    directory = unit.staging.directory if unit.staging is not None else None
    return directory is not None and Path(temp).parent.name == directory.name
