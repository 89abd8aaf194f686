"""Checkpoints: moving the WAL into the file, and keeping it bounded.

The worker checkpoints, and only under the writer gate, so that no generator pays for the burst of fsyncs in
the middle of an append. Where no worker runs (a host that only generates), the WAL would grow for ever:
every so often a writer looks, and does it when nobody else will. It empties the WAL without cutting it back, so
that the next writers write over it from its start: appending to a file that grows costs half an INSERT more.

A reader that stays in one transaction keeps the WAL from being cut back. No checkpoint waits for it: the size
that is left is returned, shown by `outbox status`, and the worker warns of it.
"""

from __future__ import annotations

import sqlite3

from outbox.gate import Gate
from outbox.paths import OutboxPaths
from outbox.worker_lock import running_worker

CHECK_EVERY_EVENTS = 128
REUSED_WAL_BYTES = 2 * 1024 * 1024
LARGE_WAL_BYTES = 64 * 1024 * 1024


def checkpoint(connection: sqlite3.Connection, gate: Gate, paths: OutboxPaths) -> int:
    """Checkpoint and cut the WAL back as far as its readers allow; returns its size afterwards, in bytes."""
    with gate.held():
        (patience_ms,) = connection.execute("pragma busy_timeout").fetchone()
        connection.execute("pragma busy_timeout = 0")  # never wait for a reader while holding the gate
        try:
            connection.execute("pragma wal_checkpoint(truncate)").fetchone()
        finally:
            connection.execute(f"pragma busy_timeout = {patience_ms:d}")
    return wal_bytes(paths)


def checkpoint_if_alone(connection: sqlite3.Connection, gate: Gate, paths: OutboxPaths) -> None:
    """Keep the WAL small where no worker is there to do it."""
    if wal_bytes(paths) > REUSED_WAL_BYTES and running_worker(paths.database) is None:
        keep_small(connection, gate, paths)


def keep_small(connection: sqlite3.Connection, gate: Gate, paths: OutboxPaths) -> None:
    """Empty the WAL where it outgrew what is reused; cut it back only where it grew large all the same."""
    size = wal_bytes(paths)
    if size <= REUSED_WAL_BYTES:
        return
    if size > LARGE_WAL_BYTES:
        checkpoint(connection, gate, paths)
        return
    with gate.held():
        # Passive: what a reader still needs stays for the next time.
        connection.execute("pragma wal_checkpoint(passive)").fetchone()


def wal_bytes(paths: OutboxPaths) -> int:
    """Return the size of the WAL in bytes, 0 where there is none."""
    try:
        return paths.wal.stat().st_size
    except FileNotFoundError:
        return 0
