"""Watching is a hint: whatever becomes of the notifications, the relay goes on by its poll, and hears again if it can."""

import ctypes
import errno
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest
from structlog.testing import capture_logs
from watchdog.observers import Observer

from outbox import Outbox
from tests.support.make_outbox import lesson, project
from tests.support.postgres import Database
from tests.support.processes import environment, until, worker
from tests.support.rows import applied_seq
from worker.process.bell_watch import LATE_SECONDS, BellWatch
from worker.process.wakeup import Waker

MORE_THAN_THE_KERNEL_QUEUES = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text()) + 1000


class Ear:
    """A `BellWatch` with its pipe and a clock that the test moves."""

    def __init__(self, directory: Path) -> None:
        self.bell = directory / "outbox.bell"
        self.bell.write_bytes(b".")
        self.read, self.write = os.pipe()
        os.set_blocking(self.read, False)
        os.set_blocking(self.write, False)
        self.now = 0.0
        self.watch = BellWatch(self.bell, lambda: os.write(self.write, b"b"), clock=lambda: self.now)
        self.watch.start()

    def ring(self, moment_ns: int | None = None) -> None:
        """As the outbox does; the file system's clock ticks too slowly for two rings in a row."""
        with self.bell.open("r+b") as bell:
            bell.write(b".")
        ns = moment_ns or self.bell.stat().st_mtime_ns + 1_000_000
        os.utime(self.bell, ns=(ns, ns))

    def hears(self) -> bool:
        """Whether a byte is in the pipe."""
        try:
            return bool(os.read(self.read, 4096))
        except BlockingIOError:
            return False

    def poll_until_deaf(self) -> list[str]:
        """Two polls that end in silence, and what was told."""
        with capture_logs() as told:
            self.watch.nothing_heard()
            self.now += LATE_SECONDS
            self.watch.nothing_heard()
        return [line["event"] for line in told]

    def hears_again(self) -> None:
        """The bell is heard, and that is told."""
        self.hears()
        self.ring()
        until(self.hears, what="heard")
        with capture_logs() as told:
            self.watch.heard()
            self.watch.heard()
        assert [line["event"] for line in told] == ["wakeup.heard_again"]

    def close(self) -> None:
        self.watch.close()
        os.close(self.read)
        os.close(self.write)


@pytest.fixture
def ear(tmp_path: Path) -> Iterator[Ear]:
    folder = tmp_path / "box"
    folder.mkdir()
    one = Ear(folder)
    yield one
    one.close()


def test_silence_is_no_deafness(ear: Ear) -> None:
    """Nothing rang, nothing was heard: nothing is told and nothing is watched anew."""
    assert ear.poll_until_deaf() == []


def test_a_ring_that_arrives_late_is_no_deafness(ear: Ear) -> None:
    """The poll may end a moment before the notification comes."""
    ear.ring()
    until(ear.hears, what="heard")
    ear.watch.nothing_heard()
    ear.now += LATE_SECONDS - 0.1
    ear.watch.nothing_heard()
    ear.watch.heard()
    assert ear.poll_until_deaf() == []


def test_a_dead_observer_is_noticed_by_the_poll_and_replaced(ear: Ear) -> None:
    """Its thread is gone: the bell rings unheard, the next poll but one watches anew and says so once."""
    ear.watch._observer.stop()
    ear.watch._observer.join()
    ear.ring()
    assert ear.poll_until_deaf() == ["wakeup.deaf"]
    ear.hears_again()


def test_a_directory_that_is_missing_and_comes_back_is_watched_again(ear: Ear) -> None:
    """The watch went with the old directory; the new one of the same name is another."""
    away = ear.bell.parent.with_name("away")
    shutil.rmtree(ear.bell.parent)
    assert ear.poll_until_deaf() == ["wakeup.deaf"]  # nothing to watch: told once, with the rest of it
    assert ear.poll_until_deaf() == []
    away.mkdir()
    (away / ear.bell.name).write_bytes(b".")
    away.rename(ear.bell.parent)
    assert ear.poll_until_deaf() == []
    ear.hears_again()


def watched_inodes() -> set[int]:
    """What inotify watches for this process."""
    return {
        int(line.split("ino:")[1].split()[0], 16)
        for info in Path("/proc/self/fdinfo").iterdir()
        for line in (info.read_text() if info.exists() else "").splitlines()
        if line.startswith("inotify ")
    }


def test_the_bell_alone_is_watched_whatever_is_written_beside_it(ear: Ear) -> None:
    """Ten outboxes in one folder do not wake each other's workers."""
    watched = watched_inodes()
    assert ear.bell.stat().st_ino in watched
    assert ear.bell.parent.stat().st_ino not in watched


def test_a_bell_that_another_file_took_the_place_of_is_heard_again(ear: Ear) -> None:
    """Deleted by hand and made anew by the next generator: a poll finds it."""
    new = ear.bell.with_name("new")
    new.write_bytes(b".")
    new.replace(ear.bell)
    ear.ring()
    assert ear.poll_until_deaf() == ["wakeup.deaf"]
    ear.hears_again()


def test_a_bell_that_comes_later_is_heard(tmp_path: Path) -> None:
    """A worker may be started before the first generator: then there is a folder and no bell."""
    bell = tmp_path / "outbox.bell"
    heard = Event()
    watch = BellWatch(bell, heard.set)
    watch.start()
    try:
        bell.write_bytes(b".")
        assert heard.wait(30)
    finally:
        watch.close()


