"""Keeps every path that we write inside CONTENT_ROOT, whatever a slug says."""

from __future__ import annotations

import os
from pathlib import Path

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
    parts = [part for part in path.split("/") if part not in {"", "."}]
    if not parts or "\x00" in path or path.startswith("/") or ".." in parts:
        raise PathRefused(f"{path!r} is refused: paths are relative to CONTENT_ROOT and stay inside it")
    if parts[0] == STAGING_DIRECTORY:
        raise PathRefused(f"{path!r} is refused: {STAGING_DIRECTORY} belongs to the outbox")
    place = os.fspath(root)
    for part in parts[:-1]:
        place = f"{place}/{part}"
        if os.path.islink(place):  # noqa: PTH114 - every file passes here, and a Path costs more than the look
            return _behind_links(root, path, parts)
    return Path(place, parts[-1])


def _behind_links(root: Path, path: str, parts: list[str]) -> Path:
    base = os.path.realpath(root)
    target = os.path.realpath(os.path.join(base, *parts[:-1]))  # noqa: PTH118 - realpath of the parent only
    if target != base and not target.startswith(base + os.sep):
        raise PathRefused(f"{path!r} is refused: a symbolic link leads it out of CONTENT_ROOT ({root})")
    return Path(target, parts[-1])
