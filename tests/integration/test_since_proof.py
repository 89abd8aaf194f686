"""`worker verify --since-proof` goes on where the last proof ended, and proves what a whole one would."""

import json
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from outbox import Outbox, Resolution
from outbox import catalogue as c
from outbox.operating import plan_prune, prune
from tests.support.make_outbox import PROJECT, filled, lesson
from tests.support.postgres import Database, Server
from tests.support.processes import environment, worker
from tests.support.relaying import drain
from worker.connect.connection import Connection, connect
from worker.proof import kept
from worker.proof.verify import Verified, verify_all

EXECUTION = UUID(int=7)


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Outbox]:
    with filled(tmp_path / "outbox.db", 20) as opened:
        yield opened


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    with connect(database.worker_dsn) as opened:
        yield opened


def said(found: Verified) -> list[tuple[str, str]]:
    return [(one.kind, one.what) for one in found.differences]


def change(database: Database, number: int) -> None:
    with psycopg.connect(database.dsn, autocommit=True) as owner:
        owner.execute("update contents set title = 'x' where slug = %s", [f"{PROJECT}--aula-{number}"])


def test_only_what_came_since_is_compared_and_the_proof_moves_on(
    box: Outbox, database: Database, connection: Connection, tmp_path: Path
) -> None:
    """What somebody changed in a row that was proven before is for a whole verify to find."""
    drain(box, database.worker_dsn)
    everything = verify_all(connection, box, tmp_path, since_proof=True)
    assert (everything.events, everything.differences) == (box.last_seq, [])
    change(database, 1)
    proven = box.last_seq
    box.append(lesson(21), c.ContentFidelityScored(slug=f"{PROJECT}--aula-2", score=0.25))
    drain(box, database.worker_dsn)
    found = verify_all(connection, box, tmp_path, since_proof=True)
    assert (found.events, found.rows, found.agree, found.differences) == (2, 2, 2, [])
    assert box.relay.verified_seq == proven + 2
    assert said(verify_all(connection, box, tmp_path)) == [("row_differs", f"content {PROJECT}--aula-1")]
    assert box.relay.verified_seq == 0


def test_a_row_that_differs_since_then_takes_the_proof_back(
    box: Outbox, database: Database, connection: Connection, tmp_path: Path
) -> None:
    """As where everything is compared: nothing is pruned, and the next one begins at the first event."""
    drain(box, database.worker_dsn)
    verify_all(connection, box, tmp_path)
    box.append(lesson(21))
    drain(box, database.worker_dsn)
    change(database, 21)
    assert said(verify_all(connection, box, tmp_path, since_proof=True)) == [
        ("row_differs", f"content {PROJECT}--aula-21")
    ]
    assert box.relay.verified_seq == 0
    assert verify_all(connection, box, tmp_path, since_proof=True).events == box.last_seq


def test_another_database_is_compared_from_the_first_event(
    box: Outbox, database: Database, server: Server, connection: Connection, tmp_path: Path
) -> None:
    """It is what was proven of this very database that counts."""
    drain(box, database.worker_dsn)
    verify_all(connection, box, tmp_path)
    other = server.clone(server.migrated())
    with connect(other.worker_dsn) as elsewhere:
        assert verify_all(elsewhere, box, tmp_path, since_proof=True).events == box.last_seq
    server.drop(other)


def test_a_parked_event_is_compared_once_it_is_applied(
    box: Outbox, database: Database, connection: Connection, tmp_path: Path
) -> None:
    """A proof ends before the first that is parked: when that is applied, it is neither taken for proven nor pruned."""
    box.append(lesson(30))
    box.append(
        c.ContentUpserted(slug="late", title="T", content_type="course_lesson", generation_execution_id=EXECUTION)
    )
    parked = box.last_seq
    box.append(lesson(31))
    drain(box, database.worker_dsn)
    assert [row.seq for row in box.parked.list()] == [parked]
    found = verify_all(connection, box, tmp_path)
    assert said(found) == [("parked", "content late")]
    assert plan_prune(box, keep_days=0).below_seq == parked
    with psycopg.connect(database.dsn, autocommit=True) as owner:
        owner.execute("insert into job_executions (id) values (%s)", [EXECUTION])
    box.parked.release(parked, Resolution.RETRY)
    drain(box, database.worker_dsn)
    assert not box.parked.list()
    with psycopg.connect(database.dsn, autocommit=True) as owner:
        owner.execute("update contents set title = 'x' where slug = 'late'")
    prune(box, plan_prune(box, keep_days=0))
    assert box.event(parked).seq == parked
    found = verify_all(connection, box, tmp_path, since_proof=True)
    assert (found.events, said(found)) == (2, [("row_differs", "content late")])


def test_a_log_of_many_aggregates_is_compared_as_one_of_few(
    box: Outbox, database: Database, connection: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Entries that were moved to the disk are compared, and repaired, like those in memory."""
    drain(box, database.worker_dsn)
    for number in (2, 17):
        change(database, number)
    usual = verify_all(connection, box, tmp_path)
    monkeypatch.setattr(kept, "MOST", 3)
    found = verify_all(connection, box, tmp_path)
    assert (found.events, found.rows, found.agree) == (usual.events, usual.rows, usual.agree)
    assert (
        sorted(said(found))
        == sorted(said(usual))
        == [
            ("row_differs", f"content {PROJECT}--aula-17"),
            ("row_differs", f"content {PROJECT}--aula-2"),
        ]
    )


def test_the_command_says_what_it_compared(box: Outbox, database: Database, tmp_path: Path) -> None:
    """The events that it read are those since the proof."""
    drain(box, database.worker_dsn)
    counted = []
    for more in ([], ["--since-proof"]):
        arguments = ("verify", "--json", *more)
        with worker(*arguments, env=environment(box.path, database.worker_dsn), cwd=tmp_path) as process:
            out, errors = process.communicate()
        assert process.returncode == 0, errors
        counted.append(json.loads(out)["events"])
    assert counted == [box.last_seq, 0]
