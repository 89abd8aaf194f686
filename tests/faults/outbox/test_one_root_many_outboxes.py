"""Several outboxes publish below one CONTENT_ROOT: what one has committed, no other sweeps."""

import shutil
from pathlib import Path

import pytest

from outbox import Outbox
from tests.faults.outbox.conftest import Start
from tests.support.lessons import PROJECT_ROOT, lesson, publish, staged_files

PUBLISHER = PROJECT_ROOT / "tests" / "support" / "publisher.py"
PICTURE = "courses/curso-x/pictures/a-0.png"
Places = tuple[Path, Path]


@pytest.fixture
def places(tmp_path: Path) -> Places:
    path, root = tmp_path / "box" / "outbox.db", tmp_path / "content"
    Outbox.open(path, content_root=root).close()
    return path, root


def die_committed(start: Start, places: Places) -> None:
    """A generator commits a lesson and a picture that no event carries, and dies before it publishes them."""
    process = start(PUBLISHER, *places, "a", 1, "pictures", OUTBOX_FAILPOINT="unit.committed")
    process.communicate()
    assert process.returncode == -9


def is_whole(places: Places) -> None:
    with Outbox.open(places[0], content_root=places[1]) as box:
        assert box.recovered.lost == ()
        assert PICTURE in box.recovered.published
    assert (places[1] / PICTURE).read_bytes().startswith(b"\x89PNG")
    assert staged_files(places[1]) == []


def test_a_new_outbox_sweeps_nothing_of_another(places: Places, start: Start, tmp_path: Path) -> None:
    """It publishes below the same root, recovers and closes; what lies there of the other is named, and left."""
    die_committed(start, places)
    with Outbox.open(tmp_path / "new" / "outbox.db", content_root=places[1]) as new:
        assert new.recovered.swept == 0
        assert new.recovered.others
        publish(new, "z")
        new.recover()
    is_whole(places)


@pytest.mark.parametrize("way", ["cp", "backup", "cp in place and back"])
def test_a_copy_from_before_sweeps_nothing_of_what_came_after(
    way: str, places: Places, start: Start, tmp_path: Path
) -> None:
    """It has the same identity and does not name the file: the inode tells them apart, or how far the log was."""
    from outbox.ops.backup import backup  # noqa: PLC0415

    path, root = places
    copy = tmp_path / "copy.db"
    if way == "backup":
        with Outbox.open(path) as box:
            backup(box, copy)
    else:
        shutil.copy(path, copy)
    with Outbox.open(path, content_root=root) as box:
        publish(box, "before")  # what the copy lacks
    die_committed(start, places)
    if way == "cp in place and back":
        Outbox.open(path).close()  # the WAL is empty
        shutil.copy(path, tmp_path / "newest.db")
        shutil.copy(copy, path)  # the same inode
        with Outbox.open(path, content_root=root) as older:
            assert older.recovered.swept == 0
        shutil.copy(tmp_path / "newest.db", path)
    else:
        with Outbox.open(copy, content_root=root) as other:
            assert other.recovered.swept == 0
            publish(other, "y")
    is_whole(places)


def test_a_copy_brings_nothing_back_that_a_person_deleted_since(places: Places, tmp_path: Path) -> None:
    """In the copy the file waits to be noted as published; what became of it since was not written there."""
    path, root = places
    copy = tmp_path / "copy.db"
    with Outbox.open(path, content_root=root) as box:
        publish(box, "a")
        box.checkpoint()
        shutil.copy(path, copy)
    file = root / "courses/curso-x/lessons/a.md"
    file.unlink()
    with Outbox.open(copy, content_root=root) as other:
        assert other.recovered.published == ()
    assert not file.exists()


def test_a_moved_outbox_is_still_the_owner_of_what_it_staged(places: Places, start: Start, tmp_path: Path) -> None:
    """The name of the file says nothing: what was not committed is swept from wherever the file lies now."""
    process = start(PUBLISHER, *places, "a", 1, OUTBOX_FAILPOINT="unit.before_commit")
    process.communicate()
    with Outbox.open(places[0]) as box:
        box.checkpoint()
    moved = tmp_path / "moved.db"
    places[0].rename(moved)
    with Outbox.open(moved, content_root=places[1]) as box:
        assert box.recovered.swept == 2
    assert staged_files(places[1]) == []


def test_files_that_an_earlier_version_staged_are_published_and_what_nobody_names_is_left(
    places: Places, start: Start
) -> None:
    """Its directories do not say whose they are: what the log names is this outbox's, the rest may be another's."""
    die_committed(start, places)
    staging = places[1] / ".outbox-staging"
    (directory,) = staging.iterdir()
    old = staging / "4711-0a0b0c0d"
    directory.rename(old)
    (old / "owner.lock").write_bytes(b"")
    (old / "99.tmp").write_bytes(b"of whom?")
    with Outbox.open(places[0]) as box, box.gate.held():
        box.connection.execute("update files set temp = replace(temp, ?, ?)", [directory.name, old.name])
    with Outbox.open(places[0], content_root=places[1]) as box:
        assert PICTURE in box.recovered.published
        assert box.recovered.others == (str(old),)
    assert [file.name for file in staged_files(places[1])] == ["99.tmp"]


def test_two_outboxes_publish_below_one_root_at_once(tmp_path: Path) -> None:
    """Each with a file of its own for one path: the later one is told of a change, nobody's staging is touched."""
    root = tmp_path / "content"
    with Outbox.open(tmp_path / "a.db", content_root=root) as a, Outbox.open(tmp_path / "b.db", content_root=root) as b:
        publish(a, "a")
        publish(b, "b")
        assert b.recover().nothing
        with a.unit() as unit:
            unit.write("c.bin", b"c")
            b.recover()
            unit.append(lesson("c"))
    assert (root / "c.bin").read_bytes() == b"c"
    assert list((root / ".outbox-staging").iterdir()) == []
