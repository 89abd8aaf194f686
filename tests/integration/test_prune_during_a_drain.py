"""Pruning beside a worker that drains: what goes was delivered and proven, and nothing else is missing anywhere."""

import shutil
from pathlib import Path

from outbox import Outbox
from outbox.ops.check import run_checks
from outbox.ops.prune import plan_prune, prune
from tests.support.make_outbox import filled
from tests.support.postgres import Database, Server
from tests.support.relaying import drain, relay
from tests.support.rows import all_rows
from worker import Ending
from worker.connect.connection import connect
from worker.proof.verify import verify_all
from worker.run.report import NOTE_EVERY_SECONDS


def undisturbed(outbox: Path, server: Server) -> dict[str, list[str]]:
    copy = outbox.with_name("copy.db")
    shutil.copyfile(outbox, copy)
    database = server.clone(server.migrated())
    with Outbox.open(copy) as box:
        assert drain(box, database.worker_dsn, max_events=25) is Ending.EMPTY
    rows = all_rows(database.dsn)
    server.drop(database)
    return rows


def test_pruning_during_a_drain_loses_nothing(database: Database, server: Server, tmp_path: Path) -> None:
    """After every batch somebody proves and prunes; the rows are those of a drain that nobody disturbed."""
    path = tmp_path / "outbox.db"
    filled(path, 60).close()
    expected = undisturbed(path, server)
    pruned: list[int] = []
    now = 0.0

    def prove_and_prune(*_batch: object) -> None:
        nonlocal now
        now += NOTE_EVERY_SECONDS  # a proof reaches as far as the position that the worker has noted
        with Outbox.open(path) as operator, connect(database.worker_dsn) as connection:
            assert verify_all(connection, operator, tmp_path).proven
            pruned.append(prune(operator, plan_prune(operator, keep_days=0)))

    with Outbox.open(path) as box:
        appended = box.last_seq
        assert (
            relay(box, database.worker_dsn, max_events=25, on_batch=prove_and_prune, clock=lambda: now).run()
            is Ending.EMPTY
        )
        assert sum(pruned) > appended // 2
        assert [event.seq for event in box.read()] == list(range(sum(pruned) + 1, appended + 1))
        assert [found.name for found in run_checks(box) if not found.ok] == []
    assert all_rows(database.dsn) == expected
