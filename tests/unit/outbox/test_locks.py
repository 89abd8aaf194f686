"""The writer gate and the worker lock."""

import os
import threading
from pathlib import Path

import pytest

from outbox import Outbox, OutboxBusy, OutboxPaths, WorkerLock, WorkerRunning, running_worker
from outbox.log.gate import Gate
from tests.support.lessons import lesson


def test_the_gate_may_be_entered_again_from_inside(tmp_path: Path) -> None:
    """And is free only when the outermost block has ended."""
    gate, other = Gate(tmp_path / "g"), Gate(tmp_path / "g", patience_seconds=0.05)
    with gate.held():
        with gate.held():
            pass
        with pytest.raises(OutboxBusy, match=rf"process {os.getpid()} has held"), other.held():
            pass
    with other.held():
        pass
    gate.close()
    other.close()


def test_waiters_are_served_when_the_holder_lets_go(tmp_path: Path) -> None:
    """Whoever waits gets its turn, one at a time."""
    inside, most = 0, 0
    gate = Gate(tmp_path / "g")

    def work() -> None:
        nonlocal inside, most
        mine = Gate(tmp_path / "g")
        for _ in range(50):
            with mine.held():
                inside += 1
                most = max(most, inside)
                inside -= 1
        mine.close()

    threads = [threading.Thread(target=work) for _ in range(6)]
    with gate.held():
        for thread in threads:
            thread.start()
    for thread in threads:
        thread.join()
    assert (inside, most) == (0, 1)
    gate.close()


def test_an_interrupted_wait_leaves_no_lock_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while waiting: when the lock arrives at last it is dropped."""
    holder, waiter, third = (Gate(tmp_path / "g") for _ in range(3))
    with holder.held():
        real = threading.Event.wait

        def interrupted(self: threading.Event, timeout: float | None = None) -> bool:
            if threading.current_thread() is threading.main_thread() and timeout == 30.0:
                raise KeyboardInterrupt
            return real(self, timeout)

        monkeypatch.setattr(threading.Event, "wait", interrupted)
        with pytest.raises(KeyboardInterrupt), waiter.held():
            pass
        monkeypatch.undo()
    with third.held():
        pass
    for gate in (holder, waiter, third):
        gate.close()


def test_a_lock_file_that_cannot_be_written_stops_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a full disk the holder's name is missing; the lock is what counts, and it is given back."""
    gate, other = Gate(tmp_path / "g"), Gate(tmp_path / "g", patience_seconds=1)

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    with gate.held():
        pass
    with other.held():
        pass
    gate.close()
    other.close()


def test_one_worker_serves_an_outbox(tmp_path: Path) -> None:
    """The second is told the pid of the first, and exits as misconfigured."""
    path = tmp_path / "outbox.db"
    assert running_worker(path) is None
    with WorkerLock(path):
        assert running_worker(path) == os.getpid()
        with pytest.raises(WorkerRunning, match=rf"pid {os.getpid()}") as refused, WorkerLock(path):
            pass
        assert (refused.value.pid, refused.value.exit_code) == (os.getpid(), 3)
    assert running_worker(path) is None
    with WorkerLock(path):
        assert running_worker(path) == os.getpid()


def test_a_lock_is_given_up_once_and_takes_no_other_file_along(tmp_path: Path) -> None:
    """The second time its descriptor is somebody else's, and stays open."""
    lock = WorkerLock(tmp_path / "outbox.db")
    lock.acquire()
    lock.release()
    others = [os.dup(0) for _ in range(3)]
    lock.release()
    lock.release()
    for fd in (1, *others):
        os.fstat(fd)
    for fd in others:
        os.close(fd)


def test_a_worker_whose_pid_cannot_be_read_is_a_worker(tmp_path: Path) -> None:
    """It holds the lock, and has not written its pid yet."""
    path = tmp_path / "outbox.db"
    with WorkerLock(path):
        os.truncate(OutboxPaths(path).worker_lock, 0)
        assert running_worker(path) == 0


def test_a_lock_that_is_given_up_early_is_the_next_workers(tmp_path: Path) -> None:
    """Leaving the block afterwards takes nothing from whoever holds it by then."""
    path = tmp_path / "outbox.db"
    first, second = WorkerLock(path), WorkerLock(path)
    with first:
        first.release()
        second.acquire()
    assert running_worker(path) == os.getpid()
    second.release()
    assert running_worker(path) is None


def test_asking_for_the_worker_does_not_keep_it_from_starting(tmp_path: Path) -> None:
    """The question takes a shared lock for an instant; a starting worker is not refused for it."""
    path = tmp_path / "outbox.db"
    WorkerLock(path).__enter__().release()
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            running_worker(path)

    askers = [threading.Thread(target=ask) for _ in range(2)]
    for asker in askers:
        asker.start()
    try:
        for _ in range(300):
            with WorkerLock(path):
                pass
    finally:
        stop.set()
        for asker in askers:
            asker.join()


def test_threads_with_outboxes_of_their_own_share_the_file(tmp_path: Path) -> None:
    """All events are there, and seqs have no gap."""
    path = tmp_path / "outbox.db"
    Outbox.open(path).close()

    def work(number: int) -> None:
        with Outbox.open(path) as box:
            for step in range(20):
                box.append(lesson(f"t{number}-{step}"))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with Outbox.open(path) as box:
        assert [event.seq for event in box.read()] == list(range(1, 81))


def test_all_that_belongs_to_an_outbox_stands_beside_it() -> None:
    """One directory to watch, to back up, to protect."""
    paths = OutboxPaths(Path("/x/o.db"))
    assert {paths.gate, paths.bell, paths.worker_lock, paths.wal} == {
        Path("/x/o.db.lock"),
        Path("/x/o.db.bell"),
        Path("/x/o.db.worker.lock"),
        Path("/x/o.db-wal"),
    }
