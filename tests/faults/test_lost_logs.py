"""A log that nobody reads or that cannot be written stops no delivery and changes no exit code."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from outbox import Outbox
from tests.support.make_outbox import filled, lesson
from tests.support.postgres import Database
from tests.support.processes import ROOT, environment, until
from tests.support.rows import applied_seq

COMMAND = f"exec {sys.executable} -m worker"


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Outbox]:
    with filled(tmp_path / "box" / "outbox.db", 3) as made:
        yield made


def started(box: Outbox, dsn: str, command: str, folder: Path, **more: str) -> subprocess.Popen[bytes]:
    env = {**environment(box.path, dsn, **more), "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(["/bin/sh", "-c", f"{COMMAND} {command}"], env=env, cwd=folder)


@pytest.mark.parametrize("streams", [">/dev/full 2>&1", ">&- 2>&- <&-"], ids=["a full disk", "closed"])
def test_a_drain_without_a_log_delivers_and_ends_as_ever(
    streams: str, box: Outbox, database: Database, tmp_path: Path
) -> None:
    """Exit code 0, and 3 where the login is refused."""
    assert started(box, database.worker_dsn, f"drain {streams}", tmp_path).wait() == 0
    assert applied_seq(database.dsn) == box.last_seq
    wrong = database.worker_dsn.replace("outbox_worker:", "outbox_worker:x", 1)
    assert started(box, wrong, f"drain {streams}", tmp_path).wait() == 3


def test_a_log_reader_that_goes_away_stops_no_delivery(box: Outbox, database: Database, tmp_path: Path) -> None:
    """The worker goes on, ends in order when it is told to, and the lines are counted."""
    reader, writer = os.pipe()
    metrics = tmp_path / "worker.prom"
    process = subprocess.Popen(
        [sys.executable, "-m", "worker", "run"],
        env={**environment(box.path, database.worker_dsn, OUTBOX_METRICS_FILE=str(metrics)), "PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
        stderr=writer,
    )
    os.close(writer)
    assert os.read(reader, 10)
    os.close(reader)
    until(lambda: applied_seq(database.dsn) == box.last_seq, what="delivered")
    box.append(lesson(99))
    until(lambda: applied_seq(database.dsn) == box.last_seq, what="delivered what came since")
    process.terminate()
    assert process.wait() == 0
    (told,) = [line for line in metrics.read_text().splitlines() if line.startswith("outbox_log_lines_lost_total ")]
    assert float(told.split()[1]) > 0


def test_a_listing_still_ends_where_its_reader_had_enough(box: Outbox, tmp_path: Path) -> None:
    """`outbox events | head`: a reading command has nothing else to do."""
    command = f"{sys.executable} -m outbox events --after 0 --limit 100000 | head -n 1"
    env = {**environment(box.path, None), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(["/bin/sh", "-c", command], env=env, cwd=tmp_path, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("stream", ["2>/dev/full", "2>&-"], ids=["a full disk", "closed"])
def test_a_remark_that_cannot_be_written_fails_no_command(stream: str, tmp_path: Path) -> None:
    """What the command did is done, and its exit code says so: of a generator, an operator's decision, a look."""
    filled(tmp_path / "box" / "outbox.db", 3).close()
    course = tmp_path / "curso"
    (course / "lessons").mkdir(parents=True)
    (course / "COURSE-BRIEF.md").write_text("# Curso\n")  # an incomplete brief is remarked upon
    (course / "lessons" / "01-um.md").write_text("# Um\n\nTexto.\n")
    codes = {
        command: subprocess.run(
            ["/bin/sh", "-c", f"exec {sys.executable} -m {command} {stream}"],
            env={**environment(tmp_path / "box" / "outbox.db", None), "PYTHONPATH": str(ROOT)},
            cwd=tmp_path,
            stdout=subprocess.DEVNULL,
            check=False,
        ).returncode
        for command in (
            f"generators import {course}",
            "outbox parked list",
            "outbox pause",
            "outbox resume",
            "outbox check",
            "outbox recover",
            "outbox parked retry 1",
        )
    }
    assert set(codes.values()) == {0, 1}
    assert [command for command, code in codes.items() if code] == ["outbox parked retry 1"]


@pytest.mark.parametrize("command", ["export", "events", "events --json", "status", "--help"])
def test_a_result_that_cannot_be_written_fails_the_command(command: str, tmp_path: Path) -> None:
    """An export on a full disk is no export."""
    filled(tmp_path / "box" / "outbox.db", 3).close()
    done = subprocess.run(
        ["/bin/sh", "-c", f"exec {sys.executable} -m outbox {command} >/dev/full"],
        # Buffered, as in production, whatever the tests are run with.
        env={**environment(tmp_path / "box" / "outbox.db", None), "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": ""},
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("error: no space left on the disk")
    assert len(done.stderr.splitlines()) == 1
