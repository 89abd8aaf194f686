"""Whatever is killed, and whenever: the final rows are those of an undisturbed run."""

import random
import shutil
import signal
from pathlib import Path

import pytest

from outbox import Outbox, OutboxPaths
from tests.support.make_outbox import filled
from tests.support.postgres import Database, Server
from tests.support.processes import environment, until, worker
from tests.support.rows import all_rows, applied_seq, digest
from worker import Ending, WorkerSettings, drain
from worker.standin import LocalPostgres

KILLS = 20
LESSONS = 1500


@pytest.fixture
def outbox(tmp_path: Path) -> Path:
    path = tmp_path / "outbox.db"
    with filled(path, LESSONS) as box:
        box.checkpoint()
    return path


def undisturbed(outbox: Path, server: Server, tmp_path: Path) -> dict[str, list[str]]:
    """What the same log comes to in another database when nobody interferes."""
    copy = tmp_path / "undisturbed" / "outbox.db"
    copy.parent.mkdir()
    shutil.copy(outbox, copy)
    database = server.clone(server.migrated())
    try:
        settings = WorkerSettings.from_env(environment(copy, database.worker_dsn))
        assert drain(settings).ending is Ending.EMPTY
        rows = all_rows(database.dsn)
        assert len(rows["contents"]) == LESSONS + 2
        return rows
    finally:
        server.drop(database)


def test_twenty_sigkills_of_the_worker_change_nothing(
    outbox: Path, server: Server, database: Database, tmp_path: Path
) -> None:
    """SIGKILL at random points of a drain: each effect once, rows equal byte for byte."""
    expected = undisturbed(outbox, server, tmp_path)
    with Outbox.open(outbox) as box:
        last_seq = box.last_seq
    env = environment(outbox, database.worker_dsn, OUTBOX_BATCH_EVENTS="25")
    chance = random.Random(20)
    killed_midway = 0
    for kill in range(1, KILLS + 1):
        goal = last_seq * kill // (KILLS + 2) + chance.randrange(25)
        with worker("drain", "--quiet", env=env, cwd=tmp_path) as process:
            until(lambda: applied_seq(database.dsn) >= goal or process.poll() is not None, what=f"position {goal}")  # noqa: B023
            process.send_signal(signal.SIGKILL)
            process.wait()
        killed_midway += 0 < applied_seq(database.dsn) < last_seq
    assert killed_midway == KILLS
    with worker("drain", "--quiet", env=env, cwd=tmp_path) as process:
        assert process.wait() == 0, process.stderr and process.stderr.read()
    rows = all_rows(database.dsn)
    assert rows == expected
    assert digest(rows) == digest(expected)


def test_immediate_stops_of_postgres_change_nothing(
    outbox: Path, server: Server, database: Database, tmp_path: Path, postgres: LocalPostgres
) -> None:
    """`pg_ctl stop -m immediate` in the middle of a drain: the worker waits, goes on, and nothing is lost or doubled."""
    expected = undisturbed(outbox, server, tmp_path)
    with Outbox.open(outbox) as box:
        last_seq = box.last_seq
    env = environment(outbox, database.worker_dsn, OUTBOX_BATCH_EVENTS="25")
    stops = 5
    with worker("drain", "--quiet", "--patience", "60", env=env, cwd=tmp_path) as process:
        for stop in range(1, stops + 1):
            goal = last_seq * stop // (stops + 2)
            until(lambda: applied_seq(database.dsn) >= goal, what=f"position {goal}")  # noqa: B023
            assert process.poll() is None
            postgres.stop("immediate")
            postgres.start()
        assert process.wait() == 0
    rows = all_rows(database.dsn)
    assert rows == expected
    with Outbox.open(outbox) as box:
        assert box.parked.count() == 0


def test_worker_and_postgres_killed_together_change_nothing(
    outbox: Path, server: Server, database: Database, tmp_path: Path, postgres: LocalPostgres
) -> None:
    """Both die at once, again and again: the position decides what is left to do."""
    expected = undisturbed(outbox, server, tmp_path)
    with Outbox.open(outbox) as box:
        last_seq = box.last_seq
    env = environment(outbox, database.worker_dsn, OUTBOX_BATCH_EVENTS="40")
    for kill in range(1, 6):
        with worker("drain", "--quiet", env=env, cwd=tmp_path) as process:
            until(lambda: applied_seq(database.dsn) >= last_seq * kill // 7, what="progress")  # noqa: B023
            postgres.stop("immediate")
            process.send_signal(signal.SIGKILL)
            process.wait()
        postgres.start()
    with worker("drain", "--quiet", env=env, cwd=tmp_path) as process:
        assert process.wait() == 0
    assert all_rows(database.dsn) == expected
    assert OutboxPaths(outbox).worker_lock.exists()
