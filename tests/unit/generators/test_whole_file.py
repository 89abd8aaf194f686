"""Drafts are replaced whole."""

import os
from pathlib import Path

import pytest

from generators.whole_file import write_whole


def test_a_refused_write_keeps_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk leaves what was there, and nothing beside it."""
    draft = tmp_path / "draft.yaml"
    write_whole(draft, b"old")

    def refuse(_fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", refuse)
    with pytest.raises(OSError, match="No space"):
        write_whole(draft, b"new")
    assert draft.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [draft]


def test_the_new_one_is_on_the_disk_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a power loss may leave the name with a part of the bytes."""
    draft = tmp_path / "draft.yaml"
    write_whole(draft, b"old")
    named: list[bytes] = []
    sync = os.fsync

    def note(fd: int) -> None:
        named.append(draft.read_bytes())
        sync(fd)

    monkeypatch.setattr("os.fsync", note)
    write_whole(draft, b"new")
    assert named == [b"old", b"new"]  # the bytes first, then the name
