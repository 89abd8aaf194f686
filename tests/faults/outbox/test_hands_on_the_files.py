"""Hands that delete or replace SQLite's files while processes have the outbox open: what was acknowledged is kept."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from outbox import Outbox, OutboxBusy, StorageFailed
from outbox import catalogue as c

HOLDER = """
import sys
from outbox import Outbox
from outbox.catalogue import AudienceUpserted
with Outbox.open(sys.argv[1]) as box:
    for number in range(3):
        box.append(AudienceUpserted(slug=f"a-{number}", name="A"))
    print("ready", flush=True)
    sys.stdin.readline()
"""


@contextmanager
def holder(path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that has appended three events, which are in the WAL alone, and keeps the outbox open until told."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def audience(slug: str) -> c.AudienceUpserted:
    return c.AudienceUpserted(slug=slug, name="A")


@pytest.mark.parametrize("names", [("-wal",), ("-shm",), ("-wal", "-shm")])
def test_nothing_is_acknowledged_into_a_file_without_a_name(tmp_path: Path, names: tuple[str, ...]) -> None:
    """The append fails whole and names the file; what was there before is there when the outbox is opened again."""
    path = tmp_path / "outbox.db"
    with Outbox.open(path) as box:
        box.append(audience("before"))
        for name in names:
            Path(f"{path}{name}").unlink()
        with pytest.raises(StorageFailed, match=f"{names[0]} was deleted while this process had the outbox open"):
            box.append(audience("after"))
        assert box.last_seq == 1
    with Outbox.open(path) as box:
        assert box.last_seq == 1
        box.append(audience("after"))
        assert [event.payload["slug"] for event in box.read()] == ["before", "after"]


@pytest.mark.parametrize("how", ["replaced", "deleted", "moved"])
def test_nothing_is_acknowledged_into_an_outbox_that_is_no_longer_there(tmp_path: Path, how: str) -> None:
    path = tmp_path / "outbox.db"
    with Outbox.open(path) as box:
        box.append(audience("before"))
        box.checkpoint()
        shutil.copy(path, tmp_path / "copy.db")
        if how == "replaced":
            (tmp_path / "copy.db").rename(path)
        elif how == "deleted":
            path.unlink()
        else:
            path.rename(tmp_path / "elsewhere.db")
        with pytest.raises(StorageFailed, match="nothing was written"):
            box.append(audience("after"))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells who has a file open")
@pytest.mark.parametrize("name", ["-wal", "-shm"])
def test_a_second_wal_is_never_made_beside_a_process_that_has_the_first(tmp_path: Path, name: str) -> None:
    """Nobody opens the outbox until that process has ended; then all of its events are in the file."""
    path = tmp_path / "outbox.db"
    with holder(path) as process:
        Path(f"{path}{name}").unlink()
        with pytest.raises(OutboxBusy, match="was deleted while a process has the outbox open"):
            Outbox.open(path)
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
        assert process.wait() == 0
    with Outbox.open(path) as box:
        assert box.last_seq == 3


def test_a_killed_process_keeps_nobody_out(tmp_path: Path) -> None:
    """Its files are there, or are gone with it: nobody is left to wait for."""
    path = tmp_path / "outbox.db"
    with holder(path) as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
        with Outbox.open(path) as box:
            assert box.last_seq == 3
            box.append(audience("after"))
