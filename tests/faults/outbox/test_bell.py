"""The bell: who is told by it finds the event at once, always."""

import os
import shutil
import subprocess
import threading
from pathlib import Path

import pytest
from watchdog.events import FileModifiedEvent, FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

from outbox import Outbox, OutboxPaths
from tests.faults.outbox.conftest import Start
from tests.support.lessons import PROJECT_ROOT, lesson
from tests.support.processes import DEADLINE_SECONDS

# Appends one event for each line that it is sent.
RINGER = """
import sys; from pathlib import Path; from outbox import Outbox; from tests.support.lessons import lesson
with Outbox.open(Path(sys.argv[1])) as box:
    for line in sys.stdin:
        box.append(lesson(line.strip()))
"""


class Listener(FileSystemEventHandler):
    """Reads the log whenever the bell is rung, and never again until the next ring."""

    def __init__(self, path: Path) -> None:
        self.bell = os.fspath(OutboxPaths(path).bell)
        self.path = path
        self.heard = threading.Condition()
        self.last_seq = 0
        self.too_early = 0
        self.box: Outbox | None = None

    def on_modified(self, event: FileSystemEvent) -> None:
        if not isinstance(event, FileModifiedEvent) or os.fspath(event.src_path) != self.bell:
            return
        if self.box is None:
            self.box = Outbox.open(self.path)
        found = self.box.read(after=self.last_seq)
        with self.heard:
            if found:
                self.last_seq = found[-1].seq
                self.heard.notify_all()
            else:
                self.too_early += 1

    def wait_for(self, seq: int) -> bool:
        with self.heard:
            return self.heard.wait_for(lambda: self.last_seq >= seq, DEADLINE_SECONDS)


@pytest.fixture(scope="session")
def slow_fsync(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library to preload that makes each fsync take 5 ms."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("NOT RUN: the bell with a 5 ms fsync needs a C compiler to build its slow disk")
    library = tmp_path_factory.mktemp("shim") / "slow_fsync.so"
    source = PROJECT_ROOT / "tests" / "support" / "slow_fsync.c"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True, capture_output=True)
    return library


def listen_to(path: Path, start: Start, rings: int, **environment: str) -> tuple[int, list[int]]:
    """Ring so many times, one after the other; returns how often it was too early, and which came late."""
    Outbox.open(path).close()
    listener = Listener(path)
    observer = Observer()
    observer.schedule(listener, os.fspath(path.parent))
    observer.start()
    late = []
    try:
        ringer = start("-c", RINGER, path, stdin=subprocess.PIPE, **environment)
        for seq in range(1, rings + 1):
            ringer.stdin.write(f"{seq}\n")
            ringer.stdin.flush()
            if not listener.wait_for(seq):
                late.append(seq)
    finally:
        observer.stop()
        observer.join()
        if listener.box is not None:
            listener.box.close()
    return listener.too_early, late


def test_each_of_a_thousand_rings_finds_its_event_at_once(tmp_path: Path, start: Start) -> None:
    """No listener is told before the commit can be read, and none is left waiting."""
    assert listen_to(tmp_path / "outbox.db", start, 1000) == (0, [])


def test_with_a_slow_disk_each_ring_finds_its_event_at_once(tmp_path: Path, start: Start, slow_fsync: Path) -> None:
    """The bell is rung after the fsync of the commit, however long that takes."""
    rings = int(os.environ.get("OUTBOX_BELL_RINGS", "200"))
    assert listen_to(tmp_path / "outbox.db", start, rings, LD_PRELOAD=os.fspath(slow_fsync)) == (0, [])


def test_a_bell_that_cannot_be_rung_fails_no_commit(tmp_path: Path) -> None:
    """The bell is a hint; the commit has happened."""
    with Outbox.open(tmp_path / "outbox.db") as box:
        os.close(box._bell._fd)
        reader, box._bell._fd = os.pipe()  # pwrite is refused on a pipe
        assert box.append(lesson("a")).appended[0].seq == 1
        os.close(reader)
