"""Commits a unit of work: the steps of `outbox.files.unit`, from what is staged to what is in its place.

What a commit relies on is made durable before it: names, bytes, and what other processes have put there. A name is on
the disk only after a sync of its directory, and another process that made one may not have synced it yet, or may have
died before it could. After the commit it would be too late: a power loss then leaves an event without its file.
"""

from __future__ import annotations

import datetime as dt
import os
import sqlite3
from contextlib import suppress
from pathlib import Path

from outbox.clock import as_text
from outbox.errors import OutboxError
from outbox.files import known_files
from outbox.files.known_files import KnownFile
from outbox.files.unit import Result, StagedFile, Unit, Unpublished
from outbox.log import durable, log
from outbox.log.failpoints import reach
from outbox.log.gate import Gate
from outbox.log.transaction import write_transaction

_FEW_FILES = 4


def commit(
    connection: sqlite3.Connection,
    gate: Gate,
    unit: Unit,
    now: dt.datetime,
    settled: list[tuple[str, str]],
    newest: log.Newest,
) -> Result:
    """Make the unit's events and files true.

    `settled` lists staged files of earlier units that are published by now; they are noted with this commit, and
    those of this unit take their place.

    Whatever is raised, nothing of the unit was kept. After the commit nothing is: see `Result.unpublished`.
    """
    if not (unit.files or unit.recorded):
        appended = _commit(connection, gate, unit, now, settled, newest)
        return Result(tuple(appended), len(unit.drafts) - len(appended))
    _sync_staged(unit)
    reach("unit.staged")
    with gate.held():
        if unit.look_again():
            _sync_staged(unit)
        _sync_renamed_by_others(unit)
        moving = [file for file in unit.files.values() if file.temp is not None]
        appended = _commit(connection, gate, unit, now, settled, newest)
        refused = _rename(unit.root, moving)
    refused |= _sync_names({file.target.parent for file in moving}, moving)
    reach("unit.synced")
    unpublished = []
    if refused:
        unpublished = [Unpublished(file.path, refused[file.path]) for file in moving if file.path in refused]
        moving = [file for file in moving if file.path not in refused]
    published = [(file.path, file.temp) for file in moving if file.temp is not None]
    if unit.staging is not None and published:
        unit.staging.published(temp for _, temp in published)
        settled.extend(published)
    if unit.staging is not None and refused:
        unit.staging.abandon()  # what is left there is recovery's
    reach("unit.returned")
    return Result(
        tuple(appended),
        len(unit.drafts) - len(appended),
        tuple(file.path for file in moving),
        tuple(unpublished),
    )


def _sync_staged(unit: Unit) -> None:
    """Make the names of the directories durable, and what lies in staging, unless the log itself can restore the file.

    An event that carries the file's very text makes the fsync of the staging directory superfluous, and lets that of
    the file go on beside the commit: recovery writes the file again from the event. With more than a few files the
    commit waits all the same: otherwise it would wait for them under the gate.
    """
    moving = [file for file in unit.files.values() if file.staged is not None]
    for file in moving:
        assert unit.staging is not None  # noqa: S101 - something was staged
        unit.staging.directories.make(file.target.parent, is_there=file.stamp is not None)
    carried = all(_carried(unit, file) for file in moving)
    if not carried or len(moving) > _FEW_FILES:
        _wait_for_syncs(moving)
    if not carried:
        _sync_staging_directory(unit)


def _sync_renamed_by_others(unit: Unit) -> None:
    """Make the version that another publisher renamed into place durable, before it is noted as the one to be there.

    That publisher syncs the directory only after it has left the gate. Until then a power loss brings back what stood
    there before: recovery would take it for a change by hand, or never look. What was read there is noted like what is
    written there.
    """
    places = {file.path: file.target for file in unit.files.values() if file.stamp is not None}
    places |= {file.path: file.place for file in unit.recorded if not file.base and file.stamp is not None}
    for path, place in places.items():
        known = known_files.find(unit.connection, path)
        if known is not None and known.temp is not None and not _is_staged_here(unit, known.temp):
            durable.sync_directory(place.parent)


def _is_staged_here(unit: Unit, temp: str) -> bool:
    directory = unit.staging.directory if unit.staging is not None else None
    return directory is not None and Path(temp).parent.name == directory.name


def _commit(
    connection: sqlite3.Connection,
    gate: Gate,
    unit: Unit,
    now: dt.datetime,
    settled: list[tuple[str, str]],
    newest: log.Newest,
) -> list[log.Row]:
    """Append the events and name the files, in the one transaction that makes them true."""
    appended: list[log.Row] = []
    joined = connection.in_transaction
    try:
        with write_transaction(connection, gate):
            appended = log.append(connection, unit.drafts, now, newest)
            reach("unit.appended")
            if unit.files or unit.recorded:
                seqs = _carrying_events(unit, appended)
                _sync_what_no_new_event_carries(unit, seqs)
                _remember_files(connection, unit, seqs, now)
            if settled:
                known_files.settle(connection, settled)
            reach("unit.before_commit")
    except OutboxError:
        # An error in reply to COMMIT need not mean that nothing was committed; the ids of the events tell.
        if not _was_kept(connection, unit, appended):
            raise
    else:
        if not joined:
            newest.keep(connection)
    unit.committed = True
    settled.clear()
    reach("unit.committed")
    return appended


