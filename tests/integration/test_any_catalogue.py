"""The engine under two catalogues: what it promises does not hang on what an event is about."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest

from outbox import Outbox, ParkedState, Payload, catalogue
from outbox.catalogue import active
from outbox.operating import plan_prune, prune, resolve, run_checks
from tests.support import shop
from tests.support.postgres import Database
from tests.support.relaying import drain
from worker import Ending, WorkerError
from worker.apply.position import greet
from worker.apply.queries import query, statements
from worker.connect.connection import connect
from worker.migrate.own_tables import ddl
from worker.proof.repair import repair_all
from worker.proof.verify import verify_all
from worker.run.replay import rewind

AT = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What events are about in one catalogue.

    Attributes:
        catalogue: as OUTBOX_CATALOGUE names it.
        thing: says that the thing with this number has this text.
        part: says that something belongs to the thing with this number.
        table, text: where the texts of things land.
        field: of the payload, for an edit.
        found: selects number and text of every thing, in the order of the numbers.
        parts: selects the numbers of the things that have a part.
    """

    catalogue: str
    thing: Callable[[int, str], Payload]
    part: Callable[[int], Payload]
    table: str
    text: str
    field: str
    found: str
    parts: str


SUBJECTS = {
    "content": Subject(
        catalogue="outbox.catalogue:CATALOGUE",
        thing=lambda number, text: catalogue.ContentUpserted(slug=f"p--{number}", title=text, content_type="other"),
        part=lambda number: catalogue.ContentUpserted(
            slug=f"part--{number}", title="part", content_type="other", parent=f"p--{number}"
        ),
        table="public.contents",
        text="title",
        field="title",
        found="select substr(slug, 4)::int, title from contents where slug like 'p--%' order by 1",
        parts="select substr(o.slug, 4)::int from contents c join contents o on o.id = c.parent_content_id order by 1",
    ),
    "shop": Subject(
        catalogue="tests.support.shop:CATALOGUE",
        thing=lambda number, text: shop.CustomerSeen(number=number, name=text),
        part=lambda number: shop.OrderPlaced(
            tenant="lisbon", number=number, total=Decimal("12.50"), placed_at=AT, customer=number
        ),
        table="shop.customers",
        text="name",
        field="name",
        found="select number, name from shop.customers order by 1",
        parts="select c.number from shop.orders o join shop.customers c on c.id = o.customer_id order by 1",
    ),
}


@pytest.fixture(params=SUBJECTS)
def of(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Subject]:
    """The catalogue of this process is that of the subject."""
    subject = SUBJECTS[request.param]
    monkeypatch.setenv("OUTBOX_CATALOGUE", subject.catalogue)
    for cached in (active, query, statements):
        cached.cache_clear()
    yield subject
    monkeypatch.undo()
    for cached in (active, query, statements):
        cached.cache_clear()


@pytest.fixture
def tables(of: Subject, database: Database) -> Database:
    if "shop" in of.catalogue:
        run(database, shop.DDL, ddl(active()))
    return database


@pytest.fixture
def box(of: Subject, tmp_path: Path) -> Iterator[Outbox]:
    assert of.catalogue
    with Outbox.open(tmp_path / "outbox.db") as box:
        yield box


def run(database: Database, *statements: str) -> None:
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def rows(database: Database, statement: str) -> list[Any]:
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        return connection.execute(statement.encode()).fetchall()


def refuse_bad(of: Subject, database: Database) -> None:
    run(database, f"alter table {of.table} add constraint refused check ({of.text} <> 'bad')")


def mend(of: Subject, database: Database) -> None:
    run(database, f"alter table {of.table} drop constraint refused")


def all_is_proven(box: Outbox, database: Database, root: Path) -> None:
    assert [found for found in run_checks(box) if not found.ok] == []
    with connect(database.worker_dsn) as connection:
        found = verify_all(connection, box, root)
    assert (found.differences, found.proven) == ([], True)


def test_each_thing_is_as_its_newest_event_says(of: Subject, box: Outbox, tables: Database, tmp_path: Path) -> None:
    """In batches of two, so that things are made in one and changed in another; what says the same is not appended."""
    for text in ("one", "two", "two", "three"):
        box.append(*(of.thing(number, text) for number in range(1, 4)), of.part(2))
    assert box.last_seq == 10
    assert drain(box, tables.worker_dsn, max_events=2) is Ending.EMPTY
    assert rows(tables, of.found) == [(1, "three"), (2, "three"), (3, "three")]
    assert rows(tables, of.parts) == [(2,)]
    all_is_proven(box, tables, tmp_path)


