"""*Disk*: an idle reader keeps the WAL large: nobody waits for it, and it is told."""

import json
import os
import sqlite3
import subprocess
import time
from pathlib import Path

import pytest

from outbox import Outbox, WorkerLock, checkpoint, status
from tests.support.lessons import PROJECT_ROOT, PYTHON, SetClock, lesson

BODY = "# Aula\n" + "pão " * 8_000


def test_a_checkpoint_cuts_the_wal_back(tmp_path: Path) -> None:
    """Without readers nothing is left of it."""
    with Outbox.open(tmp_path / "outbox.db") as box:
        box.append(lesson("a", BODY))
        assert (tmp_path / "outbox.db-wal").stat().st_size > 0
        assert box.checkpoint() == 0
        assert box.read()[0].payload["body"] == BODY


def test_a_checkpoint_does_not_wait_for_an_idle_reader(tmp_path: Path) -> None:
    """It returns at once with the size that is left, and cuts back when the reader is gone."""
    with Outbox.open(tmp_path / "outbox.db") as box:
        box.append(lesson("a", BODY))
        reader = sqlite3.connect(tmp_path / "outbox.db", isolation_level=None)
        reader.execute("begin")
        reader.execute("select count(*) from events").fetchone()
        for number in range(20):
            box.append(lesson(f"b{number}", BODY))
        began = time.monotonic()
        assert box.checkpoint() > 20 * len(BODY)
        assert time.monotonic() - began < 4  # SQLite itself would wait its busy timeout of 5 s
        assert box.append(lesson("c")).appended  # and writers go on
        reader.close()
        assert box.checkpoint() == 0


def test_status_warns_of_a_wal_that_a_reader_keeps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The alarm has a threshold and a remedy."""
    monkeypatch.setattr(status, "LARGE_WAL_BYTES", 10_000)
    with Outbox.open(tmp_path / "outbox.db") as box:
        box.append(lesson("a", BODY))
        found = status.read_status(box, SetClock().now())
        assert found.wal_is_large
        assert found.wal_bytes == (tmp_path / "outbox.db-wal").stat().st_size
        box.checkpoint()
        assert not status.read_status(box, SetClock().now()).wal_is_large


def test_without_a_worker_a_writer_keeps_the_wal_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a host that only generates somebody has to; where a worker runs, it is left to it."""
    monkeypatch.setattr(checkpoint, "REUSED_WAL_BYTES", 20_000)
    monkeypatch.setattr(checkpoint, "LARGE_WAL_BYTES", 20_000)
    monkeypatch.setattr("outbox.outbox.CHECK_EVERY_EVENTS", 4)
    wal = tmp_path / "outbox.db-wal"
    with Outbox.open(tmp_path / "outbox.db") as box:
        with WorkerLock(box.path):
            for number in range(8):
                box.append(lesson(f"a{number}", BODY))
            assert wal.stat().st_size > 8 * len(BODY)
        for number in range(4):
            box.append(lesson(f"b{number}", BODY))
        assert wal.stat().st_size == 0


def test_a_slow_export_does_not_keep_the_wal(tmp_path: Path) -> None:
    """The export reads in short steps, so a pager on its output does not sit on a snapshot."""
    with Outbox.open(tmp_path / "outbox.db") as box:
        for number in range(5):
            box.append(lesson(f"{number}", BODY))
        export = subprocess.Popen(
            [PYTHON, "-m", "outbox", "export"],
            cwd=PROJECT_ROOT,
            env={**os.environ, "OUTBOX_PATH": str(box.path)},
            stdout=subprocess.PIPE,
            text=True,
        )
        with export:
            assert export.stdout is not None
            assert json.loads(export.stdout.readline())["seq"] == 1  # the pipe is full now: it waits for its reader
            box.append(lesson("more", BODY))
            assert box.checkpoint() == 0
            assert len(export.stdout.readlines()) >= 4
