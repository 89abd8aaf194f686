"""Recorded events land as rows of `outbox.inbox`: once, in order, to be followed, pruned and projected."""

import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from outbox import ContractError, Outbox, Recorded, Resolution
from outbox import catalogue as c
from tests.support.fault_proxy import FaultProxy
from tests.support.make_outbox import lesson, project
from tests.support.postgres import Database
from tests.support.processes import ROOT
from tests.support.relaying import NoWaiting, drain, relay
from worker import Ending
from worker.apply.position import greet
from worker.connect.connection import connect
from worker.proof.repair import repair_all
from worker.proof.verify import verify_all
from worker.run.replay import rewind


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Outbox]:
    with Outbox.open(tmp_path / "outbox.db") as box:
        yield box


def ask(database: Database, *statements: str, dsn: str | None = None) -> list[Any]:
    with psycopg.connect(dsn or database.dsn, autocommit=True) as connection:
        for statement in statements:
            cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def inbox(database: Database) -> list[Any]:
    return ask(database, "select seq, type, key, data from outbox.inbox order by id")


def order(number: int, **data: Any) -> Recorded:
    return Recorded(type="order.placed", key=f"A-{number}", data=data)


def test_each_recorded_event_is_a_row_as_it_was_said(box: Outbox, database: Database) -> None:
    """With the identity of its event and both times, beside events that have tables of their own."""
    box.append(*project(), order(17, total="19.90", lines=[{"sku": "x", "n": 2}]), lesson(1), order(18))
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    assert inbox(database) == [
        (4, "order.placed", "A-17", {"total": "19.90", "lines": [{"sku": "x", "n": 2}]}),
        (6, "order.placed", "A-18", {}),
    ]
    event = box.event(4)
    assert ask(database, "select outbox_id, event_id, occurred_at from outbox.inbox where seq = 4") == [
        (box.outbox_id, event.event_id, event.occurred_at)
    ]


def test_the_same_fact_twice_is_two_rows(box: Outbox, database: Database) -> None:
    """A state that stands already is no news; a fact that happened again is one."""
    box.append(order(1), order(1))
    box.append(order(1))
    assert [event.previous_seq for event in box.events()] == [None, 1, 2]
    drain(box, database.worker_dsn)
    assert [row[0] for row in inbox(database)] == [1, 2, 3]


@pytest.mark.parametrize("max_events", [1, 3, 500])
def test_rows_arrive_in_the_order_of_the_log_whatever_the_batches(
    box: Outbox, database: Database, max_events: int
) -> None:
    """The smaller id was committed earlier; a second connection takes no half of such a batch."""
    box.append(*project(), *(one for number in range(40) for one in (order(number), lesson(number))))
    assert drain(box, database.worker_dsn, max_events=max_events) is Ending.EMPTY
    seqs = [row[0] for row in inbox(database)]
    assert seqs == sorted(seqs)
    assert len(seqs) == 40


def test_a_lost_answer_and_a_replay_double_nothing(box: Outbox, database: Database) -> None:
    """A row is known by its place in the log; what the database changed of it is put right."""
    box.append(*(order(number) for number in range(10)))
    with FaultProxy(database.worker_dsn) as proxy:
        cut: list[bytes] = []

        def first_commit(answer: bytes) -> bool:
            if b"COMMIT" in answer and not cut:
                cut.append(answer)
                return True
            return False

        proxy.plan.cut_answer = first_commit
        assert relay(box, proxy.dsn, waker=NoWaiting(), max_events=4).run() is Ending.EMPTY
    assert cut
    before = ask(database, "select id, seq, event_id, applied_at from outbox.inbox order by id")
    assert len(before) == 10
    ask(database, "update outbox.inbox set key = 'changed' where seq = 5")
    with connect(database.worker_dsn) as connection:
        rewind(connection, box, 1)
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    assert ask(database, "select id, seq, event_id, applied_at from outbox.inbox order by id") == before
    assert [row[2] for row in inbox(database)] == [f"A-{number}" for number in range(10)]


def test_what_a_trigger_refuses_is_parked_with_the_next_of_its_type_and_key(box: Outbox, database: Database) -> None:
    """Others of the same type flow; when it is mended, it comes before the next of its key."""
    ask(database, "alter table outbox.inbox add constraint refused check (data ->> 'total' is distinct from 'bad')")
    box.append(order(1, total="bad"), order(2), order(1, total="good"), Recorded(type="order.paid", key="A-1"))
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    assert [row[0] for row in inbox(database)] == [2, 4]
    assert [(row.seq, row.state.value) for row in box.parked.list()] == [(1, "parked"), (3, "held")]
    ask(database, "alter table outbox.inbox drop constraint refused")
    box.parked.release(1, Resolution.RETRY, reason="mended")
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    assert [row[0] for row in inbox(database)] == [2, 4, 1, 3]
    assert box.parked.list() == []