DECISIONS: dict[str, tuple[Callable[[Outbox, Subject], object], list[tuple[int, str]]]] = {
    "retry": (lambda box, _of: resolve.retry(box, 3), [(1, "good"), (2, "bad")]),
    "edit": (
        lambda box, of: resolve.edit(box, 3, {**box.event(3).payload, of.field: "better"}, "r"),
        [(1, "good"), (2, "better")],
    ),
    "discard": (lambda box, _of: resolve.discard(box, 3, "r", alone=True), [(1, "good"), (2, "good")]),
}


@pytest.mark.parametrize("decision", DECISIONS)
def test_a_refused_event_is_parked_with_what_follows_it_and_comes_back_as_decided(
    decision: str, of: Subject, box: Outbox, tables: Database, tmp_path: Path
) -> None:
    """Events 3, 4 and 5 are about one thing; the rest goes on."""
    refuse_bad(of, tables)
    box.append(of.thing(1, "good"), of.thing(2, "good"))
    drain(box, tables.worker_dsn)
    box.append(of.thing(2, "bad"), of.part(2), of.part(1))
    assert drain(box, tables.worker_dsn) is Ending.EMPTY
    listed = [(row.seq, row.state, row.sqlstate) for row in box.parked.list()]
    assert listed == [(3, ParkedState.PARKED, "23514"), (4, ParkedState.HELD, None)]
    assert rows(tables, of.parts) == [(1,)]
    decide, expected = DECISIONS[decision]
    if decision == "retry":
        mend(of, tables)
    decide(box, of)
    assert drain(box, tables.worker_dsn) is Ending.EMPTY
    assert box.parked.count() == 0
    assert (rows(tables, of.found), rows(tables, of.parts)) == (expected, [(1,), (2,)])
    all_is_proven(box, tables, tmp_path)


def test_a_missing_table_holds_everything_and_no_event_is_charged(
    of: Subject, box: Outbox, tables: Database, tmp_path: Path
) -> None:
    """It is the fault of the database, whatever the events say; once it is back, they land."""
    schema, name = of.table.split(".")
    box.append(of.thing(1, "one"))
    run(tables, f"alter table {of.table} rename to gone")
    with pytest.raises(WorkerError, match=f"{of.table}.*worker migrate check"):
        drain(box, tables.worker_dsn)
    assert box.parked.count() == 0
    run(tables, f"alter table {schema}.gone rename to {name}")
    assert drain(box, tables.worker_dsn) is Ending.EMPTY
    all_is_proven(box, tables, tmp_path)


def test_what_the_database_lost_comes_back_with_a_replay(
    of: Subject, box: Outbox, tables: Database, tmp_path: Path
) -> None:
    """Rows that are there still are not doubled, and what is parked stays so."""
    refuse_bad(of, tables)
    box.append(of.thing(1, "one"), of.part(1), of.thing(2, "bad"), of.thing(1, "two"))
    drain(box, tables.worker_dsn)
    run(tables, f"truncate {of.table} cascade")
    with connect(tables.worker_dsn) as connection:
        rewind(connection, box, 1)
    assert drain(box, tables.worker_dsn) is Ending.EMPTY
    assert (rows(tables, of.found), rows(tables, of.parts)) == ([(1, "two")], [(1,)])
    assert [row.seq for row in box.parked.list()] == [3]


def test_what_differs_is_named_and_repaired_and_what_is_proven_may_go(
    of: Subject, box: Outbox, tables: Database, tmp_path: Path
) -> None:
    """The event at the position stays; what follows a prune is delivered like anything else."""
    box.append(*(of.thing(number, "one") for number in range(1, 6)))
    drain(box, tables.worker_dsn)
    run(tables, f"update {of.table} set {of.text} = 'x'")
    with connect(tables.worker_dsn) as connection:
        found = verify_all(connection, box, tmp_path)
        assert [one.detail for one in found.differences] == [of.text] * 5
        assert plan_prune(box, keep_days=0).events == 0
        assert {one.reason for one in repair_all(connection, box, found, greet(connection, box))} == {None}
    all_is_proven(box, tables, tmp_path)
    assert prune(box, plan_prune(box, keep_days=0)) == 4
    box.append(of.thing(1, "two"))
    assert drain(box, tables.worker_dsn) is Ending.EMPTY
    assert rows(tables, of.found)[0] == (1, "two")
