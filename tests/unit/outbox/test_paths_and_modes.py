"""No path leaves CONTENT_ROOT, and what is written is for its owner alone."""

import os
import stat
from pathlib import Path

import pytest

from outbox import Outbox, OutboxError, PathRefused, StorageFailed, WorkerLock
from outbox.files.confined import confined
from tests.support.lessons import path_of, publish


@pytest.mark.parametrize(
    "path",
    ["", ".", "/etc/passwd", "../x", "a/../../x", "a/..", "..", "a/\x00b", ".outbox-staging/x", "./.outbox-staging/x"],
)
def test_a_path_that_leaves_the_root_is_refused(box: Outbox, path: str) -> None:
    """Whatever a slug says; the unit goes on without it."""
    with box.unit() as unit, pytest.raises(PathRefused, match="is refused"):
        unit.write(path, b"x")
    assert unit.result.written == ()


def test_a_symbolic_link_does_not_lead_out(box: Outbox, root: Path, tmp_path: Path) -> None:
    """The directory above is resolved before anything is written below it."""
    outside = tmp_path / "outside"
    outside.mkdir()
    root.mkdir()
    (root / "courses").symlink_to(outside)
    with pytest.raises(PathRefused, match="symbolic link"):
        publish(box, "a")
    assert list(outside.iterdir()) == []
    assert box.last_seq == 0


def test_a_link_deep_below_a_root_that_is_a_link_itself_is_followed_inside_it_and_no_further(tmp_path: Path) -> None:
    """Only what lies below the root can lead out of it; where the root itself leads is its owner's business."""
    (tmp_path / "real" / "a" / "b").mkdir(parents=True)
    (tmp_path / "out").mkdir()
    root = tmp_path / "root"
    root.symlink_to(tmp_path / "real")
    (root / "a" / "inside").symlink_to(root / "a" / "b")
    (root / "a" / "b" / "outside").symlink_to(tmp_path / "out")
    assert confined(root, "a//b/./x") == root / "a" / "b" / "x"
    assert confined(root, "a/inside/x") == tmp_path / "real" / "a" / "b" / "x"
    for path in ("a/b/outside/x", "a/inside/outside/x"):
        with pytest.raises(PathRefused, match="symbolic link"):
            confined(root, path)


def test_a_link_in_the_place_of_a_file_is_replaced_and_never_written_through(
    box: Outbox, root: Path, tmp_path: Path
) -> None:
    """What it points to stays as it is."""
    target = tmp_path / "precious"
    target.write_text("precious")
    root.mkdir()
    (root / "a.md").symlink_to(target)
    with box.unit() as unit:
        unit.write("a.md", b"new", overwrite=True)
    assert target.read_text() == "precious"
    assert (root / "a.md").read_text() == "new"
    assert not (root / "a.md").is_symlink()


def test_paths_inside_are_allowed(tmp_path: Path) -> None:
    """Dots in names, depth, accents and links that stay inside are fine."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert confined(tmp_path, "a/..b/c..md") == tmp_path / "a/..b/c..md"
    assert confined(tmp_path, "lição/1.1 ação.md") == tmp_path / "lição/1.1 ação.md"
    assert confined(tmp_path, "link/x") == tmp_path / "real" / "x"


def test_a_root_that_is_a_link_is_followed(tmp_path: Path) -> None:
    """CONTENT_ROOT itself may be a link: that is the operator's choice."""
    (tmp_path / "real").mkdir()
    (tmp_path / "root").symlink_to(tmp_path / "real")
    with Outbox.open(tmp_path / "o.db", content_root=tmp_path / "root") as box:
        publish(box, "a")
    assert (tmp_path / "real" / path_of("a")).exists()


def test_a_path_that_is_a_directory_is_an_error_before_the_commit(box: Outbox, root: Path) -> None:
    """Typed, and nothing is kept."""
    (root / "a.md").mkdir(parents=True)
    with pytest.raises(StorageFailed), box.unit() as unit:
        unit.write("a.md", b"x")
    assert list(box.files()) == []


def test_an_outbox_without_a_root_publishes_no_files(tmp_path: Path) -> None:
    """It says so, rather than writing into the working directory."""
    with Outbox.open(tmp_path / "o.db") as box, pytest.raises(OutboxError, match="CONTENT_ROOT"), box.unit() as unit:
        unit.write("a.md", b"x")


def test_files_are_for_their_owner_alone_whatever_the_umask(tmp_path: Path) -> None:
    """Files 0600, directories 0700: outbox, WAL, locks, bell, staging, content."""
    before = os.umask(0)
    try:
        with (
            Outbox.open(tmp_path / "box" / "outbox.db", content_root=tmp_path / "content") as box,
            WorkerLock(box.path),
        ):
            publish(box, "a")
            with box.unit() as unit:
                unit.write(path_of("staged"), b"not yet published")
                found = {path: path.stat().st_mode for path in tmp_path.rglob("*")}
    finally:
        os.umask(before)
    assert {path.name for path in found} > {
        "outbox.db",
        "outbox.db-wal",
        "outbox.db-shm",
        "outbox.db.lock",
        "outbox.db.worker.lock",
        "outbox.db.bell",
        "owner.lock",
        "a.md",
    }
    assert {stat.S_IMODE(mode) for mode in found.values() if stat.S_ISDIR(mode)} == {0o700}
    assert {stat.S_IMODE(mode) for mode in found.values() if stat.S_ISREG(mode)} == {0o600}