def _carrying_events(unit: Unit, appended: list[log.Row]) -> dict[str, int]:
    """Map the path of each file to the seq of the event that carries it, where that event was news."""
    by_hash = {(aggregate, sha256): seq for seq, _, _, _, _, aggregate, _, _, sha256, _, _ in appended}
    seqs = {}
    for path, index in unit.file_events.items():
        draft = unit.drafts[index]
        seq = by_hash.get((draft.aggregate, draft.payload_sha256))
        if seq is not None:
            seqs[path] = seq
    return seqs


def _sync_what_no_new_event_carries(unit: Unit, seqs: dict[str, int]) -> None:
    """Make what lies in staging durable after all, if an event that carries a file was in the log before.

    The one that says the same may be pruned by now, or have been followed by another version of the file.
    """
    moving = [file for file in unit.files.values() if file.staged is not None and file.path not in seqs]
    if any(_carried(unit, file) for file in moving):
        _wait_for_syncs(moving)
        _sync_staging_directory(unit)


def _carried(unit: Unit, file: StagedFile) -> bool:
    """Whether an event of the unit carries the very text of the file."""
    body = unit.bodies.get(file.path)
    return body is not None and body.encode() == file.data


def _wait_for_syncs(files: list[StagedFile]) -> None:
    for file in files:
        if file.staged is not None:
            file.staged.sync.wait()


def _sync_staging_directory(unit: Unit) -> None:
    if unit.staging is not None and unit.staging.directory is not None:
        durable.sync_directory(unit.staging.directory)


def _remember_files(connection: sqlite3.Connection, unit: Unit, seqs: dict[str, int], now: dt.datetime) -> None:
    at = as_text(now)
    for file in unit.files.values():
        known_files.remember(
            connection,
            KnownFile(
                base="",
                path=file.path,
                sha256=file.sha256,
                bytes=len(file.data),
                seq=seqs.get(file.path),
                slug=unit.slugs.get(file.path),
                temp=file.temp,
                previous_sha256=file.previous_sha256,
                recorded_at=at,
            ),
        )
    for record in unit.recorded:
        if record.size is None:
            known_files.forget(connection, record.path, record.base)
            continue
        known = known_files.find(connection, record.path, record.base)
        seq, slug = seqs.get(record.path), unit.slugs.get(record.path)
        if known is not None and known.sha256 == record.sha256 and seq is None and slug in {None, known.slug}:
            continue  # known as it is: an unchanged import writes nothing
        known_files.remember(
            connection,
            KnownFile(
                base=record.base,
                path=record.path,
                sha256=record.sha256,
                bytes=record.size,
                seq=seq,
                slug=slug,
                temp=None,
                previous_sha256=None,
                recorded_at=at,
            ),
        )


def _was_kept(connection: sqlite3.Connection, unit: Unit, appended: list[log.Row]) -> bool:
    if appended:
        return log.contains(connection, appended[-1])
    return any(file.temp is not None and known_files.is_staged(connection, file.temp) for file in unit.files.values())


def _rename(root: Path | None, moving: list[StagedFile]) -> dict[str, str]:
    """Put the staged files in their places; returns the paths that refused theirs, and why."""
    refused: dict[str, str] = {}
    for file in moving:
        assert root is not None  # noqa: S101 - a unit without a root stages nothing
        assert file.staged is not None  # noqa: S101 - that is what moving means
        try:
            file.staged.sync.wait()
        except OSError as exc:
            # What can still be read there may never get to the disk: recovery writes the file again from its event.
            with suppress(OSError):
                (root / file.staged.temp).unlink(missing_ok=True)
            refused[file.path] = _said(exc)
            continue
        try:
            os.replace(f"{root}/{file.staged.temp}", file.target)  # noqa: PTH105 - a Path of its own costs more than the call
        except OSError as exc:
            refused[file.path] = _said(exc)
            continue
        reach("unit.renamed")
    return refused


def _sync_names(directories: set[Path], moving: list[StagedFile]) -> dict[str, str]:
    refused: dict[str, str] = {}
    for directory in directories:
        try:
            durable.sync_directory(directory)
        except OSError as exc:  # recovery syncs it, or publishes what a power loss took back
            refused |= {file.path: _said(exc) for file in moving if file.target.parent == directory}
    return refused


def _said(exc: OSError) -> str:
    return exc.strerror or type(exc).__name__
