"""A unit that failed was not kept, and one that was kept did not fail: nothing after the COMMIT reaches the caller."""

import errno
import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from outbox import Outbox, StorageFull
from outbox.log.checkpoint import LOOK_EVERY_EVENTS
from tests.support.lessons import lesson, path_of, publish, staged_files


@pytest.fixture
def box(tmp_path: Path) -> Any:
    with Outbox.open(tmp_path / "box" / "outbox.db", content_root=tmp_path / "content") as opened:
        yield opened


def no_room(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def sqlite_full(*_: object, **__: object) -> None:
    error = sqlite3.OperationalError("database or disk is full")
    error.sqlite_errorcode = sqlite3.SQLITE_FULL
    raise error


@pytest.mark.parametrize("refusal", [no_room, sqlite_full])
@pytest.mark.parametrize("way", ["append", "unit", "unit with a file"])
def test_upkeep_that_fails_fails_no_append(
    refusal: Any, way: str, box: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The writer of every 512th event looks after the WAL; on a full disk its event is kept, and it is told so."""
    box.append(*(lesson(f"{number}") for number in range(LOOK_EVERY_EVENTS - 1)))
    monkeypatch.setattr("outbox.outbox.look_after", refusal)
    if way == "append":
        box.append(lesson("the-512th"))
    elif way == "unit":
        with box.unit() as unit:
            unit.append(lesson("the-512th"))
    else:
        publish(box, "the-512th")
    assert box.last_seq == LOOK_EVERY_EVENTS


def test_on_a_full_disk_whoever_returned_was_kept_and_whoever_raised_was_not(
    box: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The checkpoint of a real WAL that has grown meets a real refusal of the database file to grow."""
    monkeypatch.setattr("outbox.log.checkpoint.REUSED_WAL_BYTES", 0)
    box.append(*(lesson(f"{number}", "x" * 500) for number in range(LOOK_EVERY_EVENTS - 1)))
    import resource  # noqa: PLC0415

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    wal = Path(f"{box.path}-wal").stat().st_size
    kept = LOOK_EVERY_EVENTS - 1
    resource.setrlimit(resource.RLIMIT_FSIZE, (wal + 40_000, hard))
    try:
        for number in range(100):
            try:
                box.append(lesson(f"more-{number}", "x" * 1000))
            except Exception:  # noqa: BLE001 - whatever it is called: it must not have been kept
                break
            kept += 1
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert box.last_seq == kept


def test_a_directory_that_cannot_be_synced_leaves_the_rest_to_recovery(
    box: Outbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rename happened and its fsync failed: the unit is kept and says so; recovery syncs again."""
    publish(box, "a", "old")  # the directories are made and known
    with box.unit() as unit:
        unit.write(path_of("a"), b"new")
        unit.append(lesson("a", "new"))
        monkeypatch.setattr("outbox.log.durable.sync_directory", no_room)
    monkeypatch.undo()
    assert [file.path for file in unit.result.unpublished] == [path_of("a")]
    assert box.last_seq == 2
    with Outbox.open(box.path, content_root=tmp_path / "content") as other:
        assert other.file(path_of("a")).temp is None  # type: ignore[union-attr]
        assert other.recovered.nothing
    publish(box, "b")
    assert staged_files(tmp_path / "content") == []


def test_a_rename_that_is_refused_leaves_the_others_of_its_unit_in_place(
    box: Outbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each file for itself: one that cannot be put in its place holds up no other, and this process goes on."""
    real = os.replace

    def refuse(source: str, target: object) -> None:
        if str(target).endswith("a.md"):
            raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))
        real(source, target)  # type: ignore[arg-type]

    monkeypatch.setattr("outbox.files.publish.os.replace", refuse)
    with box.unit() as unit:
        for name in ("a", "b"):
            unit.write(path_of(name), name.encode())
            unit.append(lesson(name, name))
    monkeypatch.undo()
    assert (unit.result.written, unit.result.unpublished[0].path) == ((path_of("b"),), path_of("a"))
    publish(box, "c")
    assert box.recover().published == (path_of("a"),)
    assert (tmp_path / "content" / path_of("a")).read_bytes() == b"a"


def test_a_unit_that_raised_left_nothing(box: Outbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused before its commit: neither event nor file, in place or in staging."""
    monkeypatch.setattr("outbox.log.log.append", sqlite_full)
    with pytest.raises(StorageFull):
        publish(box, "a")
    monkeypatch.undo()
    assert box.last_seq == 0
    assert not (tmp_path / "content" / path_of("a")).exists()
    assert staged_files(tmp_path / "content") == []
