"""A worker beside a writer that stands still, or on a full disk: it delivers, says so once, and ends when told to."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from outbox import Outbox
from tests.support.make_outbox import lesson, project
from tests.support.postgres import Database
from tests.support.processes import PROMPT_SECONDS, ROOT, environment, until, worker
from tests.support.rows import applied_seq


@pytest.fixture
def outbox(tmp_path: Path) -> Path:
    path = tmp_path / "outbox.db"
    with Outbox.open(path, content_root=tmp_path / "content") as box:
        box.append(*project(), lesson(1), lesson(2))
    return path


@contextmanager
def standing_still(outbox: Path, how: str) -> Iterator[None]:
    script = ROOT / "tests" / "support" / "stopped_writer.py"
    process = subprocess.Popen([sys.executable, script, outbox, how], stdout=subprocess.PIPE, cwd=ROOT, env={
        **environment(outbox, None), "PYTHONPATH": str(ROOT)})  # fmt: skip
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"stands still\n"
        yield
    finally:
        process.kill()
        process.communicate()


def told(errors: str) -> list[str]:
    return [json.loads(line)["event"] for line in errors.splitlines() if line.startswith("{")]


@pytest.mark.parametrize("how", ["gate", "write"])
@pytest.mark.parametrize("started", ["before", "after"])
def test_a_writer_that_stands_still_holds_up_no_delivery_and_no_end(
    started: str, how: str, outbox: Path, database: Database, tmp_path: Path
) -> None:
    """Its notes are left out, which is told once; SIGTERM ends it in time with 0, whoever holds the lock."""
    env = environment(outbox, database.worker_dsn, OUTBOX_POLL_SECONDS="0.2")
    last = 6 if started == "before" else 5
    if started == "after":
        with standing_still(outbox, how), worker("run", env=env, cwd=tmp_path) as process:
            until(lambda: applied_seq(database.dsn) == last, what="delivered beside it")
            process.send_signal(signal.SIGTERM)
            assert process.wait(PROMPT_SECONDS) == 0
            _, errors = process.communicate()
    else:
        with worker("run", env=env, cwd=tmp_path) as process:
            until(lambda: applied_seq(database.dsn) == 5, what="delivered before")
            with Outbox.open(outbox) as box:
                box.append(lesson(3))
            with standing_still(outbox, how):
                until(lambda: applied_seq(database.dsn) == last, what="delivered beside it")
                process.send_signal(signal.SIGTERM)
                assert process.wait(PROMPT_SECONDS) == 0
            _, errors = process.communicate()
    assert told(errors).count("relay.note_failed") <= 1
    assert "Traceback" not in errors


def test_a_drain_beside_a_writer_that_stands_still_delivers_everything(
    outbox: Path, database: Database, tmp_path: Path
) -> None:
    """And ends with 0: the work is done."""
    env = environment(outbox, database.worker_dsn)
    with standing_still(outbox, "gate"), worker("drain", env=env, cwd=tmp_path) as process:
        _, errors = process.communicate()
        assert process.returncode == 0, errors
    assert applied_seq(database.dsn) == 5


@pytest.mark.parametrize("command", ["run", "drain"])
def test_a_worker_that_is_started_on_a_full_disk_delivers(command: str, database: Database, tmp_path: Path) -> None:
    """From a copy in memory where there is no room to open the file; with room again it goes on with the file."""
    unshare = shutil.which("unshare")
    namespaces = ["--mount"] if os.geteuid() == 0 else ["--map-root-user", "--mount"]
    if unshare is None or subprocess.run([unshare, *namespaces, "true"], capture_output=True, check=False).returncode:
        pytest.skip("NOT RUN: a small file system needs root or user namespaces")
    script = ROOT / "tests" / "support" / "full_disk_worker.py"
    done = subprocess.run(
        [unshare, *namespaces, "sh", "-c", 'mount -t tmpfs -o size=8m tmpfs "$1" && shift 0 && exec "$2" "$3" "$1" "$4" "$5" "$6"',
         "sh", tmp_path, sys.executable, script, database.dsn, database.worker_dsn, command],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["delivered"], found["exit"]) == (True, 0), found["log"]
    assert found["told"].count("worker.no_room") == 1
    once = [name for name in found["told"] if name != "worker.started"]
    assert len(once) == len(set(once)), found["told"]
