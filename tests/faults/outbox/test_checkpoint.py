"""*Disk*: an idle reader keeps the WAL large: nobody waits for it, and it is told."""

import json
import os
import sqlite3
import subprocess
from contextlib import ExitStack
from pathlib import Path

import pytest

from outbox import Outbox, WorkerLock
from outbox.log import checkpoint
from outbox.ops import status
from tests.support.lessons import PROJECT_ROOT, PYTHON, SetClock, lesson, path_of, publish

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
        box.connection.execute("pragma busy_timeout = 3600000")  # whoever waits for the reader waits an hour
        assert box.checkpoint() > 20 * len(BODY)
        assert box.append(lesson("c")).appended  # and writers go on
        reader.close()
        assert box.checkpoint() == 0


def test_status_warns_of_a_wal_that_a_reader_keeps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The alarm has a threshold and a remedy."""
    monkeypatch.setattr(status, "ALARMING_WAL_BYTES", 20_000)
    with Outbox.open(tmp_path / "outbox.db") as box:
        box.append(lesson("a", BODY))
        found = status.read_status(box, SetClock().now())
        assert found.wal_is_large
        assert found.wal_bytes == (tmp_path / "outbox.db-wal").stat().st_size
        box.checkpoint()
        assert not status.read_status(box, SetClock().now()).wal_is_large


def _wal_after_each(box: Outbox, units: range) -> list[int]:
    sizes = []
    for number in units:
        box.append(lesson(f"{number}", BODY))
        sizes.append(box.path.with_name("outbox.db-wal").stat().st_size)
    return sizes


def test_without_a_worker_a_writer_keeps_the_wal_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a host that only generates somebody has to; it is emptied and written over, not cut back."""
    monkeypatch.setattr(checkpoint, "LOOK_EVERY_EVENTS", 4)
    monkeypatch.setattr(checkpoint, "REUSED_WAL_BYTES", 6 * len(BODY))
    with Outbox.open(tmp_path / "outbox.db") as box:
        sizes = _wal_after_each(box, range(60))
        assert sizes == sorted(sizes)
        assert 6 * len(BODY) < sizes[-1] < 24 * len(BODY)


def test_of_a_crowd_one_looks_after_the_wal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever appends the event that is due; each for itself would look after so many events of its own."""
    looks: list[int] = []
    monkeypatch.setattr(checkpoint, "LOOK_EVERY_EVENTS", 10)
    monkeypatch.setattr("outbox.outbox.look_after", lambda *_: looks.append(box.last_seq))
    with ExitStack() as opened:
        crowd = [opened.enter_context(Outbox.open(tmp_path / "outbox.db")) for _ in range(4)]
        box = crowd[0]
        for number in range(48):
            crowd[number % 4].append(lesson(f"{number}"))
        assert looks == [10, 20, 30, 40]
        box.append(*(lesson(f"many-{number}") for number in range(30)))
        box.append(lesson("one-more"))
    assert looks == [10, 20, 30, 40, 78]


def test_units_that_are_no_news_do_not_grow_the_wal_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is published anew, time and again, writes a row and no event."""
    monkeypatch.setattr(checkpoint, "LOOK_EVERY_EVENTS", 4)
    monkeypatch.setattr(checkpoint, "REUSED_WAL_BYTES", 200_000)
    with Outbox.open(tmp_path / "box" / "outbox.db", content_root=tmp_path / "content") as box:
        wal = box.path.with_name("outbox.db-wal")
        opened = wal.stat().st_size  # with the schema in it
        for _ in range(100):
            publish(box, "same", "# Aula")
            (tmp_path / "content" / path_of("same")).unlink()
        assert box.last_seq == 1
        assert wal.stat().st_size < opened + 100_000  # each of them writes some eight thousand bytes


def test_the_wal_is_bounded_while_the_worker_delivers_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that holds, or waits out an outage of weeks, checkpoints nothing; what it does in time is left to it."""
    monkeypatch.setattr(checkpoint, "LOOK_EVERY_EVENTS", 4)
    monkeypatch.setattr(checkpoint, "REUSED_WAL_BYTES", 6 * len(BODY))
    monkeypatch.setattr(checkpoint, "LARGE_WAL_BYTES", 30 * len(BODY))
    with Outbox.open(tmp_path / "outbox.db") as box, WorkerLock(box.path):
        sizes = _wal_after_each(box, range(100))
        assert 24 * len(BODY) < max(sizes) < 60 * len(BODY)


def test_what_a_worker_empties_is_written_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that grows costs every append more than one that does not; a small one is not worth the fsyncs."""
    monkeypatch.setattr(checkpoint, "REUSED_WAL_BYTES", 6 * len(BODY))
    with Outbox.open(tmp_path / "outbox.db") as box, Outbox.open(tmp_path / "outbox.db") as worker:
        for number in range(40):
            box.append(lesson(f"{number}", BODY))
            if number % 8 == 7:
                worker.keep_small()
        size = box.path.with_name("outbox.db-wal").stat().st_size
        assert 6 * len(BODY) < size < 24 * len(BODY)  # 40 bodies went through it
        monkeypatch.setattr(checkpoint, "LARGE_WAL_BYTES", 6 * len(BODY))
        worker.keep_small()
        assert box.path.with_name("outbox.db-wal").stat().st_size == 0


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
