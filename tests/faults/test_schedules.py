"""Random schedules of faults, seeded: network, worker and server, mixed; the outcome is that of an undisturbed run.

FAULT_SCHEDULES says how many; each is named by its seed, so that one that fails can be run alone (FAULT_FIRST_SEED).
"""

import os
import random
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from outbox import Outbox
from tests.support.fault_proxy import FaultProxy, Plan
from tests.support.make_outbox import filled
from tests.support.postgres import Server
from tests.support.processes import environment, until, worker
from tests.support.relaying import drain
from tests.support.rows import all_rows, applied_seq
from worker import Ending
from worker.standin import LocalPostgres

FIRST_SEED = int(os.environ.get("FAULT_FIRST_SEED", "1"))
SCHEDULES = int(os.environ.get("FAULT_SCHEDULES", "4"))
LESSONS = 120
FAULTS = 3
MARKERS = (b"begin", b'insert into "public"."contents"', b"update outbox.sources", b"commit")
COMMITTED = b"COMMIT\x00"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("template")
    with filled(folder / "outbox.db", LESSONS) as box:
        box.checkpoint()
    return folder / "outbox.db"


@pytest.fixture(scope="module")
def expected(template: Path, server: Server, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    copy = tmp_path_factory.mktemp("undisturbed") / "outbox.db"
    shutil.copy(template, copy)
    database = server.clone(server.migrated())
    with Outbox.open(copy) as box:
        assert drain(box, database.worker_dsn) is Ending.EMPTY
    rows = all_rows(database.dsn)
    server.drop(database)
    return rows


class Schedule:
    """One course of misfortunes."""

    def __init__(self, seed: int, proxy: FaultProxy, local: LocalPostgres) -> None:
        self.chance = random.Random(seed)
        self.proxy = proxy
        self.local = local
        self.told: list[str] = []

    def strike(self, process: subprocess.Popen[str]) -> None:
        """Let one fault happen."""
        kinds: list[Callable[[subprocess.Popen[str]], None]] = [
            self.cut, self.lose_commit, self.reset, self.black_hole, self.slow, self.refuse, self.kill, self.stop_server
        ]  # fmt: skip
        kind = self.chance.choice(kinds)
        self.told.append(kind.__name__)
        kind(process)

    def cut(self, _process: subprocess.Popen[str]) -> None:
        marker = self.chance.choice(MARKERS)
        self.proxy.plan = Plan(cut_request=lambda chunk: marker in chunk and self.proxy.plan.cuts == 0)

    def lose_commit(self, _process: subprocess.Popen[str]) -> None:
        self.proxy.plan = Plan(cut_answer=lambda chunk: COMMITTED in chunk and self.proxy.plan.cuts == 0)

    def reset(self, _process: subprocess.Popen[str]) -> None:
        self.proxy.plan = Plan(reset=True)
        self.proxy.cut_all()

    def black_hole(self, process: subprocess.Popen[str]) -> None:
        self.proxy.plan.black_hole = True
        if self.chance.random() < 0.5:
            self.kill(process)
        self.proxy.cut_all()
        self.proxy.plan = Plan()

    def slow(self, _process: subprocess.Popen[str]) -> None:
        self.proxy.plan = Plan(delay_seconds=self.chance.choice((0.002, 0.01)))

    def refuse(self, process: subprocess.Popen[str]) -> None:
        self.proxy.plan = Plan(refuse=True)
        self.proxy.cut_all()
        if self.chance.random() < 0.3:
            self.kill(process)
        self.proxy.plan = Plan()

    def kill(self, process: subprocess.Popen[str]) -> None:
        process.send_signal(signal.SIGKILL)
        process.wait()

    def stop_server(self, process: subprocess.Popen[str]) -> None:
        self.local.stop("immediate")
        if self.chance.random() < 0.3:
            self.kill(process)
        self.local.start()


@pytest.mark.parametrize("seed", range(FIRST_SEED, FIRST_SEED + SCHEDULES))
def test_a_random_schedule_of_faults_changes_nothing(
    seed: int, template: Path, expected: dict[str, list[str]], server: Server, tmp_path: Path
) -> None:
    """Rows equal an undisturbed run: none lost, none doubled, nobody blamed."""
    outbox = tmp_path / "outbox.db"
    shutil.copy(template, outbox)
    database = server.clone(server.migrated())
    with Outbox.open(outbox) as box, FaultProxy(database.worker_dsn) as proxy:
        schedule = Schedule(seed, proxy, server.local)
        env = environment(outbox, proxy.dsn, OUTBOX_BATCH_EVENTS=str(schedule.chance.choice((5, 20, 60))))
        strikes = sorted(schedule.chance.randrange(box.last_seq) for _ in range(FAULTS))
        while True:
            with worker("drain", "--quiet", "--patience", "60", env=env, cwd=tmp_path) as process:
                while strikes:
                    goal = strikes[0]
                    until(
                        lambda: process.poll() is not None or applied_seq(database.dsn) >= goal,  # noqa: B023
                        what=f"{goal} of {box.last_seq} after {schedule.told}",
                    )
                    if process.poll() is not None:
                        break
                    strikes.pop(0)
                    schedule.strike(process)
                code = process.wait()
            if code == 0:
                break
            assert code == -signal.SIGKILL, (code, schedule.told)
        assert all_rows(database.dsn) == expected, schedule.told
        assert box.parked.count() == 0, schedule.told
    server.drop(database)
