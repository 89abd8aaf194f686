"""The bell: one byte written to a file after each commit, which wakes every watcher of the directory.

A notification on SQLite's own files comes before the commit can be read, so a reader that trusts it looks
too early and then sleeps. The bell is rung after the commit. It is a hint all the same: reading the log is
the truth, and a ring that gets lost costs a reader no more than its slow poll.
"""

from __future__ import annotations

import os
from pathlib import Path

from outbox import host
from outbox.log.owner import as_owner_of


class Bell:
    """Rings for the watchers of one outbox file."""

    def __init__(self, path: Path) -> None:
        self._fd = host.open_file(path, os.O_WRONLY | os.O_CREAT)
        as_owner_of(path.with_suffix(""), self._fd)

    def ring(self) -> None:
        """Tell the watchers that something was committed. Never fails: the commit has happened."""
        # Always the first byte: the file stays one byte long. A full disk must not fail a finished commit.
        try:  # noqa: SIM105 - an append's hot path: suppress() is three calls
            host.write_at(self._fd, b".")
        except OSError:
            pass

    def close(self) -> None:
        """Stop ringing."""
        os.close(self._fd)