def test_a_row_that_is_kept_out_without_an_error_is_noticed(box: Outbox, database: Database) -> None:
    """The position does not pass an event that left no row."""
    ask(
        database,
        "create function keep_out() returns trigger language plpgsql as $$ begin"
        " return case when new.key = 'A-2' then null else new end; end $$",
        "create trigger keep_out before insert on outbox.inbox for each row execute function keep_out()",
    )
    box.append(order(1), order(2), order(3))
    assert drain(box, database.worker_dsn) is Ending.EMPTY
    assert [row[0] for row in inbox(database)] == [1, 3]
    assert [row.seq for row in box.parked.list()] == [2]


def test_verify_proves_each_row_and_repair_brings_it_back(box: Outbox, database: Database, tmp_path: Path) -> None:
    """A missing and a changed row are named by type and key; nothing is proven until they are right."""
    box.append(*(order(number, n=number) for number in range(5)))
    drain(box, database.worker_dsn)
    with connect(database.worker_dsn) as connection:
        found = verify_all(connection, box, tmp_path)
        assert (found.differences, found.rows, found.agree) == ([], 5, 5)
        assert box.relay.verified_seq == 5
        ask(database, "delete from outbox.inbox where seq = 2", "update outbox.inbox set data = '{}' where seq = 4")
        found = verify_all(connection, box, tmp_path)
        assert [(one.kind, one.what, one.detail) for one in found.differences] == [
            ("row_missing", 'inbox ["order.placed", "A-1"]', "event 2: it is not there"),
            ("row_differs", 'inbox ["order.placed", "A-3"]', "event 4: data"),
        ]
        assert box.relay.verified_seq == 0
        assert [one.reason for one in repair_all(connection, box, found, greet(connection, box))] == [None, None]
        assert verify_all(connection, box, tmp_path).differences == []
    box.append(order(9))
    with connect(database.worker_dsn) as connection:
        found = verify_all(connection, box, tmp_path)
    assert [(one.kind, one.what) for one in found.differences] == [("waiting", 'inbox ["order.placed", "A-9"]')]


def test_a_listener_is_told_after_the_commit_and_reads_by_position(box: Outbox, database: Database) -> None:
    """NOTIFY names the outbox and the newest id; what is read after the last id is all that is new."""
    with psycopg.connect(database.dsn, autocommit=True) as reader:
        reader.execute("listen outbox_inbox")
        box.append(order(1), order(2))
        drain(box, database.worker_dsn)
        (told,) = reader.notifies(timeout=60, stop_after=1)
        outbox_id, newest = told.payload.split()
        assert uuid.UUID(outbox_id) == box.outbox_id
        new = "select id, key from outbox.inbox where outbox_id = %s and id > %s order by id"
        first = reader.execute(new, [outbox_id, 0]).fetchall()
        assert ([key for _, key in first], first[-1][0]) == (["A-1", "A-2"], int(newest))
        box.append(order(3))
        drain(box, database.worker_dsn)
        assert [key for _, key in reader.execute(new, [outbox_id, newest]).fetchall()] == ["A-3"]


def test_what_was_pruned_stays_away_also_after_a_replay(box: Outbox, database: Database, tmp_path: Path) -> None:
    """A prune takes a beginning, spares what is newer and what may come yet, and the proof holds without it."""
    ask(database, "alter table outbox.inbox add constraint refused check (key <> 'A-4')")
    box.append(*(order(number) for number in range(1, 7)))
    drain(box, database.worker_dsn)
    ask(database, "update outbox.inbox set applied_at = now() - interval '2 days' where seq <> 6")
    assert ask(database, "select outbox.prune_inbox('1 day')") == [(3,)]
    assert [row[0] for row in inbox(database)] == [5, 6]
    ask(database, "alter table outbox.inbox drop constraint refused")
    box.parked.release(4, Resolution.RETRY, reason="mended")
    drain(box, database.worker_dsn)
    assert [row[0] for row in inbox(database)] == [5, 6, 4]
    with connect(database.worker_dsn) as connection:
        rewind(connection, box, 1)
    drain(box, database.worker_dsn)
    assert [row[0] for row in inbox(database)] == [5, 6, 4]
    with connect(database.worker_dsn) as connection:
        assert verify_all(connection, box, tmp_path).differences == []
    assert ask(database, "select outbox.prune_inbox('1 day')") == [(0,)]  # event 4 arrived a moment ago
    ask(database, "update outbox.inbox set applied_at = now() - interval '2 days' where seq = 4")
    assert ask(database, "select outbox.prune_inbox('1 day')") == [(2,)]


