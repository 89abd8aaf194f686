"""Files take the owner of the outbox: what root does in another user's outbox must not shut that user out."""

from __future__ import annotations

import os
from pathlib import Path

from outbox import host


def as_owner_of(neighbour: Path, made: int | Path) -> None:
    """Give a file or directory to the owner of its neighbour, where root opened or made it.

    Args:
        neighbour: the outbox file, or the directory that the new one lies in; if it is missing, the one above it.
        made: open file, or path.
    """
    if host.user_id() != 0:
        return
    while not neighbour.exists():
        neighbour = neighbour.parent
    owner, now = neighbour.stat(), os.stat(made)  # noqa: PTH116 - of a descriptor, too
    if (owner.st_uid, owner.st_gid) != (now.st_uid, now.st_gid):
        try:
            os.chown(made, owner.st_uid, owner.st_gid)
        except OSError as exc:  # root without that right, in a container: a descriptor's number would tell nobody what
            raise OSError(exc.errno, exc.strerror, str(neighbour)) from None
