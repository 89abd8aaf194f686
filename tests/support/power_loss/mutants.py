"""Faults to build into the code, one at a time: a power loss must then be seen to lose something."""

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from outbox import KnownFile, Outbox, Unit
from outbox.files import known_files, publish, recovery
from outbox.files.syncing import Sync, Syncing
from outbox.files.unit import StagedFile
from outbox.log import database, durable
from simulation.late_sync import LateSync


def as_late_as_may_be() -> None:
    """No fault: what a slow thread may do. What is staged is fsynced when somebody waits for it, and not before."""

    def start(_self: Syncing, fd: int, path: Path) -> Sync:
        return LateSync(fd, path)

    Syncing.start = start  # type: ignore[method-assign]


def no_sync_of_the_staged_file() -> None:
    def run(self: Sync) -> None:
        os.close(self._fd)
        self._over.release()

    Sync.run = run  # type: ignore[method-assign]


def synced_after_the_rename() -> None:
    rename = publish._rename

    def renaming(root: Path | None, moving: list[StagedFile]) -> dict[str, str]:
        refused = rename(root, moving)
        for file in moving:
            durable.sync_file(file.target)
        return refused

    no_sync_of_the_staged_file()
    publish._rename = renaming


def what_no_event_carries_is_synced_beside_the_commit() -> None:
    as_late_as_may_be()
    publish._wait_for_syncs = lambda _files: None


def a_recovery_that_renames_what_is_not_synced() -> None:
    as_late_as_may_be()
    durable.sync_file = lambda _path: None


def no_sync_of_any_directory() -> None:
    durable.sync_directory = lambda _path: None


def no_sync_of_the_names_in_staging() -> None:
    publish._sync_staging_directory = lambda _unit: None


def no_sync_of_the_directory_above_a_new_one() -> None:
    def make(_self: Any, path: Path, **_: Any) -> None:
        path.mkdir(parents=True, exist_ok=True)

    durable.Directories.make = make  # type: ignore[method-assign]


def commits_that_are_not_synced() -> None:
    database._PRAGMAS = ("pragma synchronous = normal", *database._PRAGMAS[1:])


def nothing_that_sqlite_writes_is_synced() -> None:
    database._PRAGMAS = ("pragma synchronous = off", *database._PRAGMAS[1:])


def renamed_before_the_commit() -> None:
    commit, rename = publish._commit, publish._rename

    def renaming(connection: Any, gate: Any, unit: Any, *more: Any) -> Any:
        rename(unit.root, [file for file in unit.files.values() if file.temp is not None])
        return commit(connection, gate, unit, *more)

    publish._commit, publish._rename = renaming, lambda _root, _moving: {}


def said_to_have_returned_before_the_names_are_synced() -> None:
    commit = publish._commit

    def committing(connection: Any, gate: Any, unit: Any, *more: Any) -> Any:
        appended = commit(connection, gate, unit, *more)
        if unit.staging is not None:
            unit.staging.published(file.temp for file in unit.files.values() if file.temp is not None)
        return appended

    publish._commit = committing


def noted_as_published_by_the_commit_itself() -> None:
    remember = publish._remember_files

    def remembering(connection: Any, unit: Any, *more: Any) -> None:
        remember(connection, unit, *more)
        known_files.settle(connection, [(file.path, file.temp) for file in unit.files.values() if file.temp])

    publish._remember_files = remembering


def files_and_events_in_two_commits() -> None:
    new = Outbox.unit

    @contextlib.contextmanager
    def unit(box: Outbox) -> Iterator[Any]:
        with new(box) as opened:
            yield opened
            drafts, opened.drafts = opened.drafts, []
            opened.file_events = {}
        with new(box) as events:
            events.drafts = drafts
        opened.result = events.result

    Outbox.unit = unit  # type: ignore[method-assign]


def a_recovery_that_notes_what_is_not_synced() -> None:
    finish = recovery._finish

    def finished(connection: Any, root: Path, file: KnownFile) -> str | None:
        published = durable.sha256_of(root / file.path) == file.sha256
        return None if published else finish(connection, root, file)

    recovery._finish = finished


def directories_of_others_are_believed() -> None:
    durable.Directories.make = lambda _self, path, **_: durable.make_directories(path)  # type: ignore[method-assign]


def the_directory_of_the_outbox_is_believed() -> None:
    sys.modules["outbox.outbox"].make_directory = durable.make_directories  # type: ignore[attr-defined]


def files_of_others_are_believed() -> None:
    publish._sync_renamed_by_others = lambda _unit: None


def files_of_others_are_believed_where_they_are_read() -> None:
    sync = publish._sync_renamed_by_others

    def only_what_is_written(unit: Unit) -> None:
        recorded, unit.recorded = unit.recorded, []
        sync(unit)
        unit.recorded = recorded

    publish._sync_renamed_by_others = only_what_is_written


def no_sync_of_what_is_staged_late() -> None:
    look_again = Unit.look_again

    def look(unit: Unit) -> bool:
        look_again(unit)
        return False

    Unit.look_again = look  # type: ignore[method-assign]


def an_event_that_is_no_news_is_believed() -> None:
    publish._sync_what_no_new_event_carries = lambda _unit, _seqs: None


Mutant = Callable[[], None]
# Each with the course of events of publisher.py in which it shows.
MUTANTS: dict[Mutant, str] = {
    no_sync_of_the_staged_file: "alone",
    synced_after_the_rename: "alone",
    what_no_event_carries_is_synced_beside_the_commit: "alone",
    no_sync_of_any_directory: "alone",
    no_sync_of_the_names_in_staging: "alone",
    no_sync_of_the_directory_above_a_new_one: "alone",
    commits_that_are_not_synced: "alone",
    nothing_that_sqlite_writes_is_synced: "alone",
    renamed_before_the_commit: "alone",
    noted_as_published_by_the_commit_itself: "alone",
    said_to_have_returned_before_the_names_are_synced: "alone",
    files_and_events_in_two_commits: "alone",
    an_event_that_is_no_news_is_believed: "again",
    a_recovery_that_notes_what_is_not_synced: "killed",
    a_recovery_that_renames_what_is_not_synced: "outlasted",
    directories_of_others_are_believed: "killed",
    the_directory_of_the_outbox_is_believed: "killed",
    files_of_others_are_believed: "together",
    files_of_others_are_believed_where_they_are_read: "read early",
    no_sync_of_what_is_staged_late: "together",
}
