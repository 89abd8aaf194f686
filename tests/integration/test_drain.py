"""`worker drain` by contract: exit codes, pace, report."""

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from contextlib import suppress
from pathlib import Path

import pytest

from outbox import Outbox
from tests.support.make_outbox import filled
from tests.support.postgres import Database
from tests.support.processes import ROOT, environment, worker
from tests.support.rows import applied_seq
from worker import Ending, Holding, WorkerSettings, drain
from worker.standin import LocalPostgres


@pytest.fixture
def outbox(tmp_path: Path) -> Path:
    path = tmp_path / "outbox.db"
    filled(path, 30).close()
    return path


def settings(outbox: Path, dsn: str, **more: str) -> WorkerSettings:
    return WorkerSettings.from_env(environment(outbox, dsn, **more))


def test_an_emptied_outbox_exits_0_and_reports(outbox: Path, database: Database, tmp_path: Path) -> None:
    with worker("drain", "--json", env=environment(outbox, database.worker_dsn), cwd=tmp_path) as process:
        out, _ = process.communicate()
        assert process.returncode == 0
    report = json.loads(out)
    assert set(report) == {"ending", "events", "seconds", "rate_per_second", "remaining", "parked"}
    assert (report["ending"], report["remaining"]) == ("empty", 0)
    assert report["events"] == applied_seq(database.dsn)


def test_on_a_terminal_a_bar_shows_how_far_it_is(outbox: Path, database: Database, tmp_path: Path) -> None:
    """How many of how many, how fast, and how long still; the report stays alone on stdout."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    with Outbox.open(outbox) as box:
        last = box.last_seq
    env = environment(outbox, database.worker_dsn, OUTBOX_BATCH_EVENTS="5", TERM="xterm")
    process = subprocess.Popen(
        [sys.executable, "-m", "worker", "drain"],
        env={**env, "PYTHONPATH": str(ROOT)}, cwd=tmp_path, stdout=subprocess.PIPE, stderr=theirs, text=True,
    )  # fmt: skip
    os.close(theirs)
    shown = b""
    with suppress(OSError):  # Linux says so when nobody holds the other end any more
        while read := os.read(ours, 65536):
            shown += read
    os.close(ours)
    out, _ = process.communicate()
    screen = shown.decode()
    assert process.returncode == 0, screen
    assert f"empty: {last} events in" in out
    assert "draining" in screen
    assert f"{last}/{last}" in screen
    assert re.search(r"[0-9,]+ events/s", screen)
    assert "0:00:00 left" in screen
    assert "relay.batch_applied" not in screen


def test_a_time_limit_leaves_work_and_exits_4(outbox: Path, database: Database) -> None:
    done = drain(settings(outbox, database.worker_dsn), timeout_seconds=0.5, max_rate=10)
    assert (done.ending, done.exit_code) == (Ending.TIMED_OUT, 4)
    assert done.remaining > 0


def test_an_unreachable_database_exits_5(outbox: Path) -> None:
    done = drain(settings(outbox, "postgresql://u:p@127.0.0.1:1/x"), patience_seconds=0.2)
    assert (done.ending, done.exit_code) == (Ending.UNREACHABLE, 5)
    with Outbox.open(outbox) as box:
        assert done.remaining == box.last_seq
        assert box.parked.count() == 0


def test_the_rate_is_kept(outbox: Path, database: Database) -> None:
    """30 events per second at most, measured over the whole drain."""
    done = drain(settings(outbox, database.worker_dsn), max_rate=30)
    assert done.ending is Ending.EMPTY
    assert 30 < done.events <= 30 * (done.seconds + 1)


def test_the_flag_off_is_refused(outbox: Path, database: Database) -> None:
    with pytest.raises(Holding):
        drain(settings(outbox, database.worker_dsn, CREATOR_OS_DB_PERSIST="false"))


def test_local_needs_no_url_and_no_administrator_and_stops_what_it_started(outbox: Path, tmp_path: Path) -> None:
    """An embedded Postgres beside the outbox: made, migrated, used by every command as outbox_worker, stopped."""
    env = environment(outbox, None)
    local = LocalPostgres(tmp_path / "local-postgres")

    def run(*command: str) -> str:
        with worker(*command, "--local", env=env, cwd=tmp_path) as process:
            out, errors = process.communicate()
            assert process.returncode == 0, errors
        assert not local.running
        return out

    run("drain", "--quiet")
    assert json.loads(run("verify", "--json"))["differences"] == []
    role = next(one for one in json.loads(run("doctor", "--json")) if one["check"] == "role")
    assert role == {"check": "role", "outcome": "ok", "found": "outbox_worker", "remedy": ""}
    run("replay", "--all", "--quiet")
    assert "4 events" in run("replay", "--aggregate", "curso-x--aula-3")
    assert json.loads(run("verify", "--json"))["differences"] == []
    local.remove_data()
