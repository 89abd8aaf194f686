"""Processes to kill and what must be true after."""

import hashlib
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from outbox import Outbox
from tests.support.lessons import PROJECT_ROOT, PYTHON, staged_files
from tests.support.power_loss import trace

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start a Python process with the project importable; whatever still runs at the end is killed."""
    started: list[subprocess.Popen[str]] = []

    def begin(*arguments: object, stdin: int | None = None, **environment: str) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [PYTHON, *map(str, arguments)],
            cwd=PROJECT_ROOT,
            env={**os.environ, "PYTHONPATH": str(PROJECT_ROOT), **environment},
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture(scope="session")
def disk_trace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library to preload that records what a process does to its files."""
    return trace.library(tmp_path_factory.mktemp("disk_trace"))


@pytest.fixture
def fast_disk() -> Iterator[Path]:
    """In memory where that is possible: what is looked at there was decided by the record, its syncs cost nothing."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as directory:
        yield Path(directory)


def assert_whole(path: Path, root: Path) -> dict[str, int]:
    """One event for each published file, none without the other, nothing left in staging; path -> seq."""
    with Outbox.open(path, content_root=root) as box:
        assert not box.recovered.conflicts
        assert not box.recovered.lost
        events = box.read(limit=100_000)
        known = {file.path: file for file in box.files()}
        assert all(file.temp is None for file in known.values())
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    ids = [event.event_id for event in events]
    assert ids == sorted(set(ids))
    carried: dict[str, int] = {}
    for event in events:
        name = event.payload["file_path"]
        assert name not in carried, f"{name} has two events"
        carried[name] = event.seq
        assert (root / name).read_text() == event.payload["body"]
    on_disk = {str(file.relative_to(root)) for file in root.rglob("*") if file.is_file()}
    assert {name for name in on_disk if name.endswith(".md")} == set(carried)
    assert on_disk == set(known)
    for name, file in known.items():
        assert hashlib.sha256((root / name).read_bytes()).hexdigest() == file.sha256
    assert staged_files(root) == []
    return carried
