"""Staged files are fsynced in a thread: what the unit waits for, and what a failed fsync leaves."""

import errno
import gc
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from outbox import Outbox, StorageFull, Unpublished
from outbox.catalogue import ContentUpserted
from outbox.files import syncing
from outbox.files.syncing import Sync, Syncing
from tests.support.lessons import lesson, path_of, publish, staged_files
from tests.support.processes import DEADLINE_SECONDS


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "content"


@pytest.fixture
def box(tmp_path: Path, root: Path) -> Iterator[Outbox]:
    with Outbox.open(tmp_path / "box" / "outbox.db", content_root=root) as box:
        yield box


class Disk:
    """Lets no fsync of a staged file begin before it is told to, and remembers the order of things."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.answer: OSError | None = None
        self.let = threading.Event()
        self.done: list[str] = []
        run = Sync.run

        def held(sync: Sync) -> None:
            assert self.let.wait(DEADLINE_SECONDS)
            if self.answer is not None:
                sync._error = self.answer
                os.close(sync._fd)
                sync._over.release()
                return
            run(sync)
            self.done.append("synced")

        monkeypatch.setattr(Sync, "run", held)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(monkeypatch)


def let_once_committed(box: Outbox, disk: Disk) -> None:
    """The disk goes on when the log's own COMMIT has been answered."""

    def trace(statement: str) -> None:
        if statement.lower() == "commit":
            disk.done.append("commit begins")
            disk.let.set()

    box.connection.set_trace_callback(trace)


def test_a_file_that_its_event_carries_is_synced_beside_the_commit(box: Outbox, root: Path, disk: Disk) -> None:
    """The commit does not wait for it; the rename does."""
    let_once_committed(box, disk)
    publish(box, "a")
    assert disk.done == ["commit begins", "synced"]
    assert (root / path_of("a")).exists()


def test_a_file_that_no_event_carries_is_synced_before_the_commit(box: Outbox, root: Path, disk: Disk) -> None:
    """Nothing else has its bytes."""
    let_once_committed(box, disk)
    disk.let.set()
    with box.unit() as unit:
        unit.write("cover.png", b"\x89PNG")
        unit.append(lesson("a"))
    assert disk.done == ["synced", "commit begins"]
    assert (root / "cover.png").read_bytes() == b"\x89PNG"


def test_many_files_are_synced_before_others_are_kept_waiting(box: Outbox, disk: Disk) -> None:
    """The gate is not held for the fsyncs of a whole course."""
    let_once_committed(box, disk)
    disk.let.set()
    with box.unit() as unit:
        for number in range(40):
            payload = lesson(f"{number}")
            assert isinstance(payload, ContentUpserted)
            unit.write(path_of(f"{number}"), str(payload.body).encode())
            unit.append(payload)
    assert disk.done == ["synced"] * 40 + ["commit begins"]


def test_a_file_whose_event_is_no_news_is_synced_before_the_commit(box: Outbox, root: Path, disk: Disk) -> None:
    """The event that said the same may be pruned: removed by hand and published again, it is nowhere else."""
    disk.let.set()
    publish(box, "a")
    (root / path_of("a")).unlink()
    disk.done.clear()
    let_once_committed(box, disk)
    publish(box, "a")
    assert disk.done == ["synced", "commit begins"]
    assert box.last_seq == 1


def test_a_failed_fsync_before_the_commit_leaves_nothing(box: Outbox, root: Path, disk: Disk) -> None:
    """The unit fails as a whole, with the file's name and the cause."""
    disk.let.set()
    disk.answer = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def with_cover() -> None:
        with box.unit() as unit:
            unit.write("cover.png", b"\x89PNG")
            unit.append(lesson("a"))

    with pytest.raises(StorageFull, match=r"no space left to write .*outbox-staging"):
        with_cover()
    assert box.last_seq == 0
    assert staged_files(root) == []
    disk.answer = None
    publish(box, "a")
    assert (root / path_of("a")).exists()


def test_a_failed_fsync_beside_the_commit_is_told_and_the_file_comes_from_the_log(
    box: Outbox, root: Path, disk: Disk
) -> None:
    """What is read back from a file whose fsync failed may never have got to the disk: it is written anew."""
    let_once_committed(box, disk)
    disk.answer = OSError(errno.EIO, os.strerror(errno.EIO))
    with box.unit() as unit:
        unit.write(path_of("a"), b"# Aula\n")
        unit.append(lesson("a"))
    assert unit.result.unpublished == (Unpublished(path_of("a"), "Input/output error"),)
    assert box.last_seq == 1
    assert not (root / path_of("a")).exists()
    assert staged_files(root) == []
    with Outbox.open(box.path, content_root=root) as later:
        assert later.recovered.published == (path_of("a"),)
    assert (root / path_of("a")).read_text() == "# Aula\n"


def test_a_host_without_room_for_a_thread_still_publishes(
    box: Outbox, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then the caller does it."""

    def refused(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refused)
    publish(box, "a")
    assert (root / path_of("a")).exists()


def test_on_a_quick_disk_the_caller_fsyncs_itself_until_the_disk_is_slow_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread that wakes another costs more than a disk that has answered by then."""
    threads: list[str] = []
    seconds = iter([0.00001, 0.00009, 0.0002, 0.00001, 0.00001])
    now = 0.0

    def fsync(_fd: int) -> None:
        nonlocal now
        threads.append(threading.current_thread().name)
        now += next(seconds)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(syncing, "perf_counter", lambda: now)
    ours, other = threading.current_thread().name, "outbox-sync"
    thread = Syncing()
    for number in range(5):
        fd = os.open(tmp_path / f"{number}", os.O_CREAT | os.O_WRONLY, 0o600)
        thread.start(fd, tmp_path / f"{number}").wait()
    thread.close()
    assert threads == [other, ours, ours, other, ours]


def test_no_more_than_a_few_files_are_open_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A course of hundreds of files must not run into the limit of open ones."""
    monkeypatch.setattr(syncing, "_AT_ONCE", 4)
    monkeypatch.setattr(syncing, "_HANDOVER_SECONDS", 0)
    most = 0
    under_way: set[int] = set()
    run = Sync.run

    def counted(sync: Sync) -> None:
        nonlocal most
        most = max(most, len(under_way))
        run(sync)
        under_way.discard(sync._fd)

    monkeypatch.setattr(Sync, "run", counted)
    thread = Syncing()
    syncs = []
    for number in range(50):
        fd = os.open(tmp_path / f"{number}", os.O_CREAT | os.O_WRONLY, 0o600)
        under_way.add(fd)
        syncs.append(thread.start(fd, tmp_path / f"{number}"))
    for sync in syncs:
        sync.wait()
    thread.close()
    assert 1 <= most <= 6


def syncing_threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name == "outbox-sync"}


def test_closing_ends_the_thread(box: Outbox) -> None:
    """Whoever opens outboxes by the hundred, one after the other, keeps no thread of each."""
    others = syncing_threads()
    publish(box, "a")
    (thread,) = syncing_threads() - others
    box.close()
    assert not thread.is_alive()


def test_no_thread_stays_behind_an_outbox_that_was_never_closed(tmp_path: Path) -> None:
    others = syncing_threads()
    box = Outbox.open(tmp_path / "dropped.db", content_root=tmp_path)
    publish(box, "a")
    (thread,) = syncing_threads() - others
    del box
    gc.collect()
    thread.join(DEADLINE_SECONDS)
    assert not thread.is_alive()
