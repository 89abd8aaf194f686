"""Checkpoints: moving the WAL into the file, and keeping it bounded.

A checkpoint passes through the writer gate, and costs a burst of fsyncs for which everybody waits. So it is rare, and
it is the worker who makes it, every so many batches. If none runs, or where the one that runs delivers nothing (it
holds, or waits for a database that is away), the WAL would grow for as long: so the writer whose event is the
512th, the 1,024th and so on looks too. The seqs are everybody's, so a crowd looks once where it would look eight times.

The WAL is emptied without cutting it back, so that the next writers write over it from its start: appending to a file
that grows costs half an INSERT more. Only one that grew large all the same is cut.

A reader that stays in one transaction keeps the WAL from being emptied. No checkpoint waits for it: the size
that is left is returned, shown by `outbox status`, and the worker warns of it.
"""

from __future__ import annotations

import sqlite3

from outbox.log.gate import Gate
from outbox.log.worker_lock import running_worker
from outbox.paths import OutboxPaths, wal_bytes

LOOK_EVERY_EVENTS = 512
REUSED_WAL_BYTES = 2 * 1024 * 1024
LARGE_WAL_BYTES = 64 * 1024 * 1024
# Cut at the large size, and looked at now and then: one of twice that size has a reader sitting on it.
ALARMING_WAL_BYTES = 2 * LARGE_WAL_BYTES


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


def is_due(first_seq: int, last_seq: int) -> bool:
    """Tell whether the writer of these events is the one to look after the WAL."""
    return last_seq // LOOK_EVERY_EVENTS > (first_seq - 1) // LOOK_EVERY_EVENTS


def look_after(connection: sqlite3.Connection, gate: Gate, paths: OutboxPaths) -> None:
    """Keep the WAL small if no worker does, and bounded where the one that runs does not get to it."""
    size = wal_bytes(paths)
    if size > LARGE_WAL_BYTES or (size > REUSED_WAL_BYTES and running_worker(paths.database) is None):
        keep_small(connection, gate, paths)


def keep_small(connection: sqlite3.Connection, gate: Gate, paths: OutboxPaths) -> None:
    """Empty the WAL where it outgrew what is reused; cut it back only if it grew large all the same."""
    size = wal_bytes(paths)
    if size <= REUSED_WAL_BYTES:
        return
    if size > LARGE_WAL_BYTES:
        checkpoint(connection, gate, paths)
        return
    with gate.held():
        # Passive: what a reader still needs stays for the next time.
        connection.execute("pragma wal_checkpoint(passive)").fetchone()
