"""The list in Postgres changes as it is drawn, whoever writes: behind the position, under its lock, behind something."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import psycopg
import pytest

from tests.support.postgres import Database
from worker.apply.queries import query

OUTBOX = UUID(int=7)
POSITION = 5
PARK = (
    "insert into outbox.parked (outbox_id, seq, event_id, state) values (%s, %s, gen_random_uuid(), %s) "
    "on conflict (outbox_id, seq) do update set state = excluded.state"
)


@pytest.fixture
def worker(database: Database) -> Iterator[psycopg.Connection]:
    """The worker's own role, with events 2 (parked) and 3 (held) on the list and the position at 5."""
    with psycopg.connect(database.worker_dsn, autocommit=True) as connection:
        connection.execute("insert into outbox.sources (outbox_id, applied_seq) values (%s, %s)", [OUTBOX, POSITION])
        for seq, state in ((2, "parked"), (3, "held")):
            connection.execute(PARK, [OUTBOX, seq, state])
        yield connection


def refused(connection: psycopg.Connection, statement: str, *values: object) -> str | None:
    """Which rule a transaction breaks; None where it is taken, and then taken back."""
    try:
        with connection.transaction(force_rollback=True):
            connection.execute(statement.encode(), values)
            connection.execute("set constraints all immediate")
    except psycopg.errors.CheckViolation as error:
        return error.diag.constraint_name
    return None


@pytest.mark.parametrize(("seq", "broken"), [(1, None), (POSITION, None), (POSITION + 1, "parked_behind_position")])
def test_nothing_is_parked_beyond_the_position(worker: psycopg.Connection, seq: int, broken: str | None) -> None:
    """What lies beyond is read again: it would wait for itself."""
    assert refused(worker, PARK, OUTBOX, seq, "parked") == broken


@pytest.mark.parametrize(("seq", "broken"), [(1, "held_behind_earlier"), (4, None)])
def test_held_is_only_what_has_something_before_it(worker: psycopg.Connection, seq: int, broken: str | None) -> None:
    assert refused(worker, PARK, OUTBOX, seq, "held") == broken


def test_the_list_of_another_outbox_is_nothing_to_wait_for(worker: psycopg.Connection) -> None:
    other = UUID(int=8)
    worker.execute("insert into outbox.sources (outbox_id, applied_seq) values (%s, 9)", [other])
    assert refused(worker, PARK, other, 9, "held") == "held_behind_earlier"


@pytest.mark.parametrize(
    ("seq", "state", "broken"),
    [(2, "parked", None), (2, "held", "parked_is_not_held"), (3, "held", None), (3, "parked", None)],
)
def test_a_row_is_found_at_fault_and_never_the_other_way_round(
    worker: psycopg.Connection, seq: int, state: str, broken: str | None
) -> None:
    assert refused(worker, PARK, OUTBOX, seq, state) == broken


@pytest.mark.parametrize("change", ["seq = 4", "event_id = gen_random_uuid()", "outbox_id = gen_random_uuid()"])
def test_a_row_stays_of_its_event(worker: psycopg.Connection, change: str) -> None:
    with pytest.raises((psycopg.errors.CheckViolation, psycopg.errors.InsufficientPrivilege)):
        worker.execute(f"update outbox.parked set {change} where seq = 3".encode())


def test_the_position_is_set_back_together_with_the_list(worker: psycopg.Connection) -> None:
    """A replay that leaves behind what it reads again is refused, whatever program it is of."""
    back = "update outbox.sources set applied_seq = %s"
    assert refused(worker, back, 2) == "parked_behind_position"
    assert refused(worker, back, 3) is None
    assert refused(worker, f"with gone as (delete from outbox.parked where seq > 2) {back}", 2) is None


@pytest.mark.parametrize(
    "change",
    [
        "insert into outbox.parked (outbox_id, seq, event_id, state) values (%s, 4, gen_random_uuid(), 'parked')",
        "update outbox.parked set attempts = 9 where outbox_id = %s",
        "delete from outbox.parked where outbox_id = %s",
    ],
)
def test_whoever_changes_the_list_takes_the_lock_of_the_position(
    worker: psycopg.Connection, database: Database, change: str
) -> None:
    """So nobody, by hand either, changes it while a worker applies what stands on it."""
    with psycopg.connect(database.dsn) as owner:
        owner.execute("set lock_timeout = '50ms'")
        with worker.transaction():
            worker.execute("select from outbox.sources where outbox_id = %s for update", [OUTBOX])
            with pytest.raises(psycopg.errors.LockNotAvailable):
                owner.execute(change.encode(), [OUTBOX])
        owner.rollback()
        owner.execute(change.encode(), [OUTBOX])


@pytest.mark.parametrize("statement", ["unpark", "still_parked"])
def test_what_a_batch_asks_of_the_list_reads_no_other_rows(
    worker: psycopg.Connection, database: Database, statement: str
) -> None:
    """A batch of a long release took forty times as long: a table without statistics was read as a whole for each."""
    with psycopg.connect(database.dsn, autocommit=True) as owner:
        owner.execute("update outbox.sources set applied_seq = 30000 where outbox_id = %s", [OUTBOX])
        owner.execute("alter table outbox.parked set (autovacuum_enabled = false)")
        owner.execute(
            "insert into outbox.parked (outbox_id, seq, event_id, state) "
            "select %s, n, gen_random_uuid(), 'held' from generate_series(10, 30000) as n",
            [OUTBOX],
        )
    seqs = list(range(1000, 1500))
    with worker.transaction(force_rollback=True):
        asked = psycopg.ClientCursor(worker).mogrify(query("relay", statement), {"outbox_id": OUTBOX, "seqs": seqs})
        ((plan,),) = worker.execute(f"explain (analyze, format json) {asked}".encode()).fetchall()
    scans = [node for node in _nodes(plan[0]["Plan"]) if node.get("Relation Name") == "parked"]
    read = [(scan["Actual Rows"] + scan.get("Rows Removed by Filter", 0)) * scan["Actual Loops"] for scan in scans]
    assert read
    assert max(read) <= len(seqs)


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from _nodes(part)