def test_an_overflow_of_the_kernels_queue_is_survived(ear: Ear, monkeypatch: pytest.MonkeyPatch) -> None:
    """More notifications than it holds, while nobody could read: what is lost is lost, the next ring is heard.

    Only where the directory is watched: rings of the bell alone are folded into one.
    """
    monkeypatch.setattr("worker.process.bell_watch.WATCHES_FILES", False)
    ear.watch.start()
    other = os.open(ear.bell.with_name("noise"), os.O_WRONLY | os.O_CREAT)
    bell = os.open(ear.bell, os.O_WRONLY)
    write = ctypes.PyDLL(None).pwrite  # does not let the watching thread run meanwhile
    interval = sys.getswitchinterval()
    sys.setswitchinterval(60)
    try:
        for _ in range(MORE_THAN_THE_KERNEL_QUEUES // 2):  # taking turns, or the kernel would fold them into one
            write(other, b".", 1, 0)
            write(bell, b".", 1, 0)
    finally:
        sys.setswitchinterval(interval)
        os.close(other)
        os.close(bell)
    until(ear.hears, what="heard of the flood")
    ear.watch.heard()
    ear.ring()
    until(ear.hears, what="heard after the flood")


@pytest.mark.parametrize(
    ("number", "remedy"), [(errno.EMFILE, "max_user_instances"), (errno.ENOSPC, "max_user_watches")]
)
def test_at_the_limit_of_inotify_the_poll_is_all_there_is_and_that_is_told_once(
    number: int, remedy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limits are the machine's own and cannot be lowered here: the observer is told to fail as it does there."""

    def refused(*_: object, **__: object) -> None:
        raise OSError(number, "inotify limit reached")

    monkeypatch.setattr(type(Observer()), "schedule", refused)
    bell = tmp_path / "outbox.bell"
    bell.write_bytes(b".")
    with capture_logs() as told, Waker(bell) as waker:
        waker.wait_for_news(0.01)
        waker.wait_for_news(0.01)
    assert [(line["event"], line["log_level"]) for line in told] == [("wakeup.not_watching", "warning")]
    assert remedy in told[0]["remedy"]


@pytest.mark.parametrize(
    "refusal", [OSError(errno.EMFILE, "inotify instance limit reached"), RuntimeError("can't start new thread")]
)
def test_without_an_inotify_instance_or_a_thread_the_poll_is_all_there_is(
    refusal: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The observer cannot even be made; it is tried again when a ring was not heard, and told once."""

    def refused() -> None:
        raise refusal

    monkeypatch.setattr("worker.process.bell_watch.Observer", refused)
    monkeypatch.setattr("worker.process.bell_watch.LATE_SECONDS", 0.0)
    bell = tmp_path / "outbox.bell"
    bell.write_bytes(b".")
    with capture_logs() as told, Waker(bell) as waker:
        for _ in range(3):
            bell.write_bytes(bell.read_bytes() + b".")
            waker.wait_for_news(0.01)
    assert [line["event"] for line in told] == ["wakeup.not_watching"]


def test_an_event_whose_ring_was_lost_is_delivered_by_the_poll(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bell does not ring at all: the relay looks by itself."""
    path = tmp_path / "outbox.db"
    with Outbox.open(path) as box:
        box.append(*project())
        env = environment(path, database.worker_dsn, OUTBOX_POLL_SECONDS="0.2")
        with worker("run", "--quiet", env=env, cwd=tmp_path):
            until(lambda: applied_seq(database.dsn) == box.last_seq, what="following")
            monkeypatch.setattr(Outbox, "ring", lambda _: None)
            monkeypatch.setattr("outbox.log.bell.Bell.ring", lambda _: None)
            box.append(lesson(1))
            until(lambda: applied_seq(database.dsn) == box.last_seq, what="delivered by the poll")


@pytest.mark.parametrize("replaced", [True, False])
def test_a_worker_whose_outbox_was_replaced_delivers_the_rest_and_ends(
    database: Database, tmp_path: Path, *, replaced: bool
) -> None:
    """It would wait for ever beside a file that nobody writes any more; started again it serves the new one."""
    path = tmp_path / "box" / "outbox.db"
    path.parent.mkdir()
    with Outbox.open(path) as old:
        old.append(*project())
        env = environment(path, database.worker_dsn, OUTBOX_POLL_SECONDS="0.2")
        with worker("run", "--quiet", env=env, cwd=tmp_path) as process:
            until(lambda: applied_seq(database.dsn) == old.last_seq, what="following")
            old.append(lesson(1))
            path.parent.rename(tmp_path / "old")
            if replaced:
                path.parent.mkdir()
                Outbox.open(path).close()
            _, errors = process.communicate()
            assert process.returncode == 3
        assert applied_seq(database.dsn) == old.last_seq
    assert ("replaced by another file" if replaced else "is gone") in errors
    assert "start the worker again" in errors


@pytest.mark.parametrize("name", ["-wal", "-shm"])
def test_a_worker_whose_wal_was_deleted_ends_and_keeps_what_was_in_it(
    database: Database, tmp_path: Path, name: str
) -> None:
    """Nobody can open the outbox beside it. Its end puts everything into the file, and the next one goes on."""
    path = tmp_path / "outbox.db"
    with Outbox.open(path) as box:
        box.append(*project())
    env = environment(path, database.worker_dsn, OUTBOX_POLL_SECONDS="0.2")
    with worker("run", "--quiet", env=env, cwd=tmp_path) as process:
        until(lambda: applied_seq(database.dsn) == 3, what="following")
        with Outbox.open(path) as box:
            last_seq = box.append(lesson(1)).appended[-1].seq
        Path(f"{path}{name}").unlink()
        _, errors = process.communicate()
        assert process.returncode == 3
    assert f"outbox.db{name} is gone" in errors
    with worker("drain", "--quiet", env=env, cwd=tmp_path) as process:
        assert process.wait() == 0
    assert applied_seq(database.dsn) == last_seq
