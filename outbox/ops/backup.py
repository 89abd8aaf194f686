"""An online copy of the outbox, taken while generators and worker go on."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from outbox import host
from outbox.errors import OutboxCorrupt, OutboxError
from outbox.log import put_back
from outbox.log.durable import sync_directory, sync_file
from outbox.log.sqlite_errors import translated
from outbox.outbox import Outbox

_PAGES_PER_STEP = 2048


def backup(box: Outbox, target: Path, *, progress: Callable[[int, int], None] = lambda _done, _all: None) -> int:
    """Copy the outbox to `target`, whole or not at all.

    The copy has the same outbox_id: it is a backup to restore from, not a second outbox. A worker that meets a
    restored copy compares it with the position in Postgres and refuses what does not fit.

    Args:
        box: the outbox.
        target: a path where nothing is yet.
        progress: told pages copied and pages in all.

    Returns:
        The size of the copy in bytes.

    Raises:
        OutboxError: something is at `target` already.
        OutboxCorrupt: the copy does not pass SQLite's check, so the original is damaged.
    """
    if target.exists():
        raise OutboxError(f"{target} exists: a backup never overwrites; name another file")
    temp = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    with translated(target):
        os.close(host.open_file(temp, os.O_RDWR | os.O_CREAT | os.O_EXCL))
        try:
            copy = sqlite3.connect(temp, isolation_level=None)
            try:
                with _one_moment(box.connection):
                    box.connection.backup(
                        copy, pages=_PAGES_PER_STEP, progress=lambda _status, left, pages: progress(pages - left, pages)
                    )
                # One file that is complete by itself: no -wal beside it.
                copy.execute("pragma journal_mode = delete")
                (verdict,) = copy.execute("pragma quick_check(1)").fetchone()
            finally:
                copy.close()
            if verdict != "ok":
                raise OutboxCorrupt(f"the copy fails its check ({verdict}): run `outbox check` on {box.path}")
            put_back.mark(temp)
            sync_file(temp)
            temp.rename(target)
            sync_directory(target.parent)
        finally:
            temp.unlink(missing_ok=True)
    return target.stat().st_size


@contextmanager
def _one_moment(connection: sqlite3.Connection) -> Iterator[None]:
    """Read the file as it is now; what is appended meanwhile stays in the WAL until the block ends.

    Without it each commit of others makes SQLite start the copy again: a large file would never be copied.
    """
    connection.execute("begin")
    try:
        connection.execute("select 1 from meta").fetchone()  # a transaction sees what its first read saw
        yield
    finally:
        connection.execute("rollback")
