"""Keeps every path that we write inside CONTENT_ROOT, whatever a slug says."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

from outbox.errors import PathRefused

STAGING_DIRECTORY = ".outbox-staging"


def confined(root: Path, path: str) -> Path:
    """Return the absolute place of `path` below `root`.

    Args:
        root: an existing directory.
        path: relative, with forward slashes, as events record it.

    Raises:
        PathRefused: it is absolute, climbs out, runs through a symbolic link that leaves the root, or names
            the staging directory.
    """
    relative = PurePosixPath(path)
    if not path or "\x00" in path or relative.is_absolute() or ".." in relative.parts:
        raise PathRefused(f"{path!r} is refused: paths are relative to CONTENT_ROOT and stay inside it")
    if relative.parts and relative.parts[0] == STAGING_DIRECTORY:
        raise PathRefused(f"{path!r} is refused: {STAGING_DIRECTORY} belongs to the outbox")
    base = os.path.realpath(root)
    target = _real(base, relative.parts[:-1])
    if target != base and not target.startswith(base + os.sep):
        raise PathRefused(f"{path!r} is refused: a symbolic link leads it out of CONTENT_ROOT ({root})")
    return Path(target) / relative.name


def _real(base: str, parts: tuple[str, ...]) -> str:
    """Return the real path of a folder below a real one: only what is new is looked at, and a link followed."""
    target = base
    for part in parts:
        target = f"{target.rstrip(os.sep)}{os.sep}{part}"
        if os.path.islink(target):  # noqa: PTH114 - every file passes here, and a Path costs more than the look
            return os.path.realpath(os.path.join(base, *parts))  # noqa: PTH118 - likewise
    return target
