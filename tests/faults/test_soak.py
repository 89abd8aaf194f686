"""*Soak*: generation without pause and a fault every few seconds, for as long as SOAK_SECONDS says; nothing lost, nothing doubled.

`make soak` runs it for ten minutes and shows the report. SOAK_SEED gives another order of faults, SOAK_REPORT names a
file for the report as JSON.
"""

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from outbox import Outbox
from tests.support.fault_proxy import FaultProxy
from tests.support.postgres import Database, Server
from tests.support.processes import environment, worker
from tests.support.rows import applied_seq
from tests.support.soak.crew import LANES, Crew
from tests.support.soak.misfortunes import Misfortunes
from tests.support.soak.proof import assert_rows_are_a_replay_of_the_log, assert_whole, compare, witness
from tests.support.soak.report import SoakReport

SECONDS = float(os.environ.get("SOAK_SECONDS", "20"))
SEED = int(os.environ.get("SOAK_SEED", "1"))
REST_UNITS = 120  # between two faults: some of it is applied


@pytest.mark.timeout(SECONDS * 2 + 600)
def test_generation_without_pause_survives_a_fault_every_few_seconds(
    server: Server, database: Database, tmp_path: Path
) -> None:
    """Whatever was acknowledged is in the log once and in Postgres once, and rows equal a replay of the log."""
    witness(database.dsn)
    outbox = tmp_path / "box" / "outbox.db"
    outbox.parent.mkdir()
    with FaultProxy(database.worker_dsn) as proxy:
        env = environment(
            outbox, proxy.dsn, OUTBOX_BATCH_EVENTS="100", OUTBOX_STATEMENT_TIMEOUT_SECONDS="2", OUTBOX_POLL_SECONDS="1"
        )
        crew = Crew(outbox, env, tmp_path)
        misfortunes = Misfortunes(SEED, crew, proxy, server.local)
        began = time.monotonic()
        try:
            crew.begin()
            crew.until_more(REST_UNITS)
            most_behind = 0
            while time.monotonic() - began < SECONDS:
                misfortunes.strike()
                most_behind = max(most_behind, crew.told.events - applied_seq(database.dsn))
                crew.until_more(REST_UNITS)
            lasted = time.monotonic() - began
            crew.end_generators()
            applied_meanwhile = applied_seq(database.dsn)
            crew.end_worker()
        finally:
            crew.kill_all()
        assert set(crew.worker_ends) <= {-signal.SIGKILL}, "the worker ended by itself"
        with worker("drain", "--quiet", "--patience", "60", env=env, cwd=tmp_path) as process:
            drain_began = time.monotonic()
            assert process.wait() == 0, process.stderr and process.stderr.read()
            drained = time.monotonic() - drain_began
        with worker("verify", "--json", env=env, cwd=tmp_path) as process:
            out, err = process.communicate()
            assert process.returncode == 0, out + err
    assert_whole(outbox, outbox.parent / "content")
    found = compare(outbox, crew.told.acknowledged, database.dsn)
    report = SoakReport(
        seed=SEED,
        seconds=round(lasted, 1),
        generators=len(LANES),
        generator_lives=sum(int(life.lstrip("abc")) for life in crew.lives.values()),
        units_acknowledged=len(crew.told.acknowledged),
        events_in_log=found.events,
        events_generated_per_second=round(found.events / lasted, 1),
        events_applied_per_second=round(applied_meanwhile / lasted, 1),
        batches=found.batches,
        drain_seconds=round(drained, 1),
        most_behind_events=most_behind,
        outages=_outages(outbox),
        refusals_told=crew.told.refused.total(),
        worker_starts=1 + crew.worker_ends.total(),
        faults=dict(misfortunes.survived),
        lost=found.lost,
        doubled=found.doubled,
    )
    _tell(report)
    assert (report.lost, report.doubled) == (0, 0)
    assert_rows_are_a_replay_of_the_log(outbox, database.dsn, server, tmp_path)


def _outages(outbox: Path) -> int:
    with Outbox.open(outbox) as box:
        (count,) = box.connection.execute("select count(*) from outages where ended_at is not null").fetchone()
    return int(count)


def _tell(report: SoakReport) -> None:
    sys.stdout.write(f"{report.as_json()}\n\n{report.as_table()}\n")
    if "SOAK_REPORT" in os.environ:
        Path(os.environ["SOAK_REPORT"]).write_text(report.as_json() + "\n")