def test_a_view_projects_what_was_recorded(box: Outbox, database: Database) -> None:
    """The newest of each key, as a table, by SQL alone."""
    box.append(order(1, total="1.00"), order(2, total="2.00"), order(1, total="3.50"))
    drain(box, database.worker_dsn)
    ask(
        database,
        "create view orders with (security_invoker = true) as"
        " select distinct on (key) key as number, (data ->> 'total')::numeric as total from outbox.inbox"
        " where type = 'order.placed' order by key, id desc",
    )
    assert [(number, str(total)) for number, total in ask(database, "select * from orders order by number")] == [
        ("A-1", "3.50"),
        ("A-2", "2.00"),
    ]


def test_the_worker_can_neither_delete_nor_write_for_another_login(box: Outbox, database: Database) -> None:
    """Nor can a role of the API see a row."""
    box.append(order(1))
    drain(box, database.worker_dsn)
    with psycopg.connect(database.worker_dsn, autocommit=True) as worker:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            worker.execute("delete from outbox.inbox")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            worker.execute("insert into outbox.inbox_pruned values (gen_random_uuid(), 1)")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            worker.execute(
                "insert into outbox.inbox (outbox_id, seq, event_id, type, key, data, occurred_at)"
                " values (gen_random_uuid(), 1, gen_random_uuid(), 't', 'k', '{}', now())"
            )
    for role in ("anon", "authenticated", "service_role"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            ask(database, f"set role {role}", "select * from outbox.inbox")


def test_a_database_without_an_inbox_holds_what_is_recorded_and_says_what_to_do(
    box: Outbox, database: Database
) -> None:
    """Everything before it is delivered; nothing is parked for a table that a migration makes."""
    ask(database, "drop table outbox.inbox")
    box.append(*project(), order(1), lesson(1))
    with pytest.raises(Exception, match="inbox"):
        drain(box, database.worker_dsn)
    assert ask(database, "select applied_seq from outbox.sources") == [(3,)]
    assert box.parked.list() == []


@pytest.mark.parametrize("fields", [{"type": ""}, {"key": ""}, {"data": ["x"]}, {"data": {"x": float("nan")}}])
def test_what_no_row_could_hold_is_refused_when_it_is_said(box: Outbox, fields: dict[str, Any]) -> None:
    """To the program that says it, by field."""
    with pytest.raises(ContractError):
        box.append(Recorded(**{"type": "order.placed", "key": "A-1", **fields}))
    assert box.last_seq == 0


def test_a_recorded_event_is_in_the_catalogue(box: Outbox) -> None:
    """Of whatever project: its type is known wherever events are read."""
    assert "inbox.recorded" in c.active().contracts
    box.append(order(1, n=1))
    assert box.event(1).payload == {"type": "order.placed", "key": "A-1", "data": {"n": 1}}


def test_the_page_says_what_runs(tmp_path: Path, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """docs/inbox.md from the first line to the last: append, grant, follow, project, prune."""
    monkeypatch.chdir(tmp_path)
    page = (ROOT / "docs" / "inbox.md").read_text("utf-8")
    (program,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    exec(compile(program, "inbox.md", "exec"), {})  # noqa: S102 - our own page
    with Outbox.open(tmp_path / ".outbox" / "outbox.db") as box:
        drain(box, database.worker_dsn)
        outbox_id = box.outbox_id
    granted, followed, _listened, projected, pruned = re.findall(r"```sql\n(.*?)```", page, re.DOTALL)
    ask(database, "create role shop", "create schema shop authorization postgres", "grant usage on schema shop to shop")
    try:
        ask(database, granted)
        assert ask(database, "set role shop", "select key from outbox.inbox", dsn=database.admin_dsn) == [("A-17",)]
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            ask(database, "set role shop", "delete from outbox.inbox", dsn=database.admin_dsn)
        table, reading = followed.split("\n\nbegin;\n")
        ask(database, table)
        steps = reading.replace("$1", f"'{outbox_id}'").replace("$2", "1").partition("-- …")
        assert [row[1:3] for row in ask(database, steps[0])] == [("order.placed", "A-17")]
        ask(database, "begin;" + steps[2].partition("\n")[2])
        assert ask(database, steps[0]) == []
        ask(database, projected)
        assert [str(total) for _, total, _ in ask(database, "select * from shop.orders")] == ["19.90"]
        ask(database, "update outbox.inbox set applied_at = now() - interval '31 days'")
        assert ask(database, pruned) == [(1,)]
    finally:
        ask(database, "drop owned by shop", "drop role shop", dsn=database.admin_dsn)
